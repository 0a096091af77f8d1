// SPDX-License-Identifier: GPL-2.0-only
/* A judged comparison, and the two forms that it is written in. */
#include "compare.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "../../harness/base/diag.h"
#include "../report.h"
#include "../rundir.h"

#define NAME_WIDTH 27 /* of a row that ends within 80 columns */

int pn_comparison_of(const struct pn_rundir *run, struct pn_comparison **ret_comparison, struct pn_diag *diag)
{
	struct pn_comparison *comparison = g_new0(struct pn_comparison, 1);
	int err = pn_pairs_read(run, &comparison->pairs, diag);

	if (err) {
		g_free(comparison);
		return err;
	}
	comparison->looks = pn_judge_looks(comparison->pairs->pairs_max);
	comparison->judged = g_new0(struct pn_judged, comparison->pairs->series->len + 1);
	comparison->verdict = pn_judge(comparison->pairs->series, comparison->looks, comparison->judged);
	*ret_comparison = comparison;
	return 0;
}

int pn_comparison_read(const char *dir, struct pn_comparison **ret_comparison, struct pn_diag *diag)
{
	struct pn_rundir *run = NULL;
	int err = pn_rundir_read(dir, &run, diag);

	if (!err)
		err = pn_comparison_of(run, ret_comparison, diag);
	pn_rundir_free(run);
	return err;
}

void pn_comparison_free(struct pn_comparison *comparison)
{
	if (!comparison)
		return;
	pn_pairs_free(comparison->pairs);
	g_free(comparison->judged);
	g_free(comparison);
}

char *pn_comparison_name(const struct pn_comparison *comparison, const struct pn_judged *judged)
{
	if (comparison->pairs->subjects > 1)
		return g_strdup_printf("%s:%s", judged->series->subject, judged->series->name);
	return g_strdup(judged->series->name);
}

static bool shown(const struct pn_judged *judged)
{
	return judged->series->info->tier != PN_TIER_INFO;
}

static json_t *number_or_null(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

json_t *pn_comparison_json(const struct pn_comparison *comparison)
{
	json_t *metrics = json_array();

	for (guint i = 0; i < comparison->pairs->series->len; i++) {
		struct pn_judged *judged = &comparison->judged[i];
		g_autofree char *name = pn_comparison_name(comparison, judged);

		if (!shown(judged))
			continue;
		pn_judge_interval(judged, comparison->pairs->seed);
		json_array_append_new(
		    metrics, json_pack("{s:s, s:o, s:[o, o], s:o, s:o, s:s}", "name", name, "ratio", number_or_null(judged->ratio), "ci",
				       number_or_null(judged->low), number_or_null(judged->high), "p", number_or_null(judged->p),
				       "detectable", number_or_null(judged->detectable), "verdict", pn_judgement_name(judged->verdict)));
	}
	return json_pack("{s:s, s:o}", "verdict", pn_judgement_name(comparison->verdict), "metrics", metrics);
}

static const char *colour_of(enum pn_judgement verdict)
{
	static const char *const colours[] = {"", "\033[32m", "\033[33m", "\033[31m"};

	return colours[verdict];
}

/* a number within @width columns, or a dash */
static void put_number(FILE *out, int width, const char *prefix, double value, const char *format, const char *suffix)
{
	char digits[32], text[40] = "-";

	if (isfinite(value)) {
		g_ascii_formatd(digits, sizeof(digits), format, value);
		g_snprintf(text, sizeof(text), "%s%s%s", prefix, digits, suffix);
	}
	fprintf(out, " %*s", width, text);
}

static void put_interval(FILE *out, const struct pn_judged *judged)
{
	char low[16], high[16], text[40] = "-";

	if (isfinite(judged->low))
		g_snprintf(text, sizeof(text), "%s..%s", g_ascii_formatd(low, sizeof(low), "%.3g", judged->low),
			   g_ascii_formatd(high, sizeof(high), "%.3g", judged->high));
	fprintf(out, " %12s", text);
}

static void put_row(const struct pn_comparison *comparison, struct pn_judged *judged, bool colour, FILE *out)
{
	g_autofree char *name = pn_report_elide(judged->series->name, NAME_WIDTH);

	pn_judge_interval(judged, comparison->pairs->seed);
	fprintf(out, "  %-*s", NAME_WIDTH, name);
	put_number(out, 6, "", judged->ratio, "%.3g", "");
	put_interval(out, judged);
	put_number(out, 7, "", judged->p, "%.2g", "");
	put_number(out, 7, "", judged->detectable * 100, judged->detectable < 0.1 ? "%.2g" : "%.0f", " %");
	fprintf(out, " %s%s%s\n", colour ? colour_of(judged->verdict) : "", pn_judgement_name(judged->verdict), colour ? "\033[0m" : "");
}

static void put_head(const struct pn_comparison *comparison, FILE *out)
{
	const struct pn_pairs *pairs = comparison->pairs;
	const json_t *warm_up;
	size_t i;

	fprintf(out, "A: %s\nB: %s\n", *pairs->a ? pairs->a : "(as it is)", *pairs->b ? pairs->b : "(as it is)");
	fprintf(out, "%u of at most %u pairs of each of %u case%s in random order", pairs->pairs, pairs->pairs_max, pairs->subjects,
		pairs->subjects == 1 ? "" : "s");
	if (pairs->lost)
		fprintf(out, "; %u lost", pairs->lost);
	fprintf(out, "\nwarm-up pairs, left out:\n");
	json_array_foreach(pairs->warm_up, i, warm_up)
	    fprintf(out, "  %-50.50s A %.1f s, B %.1f s\n", json_string_value(json_object_get(warm_up, "subject")),
		    json_number_value(json_object_get(warm_up, "a_s")), json_number_value(json_object_get(warm_up, "b_s")));
}

static void put_why(const struct pn_comparison *comparison, FILE *out)
{
	for (guint i = 0; i < comparison->pairs->series->len; i++) {
		const struct pn_judged *judged = &comparison->judged[i];
		g_autofree char *name = pn_comparison_name(comparison, judged);

		if (shown(judged) && judged->series->info->decides && judged->verdict == PN_CANNOT_TELL)
			fprintf(out, "can't tell %s:\n   %s\n", name, judged->why);
	}
}

void pn_comparison_text(const struct pn_comparison *comparison, bool colour, FILE *out)
{
	const char *subject = NULL;

	put_head(comparison, out);
	fprintf(out, "\n  %-*s %6s %12s %7s %7s\n", NAME_WIDTH, "METRIC", "B/A", "95 % CI", "P", "SEEN AT");
	for (guint i = 0; i < comparison->pairs->series->len; i++) {
		struct pn_judged *judged = &comparison->judged[i];

		if (!shown(judged))
			continue;
		if (!subject || strcmp(subject, judged->series->subject)) {
			subject = judged->series->subject;
			fprintf(out, "%.80s\n", subject);
		}
		put_row(comparison, judged, colour, out);
	}
	fprintf(out, "\nP: corrected for all rows (Holm); sure at %.2g and below (%.2g over %u look%s).\n",
		pn_judge_alpha(comparison->looks), PN_JUDGE_ALPHA, comparison->looks, comparison->looks == 1 ? "" : "s");
	fprintf(out, "SEEN AT: the smallest change that so many pairs show %.0f times in 100.\n\n", PN_JUDGE_POWER * 100);
	put_why(comparison, out);
	fprintf(out, "%s%s%s\n", colour ? colour_of(comparison->verdict) : "", pn_judgement_name(comparison->verdict),
		colour ? "\033[0m" : "");
}
