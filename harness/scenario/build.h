/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>

struct pn_diag;
struct pn_doc;
struct pn_scenario;

/**
 * pn_scenario_build() - a scenario from a resolved document
 * @doc: without matrix; overrides applied; brought into its long form here
 * @name: default of its name
 * @seed: of this case
 * @workloads_dir: where loads/ is: the loads' needs are checked against the guest
 *
 * Checks everything that can be known before a guest boots. Return: 0; -EINVAL with one line; or another negative errno.
 */
int pn_scenario_build(struct pn_doc *doc, const char *name, uint64_t seed, const char *workloads_dir, struct pn_scenario **ret_scenario,
		      struct pn_diag *diag);
void pn_scenario_free(struct pn_scenario *scenario);
