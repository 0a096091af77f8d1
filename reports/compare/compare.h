/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "judge.h"
#include "pairs.h"

/** struct pn_comparison - a judged run of pairs */
struct pn_comparison {
	struct pn_pairs *pairs;
	struct pn_judged *judged; /* one per series of @pairs */
	unsigned int looks;
	enum pn_judgement verdict;
};

/**
 * pn_comparison_read() - read and judge a run of pairs, finished or not
 * @dir: its run directory
 *
 * A pure function of the directory. Return: 0; -EINVAL when it is no run of pairs; or another negative errno. pn_comparison_free().
 */
int pn_comparison_read(const char *dir, struct pn_comparison **ret_comparison, struct pn_diag *diag);

/** pn_comparison_of() - as pn_comparison_read(), of a run directory that has been read. @run is not kept. */
int pn_comparison_of(const struct pn_rundir *run, struct pn_comparison **ret_comparison, struct pn_diag *diag);
void pn_comparison_free(struct pn_comparison *comparison);

/** pn_comparison_name() - "balloon.settle_s", with "CASE:" before it when several cases were compared; g_free() by the caller */
char *pn_comparison_name(const struct pn_comparison *comparison, const struct pn_judged *judged);

/** pn_comparison_json() - compare.json: metrics that were judged; a number that is not to be had is null. json_decref() by the caller. */
json_t *pn_comparison_json(const struct pn_comparison *comparison);

/** pn_comparison_text() - the table for people, within 80 columns */
void pn_comparison_text(const struct pn_comparison *comparison, bool colour, FILE *out);
