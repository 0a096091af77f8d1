// SPDX-License-Identifier: GPL-2.0-only
/* The project's own law behind the common interface; nothing of it is here. */
#include "law.h"

static void *law_new(const struct pn_policy_config *config, const struct pn_policy_guest *guests, const uint64_t *targets, size_t count)
{
	return pn_policy_new(config, guests, targets, count);
}

/* With its knobs turned it also goes for memory that is used but never touched. */
static void *law_new_deep(const struct pn_policy_config *config, const struct pn_policy_guest *guests, const uint64_t *targets, size_t count)
{
	struct pn_policy_config deep = *config;

	deep.headroom = 1;
	deep.calm_after_ns = 3600000000000ULL;
	deep.cool_down_ns = 20000000000ULL;
	deep.probe_per_s = 0.0005;
	deep.probe_after_ns = 30000000000ULL;
	return pn_policy_new(&deep, guests, targets, count);
}

static void law_step(void *law, const struct pn_observation *observations, uint64_t now_ns, struct pn_decision *ret_decisions)
{
	pn_policy_step(law, observations, now_ns, ret_decisions);
}

static void law_free(void *law)
{
	pn_policy_free(law);
}

static void law_adopt(void *law, size_t index, const void *from, size_t from_index)
{
	pn_policy_adopt(law, index, from, from_index);
}

const struct pn_law pn_law_balloond = {
	.name = "balloond",
	.help = "the project's own: weighted max-min of demand under a host-observed budget",
	.source = "policy.c",
	.new = law_new,
	.step = law_step,
	.free = law_free,
	.adopt = law_adopt,
};

const struct pn_law pn_law_balloond_deep = {
	.name = "balloond-deep",
	.help = "the same, bolder: calm guests are tried below their demand until they stall a little",
	.source = "policy.c with headroom = 1, calm_after = 1 h, cool_down = 20 s, probe_per_s = 0.0005, probe_after = 30 s",
	.new = law_new_deep,
	.step = law_step,
	.free = law_free,
	.adopt = law_adopt,
};
