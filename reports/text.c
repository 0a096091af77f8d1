// SPDX-License-Identifier: GPL-2.0-only
/*
 * The report for people: a table of cases with their main numbers, then whatever did not pass with its reason and the line that
 * does it again, then the totals. Nothing is wider than 80 columns but lines that are meant to be copied. A column that no
 * case has a number for is left out.
 */
#include "report.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "../harness/base/diag.h"
#include "../harness/base/units.h"
#include "conformance.h"
#include "techniques.h"
#include "matrix.h"
#include "rundir.h"

#define WIDTH 80
#define NAME_MIN 24

/** struct column - a metric in the table */
struct column {
	const char *title;
	const char *metric;
	int width;
	enum { BYTES, BYTES_PER_S, SECONDS, NANOSECONDS, RATE } kind;
};

/* in the order of interest: what does not fit any more is left out */
static const struct column columns[] = {
	{"INFLATE/s", "balloon.inflate.bytes_per_s", 9, BYTES_PER_S},
	{"DEFLATE/s", "balloon.deflate.bytes_per_s", 9, BYTES_PER_S},
	{"SETTLE", "balloon.settle_s", 8, SECONDS},
	{"TOUCH99", "guest.touch_ns.p99", 7, NANOSECONDS},
	{"SWAPPED", "guest.swap_out_bytes", 8, BYTES},
	{"LOAD/s", "load.ops_per_s", 7, RATE},
};

/** struct layout - what of the table fits this run */
struct layout {
	bool shown[G_N_ELEMENTS(columns)];
	int name_width;
};

static void format_value(const struct column *column, double value, char *buf, size_t size)
{
	if (column->kind == BYTES || column->kind == BYTES_PER_S)
		pn_bytes_format(value < 0 ? 0 : (uint64_t)value, buf, size);
	else if (column->kind == SECONDS)
		pn_duration_format((uint64_t)(value * 1e9 + 0.5), buf, size);
	else if (column->kind == NANOSECONDS)
		pn_duration_format((uint64_t)(value + 0.5), buf, size);
	else
		g_snprintf(buf, size, value < 100 ? "%.3g" : "%.0f", value);
}

static bool measured(const struct pn_rundir *run, const struct column *column)
{
	double value;

	for (size_t i = 0; i < run->count; i++)
		if (!pn_rundir_metric(run, i, column->metric, &value))
			return true;
	return false;
}

/* "smoke/inflate,driver=stock,load=idle" without the keys: in a table the values tell enough */
static char *short_id(const char *id)
{
	g_auto(GStrv) parts = g_strsplit(id, ",", -1);
	GString *text = g_string_new(parts[0]);

	for (char **part = parts[0] ? parts + 1 : parts; *part; part++) {
		const char *value = strchr(*part, '=');

		g_string_append_printf(text, " %s", value ? value + 1 : *part);
	}
	return g_string_free(text, FALSE);
}

static void make_layout(const struct pn_rundir *run, struct layout *layout)
{
	int left = WIDTH - (int)strlen(" BROK  1234 ms"), longest = NAME_MIN;

	*layout = (struct layout){0};
	for (size_t i = 0; i < run->count; i++) {
		g_autofree char *name = short_id(pn_rundir_string(run, i, "id"));

		longest = MAX(longest, (int)strlen(name));
	}
	for (unsigned int i = 0; i < G_N_ELEMENTS(columns); i++) {
		layout->shown[i] = measured(run, &columns[i]) && left - columns[i].width - 1 >= NAME_MIN;
		if (layout->shown[i])
			left -= columns[i].width + 1;
	}
	layout->name_width = MIN(left, longest);
}

static const char *colour_of(const char *verdict, const struct pn_report_style *style)
{
	if (!style->colour)
		return "";
	if (!strcmp(verdict, "PASS"))
		return "\033[32m";
	return strcmp(verdict, "SKIP") ? "\033[31m" : "\033[33m";
}

static void put_row(const struct pn_rundir *run, size_t i, const struct layout *layout, const struct pn_report_style *style, FILE *out)
{
	const char *verdict = pn_rundir_verdict(run, i) ?: "----";
	g_autofree char *id = short_id(pn_rundir_string(run, i, "id")), *name = pn_report_elide(id, layout->name_width);
	char text[32] = "-";

	fprintf(out, "%-*s %s%s%s", layout->name_width, name, colour_of(verdict, style), verdict, style->colour ? "\033[0m" : "");
	if (run->verdicts[i])
		pn_duration_format((uint64_t)(pn_rundir_number(run, i, "duration_s") * 1e9), text, sizeof(text));
	fprintf(out, " %8s", text);
	for (unsigned int c = 0; c < G_N_ELEMENTS(columns); c++) {
		double value;

		if (!layout->shown[c])
			continue;
		if (pn_rundir_metric(run, i, columns[c].metric, &value))
			g_strlcpy(text, "-", sizeof(text));
		else
			format_value(&columns[c], value, text, sizeof(text));
		fprintf(out, " %*s", columns[c].width, text);
	}
	fputc('\n', out);
}

