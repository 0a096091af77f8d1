/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "../policy.h"

/**
 * struct pn_law - one way to set targets, behind one interface
 *
 * All laws see the same observations at the same ticks. Only the project's own is meant for use; the others are re-implemented from their
 * published descriptions to be compared with, each with the parameters its description gives. They fill target_bytes of a decision and leave the rest.
 */
struct pn_law {
	const char *name;
	const char *help;   /* one line */
	const char *source; /* what it was written after */

	/** @new: as pn_policy_new(); the law's own parameters are fixed. Return: its state, NULL when out of memory. */
	void *(*new)(const struct pn_policy_config *config, const struct pn_policy_guest *guests, const uint64_t *targets, size_t count);

	/** @step: as pn_policy_step() */
	void (*step)(void *law, const struct pn_observation *observations, uint64_t now_ns, struct pn_decision *ret_decisions);
	void (*free)(void *law);

	/** @adopt: as pn_policy_adopt(); NULL: it knows nothing that a new one would miss */
	void (*adopt)(void *law, size_t index, const void *from, size_t from_index);
};

extern const struct pn_law pn_law_balloond, pn_law_balloond_cautious, pn_law_balloond_careful, pn_law_balloond_deep;
extern const struct pn_law pn_law_static, pn_law_mom, pn_law_proxmox, pn_law_squeezed, pn_law_balance, pn_law_senpai;

/** pn_laws - all of them, the project's own first; ends with NULL */
extern const struct pn_law *const pn_laws[];

/** pn_law_find() - by name; NULL when there is none */
const struct pn_law *pn_law_find(const char *name);
