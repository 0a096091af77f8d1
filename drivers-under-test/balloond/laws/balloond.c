// SPDX-License-Identifier: GPL-2.0-only
/* The project's own law behind the common interface; nothing of it is here. */
#include "law.h"

static void *law_new(const struct pn_policy_config *config, const struct pn_policy_guest *guests, const uint64_t *targets, size_t count)
{
	return pn_policy_new(config, guests, targets, count);
}

/* Never below a good half of a guest: what a fixed division stalls on, it does not. */
static void *law_new_cautious(const struct pn_policy_config *config, const struct pn_policy_guest *guests, const uint64_t *targets, size_t count)
{
	struct pn_policy_config cautious = *config;

	cautious.assured = 0.55;
	return pn_policy_new(&cautious, guests, targets, count);
}

static void *law_new_careful(const struct pn_policy_config *config, const struct pn_policy_guest *guests, const uint64_t *targets, size_t count)
{
	struct pn_policy_config careful = *config;

	careful.assured = 0.5;
	return pn_policy_new(&careful, guests, targets, count);
}

/* Cheaper stalls; and it goes for memory that is used but never touched. */
static void *law_new_deep(const struct pn_policy_config *config, const struct pn_policy_guest *guests, const uint64_t *targets, size_t count)
{
	struct pn_policy_config deep = *config;

	deep.price_s = 800;
	deep.cool_down_ns = 10000000000ULL;
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

const struct pn_law pn_law_balloond_cautious = {
	.name = "balloond-cautious",
	.help = "the same, more careful: no idle guest is lowered below 55 % of its largest size and 64 MiB",
	.source = "policy.c with assured = 0.55",
	.new = law_new_cautious,
	.step = law_step,
	.free = law_free,
	.adopt = law_adopt,
};

const struct pn_law pn_law_balloond_careful = {
	.name = "balloond-careful",
	.help = "the same: no idle guest is lowered below 50 % of its largest size and 64 MiB",
	.source = "policy.c with assured = 0.5",
	.new = law_new_careful,
	.step = law_step,
	.free = law_free,
	.adopt = law_adopt,
};

const struct pn_law pn_law_balloond_deep = {
	.name = "balloond-deep",
	.help = "the same, bolder: calm guests are tried below their demand until they stall a little",
	.source = "policy.c with price = 800 s, cool_down = 10 s, probe_per_s = 0.0005, probe_after = 30 s",
	.new = law_new_deep,
	.step = law_step,
	.free = law_free,
	.adopt = law_adopt,
};
