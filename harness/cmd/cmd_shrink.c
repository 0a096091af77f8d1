// SPDX-License-Identifier: GPL-2.0-only
/* `puncture shrink`: the smallest scenario that still fails the same way. */
#include "commands.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "../base/diag.h"
#include "../base/exit.h"
#include "../base/fs.h"
#include "../base/units.h"
#include "../hunt/bundle.h"
#include "../hunt/shrink.h"
#include "../run/run.h"
#include "hunt.h"

#define BUDGET_DEFAULT_NS (10 * 60 * PN_NS_PER_S)

static const struct pn_option options[] = {
    {"budget", "DURATION", "start no trial after this; default 10min; 0: no limit", false, NULL},
    {"anyway", NULL, "go on although kernel, driver or emulator, in exact mode also image or loads, are not those that failed", false, NULL},
    HUNT_OPTIONS(HUNT_WIDE),
    {0},
};

static const char description[] =
    "Takes out of a failed case (a case directory or a bundle) what it does not need to\n"
    "fail the same way: guests, loads, events, faults, keys, sizes, amounts, durations.\n"
    "Prints what could be left out, and leaves smallest.yaml and bundle.tar.xz in the\n"
    "directory of the trials.\n\n"
    "Three runs are made first. When all of them fail, a candidate that passes once is\n"
    "taken to pass; otherwise it is run so often that a failure as frequent as the one\n"
    "seen would be missed in at most 5 % of the candidates. What is kept has always\n"
    "been seen to fail, so the result is right whatever the chance; it may only be\n"
    "larger than it had to be.\n\n"
    "Exit codes: 1 a smallest scenario was found and fails; 7 the case did not fail any\n"
    "more; 130 interrupted, the smallest so far is kept.";

static int write_result(const struct hunt *hunt, const struct pn_shrink_result *result, struct pn_diag *diag)
{
	g_autofree char *yaml = g_build_filename(hunt->dir, "smallest.yaml", NULL);
	g_autofree char *bundle = g_build_filename(hunt->dir, PN_BUNDLE_NAME, NULL);
	int err = pn_fs_write(yaml, result->yaml, strlen(result->yaml), diag);

	if (!err)
		err = pn_bundle_pack(result->dir, bundle, diag);
	if (!err)
		printf("%s\n%s\nagain: puncture repro %s\n", yaml, bundle, bundle);
	return err;
}

static int shrink(const struct pn_opts *args, struct hunt *hunt, void *data, struct pn_diag *diag)
{
	struct pn_shrink_config config = {.budget_ns = BUDGET_DEFAULT_NS, .out = stdout};
	struct pn_shrink_result result = {0};
	struct pn_bundle *bundle = NULL;
	struct pn_jobs_need need;
	int err = pn_opts_duration(args, "budget", &config.budget_ns, diag), end;

	if (!err)
		err = hunt_case(args, pn_opts_operands(args)[0], &bundle, &config.driver, &need, diag);
	if (err)
		return err;
	hunt_widen(hunt, &need);
	config.yaml = bundle->yaml;
	config.signature = &bundle->signature;
	end = pn_shrink_run(&hunt->lab, &config, &result, diag);
	if ((!end || end == -EINTR) && result.yaml) {
		err = write_result(hunt, &result, diag);
		end = err ? err : end ? PN_EXIT_INTERRUPTED : PN_EXIT_FAIL;
	}
	pn_shrink_result_deinit(&result);
	pn_bundle_free(bundle);
	if (end == -ENOENT) {
		printf("%s\n", diag->text);
		return PN_EXIT_CANNOT_TELL;
	}
	return end;
}

static int run(const struct pn_opts *args, struct pn_diag *diag)
{
	pn_run_init();
	return hunt_run(args, "shrink", shrink, NULL, diag);
}

const struct pn_command pn_command_shrink = {
    .name = "shrink",
    .summary = "the smallest scenario that still fails the same way",
    .usage = "[OPTION]... CASE|BUNDLE",
    .description = description,
    .options = options,
    .operands = "FILE",
    .operands_min = 1,
    .operands_max = 1,
    .run = run,
};
