// SPDX-License-Identifier: GPL-2.0-only
/* Whole runs over cases that pass, fail, crash, hang and vanish; the plan and the cases are doubles, everything between is real. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "../../reports/rundir.h"
#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/owned.h"
#include "../base/test-dir.h"
#include "../base/units.h"
#include "doubles.h"
#include "run.h"

/** struct fixture - a run in a directory of its own */
struct fixture {
	char *out;
	struct pn_diag diag;
	struct pn_rundir *run;
};

static int do_run(struct fixture *fixture, void **state, const struct pn_run_config *more, ...)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	struct pn_run_config config = more ? *more : (struct pn_run_config){0};
	const char *name;
	va_list args;
	int code;

	va_start(args, more);
	while ((name = va_arg(args, const char *)))
		g_ptr_array_add(names, (char *)name);
	va_end(args);
	g_ptr_array_add(names, NULL);
	if (!fixture->out)
		fixture->out = g_build_filename(*state, "out", NULL);
	config.plan.names = (const char *const *)names->pdata;
	config.out_dir = fixture->out;
	config.again = "ci/puncture run";
	fixture->diag.text[0] = '\0';
	code = pn_run(&config, &double_ops, &fixture->diag);
	pn_rundir_free(fixture->run);
	fixture->run = NULL;
	pn_rundir_read(fixture->out, &fixture->run, NULL);
	return code;
}

static void end(struct fixture *fixture)
{
	pn_rundir_free(fixture->run);
	g_free(fixture->out);
}

static void assert_verdict(const struct fixture *fixture, size_t i, const char *verdict, const char *reason)
{
	assert_non_null(fixture->run);
	assert_string_equal(pn_rundir_verdict(fixture->run, i), verdict);
	if (reason)
		assert_non_null(strstr(pn_rundir_reason(fixture->run, i), reason));
}

static void every_kind_of_end_has_its_verdict(void **state)
{
	struct pn_run_config config = {.jobs = 3};
	struct fixture fixture = {0};

	assert_int_equal(do_run(&fixture, state, &config, "pass", "fail", "crash", "hang", "exit", "error", "skip", "litter", "expected-fail",
				"unprepared", "unprepared-crash", "lacking", NULL),
			 PN_EXIT_FAIL);
	assert_verdict(&fixture, 0, "PASS", NULL);
	assert_verdict(&fixture, 1, "FAIL", "1 page");
	assert_verdict(&fixture, 2, "BROK", "Segmentation fault");
	assert_verdict(&fixture, 3, "BROK", "timed out");
	assert_verdict(&fixture, 4, "BROK", "without an outcome");
	assert_verdict(&fixture, 5, "BROK", "the agent does not answer");
	assert_verdict(&fixture, 6, "SKIP", "not here");
	assert_verdict(&fixture, 7, "BROK", "puncture-litter");
	assert_verdict(&fixture, 8, "PASS", "as expected");
	assert_verdict(&fixture, 9, "BROK", "no such image");
	assert_verdict(&fixture, 10, "BROK", "crashed");
	assert_verdict(&fixture, 11, "SKIP", "no such thing");
	assert_non_null(strstr(pn_rundir_string(fixture.run, 1, "repro"), "out/cases/0002/scenario.yaml --seed 7"));
	end(&fixture);
}

static void exit_codes_are_as_documented(void **state)
{
	static const struct {
		const char *names[3];
		int code;
	} cases[] = {
		{{"pass"}, PN_EXIT_PASS},		{{"pass", "skip"}, PN_EXIT_PASS}, {{"pass", "error"}, PN_EXIT_BROKEN},
		{{"error", "fail"}, PN_EXIT_FAIL},	{{"skip"}, PN_EXIT_NOTHING_RAN},  {{"interrupt", "pass"}, PN_EXIT_INTERRUPTED},
		{{"expected-fail"}, PN_EXIT_PASS},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct fixture fixture = {.out = g_strdup_printf("%s/out%zu", (char *)*state, i)};

		assert_int_equal(do_run(&fixture, state, NULL, cases[i].names[0], cases[i].names[1], NULL), cases[i].code);
		end(&fixture);
	}
}

