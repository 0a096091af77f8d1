/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>
#include <stdio.h>

#include "../compare/metric.h"
#include "history.h"

/** PN_TREND_P - a change is named when a series without one would show such a one this often at most, and it is large enough for its tier
 */
#define PN_TREND_P 0.01

/** struct pn_trend_change - where a series changed */
struct pn_trend_change {
	size_t at;	      /* first run after the change */
	double before, after; /* medians of the stretches on both sides, up to the next change */
	double p;
	bool worse;
};

/**
 * pn_trend_find() - the changes of a series, in order
 * @values: one per run, in order of time
 * @changes: array of struct pn_trend_change, appended to
 *
 * E-divisive, again on both sides of each change that is found. A stretch has 3 runs at least, so a change is known 3 runs later.
 */
void pn_trend_find(const double *values, size_t n, const struct pn_metric_info *info, GArray *changes);

/** struct pn_trend_query - which series */
struct pn_trend_query {
	const char *metric, *case_id, *branch; /* NULL: all */
	bool all;			       /* also metrics that are not judged, and series without a change */
};

/**
 * pn_trend_text() - series and their changes; a change for the worse names the first bad run, the last good one, and what differs between
 *
 * Return: number of changes for the worse, or a negative errno.
 */
int pn_trend_text(struct pn_history *history, const struct pn_trend_query *query, FILE *out, struct pn_diag *diag);
