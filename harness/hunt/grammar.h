/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>
#include <stdint.h>

struct pn_diag;
struct pn_plan;

/*
 * Random timelines from the tables that scenarios are made of: patterns with random parameters, kinds of events, faults, loads. A pattern,
 * a fault or an argument that is added to its table is drawn from then on. The same seed draws the same cases.
 */

/** struct pn_grammar - what is drawn from; plain value, borrowed */
struct pn_grammar {
	const struct pn_plan *bases; /* cases whose guest, driver and loads are taken as they are: the matrix of a scenario */
	char **loads;		     /* names of loads that a timeline may start and stop; NULL-terminated */
	char **functions;	     /* of the driver, at which a vCPU may be held; NULL-terminated; NULL: none is known */
};

/** struct pn_genome - one case as it is drawn and varied; freed with pn_genome_free() */
struct pn_genome {
	unsigned int base;  /* index into the bases */
	GArray *events;	    /* of struct pn_event */
	uint64_t seed;
};

/** pn_genome_draw() - a new case. @base: of which shape. @random: state, moved on. Never NULL; it may still be one that no scenario can be. */
struct pn_genome *pn_genome_draw(const struct pn_grammar *grammar, unsigned int base, uint64_t *random);

/** pn_genome_draw_cycles() - up and down many times, at rest each time, where no load disturbs: what leaks a page in a thousand shows as a slope only */
struct pn_genome *pn_genome_draw_cycles(const struct pn_grammar *grammar, uint64_t *random);

/** pn_genome_vary() - a case like @from with one to three changes: events taken out, put in, changed, doubled, moved, or taken from @other */
struct pn_genome *pn_genome_vary(const struct pn_grammar *grammar, uint64_t *random, const struct pn_genome *from, const struct pn_genome *other);
void pn_genome_free(struct pn_genome *genome);

/** pn_genome_read() - from the text of a scenario that pn_genome_write() made. @path: its file. Return: 0 or a negative errno. */
int pn_genome_read(const struct pn_grammar *grammar, const char *path, const char *workloads_dir, struct pn_genome **ret_genome, struct pn_diag *diag);

/** pn_genome_write() - as a resolved scenario; freed with g_free() */
char *pn_genome_write(const struct pn_grammar *grammar, const struct pn_genome *genome);
