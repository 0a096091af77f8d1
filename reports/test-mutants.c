// SPDX-License-Identifier: GPL-2.0-only
/* mutants.json out of a run: found, survived, false alarms, and who found what alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <glib.h>
#include <glib/gstdio.h>

#include "mutants.h"
#include "rundir.h"

static json_t *planned(const char *id, const char *driver, const char *expect)
{
	json_t *one = json_pack("{s:s, s:s, s:{s:s}}", "id", id, "driver", driver, "params", "driver", driver);

	if (expect)
		json_object_set_new(json_object_get(one, "params"), "expect", json_string(expect));
	return one;
}

static json_t *ended(const char *raw, const char *first, const char *second)
{
	json_t *verdict = json_pack("{s:s, s:s, s:s, s:[]}", "verdict", "PASS", "raw_verdict", raw, "reason", "r", "findings");

	for (int i = 0; i < 2; i++) {
		if (i ? second : first)
			json_array_append_new(json_object_get(verdict, "findings"),
					      json_pack("{s:s, s:s, s:s}", "oracle", i ? second : first, "verdict", "FAIL", "reason", ""));
	}
	return verdict;
}

static void who_found_what(void **state)
{
	json_t *verdicts[] = {ended("FAIL", "ledger", NULL), ended("FAIL", "ledger", "liveness"), ended("PASS", NULL, NULL),
			      ended("BROK", NULL, NULL),     ended("FAIL", "ledger", NULL),	  ended("PASS", NULL, NULL),
			      ended("FAIL", "host", NULL)};
	struct pn_rundir run = {.dir = (char *)"/nonexistent", .verdicts = verdicts, .count = G_N_ELEMENTS(verdicts)};
	json_t *summary, *oracles;

	run.plan = json_pack("{s:[o,o,o,o,o,o,o]}", "cases", planned("mutants/s,1", "v-leak", "fail:ledger"), planned("mutants/s,2", "v-slow", "fail:liveness"),
			     planned("mutants/s,3", "v-quiet", "fail:ledger"), planned("mutants/s,4", "v-broken", "fail:ledger"),
			     planned("mutants/s,5", "v", NULL), planned("mutants/t,6", "v", NULL), planned("smoke/t,7", "v", NULL));
	summary = pn_mutants_summary(&run);
	assert_int_equal(json_array_size(json_object_get(summary, "mutants")), 4);
	assert_int_equal(json_integer_value(json_object_get(summary, "killed")), 2);
	assert_int_equal(json_integer_value(json_object_get(summary, "false_alarms")), 1);
	assert_int_equal(json_integer_value(json_object_get(summary, "controls")), 2);
	/* one that could not be judged has not been found */
	assert_int_equal(json_array_size(json_object_get(summary, "survivors")), 2);
	oracles = json_object_get(summary, "oracles");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(oracles, "ledger"), "killed")), 2);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(oracles, "ledger"), "alone")), 1);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(oracles, "liveness"), "alone")), 0);
	assert_null(json_object_get(oracles, "host"));
	json_decref(summary);
	json_decref(run.plan);
	for (size_t i = 0; i < run.count; i++)
		json_decref(verdicts[i]);
}

/* A run that has everything: each oracle of its cases must have found two mutants that nobody else did. */
static void oracles_that_nobody_would_miss(void **state)
{
	g_autofree char *dir = g_dir_make_tmp("puncture-test-XXXXXX", NULL), *policy = g_build_filename(dir, "policy.json", NULL);
	json_t *verdicts[] = {ended("FAIL", "ledger", NULL), ended("FAIL", "ledger", NULL), ended("FAIL", "liveness", NULL), ended("BROK", NULL, NULL)};
	struct pn_rundir run = {.dir = dir, .verdicts = verdicts, .count = G_N_ELEMENTS(verdicts)};
	json_t *summary, *lacking;

	json_array_append_new(json_object_get(verdicts[3], "findings"), json_pack("{s:s, s:s, s:s}", "oracle", "faults", "verdict", "BROK", "reason", ""));
	run.plan = json_pack("{s:[o,o,o,o]}", "cases", planned("mutants/s,1", "a", "fail:ledger"), planned("mutants/s,2", "b", "fail:ledger"),
			     planned("mutants/s,3", "c", "fail:liveness:slow"), planned("mutants/s,4", "d", "brok:faults"));
	summary = pn_mutants_summary(&run);
	assert_int_equal(json_array_size(json_object_get(summary, "lacking")), 0); /* it has not got everything */
	json_decref(summary);
	assert_true(g_file_set_contents(policy, "{}", -1, NULL));
	summary = pn_mutants_summary(&run);
	lacking = json_object_get(summary, "lacking");
	assert_int_equal(json_array_size(lacking), 2);
	assert_string_equal(json_string_value(json_array_get(lacking, 0)), "liveness");
	assert_string_equal(json_string_value(json_array_get(lacking, 1)), "faults");
	/* found, by one that can say no more than that nothing was tested */
	assert_int_equal(json_integer_value(json_object_get(summary, "killed")), 4);
	json_decref(summary);
	json_decref(run.plan);
	for (size_t i = 0; i < run.count; i++)
		json_decref(verdicts[i]);
	g_remove(policy);
	g_rmdir(dir);
}

static void a_run_without_mutants_has_no_such_file(void **state)
{
	json_t *verdicts[] = {ended("PASS", NULL, NULL)};
	struct pn_rundir run = {.dir = (char *)"/nonexistent", .verdicts = verdicts, .count = 1};

	run.plan = json_pack("{s:[o]}", "cases", planned("smoke/inflate", "v", NULL));
	assert_null(pn_mutants_summary(&run));
	json_decref(run.plan);
	json_decref(verdicts[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(who_found_what), cmocka_unit_test(oracles_that_nobody_would_miss), cmocka_unit_test(a_run_without_mutants_has_no_such_file)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
