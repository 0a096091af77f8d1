/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>

struct pn_diag;

/** struct pn_rundir - what a run directory says (harness/run/RUNDIR.md); freed with pn_rundir_free() */
struct pn_rundir {
	char *dir;
	json_t *plan;	  /* plan.json */
	json_t *host;	  /* host.json; an empty object when there is none */
	json_t *control;  /* control.json: what monitoring costs; NULL when it was not measured */
	json_t **verdicts; /* per planned case: verdict.json, or NULL while the case has not ended */
	size_t count;	  /* planned cases */
};

/**
 * pn_rundir_read() - read a run directory
 * @dir: a run's directory, finished or not
 *
 * Return: 0; -ENOENT when it is none; -EINVAL naming the file that is not what it should be; or another negative errno.
 */
int pn_rundir_read(const char *dir, struct pn_rundir **ret_run, struct pn_diag *diag);
void pn_rundir_free(struct pn_rundir *run);

/** pn_rundir_case() - entry of plan.json of one case, @index from 0. Borrowed. */
const json_t *pn_rundir_case(const struct pn_rundir *run, size_t index);

/** pn_rundir_verdict() - "PASS", "FAIL", "BROK", "SKIP", or NULL while the case has not ended. Borrowed. */
const char *pn_rundir_verdict(const struct pn_rundir *run, size_t index);

/** pn_rundir_reason() - one line; "" when there is none. Borrowed. */
const char *pn_rundir_reason(const struct pn_rundir *run, size_t index);

/** pn_rundir_string() - a string of the case's plan entry or verdict; "" when there is none. Borrowed. */
const char *pn_rundir_string(const struct pn_rundir *run, size_t index, const char *key);

/** pn_rundir_number() - a number of the case's verdict ("start_s", "duration_s"); 0 when there is none */
double pn_rundir_number(const struct pn_rundir *run, size_t index, const char *key);

/** pn_rundir_metric() - value of one metric. Return: 0, or -ENODATA when it was not measured. */
int pn_rundir_metric(const struct pn_rundir *run, size_t index, const char *name, double *ret_value);

/** pn_rundir_cost() - what monitoring costs, in one line; "" when it was not measured; g_free() by the caller */
char *pn_rundir_cost(const struct pn_rundir *run);

/**
 * pn_host_unfit() - why a host is not fit for measuring times
 * @host: host.json
 *
 * Return: "busy 34.0 % (at most 10.0 %), ksm running (off)"; "" when it is fit or nobody looked; g_free() by the caller.
 */
char *pn_host_unfit(const json_t *host);

/** struct pn_rundir_totals - how many cases ended how */
struct pn_rundir_totals {
	unsigned int passed, failed, broken, skipped, unfinished;
	unsigned int interrupted; /* of @broken: ended by the user */
};

void pn_rundir_totals(const struct pn_rundir *run, struct pn_rundir_totals *ret_totals);

/**
 * pn_rundir_summary() - run.json: the run's machine-readable summary
 *
 * Cases that have not ended are left out. Return: a new object of schema 1; json_decref() by the caller.
 */
json_t *pn_rundir_summary(const struct pn_rundir *run);

/** pn_rundir_write_summary() - write run.json into the run directory. Return: 0 or a negative errno. */
int pn_rundir_write_summary(const char *dir, struct pn_diag *diag);
