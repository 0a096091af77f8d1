// SPDX-License-Identifier: GPL-2.0-only
/*
 * The conductor: lanes, the clock they share, and the one way out.
 *
 * Invariant: however a timeline ends (done, failed, interrupted, guest gone), every fault's thread is joined, so everything armed has been
 * disarmed, and a guest paused by an event runs again. Deadlines are absolute: a late event does not delay the ones after it.
 *
 * Limit: the timed lane does one event at a time; one that blocks makes the next late, which the journal shows (late_ns).
 */
#include "conductor.h"

#include <errno.h>
#include <jansson.h>

#include "../base/clock.h"
#include "../base/journal.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "../scenario/scenario.h"
#include "exact.h"
#include "faults.h"
#include "loads.h"
#include "point.h"
#include "settle.h"

#define LOOK_NS (50 * PN_NS_PER_MS) /* how often a waiting lane looks for reasons to end that nobody signals */

static int check_locked(struct pn_conductor *conductor, struct pn_diag *diag)
{
	const struct pn_timeline *timeline = conductor->timeline;
	enum pn_guest_state state;

	if (conductor->err < 0)
		return pn_diag_set(diag, conductor->err, "%s", conductor->diag.text);
	if (timeline->stop && __atomic_load_n(timeline->stop, __ATOMIC_RELAXED))
		return pn_diag_set(diag, -EINTR, "interrupted");
	state = pn_guest_state(timeline->guest);
	if (state == PN_GUEST_GONE || (state == PN_GUEST_CRASHED && !conductor->crashing))
		return pn_diag_set(diag, -EHOSTDOWN, "the guest has %s", state == PN_GUEST_GONE ? "gone" : "crashed");
	return 0;
}

int pn_conductor_check(struct pn_conductor *conductor, struct pn_diag *diag)
{
	int r;

	g_mutex_lock(&conductor->lock);
	r = check_locked(conductor, diag);
	g_mutex_unlock(&conductor->lock);
	return r;
}

int pn_conductor_wait(struct pn_conductor *conductor, uint64_t deadline_ns, struct pn_diag *diag)
{
	uint64_t now_ns;
	int r;

	g_mutex_lock(&conductor->lock);
	for (;;) {
		r = check_locked(conductor, diag);
		now_ns = pn_clock_now_ns();
		if (r < 0 || now_ns >= deadline_ns)
			break;
		g_cond_wait_until(&conductor->wake, &conductor->lock, (gint64)(MIN(deadline_ns, now_ns + LOOK_NS) / PN_NS_PER_US + 1));
	}
	g_mutex_unlock(&conductor->lock);
	return r;
}

int pn_conductor_fail(struct pn_conductor *conductor, int err, const struct pn_diag *diag)
{
	g_mutex_lock(&conductor->lock);
	if (conductor->err == 0) {
		conductor->err = err;
		conductor->diag = *diag;
	}
	g_cond_broadcast(&conductor->wake);
	g_mutex_unlock(&conductor->lock);
	return err;
}

void pn_conductor_crash(struct pn_conductor *conductor, bool expected)
{
	g_mutex_lock(&conductor->lock);
	conductor->crashing = expected;
	g_mutex_unlock(&conductor->lock);
}

void pn_conductor_end_by(struct pn_conductor *conductor, const char *fault)
{
	g_mutex_lock(&conductor->lock);
	conductor->ended_by = fault;
	g_mutex_unlock(&conductor->lock);
}

/* The warm-up ends before the phase is journaled: that record is where the window begins. */
int pn_phase_begin(struct pn_conductor *conductor, const char *phase, struct pn_diag *diag)
{
	const struct pn_timeline *timeline = conductor->timeline;
	int r = 0;

	g_mutex_lock(&conductor->calls);
	if (!conductor->measuring && pn_phase_measured(phase)) {
		conductor->measuring = true;
		r = pn_loads_mark(timeline, diag);
	}
	if (r == 0)
		r = pn_journal_add(timeline->journal, "phase", json_pack("{s:s,s:o*}", "name", phase, "insns", pn_guest_insns(timeline->guest)));
	if (r == 0 && timeline->on_phase)
		timeline->on_phase(timeline->data, phase);
	g_mutex_unlock(&conductor->calls);
	return r;
}

