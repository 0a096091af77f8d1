/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "grammar.h"

struct pn_diag;

/** struct pn_corpus_entry - a case worth varying: it executed something that no other entry had */
struct pn_corpus_entry {
	struct pn_genome *genome;
	GHashTable *blocks; /* set of what it executed */
};

/** struct pn_corpus - the cases worth varying; pn_corpus_deinit() */
struct pn_corpus {
	GPtrArray *entries; /* of struct pn_corpus_entry */
};

/** pn_corpus_add() - a case for which this is true; @genome and @blocks are stolen. Return: whether it has blocks that no entry has; otherwise they are freed */
bool pn_corpus_add(struct pn_corpus *corpus, struct pn_genome *genome, GHashTable *blocks);

/**
 * pn_corpus_minimise() - leave out what the others execute too
 *
 * Greedy set cover: the entry that adds most first; of equal ones the shorter. What is left executes the same blocks.
 */
void pn_corpus_minimise(struct pn_corpus *corpus);

/** pn_corpus_save() - write the entries as NNNN.yaml into @dir, made if absent; older ones there are removed. Return: 0 or a negative errno. */
int pn_corpus_save(const struct pn_corpus *corpus, const struct pn_grammar *grammar, const char *dir, struct pn_diag *diag);
void pn_corpus_deinit(struct pn_corpus *corpus);
