// SPDX-License-Identifier: GPL-2.0-only
/* Change points over the runs of a history, and the run that is to blame. */
#include "trend.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "../report.h"
#include "../stats/stats.h"

#define SEGMENT_MIN 3
#define ROUNDS 999
#define SEED 1
#define NEWEST 200 /* of a series: the time grows with its square */
#define LEAST_INFO 0.1

static double median_of(const double *values, size_t n)
{
	double median = NAN;

	pn_stats_median(values, n, &median);
	return median;
}

static bool large_enough(double before, double after, const struct pn_metric_info *info)
{
	double least = info->tier == PN_TIER_INFO ? LEAST_INFO : pn_tiers[info->tier].least;

	if (before > 0 && after > 0)
		return fabs(log(after / before)) >= log1p(least);
	return before != after;
}

static void find_within(const double *values, size_t from, size_t to, const struct pn_metric_info *info, GArray *changes)
{
	struct pn_trend_change change;
	size_t cut;

	if (pn_stats_change_point(values + from, to - from, SEGMENT_MIN, ROUNDS, SEED, &cut, &change.p) || change.p > PN_TREND_P)
		return;
	change.at = from + cut;
	change.before = median_of(values + from, cut);
	change.after = median_of(values + change.at, to - change.at);
	if (!large_enough(change.before, change.after, info))
		return;
	find_within(values, from, change.at, info, changes);
	g_array_append_val(changes, change);
	find_within(values, change.at, to, info, changes);
}

void pn_trend_find(const double *values, size_t n, const struct pn_metric_info *info, GArray *changes)
{
	guint first = changes->len;

	find_within(values, 0, n, info, changes);
	/* a change found first was measured over stretches that later ones divided */
	for (guint i = first; i < changes->len; i++) {
		struct pn_trend_change *change = &g_array_index(changes, struct pn_trend_change, i);
		size_t from = i > first ? g_array_index(changes, struct pn_trend_change, i - 1).at : 0;
		size_t to = i + 1 < changes->len ? g_array_index(changes, struct pn_trend_change, i + 1).at : n;

		change->before = median_of(values + from, change->at - from);
		change->after = median_of(values + change->at, to - change->at);
		change->worse = info->higher ? change->after < change->before : change->after > change->before;
	}
}

/** struct report - what is being written */
struct report {
	struct pn_history *history;
	const struct pn_trend_query *query;
	FILE *out;
	GPtrArray *series; /* of struct kept: asked about after the statement is done */
};

/** struct kept - one series */
struct kept {
	char *class, *branch, *case_id, *metric;
	struct pn_history_point *points;
	size_t count;
};

static void kept_free(void *data)
{
	struct kept *kept = data;

	g_free(kept->class);
	g_free(kept->branch);
	g_free(kept->case_id);
	g_free(kept->metric);
	g_free(kept->points);
	g_free(kept);
}

static void keep(const char *class, const char *branch, const char *case_id, const char *metric, const struct pn_history_point *points,
		 size_t count, void *data)
{
	struct report *report = data;
	size_t skipped = count > NEWEST ? count - NEWEST : 0;
	struct kept *kept;

	if (pn_metric_find(metric)->tier == PN_TIER_INFO && !report->query->all && !report->query->metric)
		return;
	kept = g_new0(struct kept, 1);
	*kept = (struct kept){g_strdup(class), g_strdup(branch), g_strdup(case_id), g_strdup(metric), NULL, count - skipped};
	kept->points = g_memdup2(points + skipped, kept->count * sizeof(*points));
	g_ptr_array_add(report->series, kept);
}

static const char *text_of(const json_t *run, const char *key)
{
	const char *text = json_string_value(json_object_get(run, key));

	return text && *text ? text : "?";
}

