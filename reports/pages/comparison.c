// SPDX-License-Identifier: GPL-2.0-only
/* The page of a comparison: A against B with intervals on one axis of ratios, and the values of both sides beside each other. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../harness/base/diag.h"
#include "../compare/compare.h"
#include "../html/html.h"
#include "../report.h"
#include "../rundir.h"
#include "pages.h"

#define ROW_PX 22
#define STRIP_PX 54
#define AXIS_MIN 0.25 /* the axis of ratios goes at least this far, as a log */

static const char *class_of(enum pn_judgement verdict)
{
	static const char *const classes[] = {"PASS", "PASS", "NONE", "FAIL"};

	return classes[verdict];
}

static void put_verdict(GString *out, enum pn_judgement verdict)
{
	static const char *const signs[] = {"=", "\xe2\x9c\x93", "?", "\xe2\x9c\x97"};

	pn_html_printf(out, "<span class=\"v %s\"><span aria-hidden=\"true\">%s</span> %s</span>", class_of(verdict), signs[verdict],
		       pn_judgement_name(verdict));
}

static bool shown(const struct pn_judged *judged)
{
	return judged->series->info->tier != PN_TIER_INFO;
}

static double axis_of(const struct pn_comparison *comparison)
{
	double widest = AXIS_MIN;

	for (guint i = 0; i < comparison->pairs->series->len; i++) {
		const struct pn_judged *judged = &comparison->judged[i];
		const double ends[] = {judged->ratio, judged->low, judged->high};

		for (size_t e = 0; shown(judged) && e < G_N_ELEMENTS(ends); e++)
			if (isfinite(ends[e]) && ends[e] > 0)
				widest = fmax(widest, fabs(log(ends[e])));
	}
	return fmin(widest * 1.05, log(16));
}

/* place of a ratio on the axis, in percent of the width */
static double at(double ratio, double axis)
{
	return 50 + 50 * CLAMP(log(ratio) / axis, -1, 1);
}

static void put_interval(GString *out, const struct pn_judged *judged, double axis)
{
	const struct pn_tier_rule *rule = &pn_tiers[judged->series->info->tier];

	pn_html_printf(out,
		       "<svg class=\"plot\" width=\"100%%\" height=\"%d\" role=\"img\" aria-label=\"ratio\">"
		       "<rect x=\"%.4g%%\" width=\"%.4g%%\" y=\"0\" height=\"%d\" fill=\"#888\" opacity=\".15\"/>"
		       "<line x1=\"50%%\" x2=\"50%%\" y1=\"0\" y2=\"%d\" stroke=\"#888\"/>",
		       ROW_PX, at(1 - rule->least, axis), at(1 + rule->least, axis) - at(1 - rule->least, axis), ROW_PX, ROW_PX);
	if (isfinite(judged->low) && judged->low > 0)
		pn_html_printf(out, "<line class=\"s0\" stroke=\"#0072b2\" stroke-width=\"3\" x1=\"%.4g%%\" x2=\"%.4g%%\" y1=\"%d\" y2=\"%d\"/>",
			       at(judged->low, axis), at(judged->high, axis), ROW_PX / 2, ROW_PX / 2);
	if (isfinite(judged->ratio) && judged->ratio > 0)
		pn_html_printf(out,
			       "<circle class=\"bar\" fill=\"#0072b2\" cx=\"%.4g%%\" cy=\"%d\" r=\"4\"><title>B / A %.3g, 95 %% interval %.3g to "
			       "%.3g</title></circle>",
			       at(judged->ratio, axis), ROW_PX / 2, judged->ratio, judged->low, judged->high);
	g_string_append(out, "</svg>");
}

static void put_number(GString *out, double value, const char *format, const char *suffix)
{
	char text[32] = "";

	if (isfinite(value))
		g_ascii_formatd(text, sizeof(text), format, value);
	pn_html_printf(out, "<td class=\"n\">%s%s</td>", isfinite(value) ? text : "\xe2\x80\x93", isfinite(value) ? suffix : "");
}