static int settled(struct pn_conductor *conductor, const struct pn_course *course, const struct pn_settling *settling, struct pn_diag *diag)
{
	const struct pn_timeline *timeline = conductor->timeline;
	int r;

	/* In this order, so that who sees it settled can wait for its mark (pn_conductor_marked()). */
	g_mutex_lock(&conductor->calls);
	g_mutex_lock(&conductor->lock);
	if (conductor->course.generation == course->generation)
		conductor->course.settled = true;
	g_mutex_unlock(&conductor->lock);
	r = pn_settle_journal(timeline, course, settling);
	if (r == 0 && settling->outcome == 0 && timeline->on_settled)
		timeline->on_settled(timeline->data, settling->bytes);
	g_mutex_unlock(&conductor->calls);
	return r < 0 ? pn_diag_set(diag, r, "journal: a settling could not be recorded") : 0;
}

void pn_conductor_marked(struct pn_conductor *conductor)
{
	g_mutex_lock(&conductor->calls);
	g_mutex_unlock(&conductor->calls);
}

int pn_conductor_settle(struct pn_conductor *conductor, struct pn_diag *diag)
{
	const struct pn_timeline *timeline = conductor->timeline;
	struct pn_settling settling;
	struct pn_course course;
	bool again;
	int r;

	do {
		g_mutex_lock(&conductor->lock);
		course = conductor->course;
		again = course.generation > 0 && !conductor->rested;
		g_mutex_unlock(&conductor->lock);
		if (!again)
			return 0;
		if (course.again)
			pn_guest_ballooned(timeline->guest, &course.from_bytes, NULL);
		r = pn_settle_watch(timeline, conductor, &course, timeline->scenario->settle_timeout_ns, &settling, diag);
	} while (r == -ESTALE);
	if (r < 0)
		return r;
	return settled(conductor, &course, &settling, diag);
}

static int lane_event(struct pn_conductor *conductor, unsigned int index, uint64_t instant_ns, struct pn_diag *diag)
{
	const struct pn_event *event = &conductor->timeline->scenario->events[index];
	uint64_t now_ns;
	int r;

	r = pn_conductor_wait(conductor, instant_ns, diag);
	if (r < 0)
		return r;
	now_ns = pn_clock_now_ns();
	r = pn_event_journal(conductor, index, now_ns - instant_ns, diag);
	if (r < 0)
		return r;
	if (event->phase)
		r = pn_phase_begin(conductor, event->phase, diag);
	return r < 0 ? r : pn_event_perform(conductor, index, diag);
}

/* Events in order: each waits for the one before it. */
static int ordered_lane(struct pn_conductor *conductor, struct pn_diag *diag)
{
	const struct pn_scenario *scenario = conductor->timeline->scenario;
	uint64_t end_ns = conductor->start_ns;
	int r;

	for (unsigned int i = 0; i < scenario->event_count; i++) {
		const struct pn_event *event = &scenario->events[i];

		if (event->after == PN_AFTER_TIME || event->after == PN_AFTER_POINT)
			continue;
		if (event->after == PN_AFTER_SETTLED) {
			r = pn_conductor_settle(conductor, diag);
			if (r < 0)
				return r;
			end_ns = pn_clock_now_ns();
		}
		r = lane_event(conductor, i, end_ns + event->at_ns, diag);
		if (r < 0)
			return r;
		end_ns = pn_clock_now_ns();
	}
	return 0;
}

static gint by_instant(gconstpointer a, gconstpointer b, gpointer events)
{
	const struct pn_event *first = (const struct pn_event *)events + *(const guint *)a;
	const struct pn_event *second = (const struct pn_event *)events + *(const guint *)b;

	if (first->at_ns != second->at_ns)
		return first->at_ns < second->at_ns ? -1 : 1;
	return first < second ? -1 : 1;
}

/* Events at an instant, earliest first; of equals the one written first. */
static gpointer timed_lane(gpointer data)
{
	struct pn_conductor *conductor = data;
	const struct pn_scenario *scenario = conductor->timeline->scenario;
	g_autoptr(GArray) order = g_array_new(FALSE, FALSE, sizeof(guint));
	struct pn_diag diag = {0};
	int r = 0;

	for (guint i = 0; i < scenario->event_count; i++)
		if (scenario->events[i].after == PN_AFTER_TIME)
			g_array_append_val(order, i);
	g_array_sort_with_data(order, by_instant, scenario->events);
	for (guint i = 0; i < order->len && r == 0; i++) {
		guint index = g_array_index(order, guint, i);

		r = lane_event(conductor, index, conductor->start_ns + scenario->events[index].at_ns, &diag);
	}
	if (r < 0)
		pn_conductor_fail(conductor, r, &diag);
	return NULL;
}

