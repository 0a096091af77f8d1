// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mutants that need no guest: balloond's policy is a pure function, so its own tests judge it. Each mutant goes through all of them; a test that fails has
 * killed it, and a test that hangs or dies has too. The policy as it is goes the same way, and has to pass. Mutants of the daemon around it are judged by
 * the oracle of the host (policy_host.c).
 */
#include "policy.h"

#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <string.h>

#include "../../guests/images/mutants.h"
#include "../../guests/images/paths.h"
#include "../base/diag.h"
#include "../base/spawn.h"
#include "../base/units.h"
#include "policy_host.h"
#include "store.h"

#define BASE "balloond"
#define TEST_TIMEOUT_NS (60 * PN_NS_PER_S)

#define HOST "host"

static const char *const tests[] = {"convergence", "invariant", "trust", NULL};
static const char *const controls[] = {"convergence", "invariant", "trust", HOST};

/* Return: 0 passed, 1 failed, or a negative errno when it could not be run. */
static int run_test(const char *test, const char *mutant, struct pn_diag *diag)
{
	g_autofree char *name = mutant ? g_strdup_printf("judge-%s-%s", test, mutant) : g_strdup_printf("test-" BASE "-%s", test);
	g_autofree char *path = g_build_filename(pn_paths_libexec(), PN_PATHS_DRIVERS, BASE, name, NULL), *out = NULL;
	const char *const argv[] = {path, NULL};
	int err;

	if (!g_file_test(path, G_FILE_TEST_IS_EXECUTABLE))
		return pn_diag_set(diag, -ENOENT, "%s is not there: build the tree that the policy's mutants belong to", path);
	err = pn_spawn_run(argv, NULL, TEST_TIMEOUT_NS, &out, NULL);
	return err == -EIO || err == -ETIMEDOUT ? 1 : err;
}

static int judge_by(const char *judge, const char *mutant, struct pn_diag *diag)
{
	return strcmp(judge, HOST) ? run_test(judge, mutant, diag) : pn_policy_host_judge(mutant, diag);
}

static int judge(const struct pn_mutant *mutant, json_t *mutants, struct pn_diag *diag)
{
	static const char *const host[] = {HOST, NULL};
	bool of_daemon = mutant->oracles_count && !strcmp(mutant->oracles[0], HOST);
	json_t *by = json_array(), *expected = json_array();

	for (const char *const *test = of_daemon ? host : tests; *test; test++) {
		int r = judge_by(*test, mutant->mutant, diag);

		if (r < 0) {
			json_decref(by);
			json_decref(expected);
			return r;
		}
		if (r)
			json_array_append_new(by, json_string(*test));
	}
	for (unsigned int i = 0; i < mutant->oracles_count; i++)
		json_array_append_new(expected, json_string(mutant->oracles[i]));
	json_array_append_new(mutants, json_pack("{s:s, s:b, s:o, s:o, s:s}", "name", mutant->name, "killed", json_array_size(by) > 0, "by", by, "expected",
						 expected, "verdict", json_array_size(by) ? "FAIL" : "PASS"));
	return 0;
}

static int judge_control(json_t *alarms, struct pn_diag *diag)
{
	for (unsigned int i = 0; i < G_N_ELEMENTS(controls); i++) {
		int r = judge_by(controls[i], NULL, diag);

		if (r < 0)
			return r;
		if (r)
			json_array_append_new(alarms, json_pack("{s:s, s:s}", "case", controls[i], "reason", "it fails on balloond as it is"));
	}
	return 0;
}

int pn_policy_mutants_run(struct pn_store *store, struct pn_diag *diag)
{
	json_t *mutants = json_array(), *alarms = json_array(), *all;
	struct pn_mutants list = {};
	int err = pn_mutants_read(&list, diag);

	if (!err)
		err = judge_control(alarms, diag);
	for (unsigned int i = 0; !err && i < list.count; i++) {
		if (!strcmp(list.list[i].base, BASE))
			err = judge(&list.list[i], mutants, diag);
	}
	pn_mutants_free(&list);
	all = json_pack("{s:o, s:o, s:i}", "mutants", mutants, "alarms", alarms, "controls", (int)G_N_ELEMENTS(controls));
	if (!err)
		err = pn_store_write_json(store, "policy.json", all, diag);
	json_decref(all);
	return err;
}
