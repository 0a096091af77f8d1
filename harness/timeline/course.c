// SPDX-License-Identifier: GPL-2.0-only
/*
 * The course: where the balloon was told to go, since when, and whether something holds it up. Lanes and faults share it, all under the
 * conductor's lock.
 */
#include "conductor.h"

#include <errno.h>
#include <jansson.h>

#include "../base/clock.h"
#include "../base/journal.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "../scenario/scenario.h"

#define RELEASE_POLL_NS (20 * PN_NS_PER_MS)

struct pn_course pn_conductor_course(struct pn_conductor *conductor)
{
	struct pn_course course;

	g_mutex_lock(&conductor->lock);
	course = conductor->course;
	g_mutex_unlock(&conductor->lock);
	return course;
}

static uint64_t held_ns_locked(const struct pn_conductor *conductor)
{
	return conductor->held_ns + (conductor->held ? pn_clock_now_ns() - conductor->held_since_ns : 0);
}

/* A course that has had its record starts anew from here: what it took before is told already. */
static void disturb_locked(struct pn_conductor *conductor)
{
	struct pn_course *course = &conductor->course;

	conductor->rested = false;
	if (!course->settled)
		return;
	course->again = true;
	course->since_ns = pn_clock_now_ns();
	course->since_held_ns = held_ns_locked(conductor);
}

void pn_conductor_hold(struct pn_conductor *conductor, bool endless)
{
	g_mutex_lock(&conductor->lock);
	if (conductor->held++ == 0)
		conductor->held_since_ns = pn_clock_now_ns();
	conductor->endless += endless;
	disturb_locked(conductor);
	g_cond_broadcast(&conductor->wake);
	g_mutex_unlock(&conductor->lock);
}

void pn_conductor_release(struct pn_conductor *conductor, bool endless)
{
	g_mutex_lock(&conductor->lock);
	g_assert(conductor->held > 0);
	if (conductor->held == 1)
		conductor->held_ns = held_ns_locked(conductor);
	conductor->held--;
	conductor->endless -= endless;
	disturb_locked(conductor);
	g_cond_broadcast(&conductor->wake);
	g_mutex_unlock(&conductor->lock);
}

enum pn_held pn_conductor_held(struct pn_conductor *conductor, uint64_t *ret_held_ns)
{
	enum pn_held held;

	g_mutex_lock(&conductor->lock);
	*ret_held_ns = held_ns_locked(conductor);
	held = conductor->endless ? PN_HELD_ENDLESS : conductor->held ? PN_HELD_NOW : PN_HELD_NOT;
	g_mutex_unlock(&conductor->lock);
	return held;
}

void pn_conductor_disturb(struct pn_conductor *conductor)
{
	g_mutex_lock(&conductor->lock);
	disturb_locked(conductor);
	g_mutex_unlock(&conductor->lock);
}

void pn_conductor_calm(struct pn_conductor *conductor, unsigned int generation)
{
	g_mutex_lock(&conductor->lock);
	if (conductor->course.generation == generation)
		conductor->rested = true;
	g_mutex_unlock(&conductor->lock);
}

/* Tell the device. While a fault has stopped QEMU nobody answers: the target is sent again when somebody does. */
static int send_target(struct pn_conductor *conductor, uint64_t bytes, struct pn_diag *diag)
{
	uint64_t held_ns;
	int r;

	for (;;) {
		r = pn_guest_balloon(conductor->timeline->guest, bytes, diag);
		if (r != -ETIMEDOUT || pn_conductor_held(conductor, &held_ns) != PN_HELD_NOW)
			return r;
		while (pn_conductor_held(conductor, &held_ns) == PN_HELD_NOW) {
			r = pn_conductor_wait(conductor, pn_clock_now_ns() + RELEASE_POLL_NS, diag);
			if (r < 0)
				return r;
		}
	}
}

/*
 * The course is set before the device is told, so that a fault waiting for movement can't see the balloon move on an old course. A target
 * outside of the guest's memory may be refused by the monitor, and so may one for a device that has been taken away: that is a finding, not a broken environment.
 */
int pn_conductor_steer(struct pn_conductor *conductor, const struct pn_event *event, struct pn_diag *diag)
{
	const struct pn_timeline *timeline = conductor->timeline;
	struct pn_course old = pn_conductor_course(conductor), course = {.asked_bytes = event->balloon_bytes, .may_miss = event->may_miss};
	struct pn_diag words = {0};
	bool known = false;
	json_t *fields, *insns;
	int r;

	course.from_bytes = old.asked_bytes;
	if (pn_conductor_held(conductor, &course.since_held_ns) == PN_HELD_NOT)
		known = pn_guest_ballooned(timeline->guest, &course.from_bytes, NULL) == 0;
	course.since_ns = pn_clock_now_ns();
	g_mutex_lock(&conductor->lock);
	course.since_held_ns = held_ns_locked(conductor);
	course.generation = conductor->course.generation + 1;
	conductor->course = course;
	conductor->rested = false;
	g_mutex_unlock(&conductor->lock);

	insns = pn_guest_insns(timeline->guest);
	r = send_target(conductor, course.asked_bytes, &words);
	fields = json_pack("{s:I}", "balloon_bytes", (json_int_t)course.asked_bytes);
	if (known)
		json_object_set_new(fields, "from_bytes", json_integer((json_int_t)course.from_bytes));
	if (insns)
		json_object_set_new(fields, "insns", insns);
	if (r < 0)
		json_object_set_new(fields, "refused", json_string(words.text));
	if (pn_journal_add(timeline->journal, "target", fields) < 0)
		return pn_diag_set(diag, -EIO, "journal: a target could not be recorded");
	if (r == -EREMOTEIO && (course.may_miss || course.asked_bytes >= timeline->scenario->guest.memory_bytes)) {
		/* What stood before still stands. */
		g_mutex_lock(&conductor->lock);
		if (conductor->course.generation == course.generation)
			conductor->course = old;
		g_mutex_unlock(&conductor->lock);
		return 0;
	}
	return r < 0 ? pn_diag_set(diag, r, "%s", words.text) : 0;
}

