// SPDX-License-Identifier: GPL-2.0-only
/* The page of the history: each series as a plot with its change points; a change for the worse names the first bad run and its versions. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "../../harness/base/diag.h"
#include "../html/html.h"
#include "../report.h"
#include "pages.h"

#define FULL 10000
#define PLOT_PX 110

/** struct trends - the page while it is made */
struct trends {
	struct pn_history *history;
	const struct pn_trend_query *query;
	GString *worse, *other; /* sections: what got worse comes first */
	unsigned int series, changed, worse_count;
};

static char *run_label(struct pn_history *history, int64_t id)
{
	const char *guest;
	json_t *run = NULL;
	char *label;

	if (pn_history_run(history, id, &run, NULL))
		return g_strdup("?");
	guest = pn_html_string(run, "guest");
	label = g_strdup_printf("%s (revision %s, kernel %s, QEMU %s%s%s)", pn_html_string(run, "run"), pn_html_string(run, "revision"),
				pn_html_string(run, "kernel"), pn_html_string(run, "qemu"), *guest ? ", guest " : "", guest);
	json_decref(run);
	return label;
}

static void put_dots(GString *out, const char *metric, const struct pn_history_point *points, size_t count, double top)
{
	g_string_append_printf(out, "<svg x=\"0\" y=\"0\" width=\"100%%\" height=\"%d\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\">"
				    "<path class=\"s0\" fill=\"none\" stroke=\"#0072b2\" stroke-width=\"1.5\" vector-effect=\"non-scaling-stroke\" d=\"",
			       PLOT_PX, FULL, FULL);
	for (size_t i = 0; i < count; i++)
		g_string_append_printf(out, "%c%d %d", i ? 'L' : 'M', (int)((double)(2 * i + 1) / (double)(2 * count) * FULL),
				       FULL - (int)(points[i].value / top * FULL));
	g_string_append(out, "\"/></svg>");
	for (size_t i = 0; i < count; i++) {
		g_autofree char *value = pn_report_value(metric, points[i].value);

		pn_html_printf(out, "<circle class=\"bar\" fill=\"#0072b2\" r=\"3\" cx=\"%.4g%%\" cy=\"%.4g\"><title>%s</title></circle>",
			       (double)(2 * i + 1) * 50 / (double)count, PLOT_PX * (1 - points[i].value / top), value);
	}
}

static void put_changes(GString *out, const struct pn_history_point *points, size_t count, const GArray *changes, double top)
{
	for (guint c = 0; c < changes->len; c++) {
		const struct pn_trend_change *change = &g_array_index(changes, struct pn_trend_change, c);
		double x = (double)change->at * 100 / (double)count;
		g_autofree char *by = g_strdup_printf("%s %+.1f %%", change->worse ? "worse" : "better",
						      change->before != 0 ? (change->after / change->before - 1) * 100 : 0.0);

		pn_html_printf(out,
			       "<line class=\"quantile\" stroke=\"#a33600\" stroke-dasharray=\"4 2\" x1=\"%.4g%%\" x2=\"%.4g%%\" y1=\"0\" y2=\"%d\"/>"
			       "<text class=\"event\" fill=\"#a33600\" x=\"%.4g%%\" dx=\"%d\" y=\"12\" font-size=\"11\" text-anchor=\"%s\">%s</text>",
			       x, x, PLOT_PX, x, x > 60 ? -4 : 4, x > 60 ? "end" : "start", by);
	}
}

static void put_blame(GString *out, struct pn_history *history, const char *metric, const struct pn_history_point *points, const GArray *changes)
{
	for (guint c = 0; c < changes->len; c++) {
		const struct pn_trend_change *change = &g_array_index(changes, struct pn_trend_change, c);
		g_autofree char *first = run_label(history, points[change->at].run_id), *last = run_label(history, points[change->at - 1].run_id);

		g_autofree char *before = pn_report_value(metric, change->before), *after = pn_report_value(metric, change->after);

		pn_html_printf(out, "<p class=\"note\"><b>%s</b>: %s \xe2\x86\x92 %s (p %.2g); %s run %s; the one before: %s</p>\n",
			       change->worse ? "worse" : "better", before, after, change->p, change->worse ? "first bad" : "first better", first, last);
	}
}