static void a_mistake_leaves_nothing(void **state)
{
	struct fixture fixture = {0};

	assert_int_equal(do_run(&fixture, state, NULL, "pass", "mistake", NULL), -EINVAL);
	assert_string_equal(fixture.diag.text, "mistake.yaml:1: a mistake");
	assert_false(g_file_test(fixture.out, G_FILE_TEST_EXISTS));
	end(&fixture);
}

static void resume_runs_what_has_not_ended(void **state)
{
	g_autofree char *dir = g_build_filename(*state, "out", NULL);
	struct pn_run_config resume = {.resume_dir = dir, .jobs = 1};
	struct pn_run_config one = {.jobs = 1};
	struct fixture fixture = {0};
	g_autofree char *yaml = NULL, *verdict = NULL, *old = NULL;

	assert_int_equal(do_run(&fixture, state, &one, "pass", "interrupt", "fail", NULL), PN_EXIT_INTERRUPTED);
	assert_verdict(&fixture, 0, "PASS", NULL);
	assert_verdict(&fixture, 1, "BROK", "interrupted");
	assert_null(pn_rundir_verdict(fixture.run, 2));
	/* as if what interrupted had been somebody else */
	yaml = g_build_filename(dir, "plan", "0002.yaml", NULL);
	assert_int_equal(pn_fs_write(yaml, "pass", 4, NULL), 0);
	/* and the host had died while a verdict was not yet there */
	verdict = g_build_filename(dir, "cases", "0001", "verdict.json", NULL);
	assert_int_equal(unlink(verdict), 0);
	assert_int_equal(do_run(&fixture, state, &resume, NULL), PN_EXIT_FAIL);
	assert_verdict(&fixture, 0, "PASS", NULL);
	assert_verdict(&fixture, 1, "PASS", NULL);
	assert_verdict(&fixture, 2, "FAIL", NULL);
	old = g_build_filename(dir, "cases", "0002.old", NULL);
	assert_true(g_file_test(old, G_FILE_TEST_IS_DIR));
	end(&fixture);
}

static void resume_goes_on_in_the_same_libvirt(void **state)
{
	g_autofree char *dir = g_build_filename(*state, "out", NULL);
	struct pn_run_config first = {.jobs = 1, .uri = "qemu:///system"}, resume = {.resume_dir = dir, .jobs = 1};
	struct fixture fixture = {0};
	g_autofree char *yaml = NULL;

	assert_int_equal(do_run(&fixture, state, &first, "interrupt", "daemon", NULL), PN_EXIT_INTERRUPTED);
	yaml = g_build_filename(dir, "plan", "0001.yaml", NULL);
	assert_int_equal(pn_fs_write(yaml, "daemon", 6, NULL), 0);
	assert_int_equal(do_run(&fixture, state, &resume, NULL), PN_EXIT_PASS);
	assert_verdict(&fixture, 0, "PASS", NULL);
	assert_verdict(&fixture, 1, "PASS", NULL);
	assert_non_null(strstr(pn_rundir_string(fixture.run, 1, "repro"), "--connect qemu:///system"));
	end(&fixture);
}

static void a_full_disk_loses_no_case(void **state)
{
	g_autofree char *dir = g_build_filename(*state, "out", NULL);
	struct pn_run_config config = {.jobs = 1}, resume = {.resume_dir = dir};
	struct fixture fixture = {0};
	g_autofree char *yaml = g_build_filename(dir, "plan", "0002.yaml", NULL);

	assert_int_equal(do_run(&fixture, state, &config, "pass", "full", "pass", NULL), PN_EXIT_BROKEN);
	assert_verdict(&fixture, 1, "BROK", "no space left");
	assert_null(pn_rundir_verdict(fixture.run, 2));
	assert_int_equal(pn_fs_write(yaml, "pass", 4, NULL), 0);
	assert_int_equal(do_run(&fixture, state, &resume, NULL), PN_EXIT_PASS);
	end(&fixture);
}

