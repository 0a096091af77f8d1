// SPDX-License-Identifier: GPL-2.0-only
/* Shards of made-up runs put together: nothing lost, nothing counted twice, unlike machines told apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "../../harness/base/diag.h"
#include "../../harness/base/test-dir.h"
#include "../compare/class.h"
#include "../rundir.h"
#include "merge.h"

static void put(const char *dir, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(dir, name, NULL), *parent = g_path_get_dirname(path);

	g_mkdir_with_parents(parent, 0755);
	assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* @cases: "1 P 100" each: place in the whole, verdict's letter (- for none, I for interrupted), when it ended */
static char *make_run(const char *root, const char *name, const char *id, const char *cpu, unsigned int whole, const char *const *cases)
{
	char *dir = g_build_filename(root, name, NULL);
	g_autofree char *host = g_strdup_printf("{\"accel\":\"tcg\",\"cpu\":\"%s\",\"cpus\":2,\"name\":\"%s\"}", cpu, name);
	GString *plan = g_string_new(NULL);

	g_string_printf(plan, "{\"schema\":1,\"run\":\"%s\",\"whole_count\":%u,\"cases\":[", id, whole);
	for (unsigned int i = 0; cases[i]; i++) {
		unsigned int place = 0, at = 0;
		char letter = '-';

		assert_int_equal(sscanf(cases[i], "%u %c %u", &place, &letter, &at), 3);
		g_string_append_printf(plan, "%s{\"index\":%u,\"id\":\"case-%u\",\"whole\":%u}", i ? "," : "", i + 1, place, place);
		if (letter != '-') {
			g_autofree char *file = g_strdup_printf("cases/%04u/verdict.json", i + 1);
			g_autofree char *text = g_strdup_printf("{\"verdict\":\"%s\",\"reason\":\"by %s\",\"start_s\":%u,\"duration_s\":0%s}",
								letter == 'P' ? "PASS" : letter == 'F' ? "FAIL" : "BROK", name, at,
								letter == 'I' ? ",\"interrupted\":true" : "");

			put(dir, file, text);
		}
	}
	g_string_append(plan, "]}");
	put(dir, "plan.json", plan->str);
	put(dir, "host.json", host);
	g_string_free(plan, TRUE);
	return dir;
}

#define CASES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void nothing_lost_nothing_twice(void **state)
{
	g_autofree char *one = make_run(*state, "one", "r", "x", 5, CASES("1 P 100", "3 P 300", "5 I 310"));
	g_autofree char *again = make_run(*state, "again", "r", "x", 5, CASES("3 F 200", "5 P 400"));
	g_autofree char *two = make_run(*state, "two", "r", "x", 5, CASES("2 P 100", "4 - 0"));
	g_autofree char *empty = g_build_filename(*state, "empty", NULL), *out = g_build_filename(*state, "out", NULL);
	struct pn_rundir_totals totals;
	struct pn_merged merged = {0};
	struct pn_rundir *run = NULL;
	struct pn_diag diag = {""};

	g_mkdir_with_parents(empty, 0755);
	for (unsigned int times = 0; times < 2; times++) { /* a second merge replaces the first */
		assert_int_equal(pn_merge(out, CASES(one, again, two, empty), NULL, &merged, &diag), 0);
		assert_int_equal(merged.runs, 3);
		assert_int_equal(merged.unreadable, 1);
		assert_int_equal(merged.repeated, 1);
		assert_int_equal(merged.cases, 5);
		pn_merged_clear(&merged);
	}
	assert_int_equal(pn_rundir_read(out, &run, &diag), 0);
	pn_rundir_totals(run, &totals);
	assert_int_equal(totals.passed, 3);
	assert_int_equal(totals.failed, 1);
	assert_int_equal(totals.unfinished, 1);
	/* the result that was there first, from whichever attempt */
	assert_string_equal(pn_rundir_reason(run, 2), "by again");
	assert_string_equal(pn_rundir_string(run, 4, "id"), "case-5");
	assert_string_equal(pn_rundir_reason(run, 4), "by again");
	pn_rundir_free(run);
}