static void each(const char *class, const char *branch, const char *case_id, const char *metric, const struct pn_history_point *points,
		 size_t count, void *data)
{
	struct trends *trends = data;
	const struct pn_metric_info *info = pn_metric_find(metric);
	g_autofree double *values = g_new(double, count + 1);
	g_autoptr(GArray) changes = g_array_new(FALSE, FALSE, sizeof(struct pn_trend_change));
	g_autofree char *highest = NULL;
	double top = 0;
	bool worse = false;
	GString *out;

	if (info->tier == PN_TIER_INFO && !trends->query->all)
		return;
	for (size_t i = 0; i < count; i++) {
		values[i] = points[i].value;
		top = fmax(top, values[i]);
	}
	trends->series++;
	pn_trend_find(values, count, info, changes);
	for (guint c = 0; c < changes->len; c++) {
		worse |= g_array_index(changes, struct pn_trend_change, c).worse;
		trends->worse_count += g_array_index(changes, struct pn_trend_change, c).worse;
	}
	trends->changed += changes->len > 0;
	if (!(top > 0) || trends->worse->len + trends->other->len > PN_HTML_BYTES_MAX - 150000)
		return;
	out = worse ? trends->worse : trends->other;
	highest = pn_report_value(metric, top);
	pn_html_printf(out, "<figure><figcaption><b>%s</b> %s <span class=\"key\">%s, %s; 0 to %s, %zu runs</span></figcaption>", metric, case_id, class,
		       *branch ? branch : "no branch", highest, count);
	pn_html_printf(out, "<svg class=\"plot\" width=\"100%%\" height=\"%d\" role=\"img\" aria-label=\"trend\">", PLOT_PX);
	put_dots(out, metric, points, count, top * 1.08);
	put_changes(out, points, count, changes, top);
	g_string_append(out, "</svg>");
	put_blame(out, trends->history, metric, points, changes);
	g_string_append(out, "</figure>\n");
}

static void put_runs(GString *page, struct pn_history *history)
{
	json_t *runs = NULL;

	if (pn_history_list(history, &runs, NULL))
		return;
	while (json_array_size(runs) > 30)
		json_array_remove(runs, json_array_size(runs) - 1);
	pn_html_objects(page, "runs", "Newest runs", "Newest first, at most 30.", runs);
	json_decref(runs);
}

int pn_page_trend(struct pn_history *history, const struct pn_trend_query *query, FILE *out, struct pn_diag *diag)
{
	const struct pn_html_zoom zoom = {.stands = true};
	struct trends trends = {.history = history, .query = query, .worse = g_string_new(NULL), .other = g_string_new(NULL)};
	g_autoptr(GString) page = g_string_new(NULL);
	int err = pn_history_each_series(history, query->metric, query->case_id, query->branch, each, &trends, diag);

	pn_html_head(page, "Puncture: trends", &zoom);
	pn_html_printf(page, "<header><h1>Trends</h1>\n<p class=\"headline %s\">%u change%s for the worse</p>\n<p>%u series, %u with a change point.</p></header>\n",
		       trends.worse_count ? "FAIL" : "PASS", trends.worse_count, trends.worse_count == 1 ? "" : "s", trends.series, trends.changed);
	if (trends.worse->len)
		pn_html_printf(page, "<section id=\"worse\"><h2>Got worse</h2>\n");
	g_string_append_len(page, trends.worse->str, (gssize)trends.worse->len);
	g_string_append(page, trends.worse->len ? "</section>\n" : "");
	g_string_append(page, "<section id=\"others\"><h2>All others</h2>\n<div class=\"histograms\">\n");
	g_string_append_len(page, trends.other->str, (gssize)trends.other->len);
	g_string_append(page, "</div></section>\n");
	put_runs(page, history);
	pn_html_foot(page, &zoom);
	g_string_free(trends.worse, TRUE);
	g_string_free(trends.other, TRUE);
	if (!err && fwrite(page->str, 1, page->len, out) != page->len)
		err = pn_diag_set(diag, -EIO, "the page could not be written");
	return err ? err : (int)trends.worse_count;
}
