/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <math.h>
#include <stdint.h>

/* SplitMix64 (Steele, Lea, Flood 2014): eight bytes of state a guest, the same on every machine. */

/** pn_random_next() - 64 random bits */
static inline uint64_t pn_random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/** pn_random_between() - evenly within [@low, @high) */
static inline double pn_random_between(uint64_t *state, double low, double high)
{
	return low + (high - low) * (double)(pn_random_next(state) >> 11) * 0x1p-53;
}

/** pn_random_span() - exponentially around @mean, at least @least */
static inline double pn_random_span(uint64_t *state, double mean, double least)
{
	return least - (mean - least) * log1p(-pn_random_between(state, 0, 1));
}
