/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Sequential probability ratio test (Wald 1945): is this build a bad one, which fails with chance p1, or a good one, which fails so with
 * chance p0? Runs go on only until the answer is certain enough. Pure.
 */

/** enum pn_sprt_answer */
enum pn_sprt_answer { PN_SPRT_OPEN, PN_SPRT_GOOD, PN_SPRT_BAD };

/** struct pn_sprt - a test under way; plain value, the first part is the caller's */
struct pn_sprt {
	double p0;    /* chance that a good build shows the failure in a run, 0 < p0 < p1 */
	double p1;    /* chance that a bad one does, < 1 */
	double alpha; /* chance to call a good build bad */
	double beta;  /* chance to call a bad build good */
	unsigned int runs, hits;
};

/** pn_sprt_answer() - what the runs so far say */
enum pn_sprt_answer pn_sprt_answer(const struct pn_sprt *test);

/** pn_sprt_runs_to_good() - how many runs without a hit make a build good: what each good build costs at least */
unsigned int pn_sprt_runs_to_good(const struct pn_sprt *test);
