// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a run directory of pairs to compare.json and the table, to the byte; calibration on such a run. The directory is made here from
 * seeded noise; `test-compare --update` writes the expected files anew.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../harness/base/diag.h"
#include "../../harness/base/fs.h"
#include "../../harness/base/test-dir.h"
#include "../stats/random.h"
#include "calibrate.h"
#include "class.h"
#include "compare.h"

static bool update;

/** struct recipe - a synthetic run of pairs */
struct recipe {
	unsigned int pairs;
	double worse;	     /* of B: inflation slower, CPU time longer */
	unsigned int fail_b; /* pair whose B failed; 0: none */
	unsigned int lose_a; /* pair whose A broke; 0: none */
	const char *only;    /* metric asked for */
};

static double noise(struct pn_random *random, double sigma)
{
	double sum = 0;

	for (int i = 0; i < 12; i++)
		sum += (double)(pn_random_next(random) >> 11) / 9007199254740992.0;
	return exp(sigma * (sum - 6));
}

static void write_json(json_t *value, const char *dir, const char *name)
{
	g_autofree char *path = g_build_filename(dir, name, NULL), *parent = g_path_get_dirname(path);

	assert_int_equal(pn_fs_mkdir_p(parent, NULL), 0);
	assert_int_equal(json_dump_file(value, path, JSON_INDENT(1)), 0);
	json_decref(value);
}

static json_t *metric(double value)
{
	return json_pack("{s:f, s:s}", "value", value, "unit", "u");
}

static json_t *verdict(const struct recipe *recipe, unsigned int n, bool b, struct pn_random *random)
{
	double worse = b ? 1 + recipe->worse : 1;
	const char *name = b && n && n == recipe->fail_b ? "FAIL" : !b && n && n == recipe->lose_a ? "BROK" : "PASS";

	return json_pack("{s:s, s:s, s:f, s:{s:o, s:o, s:o, s:o, s:o}}", "verdict", name, "reason", strcmp(name, "PASS") ? "1 page" : "",
			 "duration_s", 5 * noise(random, 0.05), "metrics", "balloon.inflate.bytes_per_s",
			 metric(1e8 / worse * noise(random, 0.05)), "guest.balloon.cpu_s", metric(0.5 * worse * noise(random, 0.05)),
			 "balloon.settled_targets", metric(1), "guest.touch_ns.p99", metric(1e6 * noise(random, 0.3)), "qemu.cpu_s",
			 metric(3 * noise(random, 0.1)));
}

static void make_run(const char *dir, const struct recipe *recipe)
{
	static const char *const subjects[] = {"deflate,load=idle", "inflate,load=idle"};
	json_t *cases = json_array(), *only = json_array();
	struct pn_random random = {42};
	unsigned int index = 0;

	for (unsigned int n = 0; n <= recipe->pairs; n++)
		for (size_t subject = 0; subject < 2; subject++)
			for (unsigned int side = 0; side < 2; side++) {
				g_autofree char *name = g_strdup_printf("cases/%04u/verdict.json", ++index);
				g_autofree char *id = g_strdup_printf("%s,n=%u%s", subjects[subject], n, side ? "b" : "a");

				json_array_append_new(cases, json_pack("{s:i, s:s, s:s, s:{s:s, s:i, s:s}}", "index", (int)index, "id", id,
								       "scenario", "s", "pair", "subject", subjects[subject], "n", (int)n,
								       "side", side ? "b" : "a"));
				write_json(verdict(recipe, n, side, &random), dir, name);
			}
	if (recipe->only)
		json_array_append_new(only, json_string(recipe->only));
	write_json(json_pack("{s:i, s:s, s:o, s:{s:[s], s:[s], s:i, s:i, s:o}}", "schema", 1, "run", "synthetic", "cases", cases, "compare",
			     "a", "driver=stock", "b", "driver=vballoon", "pairs", (int)recipe->pairs, "seed", 7, "metrics", only),
		   dir, "plan.json");
	write_json(json_pack("{s:s, s:s, s:i}", "accel", "tcg", "cpu", "Some(R) CPU @ 2 GHz", "cpus", 2), dir, "host.json");
}

static struct pn_comparison *compare(const char *dir, struct recipe recipe)
{
	struct pn_comparison *comparison = NULL;

	make_run(dir, &recipe);
	assert_int_equal(pn_comparison_read(dir, &comparison, NULL), 0);
	return comparison;
}

