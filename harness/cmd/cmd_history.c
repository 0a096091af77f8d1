// SPDX-License-Identifier: GPL-2.0-only
/* `puncture history`: runs of the past, and when something changed. */
#include "commands.h"

#include <errno.h>
#include <glib.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../reports/history/history.h"
#include "../../reports/history/trend.h"
#include "../../reports/pages/pages.h"
#include "../../reports/rundir.h"
#include "../base/diag.h"
#include "../base/exit.h"
#include "../base/fs.h"

static const struct pn_option options[] = {
    {"history", "FILE", "the history; default: $PUNCTURE_HISTORY, or the user's", false, "FILE"},
    {"branch", "NAME", "import: what the runs measure; default: the branch of the checkout. trend: only this one", false, NULL},
    {"metric", "NAME", "trend: only this metric", false, NULL},
    {"case", "ID", "trend: only this case", false, NULL},
    {"all", NULL, "trend: also what is not judged and what did not change", false, NULL},
    {"html", "FILE", "trend: write the page with plots there", false, "FILE"},
    {"keep", "N", "forget: runs to keep of each branch and class of machine", false, NULL},
    {0},
};

static const char description[] = "  import RUN...   take run directories in; again is fine\n"
				  "  list            the runs, newest first (default)\n"
				  "  trend           metrics that changed: the first bad run, the last good one and\n"
				  "                  what differs between them; exit code 6 when one got worse\n"
				  "  forget          drop old runs: --keep N\n\n"
				  "Any number of processes may import at once; a run is taken in whole or not at all.\n"
				  "Series never mix branches or classes of machines.";

static int do_import(struct pn_history *history, const struct pn_opts *args, struct pn_diag *diag)
{
	const char *const *dirs = pn_opts_operands(args) + 1;
	int err = 0;

	if (!*dirs)
		return pn_diag_set(diag, -EINVAL, "nothing to import; usage: puncture history import RUN...");
	for (; !err && *dirs; dirs++) {
		struct pn_rundir *run = NULL;

		err = pn_rundir_read(*dirs, &run, diag);
		if (!err)
			err = pn_history_import(history, run, pn_opts_get(args, "branch"), diag);
		if (!err)
			printf("%s: %zu cases\n", *dirs, run->count);
		pn_rundir_free(run);
	}
	return err;
}

static const char *text_of(const json_t *run, const char *key)
{
	const char *text = json_string_value(json_object_get(run, key));

	return text && *text ? text : "-";
}

static int number_of(const json_t *run, const char *key)
{
	return (int)json_integer_value(json_object_get(run, key));
}

static void put_run(const json_t *run)
{
	time_t start = (time_t)json_number_value(json_object_get(run, "start_s"));
	char when[32] = "?";
	struct tm tm;

	if (start && localtime_r(&start, &tm))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &tm);
	printf("%-16s %-24.24s %-8.8s %-9.9s %4d %4d %4d\n", when, text_of(run, "run"), text_of(run, "branch"), text_of(run, "revision"),
	       number_of(run, "passed"), number_of(run, "failed"), number_of(run, "broken"));
}

static int do_list(struct pn_history *history, const struct pn_opts *args, struct pn_diag *diag)
{
	json_t *runs = NULL, *run;
	size_t i;
	int err = pn_history_list(history, &runs, diag);

	if (err)
		return err;
	printf("%-16s %-24s %-8s %-9s %4s %4s %4s\n", "START", "RUN", "BRANCH", "REVISION", "PASS", "FAIL", "BROK");
	json_array_foreach(runs, i, run)
		put_run(run);
	json_decref(runs);
	return 0;
}

static int write_page(struct pn_history *history, const struct pn_trend_query *query, const char *path, struct pn_diag *diag)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int worse = pn_page_trend(history, query, out, diag), err;

	fclose(out);
	err = worse < 0 ? worse : pn_fs_write(path, text, size, diag);
	free(text);
	return err ? err : worse;
}

static int do_trend(struct pn_history *history, const struct pn_opts *args, struct pn_diag *diag)
{
	struct pn_trend_query query = {
	    .metric = pn_opts_get(args, "metric"),
	    .case_id = pn_opts_get(args, "case"),
	    .branch = pn_opts_get(args, "branch"),
	    .all = pn_opts_has(args, "all"),
	};
	const char *path = pn_opts_get(args, "html");
	int worse = path ? write_page(history, &query, path, diag) : pn_trend_text(history, &query, stdout, diag);

	return worse > 0 ? PN_EXIT_REGRESSION : worse;
}

static int do_forget(struct pn_history *history, const struct pn_opts *args, struct pn_diag *diag)
{
	uint64_t keep = 0;
	int dropped = pn_opts_uint(args, "keep", 1, 1000000, &keep, diag);

	if (!dropped && !keep)
		return pn_diag_set(diag, -EINVAL, "how many runs are to be kept? usage: puncture history forget --keep N");
	if (!dropped)
		dropped = pn_history_forget(history, (unsigned int)keep, diag);
	if (dropped < 0)
		return dropped;
	printf("%d run%s dropped\n", dropped, dropped == 1 ? "" : "s");
	return 0;
}

static const struct {
	const char *name;
	bool operands;
	int (*run)(struct pn_history *history, const struct pn_opts *args, struct pn_diag *diag);
} actions[] = {
    {"import", true, do_import},
    {"list", false, do_list},
    {"trend", false, do_trend},
    {"forget", false, do_forget},
};

static int run(const struct pn_opts *args, struct pn_diag *diag)
{
	const char *const *words = pn_opts_operands(args);
	g_autofree char *path = pn_opts_has(args, "history") ? g_strdup(pn_opts_get(args, "history")) : pn_history_path();
	const char *name = words[0] ? words[0] : "list";
	struct pn_history *history = NULL;
	size_t i = 0;
	int err;

	while (i < G_N_ELEMENTS(actions) && strcmp(actions[i].name, name))
		i++;
	if (i == G_N_ELEMENTS(actions))
		return pn_diag_value(diag, "command line", "history", name, "import, list, trend or forget");
	if (!actions[i].operands && words[0] && words[1])
		return pn_diag_set(diag, -EINVAL, "'%s' is too much; history %s takes none", words[1], name);
	err = pn_history_open(path, &history, diag);
	if (!err)
		err = actions[i].run(history, args, diag);
	pn_history_close(history);
	return err;
}

const struct pn_command pn_command_history = {
    .name = "history",
    .summary = "runs of the past, and when something changed",
    .usage = "[import RUN... | list | trend | forget --keep N] [OPTION]...",
    .description = description,
    .options = options,
    .operands = "DIR",
    .operands_max = UINT_MAX,
    .run = run,
};
