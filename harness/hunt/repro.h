/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stdio.h>

struct pn_bundle;
struct pn_diag;
struct pn_lab;
struct pn_visit;

/** struct pn_repro_config - how to look for a failure again; plain value, borrowed */
struct pn_repro_config {
	const struct pn_bundle *bundle;
	const char *driver; /* .ko in place of the scenario's; NULL: the scenario's */
	unsigned int tries; /* at most */
	bool all;	    /* make all of them; otherwise the first hit is the last try */
	const struct pn_visit *visit; /* looks into each try; NULL: nobody */
	FILE *out;	    /* a line a try, then the result */
};

/** struct pn_repro_tally - what came of it */
struct pn_repro_tally {
	unsigned int made;   /* tries that came to an end */
	unsigned int same;   /* failed the same way: same oracle, same signature */
	unsigned int other;  /* failed another way */
	unsigned int identical; /* of @same, in exact mode: the same as the recording in every count and byte (recording.h) */
	unsigned int broken; /* showed nothing: the environment broke, and that is not the failure looked for; not among @made */
};

/**
 * pn_repro_run() - run a failed case again, with its seed and its timeline, until it fails the same way
 *
 * Blocks. The hit rate is printed with its exact 95 % interval: of a fixed number of tries with @all, otherwise of tries that end
 * at a hit. Return: 0, -EINTR, or another negative errno.
 */
int pn_repro_run(struct pn_lab *lab, const struct pn_repro_config *config, struct pn_repro_tally *ret_tally, struct pn_diag *diag);

/**
 * pn_repro_exit() - enum pn_exit of a tally
 * @exact: of a case in exact mode
 *
 * Return: FAIL when it was seen again, in exact mode bit for bit; PASS when not; CANNOT_TELL when only other failures were, or in exact mode only other
 * counts; BROKEN when nothing was.
 */
int pn_repro_exit(const struct pn_repro_tally *tally, bool exact);
