// SPDX-License-Identifier: GPL-2.0-only
/* Runs of pairs: order, rounds, budget, what can't be paired. The plan and the cases are doubles, everything between is real. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "../../reports/rundir.h"
#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/test-dir.h"
#include "double_plan.h"
#include "run.h"

static void fill(struct pn_case *planned, unsigned int index, const char *name, const char *driver)
{
	double_case(planned, index, name, driver ? driver : "of the file", 7);
	planned->id = g_strdup_printf("%s,driver=%s,load=idle", name, driver);
	planned->params_json = g_strdup_printf("{\"driver\":\"%s\"}", driver);
	planned->skip_reason = strcmp(name, "half") || strcmp(driver, "new") ? NULL : g_strdup("not on this one");
}

/* a name is a case; driver "short" leaves the last one out */
int pn_plan_build(const struct pn_plan_config *config, struct pn_plan **ret_plan, struct pn_diag *diag)
{
	struct pn_plan *plan = g_new0(struct pn_plan, 1);

	plan->count = g_strv_length((char **)config->names) - !g_strcmp0(config->driver, "short");
	plan->cases = g_new0(struct pn_case, plan->count + 1);
	for (unsigned int i = 0; i < plan->count; i++)
		fill(&plan->cases[i], i + 1, config->names[i], config->driver);
	*ret_plan = plan;
	return 0;
}

static int run_case(const struct pn_job *job, const int *stop, struct pn_diag *diag)
{
	static const char text[] = "{\"verdict\":\"PASS\",\"reason\":\"\"}";
	g_autofree char *path = g_build_filename(job->case_dir, "outcome.json", NULL);

	return pn_fs_write(path, text, strlen(text), NULL);
}

static int prepare(const struct pn_scenario *scenario, const char *uri, struct pn_diag *diag)
{
	return 0;
}

static char *prepare_key(const struct pn_scenario *scenario)
{
	return g_strdup("all");
}

static char *fit(struct pn_scenario *scenario)
{
	return NULL;
}

static json_t *host(const struct pn_run_config *config)
{
	return json_pack("{s:s}", "accel", "tcg");
}

static const struct pn_run_ops ops = {prepare, prepare_key, run_case, fit, host, NULL, NULL};

/** struct fixture - a run of pairs in a directory of its own */
struct fixture {
	char *out;
	struct pn_diag diag;
	struct pn_rundir *run;
	unsigned int asked;	   /* how often whether to go on */
	unsigned int enough_after; /* pairs; 0: never */
	unsigned int reported;
	const char *resume_dir;
};

static bool open_answer(const char *dir, unsigned int pairs, void *data)
{
	struct fixture *fixture = data;

	fixture->asked++;
	return !fixture->enough_after || pairs < fixture->enough_after;
}

static int report(const char *dir, bool interrupted, void *data, struct pn_diag *diag)
{
	((struct fixture *)data)->reported++;
	return interrupted ? PN_EXIT_INTERRUPTED : PN_EXIT_REGRESSION;
}

static int do_run(struct fixture *fixture, const char *dir, const char *const *names, const char *driver_b, struct pn_run_pairs pairs)
{
	json_t *head = json_pack("{s:[s], s:[s], s:i, s:i}", "a", "driver=old", "b", "driver=new", "pairs", (int)pairs.pairs, "seed", 1);
	struct pn_plan_config b = {.names = names, .driver = driver_b};
	struct pn_run_config config = {
	    .plan = {.names = names, .driver = "old"},
	    .resume_dir = fixture->resume_dir,
	    .jobs = 1,
	    .pairs = &pairs,
	    .again = "puncture run",
	};
	int code;

	g_free(fixture->out);
	pn_rundir_free(fixture->run);
	fixture->run = NULL;
	config.out_dir = fixture->out = g_build_filename(dir, "out", NULL);
	pairs.b = &b;
	pairs.head = head;
	pairs.open = open_answer;
	pairs.report = report;
	pairs.data = fixture;
	code = pn_run(&config, &ops, &fixture->diag);
	json_decref(head);
	pn_rundir_read(fixture->out, &fixture->run, NULL);
	return code;
}

