// SPDX-License-Identifier: GPL-2.0-only
/*
 * Xen's squeezed. What the host could have free is divided so that (target - min) / (max - min) is the same for all. Two phases: while
 * anybody still has to free memory only those targets are set. A guest that has neither hit its target nor moved for 5 s is left out
 * until it moves. It keeps the configured reserve free; the inaccuracy it allows each driver is 4 MiB.
 */
#include "common.h"

#define STUCK_NS 5000000000ULL
#define INACCURACY_BYTES (4ULL << 20)

struct each {
	uint64_t actual_bytes;
	uint64_t moved_ns;
	bool stuck;
	double wanted;
};

static void *law_new(const struct pn_policy_config *config, const struct pn_policy_guest *guests, const uint64_t *targets, size_t count)
{
	return pn_law_common_new(sizeof(struct pn_law_common), sizeof(struct each), config, guests, targets, count);
}

static bool has_hit(uint64_t actual, uint64_t target)
{
	return (actual > target ? actual - target : target - actual) <= INACCURACY_BYTES;
}

static void watch(struct pn_law_common *law, size_t i, uint64_t actual, uint64_t now_ns)
{
	struct each *each = law->each;

	if (!each[i].moved_ns || actual != each[i].actual_bytes || has_hit(actual, law->targets[i])) {
		each[i].moved_ns = now_ns;
		each[i].stuck = false;
	} else if (now_ns - each[i].moved_ns > STUCK_NS) {
		each[i].stuck = true;
	}
	each[i].actual_bytes = actual;
}

static void law_step(void *state, const struct pn_observation *observations, uint64_t now_ns, struct pn_decision *ret_decisions)
{
	struct pn_law_common *law = state;
	struct each *each = law->each;
	double surplus = (double)pn_law_common_host_free(law, observations) - (double)law->config.reserve_bytes, range = 0, gamma;
	bool freeing = false;

	for (size_t i = 0; i < law->count; i++) {
		uint64_t actual = pn_law_common_actual(law, observations, i), least = law->guests[i].min_bytes + 2 * INACCURACY_BYTES;

		watch(law, i, actual, now_ns);
		if (each[i].stuck)
			continue;
		surplus += actual > least ? (double)(actual - least) : 0;
		range += (double)(law->guests[i].max_bytes - law->guests[i].min_bytes);
	}
	gamma = range > 0 && surplus > 0 ? surplus / range : 0;
	gamma = gamma > 1 ? 1 : gamma;
	for (size_t i = 0; i < law->count; i++) {
		each[i].wanted = (double)law->guests[i].min_bytes + gamma * (double)(law->guests[i].max_bytes - law->guests[i].min_bytes);
		if (!each[i].stuck && (double)each[i].actual_bytes > each[i].wanted + INACCURACY_BYTES)
			freeing = true;
	}
	for (size_t i = 0; i < law->count; i++) {
		bool frees = (double)each[i].actual_bytes > each[i].wanted + INACCURACY_BYTES;

		if (!each[i].stuck && frees == freeing)
			law->targets[i] = (uint64_t)each[i].wanted;
	}
	pn_law_common_publish(law, ret_decisions);
}

const struct pn_law pn_law_squeezed = {
	.name = "squeezed",
	.help = "Xen squeezed: the same part of every guest's range, frees first and gives after",
	.source = "xapi-project xen-api, ocaml/squeezed",
	.new = law_new,
	.step = law_step,
	.free = pn_law_common_free,
};
