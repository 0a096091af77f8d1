// SPDX-License-Identifier: GPL-2.0-only
/* What the re-implemented laws have in common: their state and their view of the host, made of the same observations that ours gets. */
#include "common.h"

#include <stdlib.h>
#include <string.h>

void *pn_law_common_new(size_t size, size_t guest_size, const struct pn_policy_config *config, const struct pn_policy_guest *guests,
			const uint64_t *targets, size_t count)
{
	struct pn_law_common *common = calloc(1, size);
	struct pn_policy_guest *copy = calloc(count + 1, sizeof(*copy));
	uint64_t *own = calloc(count + 1, sizeof(*own));
	void *each = calloc(count + 1, guest_size ? guest_size : 1);

	if (!common || !copy || !own || !each) {
		free(common);
		free(copy);
		free(own);
		free(each);
		return NULL;
	}
	memcpy(copy, guests, count * sizeof(*guests));
	memcpy(own, targets, count * sizeof(*targets));
	*common = (struct pn_law_common){ .config = *config, .guests = copy, .targets = own, .each = each, .count = count };
	return common;
}

void pn_law_common_free(void *law)
{
	struct pn_law_common *common = law;

	if (!common)
		return;
	free((void *)common->guests);
	free(common->targets);
	free(common->each);
	free(common);
}

bool pn_law_common_due(struct pn_law_common *common, uint64_t cycle_ns, uint64_t now_ns)
{
	if (common->last_ns && now_ns - common->last_ns < cycle_ns)
		return false;
	common->last_ns = now_ns;
	return true;
}

void pn_law_common_publish(struct pn_law_common *common, struct pn_decision *ret_decisions)
{
	for (size_t i = 0; i < common->count; i++) {
		uint64_t min = common->guests[i].min_bytes, max = common->guests[i].max_bytes, target = common->targets[i];

		common->targets[i] = target < min ? min : target > max ? max : target;
		ret_decisions[i] = (struct pn_decision){ .target_bytes = common->targets[i] };
	}
}

uint64_t pn_law_common_actual(const struct pn_law_common *common, const struct pn_observation *observations, size_t i)
{
	return observations[i].actual_bytes == PN_UNSET ? common->targets[i] : observations[i].actual_bytes;
}

uint64_t pn_law_common_host_used(const struct pn_law_common *common, const struct pn_observation *observations)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < common->count; i++)
		sum += observations[i].resident_bytes == PN_UNSET ? pn_law_common_actual(common, observations, i) + common->guests[i].overhead_bytes
								  : observations[i].resident_bytes;
	return sum;
}

uint64_t pn_law_common_host_free(const struct pn_law_common *common, const struct pn_observation *observations)
{
	uint64_t used = pn_law_common_host_used(common, observations);

	return used < common->config.capacity_bytes ? common->config.capacity_bytes - used : 0;
}
