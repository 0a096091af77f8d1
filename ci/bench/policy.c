// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a tick of the controller costs and how that grows with the number of guests. Memory is scarce in it and every guest's demand moves at
 * every tick, so nothing is spared. CPU time of the thread, least of several rounds of ticks: what else the host does only makes it longer.
 *
 * Limits: 10 ms at 1000 guests, 100 ms at 10,000; and from any size to eight times that size at most 1.6 times what n log n grows by (n^1.5
 * would be over it). Exit 1 when one is broken.
 */

#include <glib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../../drivers-under-test/balloond/policy.h"
#include "../../drivers-under-test/balloond/sim/random.h"
#include "../../harness/base/exit.h"

#define MIB (1ULL << 20)
#define GROWTH 8
#define ALLOWED 1.6
#define ROUNDS 7
#define WARM 3

static const size_t sizes[] = { 250, 1000, 2000, 8000, 10000, 16000, 64000, 80000 };

static const struct limit {
	size_t guests;
	double ms;
} limits[] = { { 1000, 10 }, { 10000, 100 } };

static double cpu_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static void move_on(struct pn_observation *o, const struct pn_decision *decision, uint64_t tick, uint64_t *random)
{
	uint64_t size = decision->target_bytes;

	*o = (struct pn_observation){
		.resident_bytes = size,
		.actual_bytes = size,
		.stats_ns = tick,
		.total_bytes = size,
		.available_bytes = pn_random_next(random) % (size / 2),
		.free_bytes = 0,
		.psi_some_ns = tick * (pn_random_next(random) % 1000),
	};
}

/* Return: ms a tick */
static double measure(size_t count)
{
	g_autofree struct pn_policy_guest *guests = g_new0(struct pn_policy_guest, count);
	g_autofree uint64_t *targets = g_new0(uint64_t, count);
	g_autofree struct pn_observation *observations = g_new0(struct pn_observation, count);
	g_autofree struct pn_decision *decisions = g_new0(struct pn_decision, count);
	struct pn_policy_config config = pn_policy_defaults();
	uint64_t random = 1, tick = 1;
	double least = INFINITY;
	size_t ticks = MAX(3, 200000 / count);
	struct pn_policy *policy;

	for (size_t i = 0; i < count; i++) {
		guests[i] = (struct pn_policy_guest){ .min_bytes = 256 * MIB, .max_bytes = 4096 * MIB, .weight = 1 + (double)(i % 4) };
		decisions[i].target_bytes = targets[i] = 1024 * MIB;
	}
	config.capacity_bytes = 1100 * MIB * count;
	policy = pn_policy_new(&config, guests, targets, count);
	for (int round = 0; round < ROUNDS + WARM; round++) {
		double spent = 0;

		for (size_t n = 0; n < ticks; n++, tick++) {
			double before;

			for (size_t i = 0; i < count; i++)
				move_on(&observations[i], &decisions[i], tick, &random);
			before = cpu_ms();
			pn_policy_step(policy, observations, tick * 1000000000ULL, decisions);
			spent += cpu_ms() - before;
		}
		if (round >= WARM)
			least = fmin(least, spent / (double)ticks);
	}
	pn_policy_free(policy);
	return least;
}

int main(void)
{
	double ms[G_N_ELEMENTS(sizes)];
	bool broken = false;

	printf("%8s %12s %18s\n", "guests", "ms a tick", "ns / (n log2 n)");
	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		double n = (double)sizes[i];

		ms[i] = measure(sizes[i]);
		printf("%8zu %12.4f %18.2f\n", sizes[i], ms[i], ms[i] * 1e6 / (n * log2(n)));
		for (size_t j = 0; j < G_N_ELEMENTS(limits); j++) {
			if (limits[j].guests != sizes[i] || ms[i] <= limits[j].ms)
				continue;
			printf("%zu guests take %.3f ms, more than %g\n", sizes[i], ms[i], limits[j].ms);
			broken = true;
		}
	}
	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		for (size_t j = i; j < G_N_ELEMENTS(sizes); j++) {
			double n = (double)sizes[i], expected = GROWTH * log2(GROWTH * n) / log2(n);

			if (sizes[j] != GROWTH * sizes[i])
				continue;
			printf("%zu to %zu guests: %.2f times, n log n says %.2f\n", sizes[i], sizes[j], ms[j] / ms[i], expected);
			broken |= ms[j] / ms[i] > ALLOWED * expected;
		}
	}
	return broken ? PN_EXIT_FAIL : PN_EXIT_PASS;
}