static void put_row(GString *out, const struct pn_comparison *comparison, const struct pn_judged *judged, double axis)
{
	g_autofree char *name = pn_comparison_name(comparison, judged);

	pn_html_printf(out, "<tr><td class=\"id\">%s<br><small>%s; %s is better</small></td><td>", name, judged->series->info->help,
		       judged->series->info->higher ? "more" : "less");
	put_verdict(out, judged->verdict);
	g_string_append(out, "</td><td class=\"forest\">");
	put_interval(out, judged, axis);
	g_string_append(out, "</td>");
	put_number(out, judged->ratio, "%.3g", "");
	put_number(out, judged->p, "%.2g", "");
	put_number(out, judged->detectable * 100, "%.2g", " %");
	g_string_append(out, "</tr>\n");
}

static void put_intervals(GString *out, struct pn_comparison *comparison)
{
	double axis = axis_of(comparison);

	g_string_append(out, "<section id=\"ratios\"><h2>B against A</h2>\n<p class=\"note\">B / A with its 95 % interval (bootstrap of the pairs), "
			     "on a logarithmic axis; the line is 1, the band what is too small to be called a change. p is corrected for all rows. "
			     "\xe2\x80\x9cSeen at\xe2\x80\x9d: the smallest change that so many pairs show 8 times in 10.</p>\n"
			     "<div class=\"wide\"><table><thead><tr><th>metric</th><th>verdict</th>");
	pn_html_printf(out, "<th class=\"forest\">%.2g\xc3\x97 \xe2\x80\xa6 1 \xe2\x80\xa6 %.2g\xc3\x97</th>", exp(-axis), exp(axis));
	g_string_append(out, "<th class=\"n\">B / A</th><th class=\"n\">p</th><th class=\"n\">seen at</th></tr></thead><tbody>\n");
	for (guint i = 0; i < comparison->pairs->series->len; i++)
		if (shown(&comparison->judged[i]))
			put_row(out, comparison, &comparison->judged[i], axis);
	g_string_append(out, "</tbody></table></div></section>\n");
}

static void range_of(const GArray *values, double *low, double *high)
{
	for (guint i = 0; i < values->len; i++) {
		*low = fmin(*low, g_array_index(values, double, i));
		*high = fmax(*high, g_array_index(values, double, i));
	}
}

static void put_side(GString *out, const GArray *values, const char *side, unsigned int style, int y, double low, double high)
{
	static const char *const colours[] = {"#0072b2", "#d55e00"};

	pn_html_printf(out, "<text x=\"0\" y=\"%d\" font-size=\"12\">%s</text>", y + 4, side);
	for (guint i = 0; i < values->len; i++) {
		double value = g_array_index(values, double, i);

		pn_html_printf(out,
			       "<circle class=\"s%u\" cx=\"%.4g%%\" cy=\"%d\" r=\"4\" fill=\"none\" stroke-width=\"2\" stroke=\"%s\">"
			       "<title>%s, pair %u: %.6g</title></circle>",
			       style, 4 + 94 * (value - low) / (high - low), y, colours[style], side, i + 1, value);
	}
}

static void put_strip(GString *out, const struct pn_comparison *comparison, const struct pn_judged *judged)
{
	const struct pn_series *series = judged->series;
	g_autofree char *name = pn_comparison_name(comparison, judged), *from = NULL, *to = NULL;
	double low = INFINITY, high = -INFINITY;

	range_of(series->a, &low, &high);
	range_of(series->b, &low, &high);
	if (!(high > low)) /* all the same: the row of the table says it */
		return;
	from = pn_report_value(series->name, low);
	to = pn_report_value(series->name, high);
	pn_html_printf(out, "<figure><figcaption>%s <span class=\"key\">%s to %s</span></figcaption>"
			    "<svg width=\"100%%\" height=\"%d\" role=\"img\" aria-label=\"values of A and B\">", name, from, to, STRIP_PX);
	put_side(out, series->a, "A", 0, STRIP_PX / 4, low, high);
	put_side(out, series->b, "B", 1, STRIP_PX * 3 / 4, low, high);
	g_string_append(out, "</svg></figure>\n");
}

