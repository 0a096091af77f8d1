/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "metric.h"

/*
 * From pairs of values to a verdict. B is judged against A. Pure, so that its false alarms are counted in a test.
 *
 * A metric is REGRESSED or IMPROVED when both hold: the test rejects "no difference" after all corrections, and the estimated effect is
 * at least its tier's @least. It is SAME when the interval of the effect lies within the tier's @limit. Anything else is CANNOT-TELL.
 *
 * Corrections: alpha is shared evenly among the looks that were planned (Bonferroni: whenever the sampling stops, the chance of any
 * false alarm is at most alpha), and within a look over all judged metrics of all cases (Holm).
 */

/** PN_JUDGE_ALPHA - chance that a whole comparison without any difference raises an alarm, either way, is at most this */
#define PN_JUDGE_ALPHA 0.05
#define PN_JUDGE_LEVEL (1 - PN_JUDGE_ALPHA)
#define PN_JUDGE_POWER 0.8

/** enum pn_judgement - in the order of what a summary says of many */
enum pn_judgement { PN_SAME, PN_IMPROVED, PN_CANNOT_TELL, PN_REGRESSED };

/** pn_judgement_name() - "SAME", "IMPROVED", "CANNOT-TELL" or "REGRESSED" */
const char *pn_judgement_name(enum pn_judgement judgement);

/** pn_judgement_exit() - enum pn_exit for a verdict */
int pn_judgement_exit(enum pn_judgement judgement);

/** struct pn_series - the pairs of one metric of one case; value i of @a and of @b were measured beside each other */
struct pn_series {
	char *subject;
	char *name;
	const struct pn_metric_info *info; /* static */
	GArray *a, *b;			   /* of double, equally long */
	bool one_sided;			   /* measured on one side only, somewhere */
};

/** pn_series_new() - an empty series; pn_series_free() by the caller */
struct pn_series *pn_series_new(const char *subject, const char *name, const struct pn_metric_info *info);
void pn_series_free(struct pn_series *series);

/** pn_series_add() - one more pair */
void pn_series_add(struct pn_series *series, double a, double b);

/** struct pn_judged - what is known about one series; NAN stands for "not to be had" */
struct pn_judged {
	const struct pn_series *series; /* borrowed */
	double ratio;			/* B / A */
	double low, high;		/* of @ratio at PN_JUDGE_LEVEL; set by pn_judge_interval() */
	double p;			/* two-sided, Holm's correction applied; compare with pn_judge_alpha() */
	double detectable; /* smallest change, as a share, that would have been seen with PN_JUDGE_POWER; at least the tier's @least */
	double effect;	   /* log of how much worse B is; negative: better */
	double effect_low, effect_high; /* exact interval of it at 1 - pn_judge_alpha() */
	enum pn_judgement verdict;
	char why[120]; /* of CANNOT-TELL */
};

/** pn_judge_looks() - how often the answer is looked at on the way to @pairs_max pairs */
unsigned int pn_judge_looks(unsigned int pairs_max);

/** pn_judge_is_look() - is the answer to be looked at when there are @pairs? */
bool pn_judge_is_look(unsigned int pairs_max, unsigned int pairs);

/** pn_judge_alpha() - share of alpha of each look */
double pn_judge_alpha(unsigned int looks);

/** pn_judge_pairs_needed() - pairs without which @metrics judged at once can't be told apart at all */
unsigned int pn_judge_pairs_needed(unsigned int looks, unsigned int metrics);

/**
 * pn_judge() - judge all series of a comparison
 * @series: of struct pn_series; those of PN_TIER_INFO are left out of the correction and come out as CANNOT-TELL that nobody asked about
 * @looks: how many looks were planned, at least 1
 * @ret_judged: as many as @series
 *
 * Return: the verdict of the whole: REGRESSED if any is; else CANNOT-TELL if one that decides is, or none decides; else IMPROVED if any
 * is; else SAME.
 */
enum pn_judgement pn_judge(const GPtrArray *series, unsigned int looks, struct pn_judged *ret_judged);

/**
 * pn_judge_interval() - bootstrap interval of the ratio, from the ratios within pairs; NAN where there are too few pairs
 *
 * For the reader; the verdict stands on the exact interval. Widened where it would leave out the ratio itself.
 */
void pn_judge_interval(struct pn_judged *judged, uint64_t seed);
