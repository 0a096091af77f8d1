/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "sim.h"

/**
 * pn_sim_compare() - several laws through the same simulation
 * @laws: NULL-terminated
 * @jobs: how many at a time, at least 1
 * @done: called as each law ends, from any thread, one at a time; may be NULL
 * @ret_results: one a law, in their order
 *
 * Return: 0, or the first law's failure with one line.
 */
int pn_sim_compare(const struct pn_sim_config *config, const struct pn_law *const *laws, unsigned int jobs, const volatile int *stop,
		   void (*done)(const struct pn_sim_result *result), struct pn_sim_result *ret_results, struct pn_diag *diag);

/** pn_sim_table() - results for a person; the last column says where a law stands beside the first one */
void pn_sim_table(const struct pn_sim_config *config, const struct pn_sim_result *results, size_t count, FILE *out);

/** pn_sim_json() - simulate.json; README.md has its keys. Return: text, freed with free() */
char *pn_sim_json(const struct pn_sim_config *config, const struct pn_sim_result *results, size_t count);

/** pn_sim_svg() - bytes reclaimed against stall time, a point a law. Return: text, freed with g_free() */
char *pn_sim_svg(const struct pn_sim_config *config, const struct pn_sim_result *results, size_t count);

/** pn_sim_ahead() - is @a at least as good in bytes reclaimed and in stall time, and better in one? */
bool pn_sim_ahead(const struct pn_sim_result *a, const struct pn_sim_result *b);
