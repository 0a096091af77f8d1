// SPDX-License-Identifier: GPL-2.0-only
/*
 * A run as OpenMetrics text 1.0 (also read by Prometheus): verdicts, durations and metrics of all cases as gauges, labelled by case, scenario
 * and driver. What was not measured has no line.
 */
#include "report.h"

#include <errno.h>
#include <glib.h>
#include <math.h>
#include <string.h>

#include "../harness/base/diag.h"
#include "rundir.h"

/* a label's value: backslash, quote and line feed are escaped, other control characters gone */
static char *escape(const char *text)
{
	g_autofree char *clean = pn_report_clean(text);
	GString *out = g_string_new(NULL);

	for (const char *c = clean; *c; c++) {
		if (*c == '\\' || *c == '"')
			g_string_append_c(out, '\\');
		g_string_append_c(out, *c);
	}
	return g_string_free(out, FALSE);
}

static void put_labels(const struct pn_rundir *run, size_t i, FILE *out)
{
	static const char *const keys[][2] = {{"case", "id"}, {"scenario", "scenario"}, {"driver", "driver"}};

	fputc('{', out);
	for (size_t k = 0; k < G_N_ELEMENTS(keys); k++) {
		g_autofree char *value = escape(pn_rundir_string(run, i, keys[k][1]));

		fprintf(out, "%s%s=\"%s\"", k ? "," : "", keys[k][0], value);
	}
}

static void put_value(double value, FILE *out)
{
	char text[G_ASCII_DTOSTR_BUF_SIZE];

	fprintf(out, "} %s\n", g_ascii_dtostr(text, sizeof(text), value));
}

static char *family_of(const char *metric)
{
	char *name = g_strconcat("puncture_", metric, NULL);

	return g_strcanon(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_", '_');
}

/* families in order of names: all lines of one must stand together */
static GList *all_metrics(const struct pn_rundir *run, GHashTable *names)
{
	for (size_t i = 0; i < run->count; i++) {
		const char *metric;
		json_t *entry;

		json_object_foreach (json_object_get(run->verdicts[i], "metrics"), metric, entry)
			g_hash_table_add(names, (char *)metric);
	}
	return g_list_sort(g_hash_table_get_keys(names), (GCompareFunc)strcmp);
}

static void put_metric(const struct pn_rundir *run, const char *metric, FILE *out)
{
	g_autofree char *family = family_of(metric);

	fprintf(out, "# TYPE %s gauge\n", family);
	for (size_t i = 0; i < run->count; i++) {
		double value;

		if (pn_rundir_metric(run, i, metric, &value) || !isfinite(value))
			continue;
		fputs(family, out);
		put_labels(run, i, out);
		put_value(value, out);
	}
}

int pn_report_openmetrics(const struct pn_rundir *run, const struct pn_report_style *style, FILE *out, struct pn_diag *diag)
{
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
	GList *metrics = all_metrics(run, names);

	fputs("# TYPE puncture_case stateset\n# HELP puncture_case How the case ended.\n", out);
	for (size_t i = 0; i < run->count; i++)
		for (const char *const *state = (const char *const[]){"PASS", "FAIL", "BROK", "SKIP", NULL}; *state; state++) {
			if (!pn_rundir_verdict(run, i))
				continue;
			fputs("puncture_case", out);
			put_labels(run, i, out);
			fprintf(out, ",puncture_case=\"%s\"", *state);
			put_value(!strcmp(pn_rundir_verdict(run, i), *state), out);
		}
	fputs("# TYPE puncture_case_duration_seconds gauge\n# UNIT puncture_case_duration_seconds seconds\n", out);
	for (size_t i = 0; i < run->count; i++) {
		if (!json_is_number(json_object_get(run->verdicts[i], "duration_s")))
			continue;
		fputs("puncture_case_duration_seconds", out);
		put_labels(run, i, out);
		put_value(pn_rundir_number(run, i, "duration_s"), out);
	}
	for (const GList *metric = metrics; metric; metric = metric->next)
		put_metric(run, metric->data, out);
	fputs("# EOF\n", out);
	g_list_free(metrics);
	return ferror(out) ? pn_diag_set(diag, -EIO, "the report could not be written") : 0;
}
