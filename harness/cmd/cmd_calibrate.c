// SPDX-License-Identifier: GPL-2.0-only
/* `puncture calibrate`: both sides the same, to learn what this host's noise does to comparisons. */
#include "commands.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../reports/compare/calibrate.h"
#include "../../reports/compare/class.h"
#include "../../reports/rundir.h"
#include "../base/diag.h"
#include "../base/fs.h"
#include "variants.h"

#define PAIRS_DEFAULT 12
#define COMPARED_DEFAULT 24 /* as `puncture compare` */
#define TRIALS 1000
#define SCENARIO_DEFAULT "inflate"

static const struct pn_option options[] = {
    {"driver", "NAME|FILE.ko", "driver of both sides", false, "drivers"},
    {"pairs", "N", "A/A pairs to run of each case; default 12", false, NULL},
    {"compared", "N", "for comparisons of at most so many pairs; default 24", false, NULL},
    VARIANTS_OPTIONS,
    {"judge", "RUN", "work on a calibration that has been run; nothing is started", false, "DIR"},
    {0},
};

static const char description[] = "Runs each case (default: inflate) in pairs of which both sides are the same, then\n"
				  "draws a thousand comparisons from what was measured, sides swapped at random, and\n"
				  "prints how many raise a false alarm and the smallest change of each metric that\n"
				  "would be seen here 8 times in 10. The run directory gets calibrate.json.\n\n"
				  "Noise that does not show up in these pairs is not in the figures: run it at the\n"
				  "time of day and beside the neighbours that comparisons will have.";

static int write_json(const char *dir, const struct pn_calibration *calibration, const struct pn_comparison *comparison,
		      struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(dir, "calibrate.json", NULL);
	json_t *json = pn_calibration_json(calibration, comparison);
	char *text = json_dumps(json, JSON_INDENT(1));
	int err = pn_fs_write(path, text, strlen(text), diag);

	free(text);
	json_decref(json);
	return err;
}

static int judge(const char *dir, const struct pn_rundir *run, unsigned int compared, struct pn_diag *diag)
{
	g_autofree char *class = pn_class_of(run->host);
	struct pn_comparison *comparison = NULL;
	struct pn_calibration *calibration = NULL;
	int err = pn_comparison_of(run, &comparison, diag);

	if (!err && strcmp(comparison->pairs->a, comparison->pairs->b))
		err = pn_diag_set(diag, -EINVAL, "%s: its sides differ (%s, %s); noise is learnt from equal ones", dir,
				  comparison->pairs->a, comparison->pairs->b);
	if (!err)
		err = pn_calibrate(comparison, compared, TRIALS, &calibration, diag);
	if (!err)
		err = write_json(dir, calibration, comparison, diag);
	if (!err)
		pn_calibration_text(calibration, comparison, class, stdout);
	pn_calibration_free(calibration);
	pn_comparison_free(comparison);
	return err;
}

static int report(const char *dir, bool interrupted, void *data, struct pn_diag *diag)
{
	const unsigned int *compared = data;
	struct pn_rundir *run = NULL;
	int err = pn_rundir_read(dir, &run, diag);

	if (!err)
		err = judge(dir, run, *compared, diag);
	pn_rundir_free(run);
	variants_put_troubles(dir);
	printf("\nrun directory: %s\n", dir);
	return err ? err : interrupted ? PN_EXIT_INTERRUPTED : PN_EXIT_PASS;
}

static int run_pairs(const struct pn_opts *args, unsigned int pairs, unsigned int *compared, struct pn_diag *diag)
{
	static const char *const names[] = {SCENARIO_DEFAULT, NULL};
	g_autofree char *driver = pn_opts_has(args, "driver") ? g_strdup_printf("driver=%s", pn_opts_get(args, "driver")) : NULL;
	const char *const side[] = {driver, NULL};
	struct variants variants;
	int err = variants_read(args, side, side, pairs, &variants, diag);

	if (!pn_opts_operands(args)[0])
		variants.config.plan.names = variants.b.names = names;
	variants.pairs.report = report;
	variants.pairs.data = compared;
	if (!err) {
		pn_run_init();
		err = pn_run(&variants.config, &pn_run_ops_real, diag);
	}
	variants_clear(&variants);
	return err;
}

static int run(const struct pn_opts *args, struct pn_diag *diag)
{
	uint64_t pairs = PAIRS_DEFAULT, compared = COMPARED_DEFAULT;
	unsigned int compared_pairs;
	int err = pn_opts_uint(args, "pairs", 6, 1000, &pairs, diag);

	if (!err)
		err = pn_opts_uint(args, "compared", 6, 1000, &compared, diag);
	if (!err && pn_opts_has(args, "judge") && pn_opts_operands(args)[0])
		err = pn_diag_set(diag, -EINVAL, "--judge takes a calibration as it was run: no NAME");
	if (err)
		return err;
	compared_pairs = (unsigned int)compared;
	if (pn_opts_has(args, "judge"))
		return report(pn_opts_get(args, "judge"), false, &compared_pairs, diag);
	return run_pairs(args, (unsigned int)pairs, &compared_pairs, diag);
}

const struct pn_command pn_command_calibrate = {
    .name = "calibrate",
    .summary = "learn this host's false alarms and smallest detectable change",
    .usage = "[OPTION]... [NAME|FILE]... | --judge RUN",
    .description = description,
    .options = options,
    .operands = "runnable",
    .operands_max = UINT_MAX,
    .run = run,
};
