/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#include "../compare/judge.h"

struct pn_diag;
struct pn_rundir;

/** struct pn_gate_finding - what is known about one metric of one case, or about the case itself (@metric "case.verdict") */
struct pn_gate_finding {
	char *case_id;
	char *metric;
	enum pn_judgement verdict;
	bool advisory;	    /* shown, not part of the whole verdict */
	double before, now; /* medians; NAN: none */
	char *why;	    /* one line; NULL: the numbers say it */
};

/** struct pn_gate - a judged run */
struct pn_gate {
	GPtrArray *findings; /* of struct pn_gate_finding, those that are SAME included */
	enum pn_judgement verdict;
	char *against;		  /* what the run was held against */
	char *refused;		  /* why nothing was compared at all; NULL: it was */
	unsigned int no_baseline; /* cases of the run that the baseline does not know */
	unsigned int not_run;	  /* cases of the baseline that the run has not */
};

/**
 * pn_gate_of_run() - hold a run against a baseline
 * @baseline: as baseline.h describes it
 * @against: what it is called
 *
 * Invariants and counts block: REGRESSED when the run's median is worse than the baseline's by more than the tier's limit and every value
 * of the run is worse than all of the baseline. Wall time against figures of another time cries wolf on shared hosts, so it is advisory
 * here; it blocks in pairs (`puncture compare`). A case that FAILs is REGRESSED, one that broke is CANNOT-TELL. Another class of
 * machine is refused: CANNOT-TELL with @refused.
 *
 * Return: the gate; pn_gate_free() by the caller.
 */
struct pn_gate *pn_gate_of_run(const struct pn_rundir *run, const json_t *baseline, const char *against);

/** pn_gate_of_pairs() - a run of pairs, judged by its own pairs. Return: 0 or a negative errno. */
int pn_gate_of_pairs(const struct pn_rundir *run, struct pn_gate **ret_gate, struct pn_diag *diag);
void pn_gate_free(struct pn_gate *gate);

/** pn_gate_moved() - is this one to be told? (not what is SAME, nor what can't be told and decides nothing) */
bool pn_gate_moved(const struct pn_gate_finding *finding);

/** pn_gate_line() - a finding in one line, without the verdict; g_free() by the caller */
char *pn_gate_line(const struct pn_gate_finding *finding);
