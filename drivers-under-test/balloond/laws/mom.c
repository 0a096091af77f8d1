// SPDX-License-Identifier: GPL-2.0-only
/*
 * oVirt's Memory Overcommitment Manager, balloon policy. Below 20 % free host memory every guest shrinks, by at most 5 % a cycle, towards
 * used + a free part that scales with host free memory, negative when less than 5 % is left; above, every guest grows by 5 %. Figures are
 * means over ten samples, one a cycle here. The floor is the larger of the guest's minimum and the size just named, as oVirt's deployed policy has it.
 */
#include "common.h"

#define CYCLE_NS 10000000000ULL
#define SAMPLES 10
#define PRESSURE 0.20
#define CRITICAL 0.05
#define GUEST_FREE 0.20
#define MOST 0.05
#define LEAST 0.0025

/** struct mean - over the last samples */
struct mean {
	double samples[SAMPLES];
	double sum;
	unsigned int count, next;
};

struct each {
	struct mean size, unused;
};

struct mom {
	struct pn_law_common common;
	struct mean host_free;
};

static double mean_add(struct mean *mean, double value)
{
	if (mean->count == SAMPLES)
		mean->sum -= mean->samples[mean->next];
	else
		mean->count++;
	mean->samples[mean->next] = value;
	mean->next = (mean->next + 1) % SAMPLES;
	mean->sum += value;
	return mean->sum / mean->count;
}

static void *law_new(const struct pn_policy_config *config, const struct pn_policy_guest *guests, const uint64_t *targets, size_t count)
{
	return pn_law_common_new(sizeof(struct mom), sizeof(struct each), config, guests, targets, count);
}

static double next_size(double current, double used, double host_free, const struct pn_policy_guest *limits)
{
	bool shrink = host_free < PRESSURE;
	double part = GUEST_FREE, floor, size;

	if (shrink)
		part = host_free <= CRITICAL ? host_free - 0.05 : GUEST_FREE * host_free / PRESSURE;
	floor = used + part * current;
	if (floor < (double)limits->min_bytes)
		floor = (double)limits->min_bytes;
	size = current * (shrink ? 1 - MOST : 1 + MOST);
	if (!shrink && size > (double)limits->max_bytes)
		size = (double)limits->max_bytes;
	if (size < floor)
		size = floor;
	if (shrink && size > current)
		return current;
	return size - current > LEAST * current || current - size > LEAST * current ? size : current;
}

static void law_step(void *state, const struct pn_observation *observations, uint64_t now_ns, struct pn_decision *ret_decisions)
{
	struct mom *law = state;
	struct each *each = law->common.each;

	if (pn_law_common_due(&law->common, CYCLE_NS, now_ns)) {
		double free_part = (double)pn_law_common_host_free(&law->common, observations) / (double)law->common.config.capacity_bytes;

		free_part = mean_add(&law->host_free, free_part);
		for (size_t i = 0; i < law->common.count; i++) {
			double current = (double)pn_law_common_actual(&law->common, observations, i), used;

			if (observations[i].free_bytes == PN_UNSET)
				continue;
			used = mean_add(&each[i].size, current) - mean_add(&each[i].unused, (double)observations[i].free_bytes);
			law->common.targets[i] = (uint64_t)next_size(current, used, free_part, &law->common.guests[i]);
		}
	}
	pn_law_common_publish(&law->common, ret_decisions);
}

const struct pn_law pn_law_mom = {
	.name = "mom",
	.help = "oVirt MOM: shrinks all by 5 % a cycle below 20 % free host memory, grows all above",
	.source = "oVirt mom, doc/balloon.rules",
	.new = law_new,
	.step = law_step,
	.free = pn_law_common_free,
};
