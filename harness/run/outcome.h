/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct pn_diag;
struct pn_scenario;

/** struct pn_outcome - a case that is over, nothing of it running any more; plain value, all borrowed */
struct pn_outcome {
	const struct pn_scenario *scenario;
	const char *case_dir;
	json_t *loads;	    /* array of load results */
	json_t *host;	    /* array of what was left behind */
	int err;	    /* what broke it, a negative errno; 0: nothing */
	const char *reason; /* of @err */
	bool interrupted;
	double start_s; /* wall clock, seconds since 1970 */
	uint64_t duration_ns;
};

/**
 * pn_outcome_write() - judge a case from its record and write loads.json and outcome.json
 *
 * The verdict is the worst of the oracles' and of what broke. An interrupted case is BROK, with the metrics of what was measured.
 * Return: 0, or a negative errno when the record could not be read or the outcome not be written.
 */
int pn_outcome_write(const struct pn_outcome *outcome, struct pn_diag *diag);
