// SPDX-License-Identifier: GPL-2.0-only
/* Looking for a failure again: found at once, found late, never, only others; the lab under it. */
#include "fake.h"

#include <errno.h>

#include "../base/exit.h"
#include "bundle.h"
#include "repro.h"

#define YAML "summary: x\nseed: 7\npattern: inflate\n"

static const char *third(const struct pn_scenario *scenario, unsigned int index)
{
	return index == 3 ? "FAIL" : "PASS";
}

static const char *always(const struct pn_scenario *scenario, unsigned int index)
{
	return "FAIL";
}

static const char *never(const struct pn_scenario *scenario, unsigned int index)
{
	return "PASS";
}

static const char *others(const struct pn_scenario *scenario, unsigned int index)
{
	return index % 2 ? "OTHER" : "PASS";
}

static const char *crash(const struct pn_scenario *scenario, unsigned int index)
{
	return "CRASH";
}

static char *look(const char *dir, const char *yaml, unsigned int tries, bool all, struct pn_repro_tally *ret_tally, int *ret_err)
{
	g_autofree char *case_dir = fake_case(dir, yaml, NULL);
	struct pn_lab lab = fake_lab(dir);
	struct pn_repro_config config = {.tries = tries, .all = all};
	struct pn_bundle *bundle = NULL;
	struct pn_diag diag = {0};
	size_t len;
	char *text;

	lab.jobs = 1;
	config.out = open_memstream(&text, &len);
	assert_int_equal(pn_bundle_open(case_dir, &bundle, &diag), 0);
	config.bundle = bundle;
	*ret_err = pn_repro_run(&lab, &config, ret_tally, &diag);
	fputs(diag.text, config.out);
	fclose(config.out);
	pn_bundle_free(bundle);
	pn_lab_deinit(&lab);
	return text;
}

static void test_until_found(void **state)
{
	struct pn_repro_tally tally;
	char *text;
	int err;

	fake_judge = third;
	text = look(*state, YAML, 10, false, &tally, &err);
	assert_int_equal(err, 0);
	assert_int_equal(tally.made, 3);
	assert_int_equal(tally.same, 1);
	assert_int_equal(pn_repro_exit(&tally, false), PN_EXIT_FAIL);
	assert_non_null(strstr(text, "try 3: failed the same way"));
	assert_non_null(strstr(text, "hit rate 1/3 = 33 %, 95 % interval 0.8 % to 84.2 % (tries that ended at the first hit)"));
	free(text);
}

static void test_all(void **state)
{
	struct pn_repro_tally tally;
	char *text;
	int err;

	fake_judge = third;
	text = look(*state, YAML, 5, true, &tally, &err);
	assert_int_equal(tally.made, 5);
	assert_non_null(strstr(text, "hit rate 1/5 = 20 %, 95 % interval 0.5 % to 71.6 %\n"));
	free(text);
}

static void test_not_found(void **state)
{
	struct pn_repro_tally tally;
	char *text;
	int err;

	fake_judge = never;
	text = look(*state, YAML, 4, false, &tally, &err);
	assert_int_equal(pn_repro_exit(&tally, false), PN_EXIT_PASS);
	assert_non_null(strstr(text, "hit rate 0/4 = 0 %, 95 % interval 0.0 % to 60.2 %\n"));
	free(text);
	fake_judge = others;
	text = look(*state, YAML, 4, false, &tally, &err);
	assert_int_equal(tally.other, 2);
	assert_int_equal(pn_repro_exit(&tally, false), PN_EXIT_CANNOT_TELL);
	assert_non_null(strstr(text, "failed another way: 2"));
	free(text);
}

/* a case whose process dies has shown nothing of the failure, and nothing against it */
static void test_broken(void **state)
{
	struct pn_repro_tally tally;
	char *text;
	int err;

	fake_judge = crash;
	text = look(*state, YAML, 2, false, &tally, &err);
	assert_int_equal(tally.broken, 2);
	assert_int_equal(tally.made, 0);
	assert_int_equal(pn_repro_exit(&tally, false), PN_EXIT_BROKEN);
	free(text);
	fake_judge = third;
	text = look(*state, "summary: x\ndriver: unbuildable\npattern: inflate\n", 2, false, &tally, &err);
	assert_int_equal(tally.broken, 2);
	assert_non_null(strstr(text, "can't be prepared: unbuildable does not build"));
	free(text);
	text = look(*state, "summary: x\nguest: {vcpus: 9}\npattern: inflate\n", 2, false, &tally, &err);
	assert_int_equal(err, -ENOTSUP);
	assert_non_null(strstr(text, "this host can't run the case: too few CPUs"));
	free(text);
}

/* the same way, but in this process, where a terminal can be reached */
static void test_visit(void **state)
{
	static const struct pn_signature leak = {.verdict = "FAIL", .oracle = "ledger", .reason = "# page leaked at MARK", .kernel = ""};
	struct pn_lab lab = fake_lab(*state);
	struct pn_visit visit = {0};
	struct pn_trial trial = {.yaml = YAML}, unprepared = {.yaml = "summary: x\ndriver: unbuildable\npattern: inflate\n"};

	fake_judge = always;
	assert_int_equal(pn_lab_visit(&lab, &trial, &visit, NULL), 0);
	assert_true(pn_trial_failed(&trial, &leak));
	pn_trial_clear(&trial, true);
	assert_int_equal(pn_lab_visit(&lab, &unprepared, &visit, NULL), 0);
	assert_string_equal(json_string_value(json_object_get(unprepared.verdict, "verdict")), "BROK");
	pn_trial_clear(&unprepared, true);
	pn_lab_deinit(&lab);
}

static void test_matrix_refused(void **state)
{
	struct pn_lab lab = fake_lab(*state);
	struct pn_trial trial = {.yaml = "summary: x\npattern: inflate\nmatrix: {driver: [stock, vballoon]}\n"};

	assert_int_equal(pn_lab_run(&lab, &trial, 1, NULL, NULL, NULL), 0);
	assert_non_null(strstr(trial.refused, "2 cases; expected a scenario of one"));
	assert_null(trial.dir);
	pn_trial_clear(&trial, true);
	pn_lab_deinit(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_until_found, test_dir_setup, test_dir_teardown),
	    cmocka_unit_test_setup_teardown(test_all, test_dir_setup, test_dir_teardown),
	    cmocka_unit_test_setup_teardown(test_not_found, test_dir_setup, test_dir_teardown),
	    cmocka_unit_test_setup_teardown(test_broken, test_dir_setup, test_dir_teardown),
	    cmocka_unit_test_setup_teardown(test_visit, test_dir_setup, test_dir_teardown),
	    cmocka_unit_test_setup_teardown(test_matrix_refused, test_dir_setup, test_dir_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