static void rounds_go_on_until_a_case_fails(void **state)
{
	struct pn_run_config config = {.jobs = 1, .until_fail = true};
	struct fixture fixture = {0};

	/* seed 7, then 2, then 3, in which it fails; the rest of that round is dropped */
	assert_int_equal(do_run(&fixture, state, &config, "third", "pass", NULL), PN_EXIT_FAIL);
	assert_int_equal(fixture.run->count, 5);
	assert_verdict(&fixture, 4, "FAIL", "seed 3");
	assert_string_equal(pn_rundir_string(fixture.run, 4, "id"), "third,n=1,round=3");
	end(&fixture);
}

static void shards_take_every_case_once(void **state)
{
	unsigned int cases = 0;

	for (unsigned int shard = 1; shard <= 2; shard++) {
		struct pn_run_config config = {.shard = shard, .shard_count = 2};
		struct fixture fixture = {.out = g_strdup_printf("%s/shard%u", (char *)*state, shard)};

		assert_int_equal(do_run(&fixture, state, &config, "pass", "pass", "pass", NULL), PN_EXIT_PASS);
		cases += fixture.run->count;
		end(&fixture);
	}
	assert_int_equal(cases, 3);
}

static void a_run_directory_is_not_written_over(void **state)
{
	struct fixture fixture = {0};

	assert_int_equal(do_run(&fixture, state, NULL, "pass", NULL), PN_EXIT_PASS);
	assert_int_equal(do_run(&fixture, state, NULL, "pass", NULL), -EEXIST);
	assert_non_null(strstr(fixture.diag.text, "--resume"));
	end(&fixture);
}

static void an_unfit_host_is_told_or_refused(void **state)
{
	struct pn_run_config only_fit = {.fit_only = true};
	struct fixture fixture = {0};

	double_noisy_host = true;
	assert_int_equal(do_run(&fixture, state, &only_fit, "pass", NULL), -EBUSY);
	assert_string_equal(fixture.diag.text, "this host is not fit for measuring times: busy 99 % (at most 10 %)");
	assert_false(g_file_test(fixture.out, G_FILE_TEST_EXISTS));
	assert_int_equal(do_run(&fixture, state, NULL, "pass", NULL), PN_EXIT_PASS);
	double_noisy_host = false;
	end(&fixture);
}

static void a_control_run_is_kept_and_harms_no_case(void **state)
{
	struct pn_run_config config = {.control = true};
	struct fixture fixture = {0}, crashed = {.out = g_build_filename(*state, "crashed", NULL)};
	g_autofree char *cost = NULL, *none = NULL;

	assert_int_equal(do_run(&fixture, state, &config, "pass", NULL), PN_EXIT_PASS);
	cost = pn_rundir_cost(fixture.run);
	assert_string_equal(cost, "monitoring costs 1.50 % of a host core and 0.25 % of a guest CPU (control run, 2 pairs of windows)");
	assert_int_equal(do_run(&crashed, state, &config, "crash", "pass", NULL), PN_EXIT_BROKEN);
	assert_verdict(&crashed, 1, "PASS", NULL);
	none = pn_rundir_cost(crashed.run);
	assert_string_equal(none, "");
	end(&fixture);
	end(&crashed);
}

int main(void)
{
#define RUN_TEST(name) cmocka_unit_test_setup_teardown(name, test_dir_setup, test_dir_teardown)
	const struct CMUnitTest tests[] = {
		RUN_TEST(every_kind_of_end_has_its_verdict), RUN_TEST(exit_codes_are_as_documented),
		RUN_TEST(a_mistake_leaves_nothing),	     RUN_TEST(resume_runs_what_has_not_ended),
		RUN_TEST(a_full_disk_loses_no_case),	     RUN_TEST(rounds_go_on_until_a_case_fails),
		RUN_TEST(shards_take_every_case_once),	     RUN_TEST(a_run_directory_is_not_written_over),
		RUN_TEST(resume_goes_on_in_the_same_libvirt), RUN_TEST(an_unfit_host_is_told_or_refused),
		RUN_TEST(a_control_run_is_kept_and_harms_no_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
