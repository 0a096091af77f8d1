/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdio.h>

struct pn_diag;
struct pn_rundir;

/**
 * pn_mutants_summary() - what a run says of mutants: drivers named BASE-VARIANT that were expected to fail, and of BASE itself in the same scenarios
 *
 * A mutant is killed when an oracle's own finding on one of its cases is FAIL, whatever was expected; "by" names all oracles that said so. Where nothing
 * accuses, and the case is BROK by the very oracle that was expected to say that it tested nothing ("brok:ORACLE"), that one has found it. A control that
 * fails is a false alarm; one that is BROK has said nothing and is counted apart. What policy.json of the run directory says of mutants that
 * need no guest is added. "lacking" names the oracles that have found fewer than two mutants alone, in a run that has everything. Return: a new object (harness/run/RUNDIR.md, mutants.json), or NULL when the run has no mutants and no controls.
 */
json_t *pn_mutants_summary(const struct pn_rundir *run);

/** pn_mutants_write() - mutants.json into the run directory and a few lines to @out, if the run has mutants. Return: 0; 1 when one survived, the
 * subject as it is was accused, or an oracle is lacking; or a negative errno. */
int pn_mutants_write(const struct pn_rundir *run, FILE *out, struct pn_diag *diag);
