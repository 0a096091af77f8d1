// SPDX-License-Identifier: GPL-2.0-only
/* Doubles of what stands around the supervisor. A case's name says how it behaves: pass, fail, crash, hang, ... */
#include "doubles.h"

#include <glib.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/owned.h"
#include "../base/units.h"
#include "double_plan.h"

static void expect(struct pn_scenario *scenario, const char *verdict)
{
	g_free(scenario->expect);
	scenario->expect = g_strdup(verdict);
}

/* a name is a case of that behaviour; a file (on resume) holds the name */
int pn_plan_build(const struct pn_plan_config *config, struct pn_plan **ret_plan, struct pn_diag *diag)
{
	unsigned int count = g_strv_length((char **)config->names);
	struct pn_plan *plan = g_new0(struct pn_plan, 1);

	plan->cases = g_new0(struct pn_case, count);
	for (unsigned int i = 0; i < count; i++) {
		struct pn_case *planned = &plan->cases[i];
		g_autofree char *name = NULL;

		if (!strchr(config->names[i], '/') || pn_fs_read(config->names[i], &name, NULL, NULL))
			name = g_strdup(config->names[i]);
		if (!strcmp(name, "mistake")) {
			pn_plan_free(plan);
			return pn_diag_set(diag, -EINVAL, "mistake.yaml:1: a mistake");
		}
		plan->count++;
		double_case(planned, i + 1, name, "stock", config->seed ? config->seed : 7);
		if (!strcmp(name, "expected-fail"))
			expect(planned->scenario, "fail:ledger");
		else if (g_str_has_prefix(name, "unprepared"))
			expect(planned->scenario, "brok");
		else if (!strcmp(name, "hang"))
			planned->scenario->timeout_ns = 300 * PN_NS_PER_MS;
		planned->id = g_strdup_printf("%s,n=%u", name, i + 1);
		planned->params_json = g_strdup("{\"n\":\"1\"}");
		planned->skip_reason = strcmp(name, "skip") ? NULL : g_strdup("not here");
	}
	*ret_plan = plan;
	return 0;
}

static int outcome(const struct pn_job *job, const char *text)
{
	g_autofree char *path = g_build_filename(job->case_dir, "outcome.json", NULL);

	return pn_fs_write(path, text, strlen(text), NULL);
}

static int run_case(const struct pn_job *job, const int *stop, struct pn_diag *diag)
{
	const char *name = job->scenario->name;

	if (!strcmp(name, "crash")) {
		signal(SIGSEGV, SIG_DFL);
		raise(SIGSEGV);
	}
	if (!strcmp(name, "exit"))
		_exit(0);
	if (!strcmp(name, "daemon") && g_strcmp0(job->uri, "qemu:///system"))
		return pn_diag_set(diag, -EINVAL, "expected to run in qemu:///system, not in %s", job->uri ? job->uri : "the embedded driver");
	while (!strcmp(name, "hang"))
		pause();
	if (!strcmp(name, "error"))
		return pn_diag_set(diag, -EIO, "the agent does not answer");
	if (!strcmp(name, "full"))
		return pn_diag_set(diag, -ENOSPC, "no space left in %s", job->case_dir);
	if (!strcmp(name, "litter"))
		pn_owned_add("file", json_pack("{s:s}", "path", "/nonexistent/puncture-litter"), NULL);
	if (!strcmp(name, "interrupt"))
		kill(getppid(), SIGINT);
	while (!strcmp(name, "interrupt") && !*(volatile const int *)stop)
		usleep(1000);
	if (!strcmp(name, "interrupt"))
		return outcome(job, "{\"verdict\":\"BROK\",\"reason\":\"interrupted\",\"interrupted\":true}");
	if (strstr(name, "fail"))
		return outcome(job, "{\"verdict\":\"FAIL\",\"reason\":\"ledger: 1 page\",\"findings\":[{\"oracle\":\"ledger\","
				    "\"verdict\":\"FAIL\",\"reason\":\"1 page\"}]}");
	if (!strcmp(name, "third") && job->scenario->seed == 3)
		return outcome(job, "{\"verdict\":\"FAIL\",\"reason\":\"seed 3\"}");
	return outcome(job, "{\"verdict\":\"PASS\",\"reason\":\"\"}");
}

static int prepare(const struct pn_scenario *scenario, const char *uri, struct pn_diag *diag)
{
	if (!strcmp(scenario->name, "unprepared"))
		return pn_diag_set(diag, -ENOENT, "no such image");
	if (!strcmp(scenario->name, "daemon") && g_strcmp0(uri, "qemu:///system"))
		return pn_diag_set(diag, -EINVAL, "prepared elsewhere");
	if (!strcmp(scenario->name, "unprepared-crash"))
		abort();
	return 0;
}

static char *prepare_key(const struct pn_scenario *scenario)
{
	return g_strdup(scenario->name);
}

static char *fit(struct pn_scenario *scenario)
{
	return strcmp(scenario->name, "lacking") ? NULL : g_strdup("this host has no such thing");
}

bool double_noisy_host;

static json_t *host(const struct pn_run_config *config)
{
	return json_pack("{s:s, s:{s:s, s:[{s:s, s:s, s:s, s:s}]}}", "accel", "tcg", "fitness", "verdict", double_noisy_host ? "UNFIT" : "FIT", "checks",
			 "name", "busy", "state", double_noisy_host ? "unfit" : "fit", "says", "99 %", "wanted", "at most 10 %");
}

static int control(const struct pn_scenario *scenario, const char *uri, const char *path, struct pn_diag *diag)
{
	static const char text[] = "{\"host\":{\"cost_percent\":1.5},\"guest\":{\"cost_percent\":0.25},\"pairs\":[1,2]}";

	if (!strcmp(scenario->name, "crash"))
		abort();
	return pn_fs_write(path, text, strlen(text), diag);
}

const struct pn_run_ops double_ops = {prepare, prepare_key, run_case, fit, host, control, NULL};
