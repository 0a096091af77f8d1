// SPDX-License-Identifier: GPL-2.0-only
/*
 * TAP version 13. A case that broke is "not ok": TAP knows no third way, and what could not be judged must not look passed.
 * A planned case that has not run is "not ok" as well, so that an interrupted run is no success.
 */
#include "report.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "../harness/base/diag.h"
#include "rundir.h"

/* a description must not hold what TAP gives a meaning: '#' starts a directive */
static void put_plain(const char *text, FILE *out)
{
	g_autofree char *clean = pn_report_clean(text);

	fputs(g_strdelimit(clean, "#", ' '), out);
}

static void put_quoted(const char *key, const char *text, FILE *out)
{
	g_autofree char *clean = pn_report_clean(text);

	fprintf(out, "  %s: '", key);
	for (const char *c = clean; *c; c++)
		fputs(*c == '\'' ? "''" : (char[]){*c, 0}, out);
	fputs("'\n", out);
}

static void put_case(const struct pn_rundir *run, size_t i, FILE *out)
{
	const char *verdict = pn_rundir_verdict(run, i);
	bool good = verdict && (!strcmp(verdict, "PASS") || !strcmp(verdict, "SKIP"));

	fprintf(out, "%s %zu - ", good ? "ok" : "not ok", i + 1);
	put_plain(pn_rundir_string(run, i, "id"), out);
	if (verdict && !strcmp(verdict, "SKIP")) {
		fputs(" # SKIP ", out);
		put_plain(pn_rundir_reason(run, i), out);
	}
	fputc('\n', out);
	if (good)
		return;
	fputs("  ---\n", out);
	put_quoted("verdict", verdict ? verdict : "NOT RUN", out);
	put_quoted("reason", verdict ? pn_rundir_reason(run, i) : "the run ended before this case", out);
	if (*pn_rundir_string(run, i, "repro"))
		put_quoted("repro", pn_rundir_string(run, i, "repro"), out);
	fputs("  ...\n", out);
}

int pn_report_tap(const struct pn_rundir *run, const struct pn_report_style *style, FILE *out, struct pn_diag *diag)
{
	fprintf(out, "TAP version 13\n1..%zu\n", run->count);
	for (size_t i = 0; i < run->count; i++)
		put_case(run, i, out);
	return ferror(out) ? pn_diag_set(diag, -EIO, "the report could not be written") : 0;
}
