// SPDX-License-Identifier: GPL-2.0-only
/*
 * How careful the law is: a few settings along one dial, from a guest that never stalls where a fixed division would not, to one that is tried below its
 * demand. README.md has what each takes and what it costs on the same loads.
 */
#include "policy.h"

#include <errno.h>
#include <string.h>

#define SECOND_NS 1000000000ULL

const char *const pn_policy_cautions[] = {"cautious", "careful", "balanced", "deep", NULL};

int pn_policy_caution(struct pn_policy_config *config, const char *name)
{
	if (!strcmp(name, "cautious")) {
		config->assured = 0.55; /* a good half of a guest: what a fixed division stalls on, it does not */
	} else if (!strcmp(name, "careful")) {
		config->assured = 0.5;
	} else if (!strcmp(name, "deep")) {
		config->price_s = 800; /* cheaper stalls; and it goes for memory that is used but never touched */
		config->cool_down_ns = 10 * SECOND_NS;
		config->probe_per_s = 0.0005;
		config->probe_after_ns = 30 * SECOND_NS;
	} else if (strcmp(name, "balanced") != 0) {
		return -EINVAL;
	}
	return 0;
}
