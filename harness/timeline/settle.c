// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waiting for the balloon. Only the device's own `actual` is looked at: whether the memory behind it is real is for the ledger.
 *
 * "At rest elsewhere" must not be said of a driver that is merely slow: a guest that swaps, under emulation, on a busy host, pauses. So the
 * rest asked for grows with the pauses the balloon has made on its way, and time in which a fault holds the guest does not count. Afterwards it is given as
 * long again: an exponential back-off sleeps for as long as it has failed before, and what queued up at a slow disk must go first.
 *
 * Limit: a balloon is seen at its target up to one gap and one poll late; the record says how long that was (resolution_ns). The gap is a twentieth of the
 * move's age, at most 50 ms: polls that follow each other without one keep QEMU's main loop from the very work that is waited for.
 */
#include "settle.h"

#include <errno.h>
#include <jansson.h>

#include "../base/clock.h"
#include "../base/journal.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "../scenario/scenario.h"
#include "exact.h"

#define GAP_MIN_NS (PN_NS_PER_MS / 4)
#define GAP_MAX_NS (50 * PN_NS_PER_MS)
#define REST_MIN_NS PN_NS_PER_S
#define REST_UNMOVED_NS (5 * PN_NS_PER_S)
#define REST_PAUSES 10

/** struct watch - one wait; its clock is the wall clock less the holds */
struct watch {
	struct pn_conductor *conductor;
	unsigned int generation; /* of the course watched */
	uint64_t start_ns;
	uint64_t start_held_ns;
	uint64_t held_ns;
	enum pn_held held;

	struct pn_rest rest;
	uint64_t polled_ns;
	uint64_t resolution_ns; /* between the poll that saw the last movement and the one before */
};

/* Time since the start of the watch, holds left out. */
static uint64_t watch_now(struct watch *watch)
{
	uint64_t now_ns = pn_clock_now_ns(), held_ns;

	if (watch->conductor) {
		watch->held = pn_conductor_held(watch->conductor, &held_ns);
		watch->held_ns = held_ns - watch->start_held_ns;
	}
	return now_ns - watch->start_ns > watch->held_ns ? now_ns - watch->start_ns - watch->held_ns : 0;
}

bool pn_rest_see(struct pn_rest *rest, uint64_t bytes, uint64_t now_ns)
{
	if (bytes == rest->bytes)
		return false;
	if (rest->moved)
		rest->pause_ns = MAX(rest->pause_ns, now_ns - rest->moved_ns);
	rest->moved = true;
	rest->bytes = bytes;
	rest->moved_ns = now_ns;
	return true;
}

bool pn_rest_reached(const struct pn_rest *rest, uint64_t held_ns, uint64_t now_ns)
{
	uint64_t needed_ns = rest->moved ? MAX(MAX(REST_MIN_NS, held_ns), REST_PAUSES * rest->pause_ns) : REST_UNMOVED_NS;

	return now_ns - MIN(now_ns, rest->moved_ns) >= needed_ns;
}

/* One gap, watching for the reasons to end. The gap grows with the age of the watch: a constant relative error of the duration. */
static int watch_pause(struct watch *watch, const struct pn_timeline *timeline, uint64_t age_ns, struct pn_diag *diag)
{
	uint64_t gap_ns = CLAMP(age_ns / 20, GAP_MIN_NS, GAP_MAX_NS);

	if (watch->conductor)
		return pn_conductor_wait(watch->conductor, pn_clock_now_ns() + gap_ns, diag);
	pn_clock_sleep_until(pn_clock_now_ns() + gap_ns);
	if (timeline->stop && __atomic_load_n(timeline->stop, __ATOMIC_RELAXED))
		return pn_diag_set(diag, -EINTR, "interrupted while the balloon was settling");
	return 0;
}

/* Ask the device. A monitor that does not answer in time is a device that is busy (or held): ask again until the settle timeout. */
static int watch_poll(struct watch *watch, const struct pn_timeline *timeline, uint64_t *ret_bytes, struct pn_diag *diag)
{
	int r;

	r = pn_guest_ballooned(timeline->guest, ret_bytes, diag);
	if (r == -ETIMEDOUT)
		*ret_bytes = watch->rest.bytes;
	return r == -ETIMEDOUT ? 0 : r;
}

/* Look once. Return: 1 when the watch is over with @ret_outcome, 0 to go on, or a negative errno. */
static int watch_look(struct watch *watch, const struct pn_timeline *timeline, uint64_t goal_bytes, uint64_t deadline_ns, int *ret_outcome,
		      struct pn_diag *diag)
{
	uint64_t bytes, now_ns;
	int r;