static void end(struct fixture *fixture)
{
	pn_rundir_free(fixture->run);
	g_free(fixture->out);
}

static const char *tag_of(const struct fixture *fixture, size_t i, const char *key)
{
	return json_string_value(json_object_get(json_object_get(pn_rundir_case(fixture->run, i), "pair"), key));
}

static json_int_t number_of(const struct fixture *fixture, size_t i)
{
	return json_integer_value(json_object_get(json_object_get(pn_rundir_case(fixture->run, i), "pair"), "n"));
}

static const char *const two[] = {"up", "down", NULL};

static void pairs_stand_beside_each_other_in_random_order(void **state)
{
	struct fixture fixture = {0};
	unsigned int ab = 0, up_first = 0;

	assert_int_equal(do_run(&fixture, *state, two, "new", (struct pn_run_pairs){.pairs = 10, .seed = 5}), PN_EXIT_REGRESSION);
	assert_int_equal(fixture.reported, 1);
	assert_int_equal(fixture.run->count, 2 * 2 * 11);
	for (size_t i = 0; i < fixture.run->count; i += 2) {
		assert_int_equal(number_of(&fixture, i), i / 4);
		assert_int_equal(number_of(&fixture, i + 1), i / 4);
		assert_string_equal(tag_of(&fixture, i, "subject"), tag_of(&fixture, i + 1, "subject"));
		assert_string_not_equal(tag_of(&fixture, i, "side"), tag_of(&fixture, i + 1, "side"));
		assert_string_equal(pn_rundir_verdict(fixture.run, i), "PASS");
		assert_string_equal(pn_rundir_string(fixture.run, i, "driver"), *tag_of(&fixture, i, "side") == 'a' ? "old" : "new");
		ab += *tag_of(&fixture, i, "side") == 'a';
		up_first += i % 4 == 0 && g_str_has_prefix(tag_of(&fixture, i, "subject"), "up,");
	}
	assert_string_equal(tag_of(&fixture, 0, "subject") + strlen("up") + (tag_of(&fixture, 0, "subject")[0] == 'd' ? 2 : 0),
			    ",load=idle");
	assert_in_range(ab, 4, 18);
	assert_in_range(up_first, 1, 10);
	assert_true(json_is_object(json_object_get(fixture.run->plan, "compare")));
	end(&fixture);
}

static char *order_of(const char *dir, uint64_t seed)
{
	struct fixture fixture = {0};
	GString *order = g_string_new(NULL);

	do_run(&fixture, dir, two, "new", (struct pn_run_pairs){.pairs = 6, .seed = seed});
	for (size_t i = 0; i < fixture.run->count; i++)
		g_string_append_printf(order, "%s%s ", tag_of(&fixture, i, "subject"), tag_of(&fixture, i, "side"));
	pn_fs_remove_tree(fixture.out, NULL);
	end(&fixture);
	return g_string_free(order, FALSE);
}

static void the_order_follows_the_seed(void **state)
{
	g_autofree char *one = order_of(*state, 1), *again = order_of(*state, 1), *other = order_of(*state, 2);

	assert_string_equal(one, again);
	assert_string_not_equal(one, other);
}

static void pairs_end_when_the_answer_is_there(void **state)
{
	struct fixture fixture = {.enough_after = 3};

	do_run(&fixture, *state, two, "new", (struct pn_run_pairs){.pairs = 10, .seed = 5});
	assert_int_equal(fixture.run->count, 2 * 2 * (1 + 3));
	assert_int_equal(fixture.asked, 3);
	end(&fixture);
}

static void a_spent_budget_still_gives_one_pair(void **state)
{
	struct fixture fixture = {0};

	do_run(&fixture, *state, two, "new", (struct pn_run_pairs){.pairs = 10, .seed = 5, .budget_ns = 1});
	assert_int_equal(fixture.run->count, 2 * 2 * 2);
	end(&fixture);
}

