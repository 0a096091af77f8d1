// SPDX-License-Identifier: GPL-2.0-only
/* The table of report formats, and the one that is run.json itself. */
#include "report.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "../harness/base/diag.h"
#include "../harness/base/units.h"
#include "rundir.h"

const struct pn_report_format pn_report_formats[] = {
	{"text", "a table for people, within 80 columns", pn_report_text},
	{"json", "run.json: the machine-readable summary", pn_report_json},
	{"junit", "JUnit XML for CI systems", pn_report_junit},
	{"tap", "Test Anything Protocol, version 13", pn_report_tap},
	{"matrix", "faults by phases, a table a driver", pn_report_matrix},
	{"conformance", "requirements of the virtio specification by drivers", pn_report_conformance},
	{"techniques", "ways to get memory back, compared", pn_report_techniques},
	{"html", "one page with plots, complete in itself", pn_report_html},
	{"trace", "trace for ui.perfetto.dev and chrome://tracing", pn_report_trace},
	{"openmetrics", "OpenMetrics text, for Prometheus and its like", pn_report_openmetrics},
	{"csv", "a line a metric of a case", pn_report_csv},
	{0},
};

const struct pn_report_format *pn_report_format_find(const char *name)
{
	for (const struct pn_report_format *format = pn_report_formats; format->name; format++)
		if (!strcmp(format->name, name))
			return format;
	return NULL;
}

char *pn_report_clean(const char *text)
{
	char *clean = g_utf8_make_valid(text, -1);

	for (char *c = clean; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 127)
			*c = *c == '\n' || *c == '\t' ? ' ' : '?';
	return clean;
}

char *pn_report_elide(const char *name, int width)
{
	int length = (int)strlen(name), head = (width - 2) / 2;

	if (length <= width)
		return g_strdup(name);
	return g_strdup_printf("%.*s..%s", head, name, name + length - (width - 2 - head));
}

char *pn_report_value(const char *name, double value)
{
	static const struct {
		const char *suffix;
		double scale; /* to bytes or nanoseconds */
		char *(*format)(uint64_t value, char *text, size_t size);
		const char *after;
	} units[] = {
	    {"bytes_per_s", 1, pn_bytes_format, "/s"}, {"_per_s", 0, NULL, "/s"}, {"_s", 1e9, pn_duration_format, ""},
	    {"_ns", 1, pn_duration_format, ""},	       {"_bytes", 1, pn_bytes_format, ""},
	};
	const char *dot = strrchr(name, '.');
	g_autofree char *stem = g_strndup(name, dot ? (size_t)(dot - name) : 0);
	char text[32];

	for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
		double whole = value * units[i].scale + 0.5;

		if (!g_str_has_suffix(name, units[i].suffix) && !g_str_has_suffix(stem, units[i].suffix))
			continue;
		if (!units[i].format)
			return g_strdup_printf("%.4g%s", value, units[i].after);
		if (whole >= 0 && whole < 1e18)
			return g_strconcat(units[i].format((uint64_t)whole, text, sizeof(text)), units[i].after, NULL);
	}
	return g_strdup_printf("%.6g", value);
}

int pn_report_json(const struct pn_rundir *run, const struct pn_report_style *style, FILE *out, struct pn_diag *diag)
{
	json_t *summary = pn_rundir_summary(run);
	int err = json_dumpf(summary, out, JSON_INDENT(1) | JSON_REAL_PRECISION(12));

	json_decref(summary);
	if (err || fputc('\n', out) == EOF)
		return pn_diag_set(diag, -EIO, "the report could not be written");
	return 0;
}
