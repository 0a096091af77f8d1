/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "policy.h"

/* A few guests of the simplest kind for tests of the policy: the test says what they use and what they do; nothing in here decides anything. */

#define S_NS 1000000000ULL
#define MIB (1ULL << 20)
#define GIB (1ULL << 30)
#define GUESTS_MOST 8

struct fake {
	uint64_t used;
	uint64_t actual, resident; /* without overhead */
	uint64_t seen;		   /* the target as the guest has it */
	uint64_t speed;		   /* bytes a tick */
	uint64_t psi_ns, swap_in, faults;
	unsigned int boots;
	bool stuck;	/* does not move */
	bool silent;	/* no new statistics */
	bool keeps;	/* reports what it is asked for and frees nothing */
	uint64_t stats_ns;
};

struct world {
	struct pn_policy_config config;
	struct pn_policy_guest limits[GUESTS_MOST];
	struct fake fakes[GUESTS_MOST];
	struct pn_observation seen[GUESTS_MOST];
	struct pn_decision decisions[GUESTS_MOST];
	struct pn_policy *policy;
	size_t count;
	uint64_t now_ns, tick_ns;
};

/* @count equal guests at @target each, of which they use @used; 1 s ticks */
static inline void world_init(struct world *world, size_t count, uint64_t max, uint64_t target, uint64_t used, uint64_t capacity)
{
	*world = (struct world){ .count = count, .tick_ns = S_NS, .config = pn_policy_defaults() };
	world->config.capacity_bytes = capacity;
	for (size_t i = 0; i < count; i++) {
		world->limits[i] = (struct pn_policy_guest){ .min_bytes = max / 8, .max_bytes = max, .weight = 1 };
		world->fakes[i] = (struct fake){ .used = used, .actual = target, .resident = target, .seen = target, .speed = UINT64_MAX };
	}
}

static inline void world_start(struct world *world)
{
	uint64_t targets[GUESTS_MOST];

	for (size_t i = 0; i < world->count; i++)
		targets[i] = world->fakes[i].seen;
	world->policy = pn_policy_new(&world->config, world->limits, targets, world->count);
	assert_non_null(world->policy);
}

static inline void world_end(struct world *world)
{
	pn_policy_free(world->policy);
	world->policy = NULL;
}

static inline void fake_move(struct fake *fake)
{
	uint64_t distance = fake->seen > fake->actual ? fake->seen - fake->actual : fake->actual - fake->seen;
	uint64_t step = distance < fake->speed ? distance : fake->speed;

	if (!fake->stuck)
		fake->actual = fake->seen > fake->actual ? fake->actual + step : fake->actual - step;
	if (!fake->keeps || fake->resident < fake->actual)
		fake->resident = fake->actual;
}

static inline void fake_observe(struct fake *fake, const struct pn_policy_guest *limits, uint64_t now_ns, struct pn_observation *ret)
{
	if (!fake->silent)
		fake->stats_ns = now_ns;
	*ret = (struct pn_observation){
		.resident_bytes = fake->resident + limits->overhead_bytes,
		.boots = fake->boots,
		.actual_bytes = fake->actual,
		.stats_ns = fake->stats_ns,
		.total_bytes = fake->actual,
		.available_bytes = fake->actual > fake->used ? fake->actual - fake->used : 0,
		.free_bytes = fake->actual > fake->used ? fake->actual - fake->used : 0,
		.swap_in_bytes = fake->swap_in,
		.major_faults = fake->faults,
		.psi_some_ns = fake->psi_ns,
	};
}

/* Guests live for a tick and are looked at; what the test wants changed in @world->seen it changes between this and world_decide(). */
static inline void world_live(struct world *world)
{
	world->now_ns += world->tick_ns;
	for (size_t i = 0; i < world->count; i++) {
		fake_move(&world->fakes[i]);
		fake_observe(&world->fakes[i], &world->limits[i], world->now_ns, &world->seen[i]);
	}
}

static inline void world_decide(struct world *world)
{
	pn_policy_step(world->policy, world->seen, world->now_ns, world->decisions);
	for (size_t i = 0; i < world->count; i++)
		world->fakes[i].seen = world->decisions[i].target_bytes;
}

static inline void world_tick(struct world *world)
{
	world_live(world);
	world_decide(world);
}

static inline uint64_t world_budget(const struct world *world)
{
	return world->config.capacity_bytes - world->config.reserve_bytes;
}

/* what guests hold of the host */
static inline uint64_t world_held(const struct world *world)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < world->count; i++)
		sum += world->fakes[i].resident + world->limits[i].overhead_bytes;
	return sum;
}
