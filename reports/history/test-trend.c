// SPDX-License-Identifier: GPL-2.0-only
/* Changes over a history: found where they are, with the run to blame; and how often one is named where there is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../harness/base/test-dir.h"
#include "../rundir.h"
#include "../stats/random.h"
#include "private.h"
#include "trend.h"

static double noise(struct pn_random *random, double sigma)
{
	double sum = 0;

	for (int i = 0; i < 12; i++)
		sum += (double)(pn_random_next(random) >> 11) / 9007199254740992.0;
	return exp(sigma * (sum - 6));
}

static GArray *changes_of(const double *values, size_t n, const char *metric)
{
	GArray *changes = g_array_new(FALSE, FALSE, sizeof(struct pn_trend_change));

	pn_trend_find(values, n, pn_metric_find(metric), changes);
	return changes;
}

static void changes_are_found_where_they_are(void **state)
{
	struct pn_random random = {3};
	g_autoptr(GArray) changes = NULL;
	const struct pn_trend_change *first, *second;
	double values[40];

	for (size_t i = 0; i < 40; i++)
		values[i] = (i < 15 ? 1 : i < 28 ? 1.3 : 0.9) * noise(&random, 0.04);
	changes = changes_of(values, 40, "guest.balloon.cpu_s");
	assert_int_equal(changes->len, 2);
	first = &g_array_index(changes, struct pn_trend_change, 0);
	second = &g_array_index(changes, struct pn_trend_change, 1);
	assert_int_equal(first->at, 15);
	assert_true(first->worse && fabs(first->after / first->before - 1.3) < 0.06);
	assert_int_equal(second->at, 28);
	assert_false(second->worse);
}

static void a_small_change_is_none(void **state)
{
	struct pn_random random = {3};
	g_autoptr(GArray) changes = NULL;
	double values[40];

	for (size_t i = 0; i < 40; i++)
		values[i] = (i < 20 ? 1 : 1.04) * noise(&random, 0.005);
	changes = changes_of(values, 40, "guest.balloon.cpu_s");
	assert_int_equal(changes->len, 0);
	g_array_unref(g_steal_pointer(&changes));
	/* of a count it is one */
	changes = changes_of(values, 40, "driver.kicks_per_page");
	assert_int_equal(changes->len, 1);
}

static void quiet_series_are_left_in_peace(void **state)
{
	struct pn_random random = {11};
	unsigned int named = 0, found = 0;

	for (unsigned int trial = 0; trial < 1000; trial++) {
		double values[30];
		g_autoptr(GArray) changes = NULL;

		for (size_t i = 0; i < 30; i++)
			values[i] = noise(&random, 0.09);
		changes = changes_of(values, 30, "guest.balloon.cpu_s");
		named += changes->len > 0;
	}
	for (unsigned int trial = 0; trial < 100; trial++) {
		double values[30];
		g_autoptr(GArray) changes = NULL;

		for (size_t i = 0; i < 30; i++)
			values[i] = (i < 20 ? 1 : 1.2) * noise(&random, 0.09);
		changes = changes_of(values, 30, "guest.balloon.cpu_s");
		found += changes->len > 0;
	}
	print_message("noise 9 %%, 30 runs: %u of 1000 series without a change named; %u of 100 with +20 %% found\n", named, found);
	assert_true(named <= PN_TREND_P * 1000);
	assert_true(found >= 80);
}

/* straight into the tables: what an import does is tested elsewhere */
static void add_run(struct pn_history *history, int64_t i, const char *qemu, double value)
{
	g_autofree char *name = g_strdup_printf("night-%02d", (int)i);

	assert_int_equal(history_do(history, NULL,
				    "INSERT INTO run (id, uid, name, dir, class, start_s, revision, kernel, qemu, branch)"
				    " VALUES (?, ?, ?, '/d', 'tcg, X, 2 CPUs', ?, 'r1', '6.1', ?, 'main')",
				    "issfs", i, name, name, 86400.0 * (double)i, qemu),
			 0);
	for (int64_t number = 0; number < 3; number++)
		assert_int_equal(history_do(history, NULL, "INSERT INTO value VALUES (?, 'up', 'guest.balloon.cpu_s', ?, ?)", "iif", i,
					    number, value * (1 + 0.001 * (double)number)),
				 0);
}

static void the_first_bad_run_is_named(void **state)
{
	g_autofree char *path = g_build_filename(*state, "h.sqlite", NULL);
	struct pn_trend_query query = {.branch = "main"};
	struct pn_history *history = NULL;
	struct pn_random random = {5};
	char *text = NULL;
	size_t size;
	FILE *out;

	assert_int_equal(pn_history_open(path, &history, NULL), 0);
	for (int64_t i = 1; i <= 20; i++)
		add_run(history, i, i < 13 ? "7.2" : "8.0", (i < 13 ? 1 : 1.4) * noise(&random, 0.02));
	out = open_memstream(&text, &size);
	assert_int_equal(pn_trend_text(history, &query, out, NULL), 1);
	fclose(out);
	assert_non_null(strstr(text, "REGRESSED"));
	assert_non_null(strstr(text, "last good night-12"));
	assert_non_null(strstr(text, "first bad night-13"));
	assert_non_null(strstr(text, "changed between them: qemu\n"));
	assert_non_null(strstr(text, "1 series, 1 change for the worse"));
	free(text);
	query.branch = "other";
	out = open_memstream(&text, &size);
	assert_int_equal(pn_trend_text(history, &query, out, NULL), 0);
	fclose(out);
	assert_string_equal(text, "0 series, 0 changes for the worse\n");
	free(text);
	pn_history_close(history);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(changes_are_found_where_they_are),
	    cmocka_unit_test(a_small_change_is_none),
	    cmocka_unit_test(quiet_series_are_left_in_peace),
	    cmocka_unit_test_setup_teardown(the_first_bad_run_is_named, test_dir_setup, test_dir_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