static void put_head(GString *out, const struct pn_rundir *run, const struct pn_comparison *comparison)
{
	const struct pn_pairs *pairs = comparison->pairs;
	g_autofree char *unfit = pn_host_unfit(run->host);

	pn_html_printf(out, "<header><h1>Comparison %s</h1>\n<p class=\"headline %s\">%s</p>\n", pn_html_string(run->plan, "run"),
		       class_of(comparison->verdict), pn_judgement_name(comparison->verdict));
	pn_html_printf(out, "<dl class=\"facts\"><div><dt>A</dt><dd>%s</dd></div><div><dt>B</dt><dd>%s</dd></div>",
		       *pairs->a ? pairs->a : "(as it is)", *pairs->b ? pairs->b : "(as it is)");
	pn_html_printf(out, "<div><dt>pairs</dt><dd>%u of at most %u</dd></div><div><dt>lost</dt><dd>%u</dd></div><div><dt>accelerator</dt>"
			    "<dd>%s</dd></div><div><dt>CPU</dt><dd>%s</dd></div><div><dt>revision</dt><dd>%s</dd></div></dl>\n",
		       pairs->pairs, pairs->pairs_max, pairs->lost, pn_html_string(run->host, "accel"), pn_html_string(run->host, "cpu"),
		       pn_html_string(run->host, "revision"));
	if (*unfit)
		pn_html_printf(out, "<p class=\"unfit\">! The host was not fit for measuring times: %s.</p>\n", unfit);
	for (guint i = 0; i < pairs->series->len; i++) {
		const struct pn_judged *judged = &comparison->judged[i];
		g_autofree char *name = pn_comparison_name(comparison, judged);

		if (shown(judged) && judged->series->info->decides && judged->verdict == PN_CANNOT_TELL)
			pn_html_printf(out, "<p class=\"note\">Can't tell %s: %s.</p>\n", name, judged->why);
	}
	g_string_append(out, "</header>\n");
}

static void put_cases(GString *out, const struct pn_rundir *run)
{
	bool any = false;

	for (size_t i = 0; i < run->count; i++) {
		const char *verdict = pn_rundir_verdict(run, i);

		if (!verdict || !strcmp(verdict, "PASS"))
			continue;
		if (!any)
			g_string_append(out, "<section><h2>Cases that did not pass</h2>\n");
		any = true;
		pn_html_printf(out, "<h3>%s</h3><p>", pn_rundir_string(run, i, "id"));
		pn_html_verdict(out, verdict);
		pn_html_printf(out, " %s</p><p>Again: <code class=\"copy\">%s</code></p>\n", pn_rundir_reason(run, i),
			       pn_rundir_string(run, i, "repro"));
	}
	if (any)
		g_string_append(out, "</section>\n");
}

int pn_page_comparison(const struct pn_rundir *run, FILE *out, struct pn_diag *diag)
{
	const struct pn_html_zoom zoom = {.stands = true};
	struct pn_comparison *comparison = NULL;
	g_autoptr(GString) page = g_string_new(NULL);
	int err = pn_comparison_of(run, &comparison, diag);

	if (err)
		return err;
	for (guint i = 0; i < comparison->pairs->series->len; i++)
		pn_judge_interval(&comparison->judged[i], comparison->pairs->seed);
	pn_html_head(page, "Puncture: comparison", &zoom);
	put_head(page, run, comparison);
	put_intervals(page, comparison);
	g_string_append(page, "<section id=\"values\"><h2>Values</h2>\n<p class=\"note\">Each circle is one case; the first pair was warm-up and is "
			      "not among them.</p>\n<div class=\"histograms\">\n");
	for (guint i = 0; i < comparison->pairs->series->len && page->len < PN_HTML_BYTES_MAX - 100000; i++)
		if (shown(&comparison->judged[i]))
			put_strip(page, comparison, &comparison->judged[i]);
	g_string_append(page, "</div></section>\n");
	put_cases(page, run);
	pn_html_foot(page, &zoom);
	pn_comparison_free(comparison);
	return fwrite(page->str, 1, page->len, out) == page->len ? 0 : pn_diag_set(diag, -EIO, "the page could not be written");
}
