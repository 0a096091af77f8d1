/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

struct pn_diag;

/** struct pn_mutant - a subject of ours with a known bug planted: one entry of drivers-under-test/mutants/mutants.yaml */
struct pn_mutant {
	char *name;    /* as --driver takes it: "vballoon-leak" */
	char *base;    /* folder below drivers-under-test that it is built from; of a driver also the name of the module */
	char *mutant;  /* BUILD_MUTANT of its Kbuild; of the policy what its mutant.h knows it by */
	char *cflags;  /* VB_CFLAGS of its Kbuild; NULL: none */
	char **files;  /* sources that the defect is in; empty: any */
	unsigned int files_count;
	char *summary; /* what is wrong with it */
	char *bugs;    /* what it stands for: numbers of the catalogue of real bugs, or a text */
	char *family;  /* of triggers: one or more of A to J */
	char *scenario; /* of a driver: the shortest that must fail on it; NULL: not in the suite of mutants */
	char *stock;	/* the known issue (a scenario) that the stock driver shows in that scenario; NULL: it is a control there too */
	char **oracles; /* that must find it; the first is the one that the suite expects */
	unsigned int oracles_count;
};

/** struct pn_mutants - all of them; freed with pn_mutants_free() */
struct pn_mutants {
	struct pn_mutant *list;
	unsigned int count;
};

/** pn_mutants_read() - read the file below pn_paths_share(). Return: 0; -EINVAL with one line; or another negative errno. */
int pn_mutants_read(struct pn_mutants *ret_mutants, struct pn_diag *diag);
void pn_mutants_free(struct pn_mutants *mutants);

/**
 * pn_mutants_suites() - the suite of mutants as YAML texts, one for each scenario: the driver as it is, and each mutant of it that this scenario
 * must kill, with what is expected
 *
 * Return: array of texts, in the order of first mention; g_strfreev() by the caller; empty when the list can't be read.
 */
char **pn_mutants_suites(void);

/** pn_mutants_controls() - the same without any mutant: the driver as it is through all of their scenarios, and the stock one but for its known issues */
char **pn_mutants_controls(void);