static void check_golden(const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(PN_GOLDEN_DIR, name, NULL), *expected = NULL;

	if (update)
		assert_int_equal(pn_fs_write(path, text, strlen(text), NULL), 0);
	assert_int_equal(pn_fs_read(path, &expected, NULL, NULL), 0);
	assert_string_equal(text, expected);
}

static char *text_of(const struct pn_comparison *comparison)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	pn_comparison_text(comparison, false, out);
	fclose(out);
	return text;
}

static void assert_narrow(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line; line++)
		assert_true(strlen(*line) <= 80);
}

static const struct pn_judged *find(const struct pn_comparison *comparison, const char *subject, const char *name)
{
	for (guint i = 0; i < comparison->pairs->series->len; i++) {
		const struct pn_series *series = comparison->pairs->series->pdata[i];

		if (g_str_has_prefix(series->subject, subject) && !strcmp(series->name, name))
			return &comparison->judged[i];
	}
	fail_msg("no %s of %s", name, subject);
	return NULL;
}

static void both_forms_are_as_they_were(void **state)
{
	struct pn_comparison *comparison = compare(*state, (struct recipe){.pairs = 16, .worse = 0.3});
	json_t *json = pn_comparison_json(comparison);
	char *text = text_of(comparison), *dump = json_dumps(json, JSON_INDENT(1) | JSON_REAL_PRECISION(6));

	assert_int_equal(comparison->verdict, PN_REGRESSED);
	check_golden("regressed.txt", text);
	check_golden("regressed.json", dump);
	assert_narrow(text);
	free(text);
	free(dump);
	json_decref(json);
	pn_comparison_free(comparison);
}

static void equal_sides_are_the_same(void **state)
{
	struct pn_comparison *comparison = compare(*state, (struct recipe){.pairs = 16});

	assert_int_equal(comparison->verdict, PN_SAME);
	/* the slow tail is too noisy to be told, and does not decide */
	assert_int_equal(find(comparison, "inflate", "guest.touch_ns.p99")->verdict, PN_CANNOT_TELL);
	pn_comparison_free(comparison);
}

static void a_lost_case_takes_its_pair_along(void **state)
{
	struct pn_comparison *comparison = compare(*state, (struct recipe){.pairs = 16, .fail_b = 3, .lose_a = 5});
	const struct pn_judged *failed = find(comparison, "inflate", "case.failed");

	assert_int_equal(comparison->pairs->lost, 4);
	assert_int_equal(find(comparison, "inflate", "guest.balloon.cpu_s")->series->a->len, 14);
	assert_int_equal(failed->series->a->len, 15);
	/* one failure out of fifteen is no proof, and not nothing */
	assert_int_equal(failed->verdict, PN_CANNOT_TELL);
	assert_int_equal(comparison->verdict, PN_CANNOT_TELL);
	pn_comparison_free(comparison);
}

static void a_metric_that_is_asked_for_decides_alone(void **state)
{
	struct pn_comparison *comparison = compare(*state, (struct recipe){.pairs = 16, .worse = 0.3, .only = "qemu.cpu_s"});

	assert_int_equal(comparison->pairs->series->len, 2);
	assert_int_equal(comparison->verdict, PN_SAME);
	pn_comparison_free(comparison);
}

static void too_few_pairs_are_no_answer(void **state)
{
	struct pn_comparison *comparison = compare(*state, (struct recipe){.pairs = 3, .worse = 0.3});

	assert_int_equal(comparison->verdict, PN_CANNOT_TELL);
	assert_true(isnan(find(comparison, "inflate", "guest.balloon.cpu_s")->detectable));
	pn_comparison_free(comparison);
}

static void a_plain_run_is_refused(void **state)
{
	struct pn_comparison *comparison = NULL;
	struct pn_diag diag = {0};

	write_json(json_pack("{s:i, s:s, s:[]}", "schema", 1, "run", "plain", "cases"), *state, "plan.json");
	assert_int_equal(pn_comparison_read(*state, &comparison, &diag), -EINVAL);
	assert_non_null(strstr(diag.text, "not a run of pairs"));
}

