// SPDX-License-Identifier: GPL-2.0-only
/* `puncture report`: what a run directory says, in one of several forms. */
#include "commands.h"

#include <errno.h>
#include <glib.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "../../reports/compare/pairs.h"
#include "../../reports/pages/pages.h"
#include "../../reports/report.h"
#include "../../reports/rundir.h"
#include "../base/diag.h"
#include "../base/exit.h"
#include "../base/fs.h"
#include "../run/progress.h"

/* one switch per format of pn_report_formats; test-command.c holds the two together */
static const struct pn_option options[] = {
	{"text", NULL, "a table for people, within 80 columns (default)", false, NULL},
	{"json", NULL, "run.json: the machine-readable summary", false, NULL},
	{"junit", NULL, "JUnit XML for CI systems", false, NULL},
	{"tap", NULL, "Test Anything Protocol, version 13", false, NULL},
	{"matrix", NULL, "faults by phases, a table a driver", false, NULL},
	{"conformance", NULL, "requirements of the virtio specification by drivers", false, NULL},
	{"techniques", NULL, "ways to get memory back from guests, compared", false, NULL},
	{"html", NULL, "one page with plots, complete in itself; give --out too", false, NULL},
	{"trace", NULL, "trace for ui.perfetto.dev and chrome://tracing", false, NULL},
	{"openmetrics", NULL, "OpenMetrics text, for Prometheus and its like", false, NULL},
	{"csv", NULL, "a line a metric of a case", false, NULL},
	{"out", "FILE", "write to a file, whole or not at all, in place of standard output", false, "FILE"},
	{0},
};

static const struct pn_report_format *chosen(const struct pn_opts *args, struct pn_diag *diag)
{
	const struct pn_report_format *found = NULL;

	for (const struct pn_report_format *format = pn_report_formats; format->name; format++) {
		if (!pn_opts_has(args, format->name))
			continue;
		if (found) {
			pn_diag_set(diag, -EINVAL, "--%s and --%s: choose one form", found->name, format->name);
			return NULL;
		}
		found = format;
	}
	return found ? found : pn_report_formats;
}

static int report_one(const char *dir, const struct pn_report_format *format, FILE *out, bool colour, struct pn_diag *diag)
{
	g_autofree char *zoom_dir = pn_report_zoom_dir();
	struct pn_report_style style = {.colour = colour, .zoom_dir = zoom_dir};
	struct pn_rundir *run = NULL;
	int err = pn_rundir_read(dir, &run, diag);

	if (!err && !strcmp(format->name, "html") && pn_pairs_present(run))
		err = pn_page_comparison(run, out, diag);
	else if (!err)
		err = format->write(run, &style, out, diag);
	pn_rundir_free(run);
	return err;
}

static int report_all(const char *const *dirs, const struct pn_report_format *format, FILE *out, bool colour, struct pn_diag *diag)
{
	int err = 0;

	for (size_t i = 0; !err && dirs[i]; i++) {
		if (i)
			fputc('\n', out);
		err = report_one(dirs[i], format, out, colour, diag);
	}
	return err;
}

static int to_file(const char *path, const char *const *dirs, const struct pn_report_format *format, struct pn_diag *diag)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int err = report_all(dirs, format, out, false, diag);

	fclose(out);
	if (!err)
		err = pn_fs_write(path, text, size, diag);
	free(text);
	return err;
}

static int run(const struct pn_opts *args, struct pn_diag *diag)
{
	static const char *const latest[] = {"runs/latest", NULL};
	const struct pn_report_format *format = chosen(args, diag);
	const char *const *dirs = pn_opts_operands(args);
	const char *path = pn_opts_get(args, "out");

	if (!format)
		return -EINVAL;
	if (!dirs[0])
		dirs = latest;
	if (dirs[1] && strcmp(format->name, "text"))
		return pn_diag_set(diag, -EINVAL, "--%s takes one run at a time", format->name);
	if (path)
		return to_file(path, dirs, format, diag);
	return report_all(dirs, format, stdout, pn_progress_colour(STDOUT_FILENO), diag);
}

const struct pn_command pn_command_report = {
	.name = "report",
	.summary = "report on run directories",
	.usage = "[OPTION]... [RUN]...",
	.description = "Prints what run directories say; default: runs/latest. A pure function of the\n"
		       "directory: one of a run that goes on, or was killed, reads as well.",
	.options = options,
	.operands = "DIR",
	.operands_max = UINT_MAX,
	.run = run,
};
