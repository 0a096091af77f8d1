// SPDX-License-Identifier: GPL-2.0-only
/* The way back of one guest: loads ended, balloon empty, driver gone, everything that was held let go. */
#include "course.h"

#include <errno.h>

#include "../../guests/images/image.h"
#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/journal.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "../observe/observe.h"
#include "../scenario/scenario.h"
#include "../technique/reclaim.h"
#include "../timeline/loads.h"
#include "coverage.h"

#define AGENT_TIMEOUT_NS (10 * PN_NS_PER_S)
#define LEAKS_TIMEOUT_NS (660 * PN_NS_PER_S)

void pn_course_mark(struct pn_course *course, const char *label)
{
	int err = pn_sampler_mark(course->sampler, label, NULL);

	if (err && !course->mark_error)
		course->mark_error = err;
}

bool pn_course_driverless(const struct pn_course *course)
{
	return course->scenario->guest.balloon.absent || course->scenario->unaware;
}

/* all that follows asks the agent: one that is silent is said so at once, not by the case's timeout */
int pn_course_hear_agent(struct pn_course *course, struct pn_diag *diag)
{
	int err = pn_guest_agent(course->guest, json_pack("{s:s}", "op", "clock"), AGENT_TIMEOUT_NS, NULL, NULL);

	return err == -ETIMEDOUT ? pn_diag_set(diag, err, "the agent does not answer any more") : 0;
}

int pn_course_end_measuring(struct pn_course *course, struct pn_diag *diag)
{
	int err = pn_loads_end(&course->timeline, diag);

	if (!err)
		pn_course_mark(course, "end");
	return err;
}

int pn_course_stop_loads(struct pn_course *course, struct pn_diag *diag)
{
	int first = 0;

	while (course->loads_started) {
		json_t *result = NULL;
		int err = pn_load_stop(&course->timeline, course->scenario->loads[--course->loads_started], &result, first ? NULL : diag);

		first = first ? first : err;
		if (result)
			json_array_append_new(course->loads, result);
	}
	return first;
}

/* whatever the timeline left in the balloon goes back to the guest: the ledger wants all of it */
int pn_course_deflate(struct pn_course *course, struct pn_diag *diag)
{
	uint64_t bytes = 0;
	int result;

	if (pn_course_driverless(course))
		return 0;
	result = pn_guest_balloon(course->guest, 0, diag);
	if (!result)
		result = pn_timeline_settle(&course->timeline, 0, course->scenario->settle_timeout_ns, &bytes, diag);
	if (result < 0 && result != -ETIMEDOUT)
		return result;
	pn_course_mark(course, "rest"); /* also when it did not settle: the journal says so, and the ledger judges what there is */
	return 0;
}

int pn_course_unload_driver(struct pn_course *course, struct pn_diag *diag)
{
	int err;

	if (pn_course_driverless(course))
		return 0;
	err = pn_driver_unload(&course->timeline, diag);
	if (!err)
		pn_course_mark(course, "unloaded");
	return err;
}

/*
 * Now that the driver has gone, whatever it allocated and did not free is pointed to by nothing. Asked of every guest: one whose kernel does not keep
 * track of that answers at once. The kernel-log oracle judges it, by what the kernel says.
 */
int pn_course_find_leaks(struct pn_course *course, struct pn_diag *diag)
{
	json_t *reply = NULL;
	const char *suspects;
	int err;

	if (course->scenario->guest.exact)
		return 0; /* its virtual time would pass in instructions */
	err = pn_guest_agent(course->guest, json_pack("{s:s}", "op", "leaks"), LEAKS_TIMEOUT_NS, &reply, diag);
	suspects = json_string_value(json_object_get(reply, "suspects"));
	if (!err && suspects && *suspects)
		err = pn_journal_add(course->journal, "leaks", json_pack("{s:s}", "suspects", suspects));
	json_decref(reply);
	return err;
}

/* the way back; what fails here breaks a case that was well so far */
int pn_course_take_down(struct pn_course *course, struct pn_diag *diag)
{
	int sampler = course->sampler ? pn_sampler_stop(course->sampler, diag) : 0;
	int covered = course->guest && course->module ? pn_coverage_write(course->guest, course->dir, course->module->name, sampler ? NULL : diag) : 0;
	uint64_t began_ns = pn_clock_now_ns();
	int guest = pn_guest_stop(course->guest, sampler || covered ? NULL : diag);
	int reclaim = pn_reclaim_free(course->reclaim, sampler || covered || guest ? NULL : diag);
	int first = sampler ? sampler : covered ? covered : guest ? guest : reclaim;

	if (course->guest && course->journal)
		pn_journal_add(course->journal, "guest",
			       json_pack("{s:s, s:I}", "state", "stopped", "duration_ns", (json_int_t)(pn_clock_now_ns() - began_ns)));
	if (!first && course->mark_error)
		first = pn_diag_set(diag, course->mark_error, "a mark could not be written: %s", g_strerror(-course->mark_error));
	course->guest = NULL;
	course->reclaim = NULL;
	course->sampler = NULL;
	pn_module_free(course->module);
	pn_image_free(course->image);
	pn_journal_free(course->journal);
	return first;
}
