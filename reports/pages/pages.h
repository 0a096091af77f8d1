/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>
#include <stdio.h>

#include "../history/history.h"
#include "../history/trend.h"

struct pn_diag;
struct pn_rundir;

/*
 * Pages that stand on more than a run directory: a judged comparison, the history. As the page of a run (reports/html): complete in themselves, no
 * request leaves them, all plots are SVG and need no script.
 */

/** pn_page_comparison() - a run of pairs: verdict, A/B with intervals, distributions, all metrics. Return: 0 or a negative errno. */
int pn_page_comparison(const struct pn_rundir *run, FILE *out, struct pn_diag *diag);

/**
 * pn_page_trend() - series of the history with their change points, those that got worse first
 * @query: as of pn_trend_text()
 *
 * Return: number of changes for the worse, or a negative errno.
 */
int pn_page_trend(struct pn_history *history, const struct pn_trend_query *query, FILE *out, struct pn_diag *diag);
