/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct pn_diag;
struct pn_rundir;

/**
 * struct pn_pairs - what a run directory of pairs holds (harness/run/RUNDIR.md, "compare" and "pair")
 *
 * Both cases of a pair must have passed, or the pair is lost to all metrics; it counts for case.failed when both have a verdict of the
 * subject (PASS or FAIL).
 */
struct pn_pairs {
	GPtrArray *series;	/* of struct pn_series: by subject, then as the table of metrics has them, then by name */
	char *a, *b;		/* what the sides are: "driver=stock" */
	unsigned int pairs_max; /* that were planned at most */
	unsigned int pairs;	/* begun, without the warm-up */
	unsigned int lost;	/* pairs of a subject that can't be used */
	unsigned int subjects;
	uint64_t seed;
	bool exact;		/* run in exact mode: the host's clock is none of the subject's */
	json_t *warm_up; /* array of {"subject","a_s","b_s"}: durations of the pairs that are left out */
};

/** pn_pairs_present() - is this a run of pairs? */
bool pn_pairs_present(const struct pn_rundir *run);

/**
 * pn_pairs_read() - the pairs of a run
 *
 * Return: 0; -EINVAL when the run is not one of pairs. pn_pairs_free() by the caller.
 */
int pn_pairs_read(const struct pn_rundir *run, struct pn_pairs **ret_pairs, struct pn_diag *diag);
void pn_pairs_free(struct pn_pairs *pairs);
