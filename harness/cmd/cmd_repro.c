// SPDX-License-Identifier: GPL-2.0-only
/* `puncture repro`: a failed case again. */
#include "commands.h"

#include <errno.h>
#include <glib.h>

#include "../base/diag.h"
#include "../base/exit.h"
#include "../base/units.h"
#include "../hunt/bundle.h"
#include "../hunt/repro.h"
#include "../run/run.h"
#include "hunt.h"

#define TRIES_DEFAULT 10

static const struct pn_option options[] = {
    {"tries", "N", "give up after N tries; default 10", false, NULL},
    {"all", NULL, "make all tries, for the hit rate; otherwise the first hit is the last try", false, NULL},
    {"anyway", NULL, "go on although kernel, driver or emulator differ from those that failed", false, NULL},
    {"pack", NULL, "make a bundle of the case and stop; --out names the file", false, NULL},
    HUNT_OPTIONS,
    {0},
};

static const char description[] =
    "Runs a failed case again, with the same seed and the same timeline, until it\n"
    "fails the same way: same oracle, same signature (the reason without numbers and\n"
    "addresses, or what the kernel said first). CASE is a case directory such as\n"
    "runs/latest/cases/0001, or the bundle.tar.xz that `puncture run` leaves in the\n"
    "directory of a case that failed. A bundle can be taken to another host: what\n"
    "differs there is said hash by hash, and where kernel, driver or emulator do,\n"
    "nothing is run without --anyway. A bundle brings its driver along.\n\n"
    "Live cases do not repeat to the instruction: the hit rate is stated with its\n"
    "exact 95 % interval.\n\n"
    "Exit codes: 1 it failed the same way; 0 it did not in all tries; 7 it only\n"
    "failed in other ways; 3 nothing could be run, or something differs.";

static int pack(const struct pn_opts *args, const char *path, struct pn_diag *diag)
{
	const char *out = pn_opts_has(args, "out") ? pn_opts_get(args, "out") : PN_BUNDLE_NAME;
	int err;

	if (!g_file_test(path, G_FILE_TEST_IS_DIR))
		return pn_diag_set(diag, -EINVAL, "%s: --pack takes a case directory, such as runs/latest/cases/0001", path);
	err = pn_bundle_pack(path, out, diag);
	if (err)
		return err == -ENODATA ? -EINVAL : err;
	printf("%s\n", out);
	return PN_EXIT_PASS;
}

static int look(const struct pn_opts *args, struct hunt *hunt, const char *path, struct pn_diag *diag)
{
	struct pn_repro_config config = {.tries = TRIES_DEFAULT, .all = pn_opts_has(args, "all"), .out = stdout};
	struct pn_repro_tally tally;
	struct pn_bundle *bundle = NULL;
	uint64_t tries = TRIES_DEFAULT;
	int err = pn_opts_uint(args, "tries", 1, 100000, &tries, diag);

	if (!err)
		err = hunt_case(args, path, &bundle, &config.driver, diag);
	if (err)
		return err;
	config.tries = (unsigned int)tries;
	config.bundle = bundle;
	err = pn_repro_run(&hunt->lab, &config, &tally, diag);
	pn_bundle_free(bundle);
	if (err)
		return err == -EINTR ? PN_EXIT_INTERRUPTED : err;
	return pn_repro_exit(&tally);
}

static int run(const struct pn_opts *args, struct pn_diag *diag)
{
	const char *path = pn_opts_operands(args)[0];
	struct hunt hunt;
	int err;

	pn_run_init();
	if (pn_opts_has(args, "pack"))
		return pack(args, path, diag);
	err = hunt_open(args, "repro", &hunt, diag);
	if (!err)
		err = look(args, &hunt, path, diag);
	hunt_close(&hunt);
	return err;
}

const struct pn_command pn_command_repro = {
    .name = "repro",
    .summary = "run a failed case again until it fails the same way",
    .usage = "[OPTION]... CASE|BUNDLE",
    .description = description,
    .options = options,
    .operands = "FILE",
    .operands_min = 1,
    .operands_max = 1,
    .run = run,
};
