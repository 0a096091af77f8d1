// SPDX-License-Identifier: GPL-2.0-only
/*
 * The moment a fault strikes. "While inflating" is checked twice: before, that the balloon is seen moving the asked way and has covered as
 * much of it as asked; and afterwards, that it can't have arrived before the blow fell. Where the device can be looked at afterwards it is;
 * where it can't (deaf, or the fault changes `actual` itself), the way left must have taken longer than the blow even at
 * twice the speed seen.
 *
 * Limit: a balloon faster than some polls of 2 ms can't be hit in mid-flight by the host; such a fault has missed, which is an error.
 */
#include "faults.h"

#include <errno.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "strike_phase.h"

#define POLL_MOVING_NS (2 * PN_NS_PER_MS)
#define POLL_IDLE_NS (10 * PN_NS_PER_MS)
#define SPEED_MARGIN 2 /* how much faster than seen so far it may become before a blow is no longer sure to have hit */

/** struct sight - the balloon as seen so far on one course */
struct sight {
	unsigned int generation;
	uint64_t first_ns, first_bytes; /* last seen before it moved */
	uint64_t last_bytes;
	double bytes_per_ns; /* since then */
	bool moved;
};

int pn_strike_init(struct pn_strike *strike, const json_t *args, struct pn_diag *diag)
{
	const char *motion = json_string_value(json_object_get(args, "while"));
	json_int_t percent = json_integer_value(json_object_get(args, "at-progress"));

	if (percent < 0 || percent > 99)
		return pn_diag_set(diag, -EINVAL, "fault: at-progress: '%lld' is not accepted; expected 1 to 99", (long long)percent);
	*strike = (struct pn_strike){.motion = motion ? motion : "any", .at_progress = (unsigned int)percent};
	return 0;
}

bool pn_strike_at_once(const struct pn_strike *strike)
{
	return strike->at_progress == 0 && strcmp(strike->motion, "any") == 0;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static void sight_add(struct sight *sight, const struct pn_course *course, uint64_t bytes, uint64_t now_ns)
{
	if (sight->generation != course->generation) {
		*sight = (struct sight){.generation = course->generation, .first_ns = now_ns, .first_bytes = bytes, .last_bytes = bytes};
		return;
	}
	if (bytes == sight->first_bytes) {
		sight->first_ns = now_ns;
	} else if (bytes != sight->last_bytes) {
		sight->moved = distance(bytes, course->asked_bytes) < distance(sight->last_bytes, course->asked_bytes);
		sight->bytes_per_ns = (double)distance(bytes, sight->first_bytes) / (double)MAX(now_ns - sight->first_ns, 1);
		sight->last_bytes = bytes;
	}
}

static bool is_moment(const struct pn_strike *strike, const struct pn_course *course, const struct sight *sight)
{
	const char *motion = course->asked_bytes > course->from_bytes ? "inflating" : "deflating";
	uint64_t way = distance(course->asked_bytes, course->from_bytes), left = distance(course->asked_bytes, sight->last_bytes);

	if (strcmp(strike->motion, "any") != 0 && strcmp(strike->motion, motion) != 0)
		return false;
	if (!sight->moved || left == 0 || left > way)
		return false;
	return (way - left) * 100 >= way * strike->at_progress;
}

static bool is_ending(struct pn_conductor *conductor)
{
	bool ending;

	g_mutex_lock(&conductor->lock);
	ending = conductor->ending;
	g_mutex_unlock(&conductor->lock);
	return ending;
}

int pn_strike_wait(struct pn_strike *strike, struct pn_conductor *conductor, json_t *evidence, struct pn_diag *diag)
{
	struct sight sight = {0};
	struct pn_course course;
	uint64_t bytes, held_ns, now_ns;
	int r;

	if (pn_strike_at_once(strike))
		return pn_conductor_check(conductor, diag) ?: 1;
	if (pn_strike_phase_is(strike->motion))
		return pn_strike_phase_wait(strike->motion, conductor, evidence, diag);
	while (!is_ending(conductor)) {
		course = pn_conductor_course(conductor);
		if (course.generation > 0 && pn_conductor_held(conductor, &held_ns) == PN_HELD_NOT) {
			r = pn_guest_ballooned(conductor->timeline->guest, &bytes, diag);
			if (r < 0 && r != -ETIMEDOUT)
				return r;
			now_ns = pn_clock_now_ns();
			if (r == 0 && pn_conductor_course(conductor).generation == course.generation)
				sight_add(&sight, &course, bytes, now_ns);
			if (r == 0 && sight.generation == course.generation && is_moment(strike, &course, &sight)) {
				strike->generation = course.generation;
				strike->seen_ns = now_ns;
				strike->bytes = bytes;
				strike->asked_bytes = course.asked_bytes / PN_PAGE_BYTES * PN_PAGE_BYTES;
				strike->from_bytes = course.from_bytes;
				strike->bytes_per_ns = sight.bytes_per_ns;
				return 1;
			}
		}
		now_ns = pn_clock_now_ns();
		r = pn_conductor_wait(conductor, now_ns + (sight.generation ? POLL_MOVING_NS : POLL_IDLE_NS), diag);
		if (r < 0)
			return r;
	}
	return 0;
}

int pn_strike_held(const struct pn_strike *strike, struct pn_conductor *conductor, uint64_t sent_ns, bool look, json_t *evidence,
		   struct pn_diag *diag)
{
	uint64_t bytes = strike->bytes, spent_ns = sent_ns - strike->seen_ns + strike->delay_ns;
	int r;

	if (pn_strike_at_once(strike) || pn_strike_phase_is(strike->motion))
		return 1;
	if (look) {
		r = pn_guest_ballooned(conductor->timeline->guest, &bytes, diag);
		if (r < 0)
			return r;
	}
	json_object_set_new(evidence, "bytes", json_integer((json_int_t)bytes));
	json_object_set_new(evidence, "asked_bytes", json_integer((json_int_t)strike->asked_bytes));
	json_object_set_new(evidence, "bytes_per_s", json_real(strike->bytes_per_ns * (double)PN_NS_PER_S));
	if (pn_conductor_course(conductor).generation != strike->generation)
		return 0;
	if (look)
		return bytes != strike->asked_bytes;
	return (double)distance(strike->asked_bytes, strike->bytes) > SPEED_MARGIN * strike->bytes_per_ns * (double)spent_ns;
}
