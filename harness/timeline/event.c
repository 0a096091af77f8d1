// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one event does: a table from pn_event.action to its function. An event returns a negative errno only for what ends the timeline.
 */
#include "conductor.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/journal.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "../scenario/scenario.h"
#include "driver.h"
#include "faults.h"
#include "reboot.h"

static int do_target(struct pn_conductor *conductor, const struct pn_event *event, unsigned int index, struct pn_diag *diag)
{
	return pn_conductor_steer(conductor, event, diag);
}

static int do_hold(struct pn_conductor *conductor, const struct pn_event *event, unsigned int index, struct pn_diag *diag)
{
	return pn_conductor_wait(conductor, pn_clock_now_ns() + event->for_ns, diag);
}

static int do_fault(struct pn_conductor *conductor, const struct pn_event *event, unsigned int index, struct pn_diag *diag)
{
	return pn_faults_start(conductor, index, diag);
}

static int do_load_start(struct pn_conductor *conductor, const struct pn_event *event, unsigned int index, struct pn_diag *diag)
{
	return pn_load_start(conductor->timeline, event->name, diag);
}

static int do_load_stop(struct pn_conductor *conductor, const struct pn_event *event, unsigned int index, struct pn_diag *diag)
{
	const struct pn_timeline *timeline = conductor->timeline;
	json_t *result;
	int r;

	r = pn_load_stop(timeline, event->name, &result, diag);
	if (r < 0)
		return r;
	g_mutex_lock(&conductor->calls);
	if (timeline->load_results)
		json_array_append(timeline->load_results, result);
	g_mutex_unlock(&conductor->calls);
	json_decref(result);
	return 0;
}

static int act(struct pn_conductor *conductor, const char *verb, struct pn_diag *diag)
{
	return pn_guest_act(conductor->timeline->guest, &(struct pn_action){.verb = verb}, NULL, diag);
}

static int do_pause(struct pn_conductor *conductor, struct pn_diag *diag)
{
	int r;

	if (conductor->paused)
		return pn_diag_set(diag, -EALREADY, "lifecycle: pause: the guest is paused already");
	pn_conductor_hold(conductor, false);
	conductor->paused = true;
	r = act(conductor, "pause", diag);
	return r;
}

static int do_resume(struct pn_conductor *conductor, struct pn_diag *diag)
{
	int r;

	if (!conductor->paused)
		return pn_diag_set(diag, -EALREADY, "lifecycle: resume: no event has paused the guest");
	r = act(conductor, "resume", diag);
	if (r < 0)
		return r;
	conductor->paused = false;
	pn_conductor_release(conductor, false);
	return 0;
}

static int do_reset(struct pn_conductor *conductor, struct pn_diag *diag)
{
	int r;

	pn_conductor_hold(conductor, false);
	r = pn_reboot(conductor->timeline, PN_REBOOT_BY_RESET, diag);
	pn_conductor_release(conductor, false);
	return r;
}

static int do_unbind(struct pn_conductor *conductor, struct pn_diag *diag)
{
	pn_conductor_disturb(conductor);
	return pn_driver_unbind(conductor->timeline, diag);
}

static int do_bind(struct pn_conductor *conductor, struct pn_diag *diag)
{
	pn_conductor_disturb(conductor);
	return pn_driver_bind(conductor->timeline, diag);
}

static int do_unload(struct pn_conductor *conductor, struct pn_diag *diag)
{
	pn_conductor_disturb(conductor);
	return pn_driver_unload(conductor->timeline, diag);
}

static int do_load(struct pn_conductor *conductor, struct pn_diag *diag)
{
	pn_conductor_disturb(conductor);
	return pn_driver_load(conductor->timeline, diag);
}

static int do_freeze(struct pn_conductor *conductor, struct pn_diag *diag)
{
	int r;

	pn_conductor_hold(conductor, false);
	r = pn_driver_freeze(conductor->timeline, diag);
	pn_conductor_release(conductor, false);
	return r;
}

static const struct {
	const char *name;
	int (*perform)(struct pn_conductor *conductor, struct pn_diag *diag);
} lifecycles[] = {
	{"pause", do_pause}, {"resume", do_resume}, {"reset", do_reset}, {"unbind", do_unbind},
	{"bind", do_bind},   {"unload", do_unload}, {"load", do_load}, {"freeze", do_freeze},
};

static int do_lifecycle(struct pn_conductor *conductor, const struct pn_event *event, unsigned int index, struct pn_diag *diag)
{
	for (unsigned int i = 0; i < G_N_ELEMENTS(lifecycles); i++)
		if (strcmp(lifecycles[i].name, event->name) == 0)
			return lifecycles[i].perform(conductor, diag);
	return pn_diag_set(diag, -EINVAL, "timeline event %u: lifecycle action '%s' has no mechanism", index, event->name);
}

static int do_touch(struct pn_conductor *conductor, const struct pn_event *event, unsigned int index, struct pn_diag *diag)
{
	return pn_timeline_touch(conductor->timeline, diag);
}

static int do_reclaim(struct pn_conductor *conductor, const struct pn_event *event, unsigned int index, struct pn_diag *diag)
{
	return pn_conductor_reclaim(conductor, event, diag);
}

static int do_need(struct pn_conductor *conductor, const struct pn_event *event, unsigned int index, struct pn_diag *diag)
{
	return pn_conductor_need(conductor, event, diag);
}

static int do_give_back(struct pn_conductor *conductor, const struct pn_event *event, unsigned int index, struct pn_diag *diag)
{
	return pn_conductor_give_back(conductor, event, diag);
}

static const struct {
	const char *name;
	int (*perform)(struct pn_conductor *conductor, const struct pn_event *event, unsigned int index, struct pn_diag *diag);
} actions[] = {
	[PN_DO_TARGET] = {"target", do_target},		[PN_DO_HOLD] = {"hold", do_hold},	    [PN_DO_FAULT] = {"fault", do_fault},
	[PN_DO_LOAD_START] = {"load-start", do_load_start}, [PN_DO_LOAD_STOP] = {"load-stop", do_load_stop}, [PN_DO_LIFECYCLE] = {"lifecycle", do_lifecycle},
	[PN_DO_TOUCH] = {"touch", do_touch},		[PN_DO_RECLAIM] = {"reclaim", do_reclaim},	    [PN_DO_NEED] = {"need", do_need},
	[PN_DO_GIVE_BACK] = {"give-back", do_give_back},
};

int pn_event_journal(struct pn_conductor *conductor, unsigned int index, uint64_t late_ns, struct pn_diag *diag)
{
	const struct pn_event *event = &conductor->timeline->scenario->events[index];
	json_t *fields = json_pack("{s:i,s:s,s:I}", "index", (int)index, "do", actions[event->action].name, "late_ns", (json_int_t)late_ns);
	int r;

	if (event->name)
		json_object_set_new(fields, "name", json_string(event->name));
	if (event->action == PN_DO_TARGET)
		json_object_set_new(fields, "balloon_bytes", json_integer((json_int_t)event->balloon_bytes));
	r = pn_journal_add(conductor->timeline->journal, "event", fields);
	return r < 0 ? pn_diag_set(diag, r, "journal: event %u could not be recorded", index) : 0;
}

int pn_event_perform(struct pn_conductor *conductor, unsigned int index, struct pn_diag *diag)
{
	const struct pn_event *event = &conductor->timeline->scenario->events[index];

	return actions[event->action].perform(conductor, event, index, diag);
}
