/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdio.h>

struct pn_diag;
struct pn_rundir;

/** PN_CONFORMANCE_SUITE - the suite whose runs get a conformance.json unasked */
#define PN_CONFORMANCE_SUITE "conformance"

/**
 * pn_conformance_json() - requirements by drivers, over all cases of a run: conformance.json (harness/run/RUNDIR.md)
 *
 * Return: a new object, or NULL when no case has watched a driver's queues.
 */
json_t *pn_conformance_json(const struct pn_rundir *run);

/** pn_conformance_text() - the same as a table */
void pn_conformance_text(const json_t *conformance, FILE *out);

/** pn_conformance_is_suite() - is this a run of the suite "conformance"? */
int pn_conformance_is_suite(const struct pn_rundir *run);

/** pn_conformance_write() - write conformance.json into the directory of such a run. Return: 0 or a negative errno. */
int pn_conformance_write(const struct pn_rundir *run, struct pn_diag *diag);
