// SPDX-License-Identifier: GPL-2.0-only
/* Bisecting scripted builds: certain and flaky failures, builds that do not build, an interrupted bisection; and the sequential test's errors. */
#include "fake.h"

#include <errno.h>

#include "bisect.h"

static const struct pn_signature leak = {.verdict = "FAIL", .oracle = "ledger", .reason = "# page leaked at MARK", .kernel = ""};

/* the driver is a file that holds the number of its build; from the sixth on it is bad */
static unsigned int number_of(const struct pn_scenario *scenario)
{
	g_autofree char *text = NULL;

	return pn_fs_read(scenario->driver.name, &text, NULL, NULL) ? 0 : (unsigned int)g_ascii_strtoull(text, NULL, 10);
}

static const char *always(const struct pn_scenario *scenario, unsigned int index)
{
	return number_of(scenario) >= 6 ? "FAIL" : "PASS";
}

static const char *flaky(const struct pn_scenario *scenario, unsigned int index)
{
	return number_of(scenario) >= 6 && (index * 2654435761U >> 16) % 2 ? "FAIL" : "PASS";
}

static const char *fourth_breaks(const struct pn_scenario *scenario, unsigned int index)
{
	return number_of(scenario) == 4 ? "BROK" : always(scenario, index);
}

static const char *all_good(const struct pn_scenario *scenario, unsigned int index)
{
	return "PASS";
}

static struct pn_build *make_builds(unsigned int count)
{
	struct pn_build *builds = g_new0(struct pn_build, count);

	for (unsigned int i = 0; i < count; i++)
		builds[i].id = g_strdup_printf("%u", i);
	return builds;
}

static int bisect(const char *dir, const char *command, struct pn_build *builds, unsigned int count, char **ret_text)
{
	struct pn_lab lab = fake_lab(dir);
	g_autofree char *driver = g_build_filename(dir, "tree/x.ko", NULL), *tree = g_build_filename(dir, "tree", NULL);
	g_autofree char *state = g_build_filename(dir, "bisect.json", NULL);
	struct pn_bisect_config config = {
		.yaml = "summary: x\nseed: 7\npattern: inflate\n",
		.signature = &leak,
		.command = command,
		.tree = tree,
		.driver = driver,
		.noise = 0.01,
		.error = 0.05,
		.state_path = state,
	};
	struct pn_diag diag = {0};
	size_t len;
	int err;

	config.out = open_memstream(ret_text, &len);
	assert_int_equal(pn_fs_mkdir_p(tree, NULL), 0);
	err = pn_bisect_run(&lab, &config, builds, count, &diag);
	fputs(diag.text, config.out);
	fclose(config.out);
	pn_lab_deinit(&lab);
	return err;
}

static void expect(const char *dir, const char *command, unsigned int from, unsigned int to)
{
	struct pn_build *builds = make_builds(12);
	unsigned int ret_from = 99, ret_to = 99;
	char *text = NULL;

	if (bisect(dir, command, builds, 12, &text))
		fail_msg("%s", text);
	if (!pn_bisect_found(builds, 12, &ret_from, &ret_to) || ret_from != from || ret_to != to)
		fail_msg("found %u to %u\n%s", ret_from, ret_to, text);
	pn_builds_free(builds, 12);
	free(text);
}

static void test_certain(void **state)
{
	fake_judge = always;
	expect(*state, "echo $PN_BUILD > x.ko", 6, 6);
}

static void test_flaky(void **state)
{
	fake_judge = flaky;
	expect(*state, "echo $PN_BUILD > x.ko", 6, 6);
}

/* those that do not build are gone round; where they stand at the edge, the answer is as wide as they are */
static void test_skips(void **state)
{
	fake_judge = always;
	expect(*state, "test $PN_BUILD != 3 && echo $PN_BUILD > x.ko", 6, 6);
}

static void test_skips_at_the_edge(void **state)
{
	fake_judge = always;
	expect(*state, "test $PN_BUILD != 5 && test $PN_BUILD != 6 && echo $PN_BUILD > x.ko", 5, 7);
}

static void test_skips_broken(void **state)
{
	fake_judge = fourth_breaks;
	expect(*state, "test $PN_BUILD != 5 && echo $PN_BUILD > x.ko", 4, 6);
}