static void a_shard_that_left_nothing_is_missed(void **state)
{
	g_autofree char *one = make_run(*state, "one", "r", "x", 2, CASES("1 P 100")), *out = g_build_filename(*state, "out", NULL);
	struct pn_rundir_totals totals;
	struct pn_merged merged = {0};
	struct pn_rundir *run = NULL;

	assert_int_equal(pn_merge(out, CASES(one), NULL, &merged, NULL), 0);
	pn_merged_clear(&merged);
	assert_int_equal(pn_rundir_read(out, &run, NULL), 0);
	pn_rundir_totals(run, &totals);
	assert_int_equal(totals.passed, 1);
	assert_int_equal(totals.unfinished, 1);
	assert_string_equal(pn_rundir_string(run, 1, "id"), "case 2, of a shard that has left nothing");
	pn_rundir_free(run);
}

static void unlike_machines_have_no_class_together(void **state)
{
	g_autofree char *one = make_run(*state, "one", "r", "x", 2, CASES("1 P 100")), *two = make_run(*state, "two", "r", "y", 2, CASES("2 P 100"));
	g_autofree char *out = g_build_filename(*state, "out", NULL), *part = g_build_filename(*state, "part", NULL);
	g_autofree char *class = NULL, *of_part = NULL;
	struct pn_merged merged = {0};
	struct pn_rundir *run = NULL;

	assert_int_equal(pn_merge(out, CASES(one, two), NULL, &merged, NULL), 0);
	assert_int_equal(json_object_size(merged.classes), 2);
	pn_merged_clear(&merged);
	assert_int_equal(pn_rundir_read(out, &run, NULL), 0);
	class = pn_class_of(run->host);
	assert_null(class);
	assert_string_equal(pn_rundir_string(run, 1, "machine"), "tcg, y, 2 CPUs");
	pn_rundir_free(run);
	assert_int_equal(pn_merge(part, CASES(one, two), "tcg-y-2-cpus", &merged, NULL), 0);
	assert_int_equal(merged.cases, 1);
	assert_int_equal(merged.elsewhere, 1);
	pn_merged_clear(&merged);
	assert_int_equal(pn_rundir_read(part, &run, NULL), 0);
	of_part = pn_class_of(run->host);
	assert_string_equal(of_part, "tcg, y, 2 CPUs");
	pn_rundir_free(run);
}

static void what_does_not_belong_together_is_refused(void **state)
{
	g_autofree char *one = make_run(*state, "one", "r", "x", 2, CASES("1 P 100")), *other = make_run(*state, "other", "s", "x", 2, CASES("2 P 1"));
	g_autofree char *longer = make_run(*state, "longer", "r", "x", 3, CASES("2 P 1")), *plain = make_run(*state, "plain", "r", "x", 0, CASES("1 P 1"));
	g_autofree char *out = g_build_filename(*state, "out", NULL);
	struct pn_merged merged = {0};
	struct pn_diag diag = {""};

	assert_int_equal(pn_merge(out, CASES(one, other), NULL, &merged, &diag), -EINVAL);
	assert_non_null(strstr(diag.text, "a shard of run s"));
	assert_int_equal(pn_merge(out, CASES(one, longer), NULL, &merged, &diag), -EINVAL);
	assert_non_null(strstr(diag.text, "a shard of 3 cases"));
	assert_int_equal(pn_merge(out, CASES(plain), NULL, &merged, &diag), -EINVAL);
	assert_non_null(strstr(diag.text, "no shard"));
	assert_false(g_file_test(out, G_FILE_TEST_EXISTS));
	/* a run of somebody is not replaced by a merge */
	assert_int_equal(pn_merge(other, CASES(one), NULL, &merged, &diag), -EEXIST);
}

int main(void)
{
#define MERGE_TEST(name) cmocka_unit_test_setup_teardown(name, test_dir_setup, test_dir_teardown)
	const struct CMUnitTest tests[] = {
		MERGE_TEST(nothing_lost_nothing_twice),
		MERGE_TEST(a_shard_that_left_nothing_is_missed),
		MERGE_TEST(unlike_machines_have_no_class_together),
		MERGE_TEST(what_does_not_belong_together_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
