// SPDX-License-Identifier: GPL-2.0-only
/*
 * A timeline in the guest's own time, one thing after the other. To let time pass is to ask the agent to answer after so long; while the guest stands
 * in between, the host looks and acts. So every run does the same at the same instruction, however slow the host.
 *
 * Invariant: whatever is done here depends on the guest and the scenario only, never on the host's clock.
 *
 * Limits: no faults, and no loads that the host would have to wait for (harness/run refuses such cases before). The balloon is looked at in steps of
 * STEP_NS, so a settling is true to one of them.
 */
#include "exact.h"

#include <errno.h>
#include <jansson.h>

#include "../base/journal.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "../scenario/scenario.h"
#include "conductor.h"
#include "settle.h"

#define STEP_NS (2 * PN_NS_PER_MS)
#define STEPS_MAX_NS (50 * PN_NS_PER_MS)
#define RUN_TIMEOUT_NS (300 * PN_NS_PER_S) /* of the host: a busy guest needs many times its own time */

/** struct flow - the guest's time as far as it has run */
struct flow {
	struct pn_conductor *conductor;
	uint64_t now_ns; /* since the timeline's start */
	GArray *timed;	 /* of unsigned int: events at an instant that are still to come, earliest first */
};

uint64_t pn_exact_step_ns(uint64_t since_ns)
{
	return CLAMP(since_ns / 20, STEP_NS, STEPS_MAX_NS);
}

int pn_exact_run(struct pn_guest *guest, uint64_t for_ns, struct pn_diag *diag)
{
	return pn_guest_agent(guest, json_pack("{s:s,s:I}", "op", "run", "for_ns", (json_int_t)for_ns), RUN_TIMEOUT_NS, NULL, diag);
}

static int advance(struct flow *flow, uint64_t until_ns, struct pn_diag *diag);

static int perform(struct flow *flow, unsigned int index, struct pn_diag *diag)
{
	const struct pn_event *event = &flow->conductor->timeline->scenario->events[index];
	int r = pn_conductor_check(flow->conductor, diag);

	if (r == 0)
		r = pn_event_journal(flow->conductor, index, 0, diag);
	if (r == 0 && event->phase)
		r = pn_phase_begin(flow->conductor, event->phase, diag);
	if (r == 0 && event->action == PN_DO_HOLD)
		return event->after == PN_AFTER_TIME ? 0 : advance(flow, flow->now_ns + event->for_ns, diag);
	return r < 0 ? r : pn_event_perform(flow->conductor, index, diag);
}

/* Let time pass; what is due at an instant on the way is done then. */
static int advance(struct flow *flow, uint64_t until_ns, struct pn_diag *diag)
{
	const struct pn_timeline *timeline = flow->conductor->timeline;
	int r = 0;

	while (r == 0) {
		unsigned int next = flow->timed->len ? g_array_index(flow->timed, unsigned int, 0) : 0;
		uint64_t due_ns = flow->timed->len ? timeline->scenario->events[next].at_ns : UINT64_MAX;
		uint64_t stop_ns = MIN(until_ns, MAX(due_ns, flow->now_ns));

		r = pn_conductor_check(flow->conductor, diag);
		if (r == 0 && stop_ns > flow->now_ns)
			r = pn_exact_run(timeline->guest, stop_ns - flow->now_ns, diag);
		flow->now_ns = MAX(stop_ns, flow->now_ns);
		if (r < 0 || due_ns > flow->now_ns)
			return r;
		g_array_remove_index(flow->timed, 0);
		r = perform(flow, next, diag);
	}
	return r;
}

/* Looks at the balloon between steps. @flow NULL: outside of a timeline. */
static int watch(struct flow *flow, const struct pn_timeline *timeline, const struct pn_course *course, uint64_t timeout_ns,
		 struct pn_settling *ret_settling, struct pn_diag *diag)
{
	uint64_t goal_bytes = course->asked_bytes / PN_PAGE_BYTES * PN_PAGE_BYTES, now_ns = 0, step_ns = STEP_NS;
	struct pn_settling settling = {.outcome = -ETIMEDOUT};
	struct pn_rest rest = {.bytes = course->from_bytes};
	int r = 0;

