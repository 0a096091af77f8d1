/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdbool.h>

/*
 * How a case failed, in a form that the next failure of the same bug has too: the oracle and its reason with everything taken out that
 * differs from run to run (numbers and their units, addresses, marks, phases), and what the kernel said first. Pure functions.
 */

/** struct pn_signature - one way to fail; deinit with pn_signature_deinit() */
struct pn_signature {
	char *verdict; /* "FAIL" or "BROK" */
	char *oracle;  /* "ledger", ...; "case" when the case itself broke; "harness" when nobody but the verdict says anything */
	char *reason;  /* masked */
	char *kernel;  /* first trouble in the kernel log, masked; "" when there is none */
	char id[13];   /* start of a hash of the rest, to tell failures apart by */
};

/** pn_signature_mask() - a text without what differs from run to run; freed with g_free() */
char *pn_signature_mask(const char *text);

/**
 * pn_signature_of() - the signature of a verdict
 * @verdict: verdict.json or outcome.json of a case
 * @kmsg: its kmsg.jsonl; NULL: none
 *
 * Of several failures the one counts that names its cause best: the kernel log, then the books, then whatever stands first. What was
 * expected of the case plays no part. Return: 0, or -ENODATA when nothing failed or broke.
 */
int pn_signature_of(const json_t *verdict, const json_t *kmsg, struct pn_signature *ret_signature);
void pn_signature_deinit(struct pn_signature *signature);

/**
 * pn_signature_holds() - does a verdict show this failure too?
 *
 * It does when any of its findings has the signature's verdict, oracle and reason (of the kernel log: what it said first). Further failures
 * beside it do not matter: one bug often trips a second oracle, and not in each run.
 */
bool pn_signature_holds(const struct pn_signature *signature, const json_t *verdict, const json_t *kmsg);

/** pn_signature_copy() - deep copy */
void pn_signature_copy(const struct pn_signature *from, struct pn_signature *ret_to);

/** pn_signature_json() - as an object; json_decref() by the caller */
json_t *pn_signature_json(const struct pn_signature *signature);

/** pn_signature_read() - from such an object. Return: 0 or -EINVAL. */
int pn_signature_read(const json_t *object, struct pn_signature *ret_signature);

/** pn_signature_text() - for a person: "FAIL ledger: # pages leaked at MARK [1a2b3c4d5e6f]"; freed with g_free() */
char *pn_signature_text(const struct pn_signature *signature);
