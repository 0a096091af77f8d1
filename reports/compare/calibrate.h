/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdio.h>

#include "compare.h"

/** struct pn_calibrated - what this host's noise does to one metric */
struct pn_calibrated {
	double noise;	    /* typical difference between two equal cases, as a share */
	double false_alarm; /* share of trials in which the metric raised an alarm */
	double detectable;  /* smallest change, as a share, that is found with PN_JUDGE_POWER; NAN: not even tenfold */
};

/** struct pn_calibration - the judge tried on measured noise */
struct pn_calibration {
	unsigned int pairs; /* of each trial */
	unsigned int trials;
	double false_alarm;	       /* share of trials in which any metric raised an alarm, either way */
	struct pn_calibrated *metrics; /* one per series */
};

/**
 * pn_calibrate() - try the judge on an A/A comparison
 * @comparison: of two equal sides
 * @pairs: of each trial; looked at as often as a comparison of so many at most would be
 * @trials: how many comparisons to draw from the measured pairs, sides swapped at random
 *
 * Return: 0; -ENODATA when there are fewer than 6 usable pairs. pn_calibration_free() by the caller.
 */
int pn_calibrate(const struct pn_comparison *comparison, unsigned int pairs, unsigned int trials, struct pn_calibration **ret_calibration,
		 struct pn_diag *diag);
void pn_calibration_free(struct pn_calibration *calibration);

/** pn_calibration_json() - calibrate.json; json_decref() by the caller */
json_t *pn_calibration_json(const struct pn_calibration *calibration, const struct pn_comparison *comparison);

/** pn_calibration_text() - the same for people, within 80 columns */
void pn_calibration_text(const struct pn_calibration *calibration, const struct pn_comparison *comparison, const char *class, FILE *out);
