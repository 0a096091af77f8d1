// SPDX-License-Identifier: GPL-2.0-only
/* Techniques of a run made of verdicts whose every number is known; the knee of curves whose knee is known. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <glib.h>

#include "html/html.h"
#include "knee.h"
#include "rundir.h"
#include "techniques.h"

#define MIB (1024 * 1024)

/** struct made - one case: a technique, its figures; negative: not measured */
struct made {
	const char *technique, *unaware, *verdict, *why;
	double asked, returned, t90, p99;
};

static const struct made cases[] = {
	{"balloon-strict", NULL, "PASS", NULL, 128, 128, 0.5, 9000},  {"zswap", NULL, "PASS", "technique zswap: 50 %: copies", 128, 64, -1, 20000},
	{"ksm", NULL, "PASS", NULL, 128, 128, 4, 7000},		      {"balloon-strict", NULL, "PASS", NULL, 128, 128, 0.7, 8000},
	{"zswap", NULL, "PASS", "technique zswap: 25 %: copies", 128, 32, -1, 22000}, {"ksm", NULL, "PASS", NULL, 128, 120, 6, 7500},
	{"balloon-strict", "true", "PASS", NULL, 128, 0, -1, 5000},   {"ksm", "true", "PASS", NULL, 128, 128, 4, 5000},
	{"overcommit-v2", NULL, "SKIP", NULL, -1, -1, -1, -1},
};

static void put(json_t *metrics, const char *name, double value)
{
	if (value >= 0)
		json_object_set_new(metrics, name, json_pack("{s:f, s:s}", "value", value, "unit", "x"));
}

static void make(struct pn_rundir *run)
{
	json_t *list = json_array();

	*run = (struct pn_rundir){.dir = (char *)"/nonexistent", .host = json_pack("{s:s}", "accel", "tcg"), .count = G_N_ELEMENTS(cases)};
	run->verdicts = g_new0(json_t *, run->count);
	for (size_t i = 0; i < run->count; i++) {
		const struct made *made = &cases[i];
		json_t *metrics = json_object(), *findings = json_array(), *params = json_pack("{s:s, s:s, s:s}", "driver", "d", "backing", "4k", "technique", made->technique);

		put(metrics, "technique.asked_bytes", made->asked * MIB);
		put(metrics, "technique.returned_bytes", made->returned * MIB);
		put(metrics, "technique.t90_s", made->t90);
		put(metrics, "guests.a.guest.touch_ns.p99", made->p99);
		put(metrics, "guests.b.guest.touch_ns.p99", made->p99 / 2);
		if (made->unaware)
			json_object_set_new(params, "unaware", json_string(made->unaware));
		if (made->why)
			json_array_append_new(findings, json_pack("{s:s, s:s}", "oracle", "liveness", "reason", made->why));
		json_array_append_new(list, json_pack("{s:s, s:s, s:o}", "id", made->technique, "scenario", "technique", "params", params));
		run->verdicts[i] = json_pack("{s:s, s:s, s:o, s:o}", "verdict", made->verdict, "reason", strcmp(made->verdict, "SKIP") ? "" : "no version 2", "metrics",
					     metrics, "findings", findings);
	}
	run->plan = json_pack("{s:o}", "cases", list);
}

static void unmake(struct pn_rundir *run)
{
	for (size_t i = 0; i < run->count; i++)
		json_decref(run->verdicts[i]);
	g_free(run->verdicts);
	json_decref(run->plan);
	json_decref(run->host);
}

static void assert_value(const json_t *entry, const char *path, int end, double expected)
{
	double value;

	assert_true(pn_techniques_value(entry, path, end, &value));
	assert_true(fabs(value - expected) < 1e-6 * fabs(expected) + 1e-9);
}

static void assert_text(const json_t *entry, const char *key, const char *expected)
{
	assert_string_equal(json_string_value(json_object_get(entry, key)), expected);
}

static void repeats_are_taken_together(void **state)
{
	struct pn_rundir run;
	const json_t *balloon, *zswap, *skipped;
	json_t *list;
	double value;

	make(&run);
	list = pn_techniques_json(&run);
	assert_int_equal(json_array_size(list), 6);
	balloon = json_array_get(list, 0);
	zswap = json_array_get(list, 1);
	skipped = json_array_get(list, 5);
	assert_value(balloon, "t90_s", -1, 0.6);
	assert_value(balloon, "t90_s", 0, 0.5);
	assert_value(balloon, "t90_s", 1, 0.7);
	assert_value(balloon, "touch_ns.p99", -1, 8500); /* of the slower of both guests */
	assert_text(balloon, "verdict", "all");
	assert_true(json_is_true(json_object_get(balloon, "needs_guest_driver")));
	assert_text(zswap, "verdict", "part");
	assert_text(zswap, "why", "technique zswap: 50 %: copies");
	assert_false(pn_techniques_value(zswap, "t90_s", -1, &value)); /* never back: absent, not 0 */
	assert_null(json_object_get(zswap, "needs_guest_driver"));   /* nobody looked */
	assert_true(json_is_false(json_object_get(json_array_get(list, 2), "needs_guest_driver")));
	assert_text(json_array_get(list, 3), "verdict", "nothing");
	assert_text(skipped, "verdict", "SKIP");
	assert_text(skipped, "why", "no version 2");
	json_decref(list);
	unmake(&run);
}

static void rankings_are_compared(void **state)
{
	struct pn_rundir run;
	double w;

	make(&run);
	/* balloon, zswap, ksm by p99: 2 3 1 in both repeats */
	assert_int_equal(pn_techniques_concordance(&run, "technique", "guest.touch_ns.p99", &w), 2);
	assert_true(fabs(w - 1) < 1e-9);
	/* only two of them have a time to 90 % in each repeat: nothing can be said */
	assert_int_equal(pn_techniques_concordance(&run, "technique", "technique.t90_s", &w), -ENODATA);
	unmake(&run);
}

static void page_shows_what_was_measured(void **state)
{
	g_autoptr(GString) page = g_string_new(NULL);
	struct pn_rundir run;

	make(&run);
	pn_html_techniques(page, &run);
	assert_non_null(strstr(page->str, "not measured"));
	assert_non_null(strstr(page->str, "no version 2"));
	assert_null(strstr(page->str, "nan"));
	unmake(&run);
}

static void finds_the_knee(void **state)
{
	static const double x[] = {1, 2, 3, 4, 5, 6}, bent[] = {0, 0, 0, 1, 10, 20}, straight[] = {0, 1, 2, 3, 4, 5}, falling[] = {5, 4, 3, 2, 1, 0};

	assert_int_equal(pn_knee(x, bent, 6), 3);
	assert_int_equal(pn_knee(x, straight, 6), -1);
	assert_int_equal(pn_knee(x, falling, 6), -1);
	assert_int_equal(pn_knee(x, bent, 3), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(repeats_are_taken_together), cmocka_unit_test(rankings_are_compared),
					   cmocka_unit_test(page_shows_what_was_measured), cmocka_unit_test(finds_the_knee)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