static void test_nothing_to_find(void **state)
{
	struct pn_build *builds = make_builds(4);
	char *text = NULL;

	fake_judge = all_good;
	assert_int_equal(bisect(*state, "echo $PN_BUILD > x.ko", builds, 4, &text), -ENODATA);
	assert_non_null(strstr(text, "does not fail this way in 20 runs"));
	pn_builds_free(builds, 4);
	free(text);
}

/* what was known is not run again: with a build command that fails, nothing new can be learnt */
static void test_resumes(void **state)
{
	struct pn_build *builds = make_builds(12);
	unsigned int from, to;
	char *text = NULL;

	fake_judge = always;
	expect(*state, "echo $PN_BUILD > x.ko", 6, 6);
	assert_int_equal(bisect(*state, "false", builds, 12, &text), 0);
	assert_true(pn_bisect_found(builds, 12, &from, &to));
	assert_int_equal(from, 6);
	assert_null(strstr(text, "skipped"));
	pn_builds_free(builds, 12);
	free(text);
	/* other builds: nothing of it counts */
	builds = make_builds(11);
	assert_int_equal(bisect(*state, "false", builds, 11, &text), -ENODATA);
	pn_builds_free(builds, 11);
	free(text);
}

static void test_next(void **state)
{
	struct pn_build builds[8] = {0};
	unsigned int from, to;

	assert_int_equal(pn_bisect_next(builds, 8), 7);
	builds[7].state = PN_BUILD_BAD;
	assert_int_equal(pn_bisect_next(builds, 8), 0);
	builds[0].state = PN_BUILD_GOOD;
	assert_int_equal(pn_bisect_next(builds, 8), 3);
	builds[3].state = PN_BUILD_SKIPPED;
	assert_int_equal(pn_bisect_next(builds, 8), 2);
	builds[2].state = PN_BUILD_GOOD;
	assert_false(pn_bisect_found(builds, 8, &from, &to));
	builds[4].state = PN_BUILD_BAD;
	assert_true(pn_bisect_found(builds, 8, &from, &to));
	assert_int_equal(from, 3);
	assert_int_equal(to, 4);
	builds[0].state = builds[2].state = PN_BUILD_SKIPPED;
	assert_false(pn_bisect_found(builds, 8, &from, &to));
}

/* the errors that are promised, over many builds with chances as assumed */
static void test_errors_hold(void **state)
{
	const unsigned int trials = 4000;
	uint64_t random = 1;

	for (int bad = 0; bad <= 1; bad++) {
		unsigned int wrong = 0, runs = 0;

		for (unsigned int t = 0; t < trials; t++) {
			struct pn_sprt test = {.p0 = 0.05, .p1 = 0.4, .alpha = 0.05, .beta = 0.05};

			while (pn_sprt_answer(&test) == PN_SPRT_OPEN) {
				random = random * 6364136223846793005ULL + 1442695040888963407ULL;
				test.hits += (double)(random >> 33) / (double)(1ULL << 31) < (bad ? test.p1 : test.p0);
				test.runs++;
			}
			wrong += pn_sprt_answer(&test) != (bad ? PN_SPRT_BAD : PN_SPRT_GOOD);
			runs += test.runs;
		}
		assert_true(wrong <= trials * 0.06);
		assert_true(runs <= trials * 20);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_certain, test_dir_setup, test_dir_teardown),
	    cmocka_unit_test_setup_teardown(test_flaky, test_dir_setup, test_dir_teardown),
	    cmocka_unit_test_setup_teardown(test_skips, test_dir_setup, test_dir_teardown),
	    cmocka_unit_test_setup_teardown(test_skips_at_the_edge, test_dir_setup, test_dir_teardown),
	    cmocka_unit_test_setup_teardown(test_skips_broken, test_dir_setup, test_dir_teardown),
	    cmocka_unit_test_setup_teardown(test_nothing_to_find, test_dir_setup, test_dir_teardown),
	    cmocka_unit_test_setup_teardown(test_resumes, test_dir_setup, test_dir_teardown),
	    cmocka_unit_test(test_next),
	    cmocka_unit_test(test_errors_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
