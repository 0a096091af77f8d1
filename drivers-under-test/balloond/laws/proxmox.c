// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proxmox VE's auto-ballooning. Every 10 s the host's use is to come nearer to 80 %: what is missing or too much is divided by shares above each guest's
 * minimum, at most 100 MiB a guest, redistributed while clamping leaves a rest; first among guests short of memory when growing, among
 * those with enough (free above a quarter of the minimum) when shrinking. Shares are the weights. Nothing is done within 10 MiB.
 */
#include "common.h"

#include <math.h>
#include <stdlib.h>

#define CYCLE_NS 10000000000ULL
#define GOAL 0.8
#define MOST_BYTES (100.0 * 1048576)
#define DEAD_BYTES (10.0 * 1048576)
#define PASSES 32 /* what is left after that is below a page a guest */

struct each {
	double was, now;
	bool short_of, done;
};

static void *law_new(const struct pn_policy_config *config, const struct pn_policy_guest *guests, const uint64_t *targets, size_t count)
{
	return pn_law_common_new(sizeof(struct pn_law_common), sizeof(struct each), config, guests, targets, count);
}

static bool takes_part(const struct each *one, int group)
{
	return !one->done && (group < 0 || one->short_of == (group == 1));
}

/* One pass over a group. Return: by how much sizes have changed; @ret_again: whether another pass may change more. */
static double pass(struct pn_law_common *law, int group, double bytes, double rest, bool *ret_again)
{
	struct each *each = law->each;
	double shares = 0, old = 0, changes = 0;

	*ret_again = false;
	for (size_t i = 0; i < law->count; i++) {
		if (!takes_part(&each[i], group))
			continue;
		old += each[i].now - (double)law->guests[i].min_bytes;
		shares += law->guests[i].weight;
	}
	for (size_t i = 0; i < law->count; i++) {
		double min = (double)law->guests[i].min_bytes, desired, next;

		if (!takes_part(&each[i], group))
			continue;
		desired = fmin(fmax(min + (old + rest) / shares * law->guests[i].weight, min), (double)law->guests[i].max_bytes);
		if (bytes > 0 && desired > each[i].was) {
			next = fmin(desired, each[i].was + MOST_BYTES);
		} else if (desired < each[i].was) {
			next = fmax(desired, each[i].was - MOST_BYTES);
		} else {
			each[i].done = true;
			continue;
		}
		if (fabs(next - each[i].now) >= 1)
			*ret_again = true;
		changes += next - each[i].now;
		each[i].now = next;
	}
	return changes;
}

static double change(struct pn_law_common *law, int group, double bytes)
{
	struct each *each = law->each;
	double rest = bytes;
	bool again = true;

	for (size_t i = 0; i < law->count; i++)
		each[i].done = false;
	for (unsigned int n = 0; n < PASSES && again && fabs(rest) >= 4096; n++)
		rest -= pass(law, group, bytes, rest, &again);
	return rest;
}

static void law_step(void *state, const struct pn_observation *observations, uint64_t now_ns, struct pn_decision *ret_decisions)
{
	struct pn_law_common *law = state;
	struct each *each = law->each;

	if (pn_law_common_due(law, CYCLE_NS, now_ns)) {
		double goal = (double)law->config.capacity_bytes * GOAL - (double)pn_law_common_host_used(law, observations);

		for (size_t i = 0; i < law->count; i++) {
			uint64_t unused = observations[i].free_bytes;
			double size = (double)pn_law_common_actual(law, observations, i), min = (double)law->guests[i].min_bytes;

			each[i].was = each[i].now = size;
			each[i].short_of = unused == PN_UNSET || (double)unused <= min * 0.25 || size < min;
		}
		if (fabs(goal) > DEAD_BYTES) {
			double rest = change(law, goal > 0, goal);

			if (goal > 0 ? rest >= goal : rest <= goal)
				change(law, -1, rest);
		}
		for (size_t i = 0; i < law->count; i++)
			law->targets[i] = (uint64_t)each[i].now;
	}
	pn_law_common_publish(law, ret_decisions);
}

const struct pn_law pn_law_proxmox = {
	.name = "proxmox",
	.help = "Proxmox VE: brings the host to 80 % used, by shares above each minimum, 100 MiB a guest a cycle",
	.source = "Proxmox VE, PVE::AutoBalloon compute_alg1",
	.new = law_new,
	.step = law_step,
	.free = pn_law_common_free,
};
