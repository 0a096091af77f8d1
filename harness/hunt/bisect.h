/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

#include "signature.h"
#include "sprt.h"

struct pn_diag;
struct pn_lab;

/** enum pn_build_state - what is known of a build */
enum pn_build_state { PN_BUILD_UNKNOWN, PN_BUILD_GOOD, PN_BUILD_BAD, PN_BUILD_SKIPPED };

/** struct pn_build - one of the builds, oldest first */
struct pn_build {
	char *id; /* a revision, or a line of the list */
	enum pn_build_state state;
	unsigned int runs, hits;
	char *why; /* PN_BUILD_SKIPPED: one line */
};

/**
 * pn_bisect_next() - which build to look at next
 * @builds: @count of them; the first is good, the last bad, or not yet known to be so
 *
 * First the last, then the first, since nothing can be found between two that are alike; then the one in the middle between the newest good
 * and the oldest bad, or the nearest to it that has not been skipped. Pure. Return: its index, or -1 when nothing is left to look at.
 */
int pn_bisect_next(const struct pn_build *builds, unsigned int count);

/**
 * pn_bisect_found() - what the answer is
 * @ret_from, @ret_to: the failure came with one of these, which are one and the same unless some were skipped
 *
 * Return: false while it is open, or when the ends are not good and bad.
 */
bool pn_bisect_found(const struct pn_build *builds, unsigned int count, unsigned int *ret_from, unsigned int *ret_to);

/** struct pn_bisect_config - what to look through; plain value, borrowed */
struct pn_bisect_config {
	const char *yaml; /* the failed case */
	const struct pn_signature *signature;
	const char *command; /* makes a build: sh -c, in @tree, with PN_BUILD set to its id; NULL: nothing to make */
	const char *tree;    /* where it is made */
	const char *git;     /* repository that @tree is a checkout of: each id is checked out first; NULL: ids are just names */
	const char *driver, *kernel, *modules, *qemu; /* what the build leaves, absolute; NULL: the case's own */
	double noise;	 /* chance that a good build shows the failure in one run */
	double error;	 /* chance that the answer is wrong */
	const char *state_path; /* what is known is kept here, and read from here at first */
	FILE *out;
};

/**
 * pn_bisect_run() - find the build that a failure came with
 * @builds: @count of them, oldest first; states are filled
 *
 * A build that can't be made, can't be prepared or shows nothing is skipped. Each build is run until the sequential test answers, with an error
 * of @error divided by the number of builds that a bisection looks at, so that all answers together are wrong with chance @error at
 * most. The chance that a bad build fails is measured on the last build. Blocks.
 * Return: 0 when it has been through (see pn_bisect_found()); -ENODATA when the last build does not fail in 20 runs; -EINTR; or another negative errno.
 */
int pn_bisect_run(struct pn_lab *lab, const struct pn_bisect_config *config, struct pn_build *builds, unsigned int count, struct pn_diag *diag);

/** pn_builds_free() - free an array of builds */
void pn_builds_free(struct pn_build *builds, unsigned int count);
