// SPDX-License-Identifier: GPL-2.0-only
/*
 * How far use may jump until the controller looks again: learned for each guest as a distribution, since the largest jump alone costs too much memory and the
 * mean one too many stalls. The headroom is the newsvendor's: where the price of the next byte kept free is that of lacking it as often as it was wanted.
 *
 * What comes next depends on what has just been: who rises goes on rising, who fell rises again, and jumps come in bursts. So there is one distribution
 * for each mood: at rest, rising or falling, in calm or soon after a jump. Sizes are counted in steps of 2^0.4, from all of the guest down.
 *
 * A distribution fades only while its mood lasts: its counts and its time fade alike, so that their ratio, which is all that matters, stands still meanwhile.
 */
#include "jumps.h"

#include <math.h>

#define SECOND_NS 1000000000ULL
#define HALF_LIFE_S 14400.0
#define MOVES 0.01 /* of its size in one look: rising, or falling */
#define JUMPS 0.03 /* the same: it is agitated, for */
#define AGITATED_NS (180 * SECOND_NS)
#define STEP 0.4 /* binary orders of magnitude */
#define SHRINK 0.7578582832551991 /* 2^-STEP */

enum { REST, RISING, FALLING, AGITATED };

static unsigned int mood_of(const struct pn_jumps *jumps, double growth, double size, uint64_t now_ns)
{
	unsigned int mood = growth > MOVES * size ? RISING : growth < -MOVES * size ? FALLING : REST;

	return mood + (jumps->last_ns && now_ns - jumps->last_ns < AGITATED_NS ? AGITATED : 0);
}

void pn_jumps_note(struct pn_jumps *jumps, double growth_bytes, double size_bytes, double seconds, uint64_t now_ns)
{
	float *count = jumps->count[jumps->mood], fade = (float)exp2(-seconds / HALF_LIFE_S);
	double order = growth_bytes > 0 ? -log2(growth_bytes / size_bytes) / STEP : PN_JUMP_SIZES;

	for (unsigned int i = 0; i < PN_JUMP_SIZES; i++)
		count[i] *= fade;
	jumps->seconds[jumps->mood] = jumps->seconds[jumps->mood] * fade + (float)seconds;
	if (order < PN_JUMP_SIZES)
		count[order > 0 ? (unsigned int)order : 0] += 1;
	if (growth_bytes > JUMPS * size_bytes)
		jumps->last_ns = now_ns;
	jumps->mood = mood_of(jumps, growth_bytes, size_bytes, now_ns);
}

/* From the largest down: with headroom for jumps of a size all larger ones lack the rest. */
double pn_jumps_headroom(const struct pn_jumps *jumps, double size_bytes, double price_s)
{
	const float *count = jumps->count[jumps->mood];
	double seconds = jumps->seconds[jumps->mood], size = size_bytes, larger = 0, larger_bytes = 0, least = INFINITY, best = 0;

	if (seconds <= 0)
		return 0;
	for (unsigned int i = 0; i < PN_JUMP_SIZES; i++, size *= SHRINK) {
		double cost = size + price_s / seconds * (larger_bytes - larger * size);

		if (cost < least) {
			least = cost;
			best = size;
		}
		larger += (double)count[i];
		larger_bytes += (double)count[i] * size;
	}
	return price_s / seconds * larger_bytes < least ? 0 : best;
}