static void half_a_pair_is_left_out_whole(void **state)
{
	static const char *const names[] = {"up", "half", NULL};
	struct fixture fixture = {0};
	unsigned int skipped = 0;

	do_run(&fixture, *state, names, "new", (struct pn_run_pairs){.pairs = 1, .seed = 5});
	for (size_t i = 0; i < fixture.run->count; i++) {
		if (strcmp(pn_rundir_verdict(fixture.run, i), "SKIP"))
			continue;
		assert_true(g_str_has_prefix(tag_of(&fixture, i, "subject"), "half"));
		assert_non_null(strstr(pn_rundir_reason(fixture.run, i), "not on this one"));
		skipped++;
	}
	assert_int_equal(skipped, 4);
	end(&fixture);
}

static void a_comparison_goes_on_where_it_was_cut_off(void **state)
{
	g_autofree char *whole = order_of(*state, 5), *dir = g_build_filename(*state, "out", NULL);
	g_autofree char *verdict = g_build_filename(dir, "cases", "0015", "verdict.json", NULL);
	struct fixture fixture = {.enough_after = 3};
	GString *order = g_string_new(NULL);

	do_run(&fixture, *state, two, "new", (struct pn_run_pairs){.pairs = 6, .seed = 5});
	assert_int_equal(fixture.run->count, 2 * 2 * (1 + 3));
	/* as a kill leaves it: one half of a pair has no verdict */
	assert_int_equal(g_unlink(verdict), 0);
	fixture.enough_after = 0;
	fixture.resume_dir = dir;
	assert_int_equal(do_run(&fixture, *state, two, "new", (struct pn_run_pairs){.pairs = 6, .seed = 5}), PN_EXIT_REGRESSION);
	assert_int_equal(fixture.run->count, 2 * 2 * (1 + 6));
	for (size_t i = 0; i < fixture.run->count; i++) {
		assert_string_equal(pn_rundir_verdict(fixture.run, i), "PASS");
		g_string_append_printf(order, "%s%s ", tag_of(&fixture, i, "subject"), tag_of(&fixture, i, "side"));
	}
	/* the same pairs in the same order as without the interruption */
	assert_string_equal(order->str, whole);
	g_string_free(order, TRUE);
	end(&fixture);
}

static void a_comparison_of_other_scenarios_is_not_gone_on_with(void **state)
{
	static const char *const other[] = {"up", "half", NULL};
	g_autofree char *dir = g_build_filename(*state, "out", NULL);
	struct fixture fixture = {0};

	do_run(&fixture, *state, two, "new", (struct pn_run_pairs){.pairs = 1, .seed = 5});
	fixture.resume_dir = dir;
	assert_int_equal(do_run(&fixture, *state, other, "new", (struct pn_run_pairs){.pairs = 3, .seed = 5}), -EINVAL);
	assert_non_null(strstr(fixture.diag.text, "not what it was"));
	end(&fixture);
}

static void what_can_not_be_paired_leaves_nothing(void **state)
{
	struct fixture fixture = {0};

	assert_int_equal(do_run(&fixture, *state, two, "short", (struct pn_run_pairs){.pairs = 1, .seed = 5}), -EINVAL);
	assert_string_equal(fixture.diag.text, "variant A expands to 2 cases and variant B to 1: nothing to pair");
	assert_false(g_file_test(fixture.out, G_FILE_TEST_EXISTS));
	end(&fixture);
}

int main(void)
{
#define PAIRS_TEST(name) cmocka_unit_test_setup_teardown(name, test_dir_setup, test_dir_teardown)
	const struct CMUnitTest tests[] = {
	    PAIRS_TEST(pairs_stand_beside_each_other_in_random_order),
	    PAIRS_TEST(the_order_follows_the_seed),
	    PAIRS_TEST(pairs_end_when_the_answer_is_there),
	    PAIRS_TEST(a_spent_budget_still_gives_one_pair),
	    PAIRS_TEST(half_a_pair_is_left_out_whole),
	    PAIRS_TEST(a_comparison_goes_on_where_it_was_cut_off),
	    PAIRS_TEST(a_comparison_of_other_scenarios_is_not_gone_on_with),
	    PAIRS_TEST(what_can_not_be_paired_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