static void put_table(const struct pn_rundir *run, const struct pn_report_style *style, FILE *out)
{
	struct layout layout;

	make_layout(run, &layout);
	fprintf(out, "%-*s %-4s %8s", layout.name_width, "CASE", "", "TIME");
	for (unsigned int c = 0; c < G_N_ELEMENTS(columns); c++)
		if (layout.shown[c])
			fprintf(out, " %*s", columns[c].width, columns[c].title);
	fputc('\n', out);
	for (size_t i = 0; i < run->count; i++)
		put_row(run, i, &layout, style, out);
}

static void put_wrapped(const char *text, FILE *out)
{
	g_autofree char *clean = pn_report_clean(text);
	g_auto(GStrv) words = g_strsplit(clean, " ", -1);
	int at = 0;

	for (char **word = words; *word; word++) {
		int length = (int)g_utf8_strlen(*word, -1);

		if (at && at + 1 + length > WIDTH) {
			fputc('\n', out);
			at = 0;
		}
		at += fprintf(out, "%s", at ? " " : "   ") + length;
		fputs(*word, out);
	}
	fputc('\n', out);
}

/* once more at the end, where it is still on the screen */
static void put_troubles(const struct pn_rundir *run, const char *which, const struct pn_report_style *style, FILE *out)
{
	for (size_t i = 0; i < run->count; i++) {
		const char *verdict = pn_rundir_verdict(run, i), *repro = pn_rundir_string(run, i, "repro");

		if (!verdict || strcmp(verdict, which))
			continue;
		fprintf(out, "\n%s%s%s %s\n", colour_of(verdict, style), verdict, style->colour ? "\033[0m" : "",
			pn_rundir_string(run, i, "id"));
		put_wrapped(pn_rundir_reason(run, i), out);
		if (*repro && strcmp(verdict, "SKIP"))
			fprintf(out, "   again: %s\n", repro);
	}
}

static void put_totals(const struct pn_rundir *run, FILE *out)
{
	struct pn_rundir_totals totals;

	pn_rundir_totals(run, &totals);
	fprintf(out, "\n%zu case%s: %u passed, %u failed, %u broken, %u skipped", run->count, run->count == 1 ? "" : "s", totals.passed,
		totals.failed, totals.broken, totals.skipped);
	if (totals.unfinished)
		fprintf(out, ", %u not run", totals.unfinished);
	fputc('\n', out);
	if (totals.unfinished || totals.interrupted)
		fprintf(out, "go on with: ci/puncture run --resume %s\n", run->dir);
}

static const char *text_of(const json_t *object, const char *key, const char *otherwise)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : otherwise;
}

/* only what is not as it should be, or was asked for: a fit host has nothing to say */
static void put_fitness(const struct pn_rundir *run, FILE *out)
{
	g_autofree char *unfit = pn_host_unfit(run->host);
	g_autofree char *line = g_strdup_printf("the host was not fit for measuring times: %s", unfit), *cost = pn_rundir_cost(run);

	if (*unfit)
		put_wrapped(line, out);
	if (*cost)
		put_wrapped(cost, out);
	if (*unfit || *cost)
		fputc('\n', out);
}

static void put_techniques(const struct pn_rundir *run, FILE *out)
{
	json_t *techniques = pn_techniques_json(run);

	if (techniques)
		pn_techniques_text(run, techniques, out);
	json_decref(techniques);
}

static void put_conformance(const struct pn_rundir *run, FILE *out)
{
	json_t *conformance = pn_conformance_is_suite(run) ? pn_conformance_json(run) : NULL;

	if (conformance)
		pn_conformance_text(conformance, out);
	json_decref(conformance);
}

int pn_report_text(const struct pn_rundir *run, const struct pn_report_style *style, FILE *out, struct pn_diag *diag)
{
	fprintf(out, "run %s: %s, %" JSON_INTEGER_FORMAT " CPUs, Linux %s, QEMU %s\n\n", text_of(run->plan, "run", "?"),
		text_of(run->host, "accel", "?"), json_integer_value(json_object_get(run->host, "cpus")),
		text_of(run->host, "kernel", "?"), text_of(run->host, "qemu", "?"));
	put_fitness(run, out);
	put_table(run, style, out);
	pn_matrix_text(run, out);
	put_conformance(run, out);
	put_techniques(run, out);
	put_troubles(run, "SKIP", style, out);
	put_troubles(run, "BROK", style, out);
	put_troubles(run, "FAIL", style, out);
	put_totals(run, out);
	return ferror(out) ? pn_diag_set(diag, -EIO, "the report could not be written") : 0;
}
