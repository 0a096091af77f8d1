// SPDX-License-Identifier: GPL-2.0-only
/* A run as CSV (RFC 4180): a line a metric of a case, so that it needs no change when metrics come and go. */
#include "report.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "../harness/base/diag.h"
#include "rundir.h"

static void put_field(const char *text, FILE *out)
{
	if (!strpbrk(text, ",\"\r\n")) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	for (const char *c = text; *c; c++) {
		if (*c == '"')
			fputc('"', out);
		fputc(*c, out);
	}
	fputc('"', out);
}

static void put_line(const struct pn_rundir *run, size_t i, const char *metric, const json_t *entry, FILE *out)
{
	static const char *const keys[] = {"id", "scenario", "driver"};
	const json_t *value = json_object_get(entry, "value");
	const char *unit = json_string_value(json_object_get(entry, "unit"));
	char text[G_ASCII_DTOSTR_BUF_SIZE] = "";

	for (size_t k = 0; k < G_N_ELEMENTS(keys); k++) {
		put_field(pn_rundir_string(run, i, keys[k]), out);
		fputc(',', out);
	}
	fprintf(out, "%s,", pn_rundir_verdict(run, i));
	put_field(metric, out);
	if (json_is_number(value))
		g_ascii_dtostr(text, sizeof(text), json_number_value(value));
	fprintf(out, ",%s,", text);
	put_field(unit ? unit : "", out);
	fputs("\r\n", out);
}

int pn_report_csv(const struct pn_rundir *run, const struct pn_report_style *style, FILE *out, struct pn_diag *diag)
{
	fputs("case,scenario,driver,verdict,metric,value,unit\r\n", out);
	for (size_t i = 0; i < run->count; i++) {
		const char *metric;
		json_t *entry, *duration;

		if (!pn_rundir_verdict(run, i))
			continue;
		duration = json_pack("{s:O*, s:s}", "value", json_object_get(run->verdicts[i], "duration_s"), "unit", "s");
		put_line(run, i, "case.duration_s", duration, out);
		json_decref(duration);
		json_object_foreach (json_object_get(run->verdicts[i], "metrics"), metric, entry)
			put_line(run, i, metric, entry, out);
	}
	return ferror(out) ? pn_diag_set(diag, -EIO, "the report could not be written") : 0;
}