static void calibration_knows_the_noise(void **state)
{
	struct pn_comparison *comparison = compare(*state, (struct recipe){.pairs = 16});
	struct pn_calibration *calibration = NULL;
	double of_all = 0;
	size_t cpu = (size_t)(find(comparison, "inflate", "guest.balloon.cpu_s") - comparison->judged);
	size_t tail = (size_t)(find(comparison, "inflate", "guest.touch_ns.p99") - comparison->judged);

	assert_int_equal(pn_calibrate(comparison, 12, 200, &calibration, NULL), 0);
	assert_true(calibration->false_alarm <= PN_JUDGE_ALPHA);
	for (guint i = 0; i < comparison->pairs->series->len; i++)
		of_all += calibration->metrics[i].false_alarm;
	assert_true(calibration->false_alarm <= of_all + 1e-9);
	/* what is only shown raises no alarm */
	assert_int_equal(find(comparison, "inflate", "qemu.cpu_s")->verdict, PN_CANNOT_TELL);
	/* two cases with 5 % noise each differ by 7 % */
	assert_true(calibration->metrics[cpu].noise > 0.03 && calibration->metrics[cpu].noise < 0.15);
	assert_true(calibration->metrics[cpu].detectable > 0.08 && calibration->metrics[cpu].detectable < 0.25);
	assert_true(calibration->metrics[tail].detectable > 2 * calibration->metrics[cpu].detectable);
	pn_calibration_free(calibration);
	pn_comparison_free(comparison);
}

static void calibration_needs_pairs(void **state)
{
	struct pn_comparison *comparison = compare(*state, (struct recipe){.pairs = 3});
	struct pn_calibration *calibration = NULL;
	struct pn_diag diag = {0};

	assert_int_equal(pn_calibrate(comparison, 12, 10, &calibration, &diag), -ENODATA);
	assert_string_equal(diag.text, "3 usable pairs: at least 6 are needed to know this host's noise");
	pn_comparison_free(comparison);
}

static void classes_name_the_machine(void **state)
{
	json_t *host = json_pack("{s:s, s:s, s:i}", "accel", "tcg", "cpu", "Some(R) CPU @ 2 GHz", "cpus", 2), *none = json_object();
	g_autofree char *class = pn_class_of(host), *slug = pn_class_slug(class), *unknown = pn_class_of(none);

	assert_string_equal(class, "tcg, Some(R) CPU @ 2 GHz, 2 CPUs");
	assert_string_equal(slug, "tcg-some-r-cpu-2-ghz-2-cpus");
	assert_null(unknown);
	json_decref(host);
	json_decref(none);
}

static void the_table_knows_its_metrics(void **state)
{
	assert_int_equal(pn_metric_find("balloon.inflate.bytes_per_s")->tier, PN_TIER_WALL);
	assert_true(pn_metric_find("balloon.inflate.bytes_per_s")->higher);
	assert_int_equal(pn_metric_find("fio.read.p99_ns")->tier, PN_TIER_TAIL);
	assert_int_equal(pn_metric_find("fio.read.p50_ns")->tier, PN_TIER_INFO);
	assert_int_equal(pn_metric_find("driver.instructions_per_page")->tier, PN_TIER_COUNT);
	assert_false(pn_metric_known("some.new_thing"));
	assert_int_equal(pn_metric_find("some.new_thing")->tier, PN_TIER_INFO);
	assert_true(pn_metric_asked("some.pages_per_s")->higher);
	assert_int_equal(pn_metric_asked("some.new_thing")->tier, PN_TIER_WALL);
	assert_int_equal(pn_metric_asked("driver.kicks_per_page")->tier, PN_TIER_COUNT);
}

int main(int argc, char **argv)
{
#define COMPARE_TEST(name) cmocka_unit_test_setup_teardown(name, test_dir_setup, test_dir_teardown)
	const struct CMUnitTest tests[] = {
	    COMPARE_TEST(both_forms_are_as_they_were),	    COMPARE_TEST(equal_sides_are_the_same),
	    COMPARE_TEST(a_lost_case_takes_its_pair_along), COMPARE_TEST(a_metric_that_is_asked_for_decides_alone),
	    COMPARE_TEST(too_few_pairs_are_no_answer),	    COMPARE_TEST(a_plain_run_is_refused),
	    COMPARE_TEST(calibration_knows_the_noise),	    COMPARE_TEST(calibration_needs_pairs),
	    COMPARE_TEST(classes_name_the_machine),	    COMPARE_TEST(the_table_knows_its_metrics),
	};

	update = argc > 1 && !strcmp(argv[1], "--update");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