	if (watch->conductor)
		pn_conductor_calm(watch->conductor, watch->generation);
	r = watch_poll(watch, timeline, &bytes, diag);
	now_ns = watch_now(watch);
	/* A device that has just been taken away has no answer. */
	if (watch->held != PN_HELD_NOT && (r == 0 || r == -EREMOTEIO))
		return 0;
	if (r < 0)
		return r;
	if (pn_rest_see(&watch->rest, bytes, now_ns))
		watch->resolution_ns = now_ns - watch->polled_ns;
	watch->polled_ns = now_ns;
	if (bytes == goal_bytes)
		*ret_outcome = 0;
	else if (pn_rest_reached(&watch->rest, watch->held_ns, now_ns))
		*ret_outcome = 1;
	else if (now_ns >= deadline_ns)
		*ret_outcome = -ETIMEDOUT;
	else
		return 0;
	return 1;
}

static void watch_init(struct watch *watch, struct pn_conductor *conductor, const struct pn_course *course)
{
	*watch = (struct watch){.conductor = conductor, .start_ns = course->since_ns ? course->since_ns : pn_clock_now_ns(),
				.start_held_ns = course->since_held_ns, .generation = course->generation, .rest = {.bytes = course->from_bytes}};
	watch->rest.moved_ns = watch_now(watch);
}

int pn_settle_watch(const struct pn_timeline *timeline, struct pn_conductor *conductor, const struct pn_course *course, uint64_t timeout_ns,
		    struct pn_settling *ret_settling, struct pn_diag *diag)
{
	uint64_t goal_bytes = course->asked_bytes / PN_PAGE_BYTES * PN_PAGE_BYTES;
	struct watch watch;
	uint64_t deadline_ns;
	int outcome = 0, r = 0;

	watch_init(&watch, conductor, course);
	deadline_ns = watch.rest.moved_ns + timeout_ns;
	while (r == 0) {
		if (conductor && pn_conductor_course(conductor).generation != course->generation)
			return -ESTALE;
		if (watch.held == PN_HELD_NOT)
			r = watch_look(&watch, timeline, goal_bytes, deadline_ns, &outcome, diag);
		if (r == 0 && watch.held == PN_HELD_ENDLESS) {
			outcome = -ETIMEDOUT;
			break;
		}
		if (r == 0)
			r = watch_pause(&watch, timeline, watch_now(&watch), diag);
		if (watch.held != PN_HELD_NOT)
			watch.rest.moved_ns = watch_now(&watch); /* the rest starts anew after a hold */
	}
	if (r < 0)
		return r;
	*ret_settling = (struct pn_settling){
		.outcome = outcome,
		.bytes = watch.rest.bytes,
		.duration_ns = outcome == -ETIMEDOUT ? watch_now(&watch) : watch.rest.moved_ns,
		.resolution_ns = watch.resolution_ns,
		.held_ns = watch.held_ns,
	};
	return 0;
}

int pn_settle_journal(const struct pn_timeline *timeline, const struct pn_course *course, const struct pn_settling *settling)
{
	json_t *fields = json_pack("{s:I,s:I,s:I,s:I,s:I,s:I}", "balloon_bytes", (json_int_t)settling->bytes, "asked_bytes",
				   (json_int_t)course->asked_bytes, "from_bytes", (json_int_t)course->from_bytes, "duration_ns",
				   (json_int_t)settling->duration_ns, "resolution_ns", (json_int_t)settling->resolution_ns, "disturbed_ns",
				   (json_int_t)settling->held_ns);

	json_t *insns = pn_guest_insns(timeline->guest);

	if (!fields) {
		json_decref(insns);
		return -ENOMEM;
	}
	if (insns)
		json_object_set_new(fields, "insns", insns);
	if (settling->outcome == 0)
		return pn_journal_add(timeline->journal, "settled", fields);
	json_object_set_new(fields, "outcome", json_string(settling->outcome == 1 ? "rest" : "moving"));
	json_object_set_new(fields, "may_miss", json_boolean(course->may_miss));
	return pn_journal_add(timeline->journal, "unsettled", fields);
}

int pn_timeline_settle(const struct pn_timeline *timeline, uint64_t asked_bytes, uint64_t timeout_ns, uint64_t *ret_bytes, struct pn_diag *diag)
{
	struct pn_course course = {.asked_bytes = asked_bytes};
	struct pn_settling settling;
	int r;

	r = pn_guest_ballooned(timeline->guest, &course.from_bytes, diag);
	if (r < 0)
		return r;
	course.since_ns = pn_clock_now_ns();
	if (pn_guest_machine(timeline->guest)->exact)
		r = pn_exact_settle_watch(timeline, &course, timeout_ns, &settling, diag);
	else
		r = pn_settle_watch(timeline, NULL, &course, timeout_ns, &settling, diag);
	if (r < 0)
		return r;
	r = pn_settle_journal(timeline, &course, &settling);
	if (r < 0)
		return pn_diag_set(diag, r, "journal: the settling could not be recorded");
	if (settling.outcome == 0 && timeline->on_settled)
		timeline->on_settled(timeline->data, settling.bytes);
	*ret_bytes = settling.bytes;
	return settling.outcome;
}
