// SPDX-License-Identifier: GPL-2.0-only
/* `puncture fuzz`: random timelines, guided by what they execute of the driver. */
#include "commands.h"

#include <errno.h>
#include <glib.h>
#include <limits.h>

#include "../base/diag.h"
#include "../base/exit.h"
#include "../base/units.h"
#include "../hunt/bundle.h"
#include "../hunt/fuzz.h"
#include "../run/run.h"
#include "../scenario/names.h"
#include "../scenario/scenario.h"
#include "../scenario/seed.h"
#include "hunt.h"

#define FOR_DEFAULT_NS (10 * 60 * PN_NS_PER_S)

static const struct pn_option options[] = {
    {"driver", "NAME|FILE.ko", "driver under test in place of the scenario's (`puncture list drivers`)", false, "drivers"},
    {"set", "KEY=VALUE", "override a key of the scenario (`puncture list keys`)", true, "keys"},
    {"seed", "N", "seed of all that is drawn; default 1", false, NULL},
    {"for", "DURATION", "start no case after this; default 10min; 0: until interrupted", false, NULL},
    {"findings", "N", "end after N different failures", false, NULL},
    {"corpus", "DIR", "begin with these cases, the corpus/ of an earlier run", false, "DIR"},
    HUNT_OPTIONS(HUNT_WIDE),
    {0},
};

static const char description[] =
    "Draws timelines at random from the tables that scenarios are made of (patterns,\n"
    "events, faults, loads), runs them, and varies those that executed blocks of the\n"
    "driver that no case before had. Guest and driver come from a scenario, of whose\n"
    "matrix each case takes one combination; default: the scenario 'fuzz'.\n\n"
    "DIR gets findings/ID with a bundle for each different failure (same signature, same\n"
    "failure), corpus/ with the fewest cases that execute all that was executed, and\n"
    "fuzz.json. Printed are the cases a minute, the blocks of the driver executed an\n"
    "hour, and the coverage of the driver by function. Without block counts (KVM) cases\n"
    "are drawn without a guide.\n\n"
    "Exit codes: 0 nothing was found; 1 something was; 3 nothing could be run; 130\n"
    "interrupted.";

static void leave_bundle(const char *case_dir)
{
	g_autofree char *path = g_build_filename(case_dir, PN_BUNDLE_NAME, NULL);
	struct pn_diag diag = {0};

	if (pn_bundle_pack(case_dir, path, &diag))
		fprintf(stderr, "no bundle: %s\n", diag.text);
}

static void put_result(const struct pn_fuzz_result *result)
{
	double hours = MAX(result->seconds, 1) / 3600;
	guint blocks = result->cover.blocks ? g_hash_table_size(result->cover.blocks) : 0;

	printf("%u cases in %.0f s: %.1f a minute; %u drawn that no scenario can be, %u that showed nothing\n", result->cases, result->seconds,
	       result->cases / hours / 60, result->refused, result->broken);
	if (blocks)
		printf("%.3g blocks of the driver executed an hour, %u different ones\n", (double)result->cover.executed / hours, blocks);
	printf("%u cases failed, in %u ways\n", result->failures, result->findings);
	pn_cover_put(&result->cover, stdout);
}

static int read_options(const struct pn_opts *args, struct pn_fuzz_config *config, struct pn_diag *diag)
{
	uint64_t findings = 0;
	int err = pn_opts_uint(args, "seed", 1, PN_SEED_MAX, &config->seed, diag);

	if (!err)
		err = pn_opts_uint(args, "findings", 1, 100000, &findings, diag);
	if (!err)
		err = pn_opts_duration(args, "for", &config->for_ns, diag);
	config->findings_max = (unsigned int)findings;
	config->corpus_dir = pn_opts_get(args, "corpus");
	return err;
}

static int fuzz(const struct pn_opts *args, struct hunt *hunt, void *data, struct pn_diag *diag)
{
	struct pn_fuzz_config *config = data;
	static const char *const names_default[] = {"fuzz", NULL};
	struct pn_plan_config plan_config = {
		.names = pn_opts_operands(args)[0] ? pn_opts_operands(args) : names_default,
		.sets = pn_opts_all(args, "set"),
		.driver = pn_opts_get(args, "driver"),
		.workloads_dir = hunt->workloads_dir,
	};
	g_auto(GStrv) loads = pn_names_list(hunt->workloads_dir, "loads");
	struct pn_jobs_need need = {0};
	struct pn_fuzz_result result;
	struct pn_plan *plan = NULL;
	int err = pn_plan_build(&plan_config, &plan, diag);

	if (err)
		return err;
	for (unsigned int i = 0; i < plan->count; i++)
		if (plan->cases[i].scenario)
			pn_jobs_add(&need, plan->cases[i].scenario);
	hunt_widen(hunt, &need);
	config->grammar = (struct pn_grammar){.bases = plan, .loads = loads};
	config->dir = hunt->dir;
	printf("%u combinations of guest and driver, seed %" G_GUINT64_FORMAT ", into %s\n", plan->count, config->seed, hunt->dir);
	err = pn_fuzz_run(&hunt->lab, config, &result, diag);
	if (!err || err == -EINTR) {
		put_result(&result);
		err = err ? PN_EXIT_INTERRUPTED : result.findings ? PN_EXIT_FAIL : result.cases ? PN_EXIT_PASS : PN_EXIT_BROKEN;
	}
	pn_fuzz_result_deinit(&result);
	pn_plan_free(plan);
	return err;
}

static int run(const struct pn_opts *args, struct pn_diag *diag)
{
	struct pn_fuzz_config config = {.seed = 1, .for_ns = FOR_DEFAULT_NS, .found = leave_bundle, .out = stdout};
	int err;

	pn_run_init();
	err = read_options(args, &config, diag);
	return err ? err : hunt_run(args, "fuzz", fuzz, &config, diag);
}

const struct pn_command pn_command_fuzz = {
    .name = "fuzz",
    .summary = "random timelines and faults, guided by coverage of the driver",
    .usage = "[OPTION]... [SCENARIO]",
    .description = description,
    .options = options,
    .operands = "runnable",
    .operands_max = 1,
    .run = run,
};
