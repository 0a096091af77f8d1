// SPDX-License-Identifier: GPL-2.0-only
/* `puncture simulate`: laws of memory control against modelled guests in virtual time. No guest is booted. */
#include "commands.h"

#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../drivers-under-test/balloond/laws/law.h"
#include "../../drivers-under-test/balloond/sim/compare.h"
#include "../../drivers-under-test/balloond/sim/trace.h"
#include "../base/diag.h"
#include "../base/exit.h"
#include "../base/fs.h"
#include "../base/units.h"

static volatile int stop;

static void on_signal(int number)
{
	stop = 1;
}

static void say_done(const struct pn_sim_result *result)
{
	fprintf(stderr, "%s: done in %.0f s of CPU time\n", result->law->name, result->cpu_s);
}

/* every name must be known before anything runs */
static int read_laws(const struct pn_opts *opts, GPtrArray *laws, struct pn_diag *diag)
{
	const char *const *names = pn_opts_all(opts, "policy");

	for (const struct pn_law *const *law = pn_laws; !*names && *law; law++)
		g_ptr_array_add(laws, (gpointer)*law);
	for (; *names; names++) {
		const struct pn_law *law = pn_law_find(*names);

		if (!law)
			return pn_diag_value(diag, "command line", "--policy", *names, "a name that `puncture list laws` shows");
		if (!g_ptr_array_find(laws, law, NULL))
			g_ptr_array_add(laws, (gpointer)law);
	}
	g_ptr_array_add(laws, NULL);
	return 0;
}

static int read_config(const struct pn_opts *opts, struct pn_sim_config *config, uint64_t *ret_jobs, struct pn_diag *diag)
{
	uint64_t guests = config->guests, hours = config->hours, hostile = 0, tick_ns = (uint64_t)(config->tick_s * PN_NS_PER_S);
	int err = pn_opts_uint(opts, "guests", 1, 100000, &guests, diag);

	err = err ? err : pn_opts_uint(opts, "hours", 1, 100000, &hours, diag);
	err = err ? err : pn_opts_uint(opts, "seed", 0, UINT64_MAX, &config->seed, diag);
	err = err ? err : pn_opts_uint(opts, "hostile", 0, 100, &hostile, diag);
	err = err ? err : pn_opts_uint(opts, "jobs", 1, 1024, ret_jobs, diag);
	err = err ? err : pn_opts_duration(opts, "tick", &tick_ns, diag);
	if (err)
		return err;
	if (tick_ns < PN_NS_PER_S || tick_ns > 60 * PN_NS_PER_S)
		return pn_diag_value(diag, "command line", "--tick", pn_opts_get(opts, "tick"), "a duration from 1s to 60s");
	config->guests = (unsigned int)guests;
	config->hours = (unsigned int)hours;
	config->hostile = (double)hostile / 100;
	config->tick_s = (double)tick_ns / PN_NS_PER_S;
	config->cgroups = pn_opts_has(opts, "cgroups");
	return 0;
}

static int write_results(const char *dir, const struct pn_sim_config *config, const struct pn_sim_result *results, size_t count,
			 struct pn_diag *diag)
{
	g_autofree char *json_path = g_build_filename(dir, "simulate.json", NULL), *svg_path = g_build_filename(dir, "simulate.svg", NULL);
	g_autofree char *svg = pn_sim_svg(config, results, count);
	char *json = pn_sim_json(config, results, count);
	int err = pn_fs_write(json_path, json, strlen(json), diag);

	free(json);
	err = err ? err : pn_fs_write(svg_path, svg, strlen(svg), diag);
	if (!err)
		printf("\n%s\n%s\n", json_path, svg_path);
	return err;
}

static int simulate(const struct pn_opts *opts, struct pn_sim_config *config, struct pn_diag *diag)
{
	g_autoptr(GPtrArray) laws = g_ptr_array_new();
	g_autofree struct pn_sim_result *results = NULL;
	struct sigaction action = {.sa_handler = on_signal}, before_int, before_term;
	const char *dir = pn_opts_get(opts, "out");
	uint64_t jobs = g_get_num_processors();
	int err = read_laws(opts, laws, diag);

	err = err ? err : read_config(opts, config, &jobs, diag);
	if (!err && dir)
		err = pn_fs_mkdir_p(dir, diag);
	if (err)
		return err;
	results = g_new0(struct pn_sim_result, laws->len);
	sigaction(SIGINT, &action, &before_int);
	sigaction(SIGTERM, &action, &before_term);
	err = pn_sim_compare(config, (const struct pn_law *const *)laws->pdata, (unsigned int)jobs, &stop, isatty(STDERR_FILENO) ? say_done : NULL,
			     results, diag);
	sigaction(SIGINT, &before_int, NULL);
	sigaction(SIGTERM, &before_term, NULL);
	if (err)
		return err;
	pn_sim_table(config, results, laws->len - 1, stdout);
	return dir ? write_results(dir, config, results, laws->len - 1, diag) : 0;
}

static int run(const struct pn_opts *opts, struct pn_diag *diag)
{
	struct pn_sim_config config = pn_sim_defaults();
	struct pn_sim_trace *trace = NULL;
	const char *path = pn_opts_get(opts, "trace");
	int err = path ? pn_sim_trace_read(path, &trace, diag) : 0;

	if (err)
		return err;
	config.trace = trace;
	err = simulate(opts, &config, diag);
	pn_sim_trace_free(trace);
	return err == -EINTR ? PN_EXIT_INTERRUPTED : err;
}

static const struct pn_option options[] = {
	{"guests", "N", "how many guests (1000)", false, NULL},
	{"hours", "H", "how much virtual time (1000)", false, NULL},
	{"seed", "S", "of guests, loads and mishaps (1)", false, NULL},
	{"out", "DIR", "write simulate.json and simulate.svg there", false, "DIR"},
	{"policy", "NAME", "a law to try; all without (`puncture list laws`); the first is the one that is judged", true, "laws"},
	{"trace", "FILE", "recorded loads instead of synthetic ones", false, "FILE"},
	{"tick", "DURATION", "time between two looks of the controller (10s)", false, NULL},
	{"hostile", "PERCENT", "guests that lie, ignore their targets or free nothing (0)", false, NULL},
	{"cgroups", NULL, "enforce the bounds that a law gives", false, NULL},
	{"jobs", "N", "laws at a time (one per CPU)", false, NULL},
	{0},
};

const struct pn_command pn_command_simulate = {
	.name = "simulate",
	.summary = "the controller and other laws against thousands of modelled guests",
	.usage = "[OPTION]...",
	.description = "Runs laws of memory control, the project's own first, through the same\n"
		       "loads of modelled guests in virtual time, and shows what each got back from\n"
		       "the guests and what that cost them. The same seed gives the same figures,\n"
		       "but for CPU times. What the model does and leaves out stands in\n"
		       "drivers-under-test/balloond/README.md.",
	.options = options,
	.run = run,
};
