// SPDX-License-Identifier: GPL-2.0-only
/* No controller at all: the budget is divided once, by weight, and nothing moves after that. */
#include "common.h"

#include <stdlib.h>

#include "../waterfill.h"

static void *law_new(const struct pn_policy_config *config, const struct pn_policy_guest *guests, const uint64_t *targets, size_t count)
{
	struct pn_law_common *law = pn_law_common_new(sizeof(*law), 0, config, guests, targets, count);
	struct pn_share *shares = calloc(count + 1, sizeof(*shares));
	size_t *scratch = calloc(count + 1, sizeof(*scratch));
	uint64_t budget = config->capacity_bytes - config->reserve_bytes;

	for (size_t i = 0; shares && i < count; i++) {
		uint64_t fixed = guests[i].overhead_bytes + guests[i].oom_quota_bytes;

		shares[i] = (struct pn_share){ .floor_bytes = guests[i].min_bytes, .want_bytes = guests[i].max_bytes, .weight = guests[i].weight };
		budget = budget > fixed ? budget - fixed : 0;
	}
	if (law && shares && scratch) {
		pn_waterfill(shares, scratch, count, budget);
		for (size_t i = 0; i < count; i++)
			law->targets[i] = shares[i].got_bytes;
	} else {
		pn_law_common_free(law);
		law = NULL;
	}
	free(shares);
	free(scratch);
	return law;
}

static void law_step(void *law, const struct pn_observation *observations, uint64_t now_ns, struct pn_decision *ret_decisions)
{
	pn_law_common_publish(law, ret_decisions);
}

const struct pn_law pn_law_static = {
	.name = "static",
	.help = "the budget divided once by weight; no guest ever moves",
	.source = "a fixed currentMemory per domain",
	.new = law_new,
	.step = law_step,
	.free = pn_law_common_free,
};
