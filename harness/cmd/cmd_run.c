// SPDX-License-Identifier: GPL-2.0-only
/* `puncture run`: the main job. */
#include "commands.h"

#include <errno.h>
#include <glib.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../guests/images/paths.h"
#include "../base/diag.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "../hunt/bundle.h"
#include "../run/run.h"
#include "../scenario/seed.h"

static const struct pn_option options[] = {
	{"set", "KEY=VALUE", "override a key of the scenarios (`puncture list keys`)", true, "keys"},
	{"driver", "NAME|FILE.ko", "driver under test in place of the scenarios' (`puncture list drivers`)", false, "drivers"},
	{"image", "NAME", "guest image (`puncture list images`)", false, "images"},
	{"kernel", "FILE", "bzImage in place of the image's; needs --modules", false, "FILE"},
	{"modules", "DIR", "lib/modules/RELEASE directory of --kernel", false, "DIR"},
	{"qemu", "FILE", "emulator in place of qemu-system-x86_64 from PATH", false, "FILE"},
	{"exact", NULL, "exact mode: instructions in place of times, the same in every run (`puncture list keys`, guest.exact)", false, NULL},
	{"connect", "URI", "run guests in this libvirtd, such as qemu:///system, not in the embedded driver", false, NULL},
	{"seed", "N", "seed of everything random; default: drawn from the scenario's name", false, NULL},
	{"repeat", "N", "run every case N times, each with a seed of its own; in exact mode the same again", false, NULL},
	{"until-fail", NULL, "go on with other seeds until a case fails", false, NULL},
	{"for", "DURATION", "go on with other seeds for so long, such as 8h; no case starts after it", false, NULL},
	{"jobs", "N", "cases at once; default: as many as CPUs and memory allow; 1 for figures to compare", false, NULL},
	{"control", NULL, "measure first what monitoring costs host and guest; half a minute", false, NULL},
	{"fit-within", "DURATION", "measure on a quiet host only: wait so long for it, then refuse (exit 3)", false, NULL},
	{"budget", "DURATION", "no case starts after it; what is left is for --resume", false, NULL},
	{"shard", "K/N", "only every N-th case, starting with the K-th; `puncture merge` puts shards together", false, NULL},
	{"run-id", "ID", "name of the whole run that a shard belongs to; default: the run directory's", false, NULL},
	{"except", "RUN", "leave out the cases that have ended in this run directory", true, "DIR"},
	{"out", "DIR", "run directory; default: runs/TIMESTAMP-NAME, and runs/latest points to it", false, "DIR"},
	{"resume", "DIR", "go on with a run that was interrupted or killed", false, "DIR"},
	{"dry-run", NULL, "print the plan and stop; nothing is started", false, NULL},
	{0},
};

static const char description[] =
	"Plans the cases of scenarios and suites (names, see `puncture list`, or YAML\n"
	"files), prepares images, drivers and warm snapshots, and runs each case on a\n"
	"real guest, in a process of its own. Progress goes to standard error, the\n"
	"report to standard output, everything else into the run directory.\n\n"
	"Ctrl-C once ends the running cases cleanly and keeps what they measured; twice\n"
	"kills them. Each case that does not pass prints the command that runs it again.";

static int parse_shard(const char *text, struct pn_run_config *config, struct pn_diag *diag)
{
	char tail;

	if (!text)
		return 0;
	if (sscanf(text, "%u/%u%c", &config->shard, &config->shard_count, &tail) != 2 || !config->shard ||
	    config->shard > config->shard_count)
		return pn_diag_value(diag, "command line", "--shard", text, "K/N with K from 1 to N, such as 2/4");
	return 0;
}

static int parse_numbers(const struct pn_opts *args, struct pn_run_config *config, struct pn_diag *diag)
{
	uint64_t jobs = 0, repeat = 0;
	int err = pn_opts_uint(args, "seed", 1, PN_SEED_MAX, &config->plan.seed, diag);

	if (!err)
		err = pn_opts_uint(args, "jobs", 1, 1024, &jobs, diag);
	if (!err)
		err = pn_opts_uint(args, "repeat", 1, 1000000, &repeat, diag);
	if (!err)
		err = pn_opts_duration(args, "for", &config->for_ns, diag);
	if (!err)
		err = pn_opts_duration(args, "budget", &config->budget_ns, diag);
	if (!err)
		err = pn_opts_duration(args, "fit-within", &config->fit_within_ns, diag);
	config->fit_only = pn_opts_has(args, "fit-within");
	if (!err)
		err = parse_shard(pn_opts_get(args, "shard"), config, diag);
	config->jobs = (unsigned int)jobs;
	config->plan.repeat = (unsigned int)repeat;
	return err;
}

