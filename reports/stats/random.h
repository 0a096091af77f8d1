/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stddef.h>
#include <stdint.h>

/** struct pn_random - a small seeded generator (SplitMix64, Steele, Lea and Flood 2014): the same numbers on every machine */
struct pn_random {
	uint64_t state;
};

static inline uint64_t pn_random_next(struct pn_random *random)
{
	uint64_t z = (random->state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/** pn_random_below() - a number in 0..n-1 without modulo bias (Lemire 2019, without its rejection step: bias below n / 2^64) */
static inline size_t pn_random_below(struct pn_random *random, size_t n)
{
	return (size_t)(((unsigned __int128)pn_random_next(random) * n) >> 64);
}