	while (r == 0 && now_ns < timeout_ns) {
		uint64_t bytes;

		r = pn_guest_ballooned(timeline->guest, &bytes, diag);
		if (r < 0)
			return r;
		if (pn_rest_see(&rest, bytes, now_ns))
			settling.resolution_ns = step_ns;
		if (bytes == goal_bytes || pn_rest_reached(&rest, 0, now_ns)) {
			settling.outcome = bytes == goal_bytes ? 0 : 1;
			break;
		}
		step_ns = pn_exact_step_ns(now_ns);
		r = flow ? advance(flow, flow->now_ns + step_ns, diag) : pn_exact_run(timeline->guest, step_ns, diag);
		now_ns += step_ns;
		/* An event on the way has set another target: that one is waited for. */
		if (flow && pn_conductor_course(flow->conductor).generation != course->generation)
			return -ESTALE;
	}
	settling.bytes = rest.bytes;
	settling.duration_ns = settling.outcome == -ETIMEDOUT ? now_ns : rest.moved_ns;
	*ret_settling = settling;
	return r;
}

int pn_exact_settle_watch(const struct pn_timeline *timeline, const struct pn_course *course, uint64_t timeout_ns, struct pn_settling *ret_settling,
			  struct pn_diag *diag)
{
	return watch(NULL, timeline, course, timeout_ns, ret_settling, diag);
}

static int settle(struct flow *flow, struct pn_diag *diag)
{
	struct pn_conductor *conductor = flow->conductor;
	const struct pn_timeline *timeline = conductor->timeline;
	struct pn_settling settling;
	struct pn_course course;
	bool rested;
	int r;

	do {
		g_mutex_lock(&conductor->lock);
		course = conductor->course;
		rested = conductor->rested;
		g_mutex_unlock(&conductor->lock);
		if (course.generation == 0 || rested)
			return 0;
		r = watch(flow, timeline, &course, timeline->scenario->settle_timeout_ns, &settling, diag);
	} while (r == -ESTALE);
	if (r < 0)
		return r;
	g_mutex_lock(&conductor->lock);
	conductor->course.settled = conductor->rested = true;
	g_mutex_unlock(&conductor->lock);
	r = pn_settle_journal(timeline, &course, &settling);
	if (r < 0)
		return pn_diag_set(diag, r, "journal: a settling could not be recorded");
	if (settling.outcome == 0 && timeline->on_settled)
		timeline->on_settled(timeline->data, settling.bytes);
	return 0;
}

static gint by_instant(gconstpointer a, gconstpointer b, gpointer events)
{
	const struct pn_event *x = (const struct pn_event *)events + *(const unsigned int *)a;
	const struct pn_event *y = (const struct pn_event *)events + *(const unsigned int *)b;

	if (x->at_ns != y->at_ns)
		return x->at_ns < y->at_ns ? -1 : 1;
	return x < y ? -1 : 1;
}

int pn_exact_conduct(struct pn_conductor *conductor, struct pn_diag *diag)
{
	const struct pn_scenario *scenario = conductor->timeline->scenario;
	struct flow flow = {.conductor = conductor, .timed = g_array_new(FALSE, FALSE, sizeof(unsigned int))};
	int r = 0;

	for (unsigned int i = 0; i < scenario->event_count; i++)
		if (scenario->events[i].after == PN_AFTER_TIME)
			g_array_append_val(flow.timed, i);
	g_array_sort_with_data(flow.timed, by_instant, scenario->events);
	for (unsigned int i = 0; i < scenario->event_count && r == 0; i++) {
		const struct pn_event *event = &scenario->events[i];

		if (event->after == PN_AFTER_TIME || event->after == PN_AFTER_POINT)
			continue;
		if (event->after == PN_AFTER_SETTLED)
			r = settle(&flow, diag);
		if (r == 0)
			r = advance(&flow, flow.now_ns + event->at_ns, diag);
		if (r == 0)
			r = perform(&flow, i, diag);
	}
	while (r == 0 && flow.timed->len)
		r = advance(&flow, scenario->events[g_array_index(flow.timed, unsigned int, 0)].at_ns, diag);
	if (r == 0)
		r = settle(&flow, diag);
	g_array_unref(flow.timed);
	return r;
}
