/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

struct pn_diag;

/** struct pn_mutant - a driver of ours with a known bug planted: one entry of drivers-under-test/mutants/mutants.yaml */
struct pn_mutant {
	char *name;    /* as --driver takes it: "vballoon-leak" */
	char *base;    /* folder below drivers-under-test that it is built from, and name of the module */
	char *mutant;  /* BUILD_MUTANT of its Kbuild */
	char *cflags;  /* VB_CFLAGS of its Kbuild; NULL: none */
	char *summary; /* what is wrong with it */
};

/** struct pn_mutants - all of them; freed with pn_mutants_free() */
struct pn_mutants {
	struct pn_mutant *list;
	unsigned int count;
};

/** pn_mutants_read() - read the file below pn_paths_share(). Return: 0; -EINVAL with one line; or another negative errno. */
int pn_mutants_read(struct pn_mutants *ret_mutants, struct pn_diag *diag);
void pn_mutants_free(struct pn_mutants *mutants);
