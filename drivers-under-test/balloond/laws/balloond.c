// SPDX-License-Identifier: GPL-2.0-only
/* The project's own law behind the common interface; nothing of it is here. */
#include "law.h"

static void *law_new(const struct pn_policy_config *config, const struct pn_policy_guest *guests, const uint64_t *targets, size_t count)
{
	return pn_policy_new(config, guests, targets, count);
}

static void *with_caution(const char *caution, const struct pn_policy_config *config, const struct pn_policy_guest *guests, const uint64_t *targets,
			  size_t count)
{
	struct pn_policy_config knobs = *config;

	return pn_policy_caution(&knobs, caution) ? NULL : pn_policy_new(&knobs, guests, targets, count);
}

static void *law_new_cautious(const struct pn_policy_config *config, const struct pn_policy_guest *guests, const uint64_t *targets, size_t count)
{
	return with_caution("cautious", config, guests, targets, count);
}

static void *law_new_careful(const struct pn_policy_config *config, const struct pn_policy_guest *guests, const uint64_t *targets, size_t count)
{
	return with_caution("careful", config, guests, targets, count);
}

static void *law_new_deep(const struct pn_policy_config *config, const struct pn_policy_guest *guests, const uint64_t *targets, size_t count)
{
	return with_caution("deep", config, guests, targets, count);
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
	.source = "policy.c, caution.c: cautious",
	.new = law_new_cautious,
	.step = law_step,
	.free = law_free,
	.adopt = law_adopt,
};

const struct pn_law pn_law_balloond_careful = {
	.name = "balloond-careful",
	.help = "the same: no idle guest is lowered below 50 % of its largest size and 64 MiB",
	.source = "policy.c, caution.c: careful",
	.new = law_new_careful,
	.step = law_step,
	.free = law_free,
	.adopt = law_adopt,
};

const struct pn_law pn_law_balloond_deep = {
	.name = "balloond-deep",
	.help = "the same, bolder: calm guests are tried below their demand until they stall a little",
	.source = "policy.c, caution.c: deep",
	.new = law_new_deep,
	.step = law_step,
	.free = law_free,
	.adopt = law_adopt,
};