static int check(const struct pn_opts *args, struct pn_diag *diag)
{
	bool named = pn_opts_operands(args)[0];

	if (pn_opts_has(args, "resume") && named)
		return pn_diag_set(diag, -EINVAL, "--resume goes on with what was planned then and takes no NAME");
	if (pn_opts_has(args, "resume") && pn_opts_has(args, "dry-run"))
		return pn_diag_set(diag, -EINVAL, "--dry-run plans a new run, --resume goes on with an old one; expected one of them");
	if (!pn_opts_has(args, "resume") && !named)
		return pn_diag_set(diag, -EINVAL, "nothing to run; usage: puncture run NAME|FILE...; `puncture list` shows the names");
	if (pn_opts_has(args, "resume") && pn_opts_has(args, "connect"))
		return pn_diag_set(diag, -EINVAL, "--resume goes on in the libvirt that the run began with and takes no --connect");
	if (pn_opts_has(args, "connect") && pn_host_check_uri(pn_opts_get(args, "connect"), diag))
		return -EINVAL;
	if (pn_opts_has(args, "kernel") != pn_opts_has(args, "modules"))
		return pn_diag_set(diag, -EINVAL, "--kernel and --modules go together");
	return 0;
}

static int print_plan(const struct pn_run_config *config, struct pn_diag *diag)
{
	struct pn_plan *plan = NULL;
	unsigned int runnable = 0;
	int err = pn_plan_build(&config->plan, &plan, diag);

	if (err)
		return err;
	for (unsigned int i = 0; i < plan->count; i++) {
		const struct pn_case *planned = &plan->cases[i];

		if (config->shard && i % config->shard_count != config->shard - 1)
			continue;
		runnable += !planned->skip_reason;
		printf("%s seed=%" PRIu64 "%s%s\n", planned->id, planned->scenario->seed, planned->skip_reason ? " SKIP: " : "",
		       planned->skip_reason ? planned->skip_reason : "");
	}
	printf("%u cases, %u can run\n", plan->count, runnable);
	pn_plan_free(plan);
	return PN_EXIT_PASS;
}

/* how the user calls us, so that a printed command can be typed back */
static const char *again(void)
{
	const char *wrapper = getenv("PUNCTURE_SELF");

	return wrapper && *wrapper ? wrapper : "puncture run";
}

/* A failure is worth little where it can't be had again. Without room or rights there is none, and the case directory does as well. */
static void leave_bundle(const char *case_dir)
{
	g_autofree char *path = g_build_filename(case_dir, PN_BUNDLE_NAME, NULL);
	struct pn_diag diag = {0};

	if (pn_bundle_pack(case_dir, path, &diag))
		fprintf(stderr, "no bundle: %s\n", diag.text);
}

/* --set as given, and what --exact stands for; NULL-terminated. */
static GPtrArray *all_sets(const struct pn_opts *args)
{
	GPtrArray *sets = g_ptr_array_new();

	for (const char *const *set = pn_opts_all(args, "set"); set && *set; set++)
		g_ptr_array_add(sets, (gpointer)*set);
	if (pn_opts_has(args, "exact"))
		g_ptr_array_add(sets, (gpointer) "guest.exact=true");
	g_ptr_array_add(sets, NULL);
	return sets;
}

static int run(const struct pn_opts *args, struct pn_diag *diag)
{
	g_autofree char *workloads = g_build_filename(pn_paths_share(), "workloads", NULL);
	g_autoptr(GPtrArray) sets = all_sets(args);
	struct pn_run_config config = {
		.plan = {
			.names = pn_opts_operands(args),
			.sets = (const char *const *)sets->pdata,
			.driver = pn_opts_get(args, "driver"),
			.kernel = pn_opts_get(args, "kernel"),
			.modules = pn_opts_get(args, "modules"),
			.qemu = pn_opts_get(args, "qemu"),
			.image = pn_opts_get(args, "image"),
			.workloads_dir = workloads,
		},
		.uri = pn_opts_get(args, "connect"),
		.out_dir = pn_opts_get(args, "out"),
		.resume_dir = pn_opts_get(args, "resume"),
		.run_id = pn_opts_get(args, "run-id"),
		.except_dirs = pn_opts_all(args, "except"),
		.control = pn_opts_has(args, "control"),
		.until_fail = pn_opts_has(args, "until-fail"),
		.argv = pn_opts_words(args),
		.again = again(),
		.failed = leave_bundle,
	};
	int err = check(args, diag);

	if (!err)
		err = parse_numbers(args, &config, diag);
	if (err)
		return err;
	pn_run_init();
	return pn_opts_has(args, "dry-run") ? print_plan(&config, diag) : pn_run(&config, &pn_run_ops_real, diag);
}

const struct pn_command pn_command_run = {
	.name = "run",
	.summary = "run scenarios and suites on real guests",
	.usage = "[OPTION]... NAME|FILE... | --resume DIR",
	.description = description,
	.options = options,
	.operands = "runnable",
	.operands_max = UINT_MAX,
	.run = run,
};