/* A guest that an event paused, and no event resumed, runs again. */
static void resume(struct pn_conductor *conductor)
{
	struct pn_diag diag = {0};
	int r = pn_guest_act(conductor->timeline->guest, &(struct pn_action){.verb = "resume"}, NULL, &diag);

	conductor->paused = false;
	pn_conductor_release(conductor, false);
	if (r < 0)
		pn_conductor_fail(conductor, r, &diag);
}

static void journal_edge(struct pn_conductor *conductor, const char *state)
{
	pn_journal_add(conductor->timeline->journal, "timeline",
		       json_pack("{s:s,s:i,s:s*,s:o*}", "state", state, "outcome", conductor->err, "ended_by", conductor->ended_by, "insns",
				 pn_guest_insns(conductor->timeline->guest)));
}

/*
 * The end: the guest runs, then rest, with faults that wait for movement still armed; then disarm; then rest again if that did anything to the
 * balloon. After a failure only the disarming is left.
 */
static void finish(struct pn_conductor *conductor)
{
	struct pn_diag diag = {0};
	uint64_t held_ns;
	int r;

	if (conductor->paused)
		resume(conductor);
	r = pn_conductor_check(conductor, &diag);
	if (r == 0 && pn_conductor_held(conductor, &held_ns) != PN_HELD_ENDLESS)
		r = pn_conductor_settle(conductor, &diag);
	if (r == 0)
		r = pn_points_check(conductor, &diag);
	if (r < 0)
		pn_conductor_fail(conductor, r, &diag);
	pn_points_end(conductor);
	pn_faults_end(conductor);
	r = pn_conductor_check(conductor, &diag);
	if (r == 0)
		r = pn_conductor_settle(conductor, &diag);
	if (r < 0)
		pn_conductor_fail(conductor, r, &diag);
}

/* Ordered events on this thread, those at an instant on another; or all of them in the guest's time. */
static int run_lanes(struct pn_conductor *conductor, struct pn_diag *diag)
{
	GThread *timed;
	int r;

	if (pn_guest_machine(conductor->timeline->guest)->exact)
		return pn_exact_conduct(conductor, diag);
	timed = g_thread_new("timed", timed_lane, conductor);
	r = ordered_lane(conductor, diag);
	if (r < 0)
		pn_conductor_fail(conductor, r, diag); /* which ends the other lane */
	g_thread_join(timed);
	return r;
}

int pn_timeline_run(const struct pn_timeline *timeline, struct pn_diag *diag)
{
	struct pn_conductor conductor = {.timeline = timeline};
	struct pn_diag words = {0};
	int r;

	g_mutex_init(&conductor.lock);
	g_mutex_init(&conductor.calls);
	g_cond_init(&conductor.wake);
	conductor.faults = g_ptr_array_new();
	r = pn_faults_ahead(timeline, &words);
	journal_edge(&conductor, "start");
	conductor.measuring = !pn_scenario_measured_late(timeline->scenario);
	if (r == 0 && conductor.measuring)
		r = pn_loads_mark(timeline, &words);
	if (r < 0)
		pn_conductor_fail(&conductor, r, &words);
	if (r == 0) {
		r = pn_points_start(&conductor, &words);
		if (r < 0)
			pn_conductor_fail(&conductor, r, &words);
	}
	conductor.start_ns = pn_clock_now_ns();
	r = run_lanes(&conductor, &words);
	if (r < 0)
		pn_conductor_fail(&conductor, r, &words);
	finish(&conductor);
	/* Whichever call the end of the guest broke off, it was wanted. */
	if (conductor.ended_by && pn_guest_state(timeline->guest) == PN_GUEST_GONE)
		conductor.err = 0;
	journal_edge(&conductor, "end");
	r = conductor.err ?: conductor.ended_by ? 1 : 0;
	if (r < 0)
		pn_diag_set(diag, r, "%s", conductor.diag.text);
	g_ptr_array_free(conductor.faults, TRUE);
	g_cond_clear(&conductor.wake);
	g_mutex_clear(&conductor.calls);
	g_mutex_clear(&conductor.lock);
	return r;
}
