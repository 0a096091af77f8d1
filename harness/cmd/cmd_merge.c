// SPDX-License-Identifier: GPL-2.0-only
/* `puncture merge`: the shards of one run, put together. */
#include "commands.h"

#include <glib.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "../../reports/merge/merge.h"
#include "../../reports/report.h"
#include "../../reports/rundir.h"
#include "../base/diag.h"
#include "../base/exit.h"
#include "../run/progress.h"
#include "../run/run.h"
#include "merged.h"

static const struct pn_option options[] = {
	{"out", "DIR", "run directory to make; a merge of the same run is replaced; default: merged", false, "DIR"},
	{"class", "CLASS", "only cases that ran on this class of machine, as reports/baselines names it", false, NULL},
	{0},
};

static void put_classes(const struct pn_merged *merged)
{
	const char *class;
	json_t *count;

	if (json_object_size(merged->classes) < 2)
		return;
	printf("unlike machines; gate, history and baselines take one class at a time (--class):\n");
	json_object_foreach(merged->classes, class, count)
		printf("  %s: %" JSON_INTEGER_FORMAT " cases\n", class, json_integer_value(count));
}

int merged_report(const char *out, const char *const *dirs, const char *class, struct pn_diag *diag)
{
	struct pn_report_style style = {.colour = pn_progress_colour(STDOUT_FILENO)};
	struct pn_merged merged = {0};
	struct pn_rundir *run = NULL;
	int err = pn_merge(out, dirs, class, &merged, diag);

	if (!err)
		err = pn_rundir_read(out, &run, diag);
	if (!err)
		err = pn_report_text(run, &style, stdout, diag);
	if (!err) {
		printf("%u cases of %u run%s", merged.cases, merged.runs, merged.runs == 1 ? "" : "s");
		if (merged.repeated)
			printf("; %u result%s of cases that had ended elsewhere left out", merged.repeated, merged.repeated == 1 ? "" : "s");
		if (merged.elsewhere)
			printf("; %u cases of other machines left out", merged.elsewhere);
		if (merged.unreadable)
			printf("; %u director%s without a plan", merged.unreadable, merged.unreadable == 1 ? "y" : "ies");
		printf("\n");
		put_classes(&merged);
		printf("run directory: %s\n", out);
		err = pn_run_exit(run, false);
	}
	pn_merged_clear(&merged);
	pn_rundir_free(run);
	return err;
}

static int run(const struct pn_opts *args, struct pn_diag *diag)
{
	const char *out = pn_opts_get(args, "out");

	return merged_report(out ? out : "merged", pn_opts_operands(args), pn_opts_get(args, "class"), diag);
}

const struct pn_command pn_command_merge = {
	.name = "merge",
	.summary = "put the shards of one run together",
	.usage = "[--out DIR] [--class CLASS] RUN...",
	.description = "Makes one run directory of those that `puncture run --shard K/N --run-id ID` left,\n"
		       "several attempts at a shard among them. Each case is there once: the result that\n"
		       "was there first counts; one without a result stands there as not run. Machines of\n"
		       "several classes have no class together: gate and history refuse such a run.",
	.options = options,
	.operands = "DIR",
	.operands_min = 1,
	.operands_max = UINT_MAX,
	.run = run,
};
