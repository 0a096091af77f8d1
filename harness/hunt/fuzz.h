/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "corpus.h"
#include "cover.h"

struct pn_diag;
struct pn_lab;

/** struct pn_fuzz_config - what to fuzz; plain value, borrowed */
struct pn_fuzz_config {
	struct pn_grammar grammar;
	const char *dir;	/* findings/, corpus/, fuzz.json go here */
	const char *corpus_dir; /* cases to begin with; NULL: none */
	uint64_t seed;
	uint64_t for_ns;	/* start no case after this; 0: until the user ends it */
	unsigned int findings_max; /* end after so many different failures; 0: no limit */
	void (*found)(const char *case_dir); /* a new failure's directory is complete: makes its bundle; may be NULL */
	FILE *out;
};

/** struct pn_fuzz_result - what came of it; pn_fuzz_result_deinit() */
struct pn_fuzz_result {
	unsigned int cases;    /* that were run and showed something */
	unsigned int refused;  /* drawn, but no scenario */
	unsigned int broken;   /* run, but showed nothing */
	unsigned int failures; /* cases that failed */
	unsigned int findings; /* different failures */
	double seconds;
	struct pn_cover cover;
	struct pn_corpus corpus;
};

/**
 * pn_fuzz_run() - random cases, and variations of those that executed new blocks of the driver
 *
 * Without block counts (KVM) cases are only drawn. A failure is new when its signature is; new ones are moved to findings/ID with their
 * bundle, others counted. Blocks. Return: 0, -EINTR (the result is filled all the same), or another negative errno.
 */
int pn_fuzz_run(struct pn_lab *lab, const struct pn_fuzz_config *config, struct pn_fuzz_result *ret_result, struct pn_diag *diag);
void pn_fuzz_result_deinit(struct pn_fuzz_result *result);
