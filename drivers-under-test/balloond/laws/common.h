/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "law.h"

/** struct pn_law_common - what every re-implemented law keeps; first member of its state, whose array of @guest_size records follows */
struct pn_law_common {
	struct pn_policy_config config;
	const struct pn_policy_guest *guests; /* own copy */
	uint64_t *targets;
	void *each; /* zeroed records of the law's own, one a guest */
	size_t count;
	uint64_t last_ns; /* when the law last ran; 0: never */
};

/** pn_law_common_new() - a zeroed state of @size bytes that starts with struct pn_law_common; NULL when out of memory */
void *pn_law_common_new(size_t size, size_t guest_size, const struct pn_policy_config *config, const struct pn_policy_guest *guests,
			const uint64_t *targets, size_t count);

/** pn_law_common_free() - of every law that keeps no more than that */
void pn_law_common_free(void *law);

/** pn_law_common_due() - has the law's own cycle come round? Notes that it ran. */
bool pn_law_common_due(struct pn_law_common *common, uint64_t cycle_ns, uint64_t now_ns);

/** pn_law_common_publish() - targets within each guest's limits into the decisions */
void pn_law_common_publish(struct pn_law_common *common, struct pn_decision *ret_decisions);

/** pn_law_common_actual() - a guest's size, its target where it is not known */
uint64_t pn_law_common_actual(const struct pn_law_common *common, const struct pn_observation *observations, size_t i);

/** pn_law_common_host_used() - memory of the host that guests hold, QEMU's own included */
uint64_t pn_law_common_host_used(const struct pn_law_common *common, const struct pn_observation *observations);

/** pn_law_common_host_free() - what is left of the capacity; 0 when it is overdrawn */
uint64_t pn_law_common_host_free(const struct pn_law_common *common, const struct pn_observation *observations);