static void put_run(FILE *out, const char *label, const json_t *run)
{
	time_t start = (time_t)json_number_value(json_object_get(run, "start_s"));
	char when[32] = "?";
	struct tm tm;

	if (localtime_r(&start, &tm))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &tm);
	fprintf(out, "    %-9s %s, %s\n", label, text_of(run, "run"), when);
	fprintf(out, "      revision %s, Linux %s, QEMU %s\n", text_of(run, "revision"), text_of(run, "kernel"), text_of(run, "qemu"));
	if (*text_of(run, "guest"))
		fprintf(out, "      guest %s\n", text_of(run, "guest"));
}

static void put_differences(FILE *out, const json_t *good, const json_t *bad)
{
	static const char *const keys[] = {"revision", "kernel", "qemu", "guest"};
	bool any = false;

	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
		if (!strcmp(text_of(good, keys[i]), text_of(bad, keys[i])))
			continue;
		fprintf(out, "%s %s", any ? "," : "    changed between them:", keys[i]);
		any = true;
	}
	fprintf(out, "%s\n", any ? "" : "    nothing that is recorded changed between them");
}

static int put_change(const struct report *report, const struct kept *kept, const struct pn_trend_change *change, struct pn_diag *diag)
{
	json_t *good = NULL, *bad = NULL;
	int err = pn_history_run(report->history, kept->points[change->at - 1].run_id, &good, diag);

	if (!err)
		err = pn_history_run(report->history, kept->points[change->at].run_id, &bad, diag);
	if (!err) {
		g_autofree char *before = pn_report_value(kept->metric, change->before), *after = pn_report_value(kept->metric, change->after);

		fprintf(report->out, "  %s %s -> %s", change->worse ? "REGRESSED" : "IMPROVED", before, after);
		if (change->before > 0)
			fprintf(report->out, " (%+.1f %%)", (change->after / change->before - 1) * 100);
		fprintf(report->out, ", p %.2g\n", change->p);
		put_run(report->out, change->worse ? "last good" : "before", good);
		put_run(report->out, change->worse ? "first bad" : "first", bad);
		put_differences(report->out, good, bad);
	}
	json_decref(good);
	json_decref(bad);
	return err;
}

/* number of changes for the worse, or a negative errno */
static int put_series(const struct report *report, const struct kept *kept, struct pn_diag *diag)
{
	g_autoptr(GArray) changes = g_array_new(FALSE, FALSE, sizeof(struct pn_trend_change));
	g_autofree double *values = g_new(double, kept->count);
	g_autofree char *median = NULL, *newest = NULL;
	int err = 0, worse = 0;

	for (size_t i = 0; i < kept->count; i++)
		values[i] = kept->points[i].value;
	pn_trend_find(values, kept->count, pn_metric_find(kept->metric), changes);
	if (!changes->len && !report->query->all && !report->query->metric)
		return 0;
	median = pn_report_value(kept->metric, median_of(values, kept->count));
	newest = pn_report_value(kept->metric, values[kept->count - 1]);
	fprintf(report->out, "%s %s\n  %s%s%s: %zu runs, median %s, newest %s\n", kept->case_id, kept->metric, kept->branch,
		*kept->branch ? ", " : "", kept->class, kept->count, median, newest);
	for (guint i = 0; !err && i < changes->len; i++) {
		const struct pn_trend_change *change = &g_array_index(changes, struct pn_trend_change, i);

		worse += change->worse;
		err = put_change(report, kept, change, diag);
	}
	return err ? err : worse;
}

int pn_trend_text(struct pn_history *history, const struct pn_trend_query *query, FILE *out, struct pn_diag *diag)
{
	struct report report = {history, query, out, g_ptr_array_new_with_free_func(kept_free)};
	int worse = 0, got, err = pn_history_each_series(history, query->metric, query->case_id, query->branch, keep, &report, diag);

	for (guint i = 0; !err && i < report.series->len; i++) {
		got = put_series(&report, report.series->pdata[i], diag);
		err = MIN(got, 0);
		worse += MAX(got, 0);
	}
	if (!err)
		fprintf(out, "%u series, %d change%s for the worse\n", report.series->len, worse, worse == 1 ? "" : "s");
	g_ptr_array_free(report.series, TRUE);
	return err ? err : worse;
}
