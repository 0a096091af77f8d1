// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events of a technique: the host asks for memory, the guest needs all of its own, the host gives back. Targets and drivers go the conductor's own
 * way, so that the balloon's books are kept as in every other case; what else a technique does is behind struct pn_timeline_technique.
 *
 * A guest that runs out of memory here is a result, not a failure: the record says killed. In exact mode there is no time of the host to tell: what a phase
 * costs is its instructions.
 */
#include "conductor.h"

#include <errno.h>

#include "../base/clock.h"
#include "../base/journal.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "../scenario/scenario.h"
#include "ready.h"

#define MIX "mix"

static int steer(struct pn_conductor *conductor, uint64_t balloon_bytes, struct pn_diag *diag)
{
	const struct pn_event target = {.action = PN_DO_TARGET, .balloon_bytes = balloon_bytes / PN_PAGE_BYTES * PN_PAGE_BYTES, .may_miss = true};

	return conductor->timeline->technique->balloon ? pn_conductor_steer(conductor, &target, diag) : 0;
}

static int load_late(struct pn_conductor *conductor, struct pn_diag *diag)
{
	const struct pn_timeline *timeline = conductor->timeline;
	int r = pn_driver_load(timeline, diag);

	if (r == 0 && timeline->on_driver) {
		g_mutex_lock(&conductor->calls);
		timeline->on_driver(timeline->data);
		g_mutex_unlock(&conductor->calls);
	}
	return r;
}

int pn_conductor_reclaim(struct pn_conductor *conductor, const struct pn_event *event, struct pn_diag *diag)
{
	const struct pn_timeline_technique *technique = conductor->timeline->technique;
	int r;

	if (!technique)
		return pn_diag_set(diag, -EOPNOTSUPP, "technique '%s': nobody here can do it", conductor->timeline->scenario->technique);
	r = technique->begin(technique->data, event->asked_bytes, diag);

	if (r == 0 && technique->late)
		r = load_late(conductor, diag);
	if (r == 0)
		r = steer(conductor, event->asked_bytes / 100 * technique->balloon_percent, diag);
	return r < 0 ? r : technique->reclaim(technique->data, event->for_ns, diag);
}

static int record(struct pn_conductor *conductor, json_t *fields, struct pn_diag *diag)
{
	int r = pn_journal_add(conductor->timeline->journal, "need", fields);

	return r < 0 ? pn_diag_set(diag, r, "journal: what the guest needed could not be recorded") : 0;
}

/* The guest uses all it has. */
static int use_all(struct pn_conductor *conductor, uint64_t within_ns, uint64_t since_ns, json_t *fields, struct pn_diag *diag)
{
	struct pn_diag words = {0};
	int r = pn_load_walk(conductor->timeline, MIX, within_ns, &words);

	if (r == 0 && !pn_guest_machine(conductor->timeline->guest)->exact)
		json_object_set_new(fields, "duration_ns", json_integer((json_int_t)(pn_clock_now_ns() - since_ns)));
	else if (r != -EREMOTEIO && r != -ETIMEDOUT) {
		json_decref(fields);
		return pn_diag_set(diag, r, "%s", words.text);
	}
	json_object_set_new(fields, "outcome", json_string(r == 0 ? "done" : r == -ETIMEDOUT ? "late" : "killed"));
	return record(conductor, fields, diag);
}

int pn_conductor_need(struct pn_conductor *conductor, const struct pn_event *event, struct pn_diag *diag)
{
	const struct pn_timeline_technique *technique = conductor->timeline->technique;
	int r;

	technique->look(technique->data, "need");
	r = use_all(conductor, event->for_ns, pn_clock_now_ns(), json_pack("{s:s}", "state", "need"), diag);
	technique->look(technique->data, "need-end");
	return r;
}

int pn_conductor_give_back(struct pn_conductor *conductor, const struct pn_event *event, struct pn_diag *diag)
{
	const struct pn_timeline_technique *technique = conductor->timeline->technique;
	uint64_t since_ns = pn_clock_now_ns();
	json_t *fields;
	int r = steer(conductor, 0, diag);

	if (r == 0)
		r = technique->give_back(technique->data, diag);
	if (r < 0)
		return r;
	fields = json_pack("{s:s}", "state", "give-back");
	if (!pn_guest_machine(conductor->timeline->guest)->exact)
		json_object_set_new(fields, "order_ns", json_integer((json_int_t)(pn_clock_now_ns() - since_ns)));
	r = use_all(conductor, event->for_ns, since_ns, fields, diag);
	technique->look(technique->data, "end");
	return r;
}
