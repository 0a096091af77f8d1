/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * For the unit tests of this folder: cases without guests. What a case comes to is said by a function of its scenario; everything
 * else (plan, pool, processes, verdicts) is real.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/test-dir.h"
#include "../run/run.h"
#include "../scenario/scenario.h"
#include "lab.h"

/** fake_judge - of the test: "PASS", "FAIL", "OTHER" (fails another way) or "BROK"; asked in the case's process */
static const char *(*fake_judge)(const struct pn_scenario *scenario, unsigned int index);

static int fake_prepare(const struct pn_scenario *scenario, const char *uri, struct pn_diag *diag)
{
	if (strstr(scenario->driver.name, "unbuildable"))
		return pn_diag_set(diag, -EIO, "%s does not build", scenario->driver.name);
	return 0;
}

static char *fake_prepare_key(const struct pn_scenario *scenario)
{
	return g_strdup(scenario->driver.name);
}

static int fake_run_case(const struct pn_job *job, const int *stop, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(job->case_dir, "outcome.json", NULL), *text = NULL;
	const char *word = fake_judge(job->scenario, job->index), *oracle = "ledger", *reason = "";

	if (!strcmp(word, "CRASH"))
		_exit(9);
	if (!strcmp(word, "FAIL"))
		reason = "7 pages leaked at settled:3";
	if (!strcmp(word, "OTHER")) {
		oracle = "liveness";
		reason = "stuck: 1 of 2 MiB";
		word = "FAIL";
	}
	text = g_strdup_printf("{\"verdict\":\"%s\",\"reason\":\"%s: %s\",\"findings\":[{\"oracle\":\"%s\",\"verdict\":\"%s\",\"reason\":\"%s\"}],"
			       "\"metrics\":{},\"duration_s\":0.5}",
			       word, oracle, reason, oracle, word, reason);
	return pn_fs_write(path, text, strlen(text), diag);
}

static char *fake_fit(struct pn_scenario *scenario)
{
	return scenario->guest.vcpus > 8 ? g_strdup("too few CPUs") : NULL;
}

static const struct pn_run_ops fake_ops = {.prepare = fake_prepare, .prepare_key = fake_prepare_key, .run_case = fake_run_case, .fit = fake_fit};

static inline struct pn_lab fake_lab(const char *dir)
{
	return (struct pn_lab){.ops = &fake_ops, .workloads_dir = dir, .dir = dir, .jobs = 2};
}

/* a failed case directory as the record of a run would have it */
static inline char *fake_case(const char *dir, const char *yaml, const char *parts)
{
	char *path = g_build_filename(dir, "case", NULL);
	g_autofree char *scenario = g_build_filename(path, "scenario.yaml", NULL), *journal = g_build_filename(path, "journal.jsonl", NULL);
	g_autofree char *verdict = g_build_filename(path, "verdict.json", NULL);
	g_autofree char *lines = g_strdup_printf("{\"t_ns\":1,\"ev\":\"case\",\"id\":\"one,driver=x\",\"seed\":7}\n%s", parts ? parts : "");
	const char *text = "{\"verdict\":\"FAIL\",\"reason\":\"ledger: 7 pages leaked\",\"findings\":[{\"oracle\":\"ledger\",\"verdict\":\"FAIL\","
			   "\"reason\":\"1 page leaked at unloaded\"}]}";

	assert_int_equal(pn_fs_mkdir_p(path, NULL), 0);
	assert_int_equal(pn_fs_write(scenario, yaml, strlen(yaml), NULL), 0);
	assert_int_equal(pn_fs_write(journal, lines, strlen(lines), NULL), 0);
	assert_int_equal(pn_fs_write(verdict, text, strlen(text), NULL), 0);
	return path;
}
