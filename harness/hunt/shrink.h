/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "signature.h"

struct pn_diag;
struct pn_lab;

/** struct pn_shrink_config - what to make smaller; plain value, borrowed */
struct pn_shrink_config {
	const char *yaml; /* resolved scenario of the failed case */
	const struct pn_signature *signature;
	const char *driver; /* .ko in place of the scenario's; NULL: the scenario's */
	uint64_t budget_ns; /* start no trial after this; 0: no limit */
	FILE *out;	    /* a line for everything that could be left out, and at the end what was */
};

/** struct pn_shrink_result - what came of it; deinit with pn_shrink_result_deinit() */
struct pn_shrink_result {
	char *yaml;		     /* the smallest scenario that still fails the same way */
	char *dir;		     /* directory of the trial in which it did */
	unsigned int events_before;  /* in all timelines */
	unsigned int events;
	unsigned int trials;
	unsigned int repeats;	     /* a candidate passes when it has not failed in so many runs */
	unsigned int hits, verified; /* of the result: failed the same way in @hits of @verified runs */
};

/**
 * pn_shrink_run() - the smallest scenario that still fails the same way
 *
 * Delta debugging (Zeller and Hildebrandt 2002: ddmin with complements) over guests, events, loads, then keys, sizes and amounts. A candidate is
 * kept when it fails the same way in one of @repeats runs, and where @repeats is 1 once more: that a smaller one is kept is certain, that nothing more can be left out is
 * as certain as @repeats makes it. @repeats is 1 when the case failed in each of 3 runs beforehand; otherwise it is chosen so that a failure of
 * the hit rate seen would be missed in at most 5 % of the candidates.
 *
 * Blocks. Return: 0; -ENOENT when it does not fail any more in 20 runs; -EINTR; or another negative errno.
 */
int pn_shrink_run(struct pn_lab *lab, const struct pn_shrink_config *config, struct pn_shrink_result *ret_result, struct pn_diag *diag);
void pn_shrink_result_deinit(struct pn_shrink_result *result);
