/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>

/** pn_random_mix() - scramble 64 bits (the finaliser of splitmix64: a bijection) */
static inline uint64_t pn_random_mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ull;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

/**
 * struct pn_random_order - visits every number below @count once a round, in an order that looks random and needs no memory
 *
 * A full-period linear congruence over the next power of two (Hull and Dobell: odd increment, multiplier 1 mod 4), numbers beyond
 * @count passed over; scrambled by a multiplication that is a bijection there.
 */
struct pn_random_order {
	uint64_t count, mask, state, left, round, seed;
};

/** pn_random_order_init() - @count at least 1 */
static inline void pn_random_order_init(struct pn_random_order *order, uint64_t count, uint64_t seed)
{
	uint64_t mask = 1;

	while (mask < count - 1)
		mask = mask << 1 | 1;
	*order = (struct pn_random_order){.count = count, .mask = mask, .seed = seed};
}

/** pn_random_order_next() - the next number below @count */
static inline uint64_t pn_random_order_next(struct pn_random_order *order)
{
	for (;;) {
		uint64_t value;

		if (order->left == 0) {
			order->state = pn_random_mix(order->seed + order->round++) & order->mask;
			order->left = order->mask + 1;
		}
		order->left--;
		order->state = (order->state * 1664525u + 1013904223u) & order->mask;
		/* The low bits of such a congruence have short periods: fold the high ones in (a bijection below the mask). */
		value = order->state ^ order->state >> 7;
		value = value * 0x9e3779b1u & order->mask;
		if (value < order->count)
			return value;
	}
}
