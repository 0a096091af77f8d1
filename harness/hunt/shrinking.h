/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "../scenario/doc.h"
#include "shrink.h"

/*
 * Between shrink.c (what is taken out, in which order) and candidate.c (does it still fail).
 */

/** struct shrinking - a shrink under way */
struct shrinking {
	struct pn_lab *lab;
	const struct pn_shrink_config *config;
	struct pn_doc *doc; /* the smallest so far that fails */
	char *dir;	    /* of the trial in which it did */
	unsigned int repeats;
	unsigned int first_trial; /* the lab's count when it began */
	uint64_t began_ns;
	GHashTable *passed; /* texts of candidates that did not fail */
	char *refused;	    /* why the last document that could not be run was not */
	bool over;	    /* the budget is used up */
	int err;	    /* the lab broke, or the user ended it */
	struct pn_diag *diag;
};

/**
 * shrinking_try() - does one of these documents still fail the same way?
 * @docs: @count of them, in the order of preference; all are freed, but the one that is kept
 *
 * The first that is seen to fail becomes the current one. Return: its index, or -1.
 */
int shrinking_try(struct shrinking *self, struct pn_doc **docs, unsigned int count);

/** shrinking_measure() - run the current document @runs times at most, @until that many hits. Return: hits; @ret_made: runs. */
unsigned int shrinking_measure(struct shrinking *self, unsigned int runs, unsigned int until, unsigned int *ret_made);

/** shrinking_say() - a line of progress, with the trials and the time so far */
void shrinking_say(const struct shrinking *self, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
