// SPDX-License-Identifier: GPL-2.0-only
/*
 * Techniques as a table for people, a scenario after the other; an empty cell was not measured. A star: it works only with its part in the guest, as the case shows
 * in which nothing there plays along.
 */
#include "techniques.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "../harness/base/diag.h"
#include "../harness/base/units.h"
#include "report.h"
#include "rundir.h"

/** struct column - of the table */
static const struct column {
	const char *title, *path;
	enum { SHARE, SECONDS, NANOSECONDS, BYTES } unit;
} columns[] = {
	{"BACK", "returned_bytes", SHARE},    {"T90", "t90_s", SECONDS},	      {"CPU/G", "host_cpu_s_per_gib", SECONDS}, {"P99", "touch_ns.p99", NANOSECONDS},
	{"SWAP", "host_swap_bytes", BYTES},   {"GSWAP", "guest_swap_bytes", BYTES}, {"NEED", "need_s", SECONDS},	      {"GIVE", "giveback_s", SECONDS},
};

static char *cell(const json_t *entry, const struct column *column)
{
	double value, asked;

	if (!pn_techniques_value(entry, column->path, -1, &value))
		return g_strdup("");
	switch (column->unit) {
	case SHARE:
		return pn_techniques_value(entry, "asked_bytes", -1, &asked) && asked > 0 ? g_strdup_printf("%.0f%%", value / asked * 100) : g_strdup("");
	case SECONDS:
		return g_strdup_printf(value < 10 ? "%.2fs" : "%.1fs", value);
	case NANOSECONDS:
		return value < 1e3 ? g_strdup_printf("%.0fns", value) : value < 1e6 ? g_strdup_printf("%.3gus", value / 1e3) : g_strdup_printf("%.3gms", value / 1e6);
	case BYTES:
		break;
	}
	return value > 0 ? g_strdup_printf("%.0fM", value / (double)PN_MIB) : g_strdup("0");
}

/* with a star where it works only with its part in the guest; in a scenario of sizes the size */
static char *name_of(const json_t *entry)
{
	const json_t *axes = json_object_get(entry, "axes");
	const char *diverge = json_string_value(json_object_get(axes, "mix.diverge")), *asked = json_string_value(json_object_get(axes, "pattern.asked"));

	if (asked)
		return g_strconcat("asked ", asked, NULL);
	return g_strconcat(json_string_value(json_object_get(entry, "technique")), json_is_true(json_object_get(entry, "needs_guest_driver")) ? "*" : "",
			   diverge ? " d=" : "", diverge ? diverge : "", NULL);
}

static void put_entry(const json_t *entry, FILE *out)
{
	g_autofree char *name = name_of(entry);
	const char *why = json_string_value(json_object_get(entry, "why"));

	fprintf(out, "%-16.16s %-7s", name, json_string_value(json_object_get(entry, "verdict")));
	for (size_t c = 0; c < G_N_ELEMENTS(columns); c++) {
		g_autofree char *text = cell(entry, &columns[c]);

		fprintf(out, " %6s", text);
	}
	fputc('\n', out);
	if (why) {
		g_autofree char *clean = pn_report_clean(why);

		fprintf(out, "    %s\n", clean);
	}
}

static void put_ranking(const struct pn_rundir *run, const char *scenario, FILE *out)
{
	static const char *const metrics[] = {"technique.t50_s", "technique.host_cpu_s_per_gib", "technique.need_s"};
	static const char *const names[] = {"time to 50 %", "CPU a GiB", "need"};

	for (size_t m = 0; m < G_N_ELEMENTS(metrics); m++) {
		double w;
		int repeats = pn_techniques_concordance(run, scenario, metrics[m], &w);

		if (repeats > 0)
			fprintf(out, "ranking by %s over %d repeats: Kendall's W %.2f (1: the same in each)\n", names[m], repeats, w);
	}
}

void pn_techniques_text(const struct pn_rundir *run, const json_t *techniques, FILE *out)
{
	const char *scenario = "";
	const json_t *entry;
	size_t i;

	json_array_foreach (techniques, i, entry) {
		const char *own = json_string_value(json_object_get(entry, "scenario"));

		if (strcmp(own, scenario)) {
			if (*scenario)
				put_ranking(run, scenario, out);
			fprintf(out, "\n%-16.16s %-7s", own + (g_str_has_prefix(own, "technique-") ? strlen("technique-") : 0), "VERDICT");
			for (size_t c = 0; c < G_N_ELEMENTS(columns); c++)
				fprintf(out, " %6s", columns[c].title);
			fputc('\n', out);
			scenario = own;
		}
		put_entry(entry, out);
	}
	if (*scenario)
		put_ranking(run, scenario, out);
}

int pn_report_techniques(const struct pn_rundir *run, const struct pn_report_style *style, FILE *out, struct pn_diag *diag)
{
	json_t *techniques = pn_techniques_json(run);

	if (techniques)
		pn_techniques_text(run, techniques, out);
	else
		fputs("no case of this run has a technique\n", out);
	json_decref(techniques);
	return ferror(out) ? pn_diag_set(diag, -EIO, "the report could not be written") : 0;
}
