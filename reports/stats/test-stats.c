// SPDX-License-Identifier: GPL-2.0-only
/* Against published tables and worked examples; each test names its source. */

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "random.h"
#include "stats.h"

#define N(x) (sizeof(x) / sizeof((x)[0]))
#define assert_near(a, b, eps) assert_true(fabs((a) - (b)) <= (eps))

/* Hollander and Wolfe, table 4.1 (permeability constants): W = 35, one-sided p 0.1272. */
static void mann_whitney_worked_example(void **state)
{
	static const double x[] = { 0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46 };
	static const double y[] = { 1.15, 0.88, 0.90, 0.74, 1.21 };
	double u, p;

	assert_int_equal(pn_stats_mann_whitney(x, N(x), y, N(y), &u, &p), 0);
	assert_near(u, 35, 1e-9);
	assert_near(p, 2 * 0.1272, 1e-4);
}

/*
 * Critical values of U, two-sided 0.05 (Mann and Whitney 1947; Siegel 1956, table K): the value itself is significant, one more
 * is not. Two interleaved samples with a given U: all of a below b but @u inversions.
 */
static void mann_whitney_critical_values(void **state)
{
	static const struct {
		size_t n;
		unsigned int critical;
	} rows[] = { { 4, 0 }, { 5, 2 }, { 6, 5 }, { 7, 8 }, { 8, 13 }, { 10, 23 }, { 12, 37 }, { 15, 64 }, { 20, 127 } };

	for (size_t r = 0; r < N(rows); r++) {
		for (unsigned int extra = 0; extra < 2; extra++) {
			unsigned int want = rows[r].critical + extra, n = (unsigned int)rows[r].n;
			double a[20], b[20], u, p;

			for (unsigned int i = 0; i < n; i++) {
				unsigned int up = want < n ? want : n;

				b[i] = i + 1;
				a[i] = up + 0.5 - n * 1e-3 + i * 1e-3; /* above exactly `up` of b */
				want -= up;
			}
			assert_int_equal(pn_stats_mann_whitney(a, n, b, n, &u, &p), 0);
			assert_near(u, rows[r].critical + extra, 1e-9);
			assert_true(extra ? p > 0.05 : p <= 0.05);
		}
	}
}

static void mann_whitney_with_ties_is_exact(void **state)
{
	static const double a[] = { 1, 1, 2 }, b[] = { 2, 3, 3 };
	double p;

	/* All 20 splits of {1,1,2,2,3,3}: mid-rank sums 1.5+1.5+3.5 and its mirror come from 2 splits each. */
	assert_int_equal(pn_stats_mann_whitney(a, 3, b, 3, NULL, &p), 0);
	assert_near(p, 4.0 / 20, 1e-12);
	assert_int_equal(pn_stats_mann_whitney(a, 0, b, 3, NULL, &p), -ENODATA);
}

static void large_samples_agree_with_exact_ones(void **state)
{
	struct pn_random random = { 5 };
	double a[31], b[31], exact, normal;

	for (int i = 0; i < 31; i++) {
		a[i] = (double)pn_random_below(&random, 1000000);
		b[i] = (double)pn_random_below(&random, 1000000) + 150000;
	}
	assert_int_equal(pn_stats_mann_whitney(a, 30, b, 30, NULL, &exact), 0);
	a[30] = 1e9; /* one value far off on each side changes little, but takes the other branch */
	b[30] = -1e9;
	assert_int_equal(pn_stats_mann_whitney(a, 31, b, 31, NULL, &normal), 0);
	assert_near(log(exact), log(normal), 1.5);
}

/* Hollander and Wolfe, table 3.1 (Hamilton depression scale): p 0.0391 two-sided, estimate -0.46, 96.1 % interval (-0.786, -0.010). */
static void hodges_lehmann_worked_example(void **state)
{
	static const double x[] = { 1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30 };
	static const double y[] = { 0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29 };
	struct pn_interval interval;
	double d[9], p;

	for (int i = 0; i < 9; i++)
		d[i] = y[i] - x[i];
	assert_int_equal(pn_stats_signed_rank(d, 9, &p), 0);
	assert_near(p, 0.0390625, 1e-9);
	assert_int_equal(pn_stats_hodges_lehmann(d, 9, 0.95, &interval), 0);
	assert_near(interval.estimate, -0.46, 1e-9);
	assert_near(interval.low, -0.786, 1e-9);
	assert_near(interval.high, -0.010, 1e-9);
	assert_near(interval.level, 0.961, 5e-4);
}

/* Wilcoxon's critical values, two-sided 0.05 (Siegel 1956, table G). */
static void signed_rank_critical_values(void **state)
{
	static const struct {
		size_t n;
		unsigned int critical;
	} rows[] = { { 6, 0 }, { 7, 2 }, { 8, 3 }, { 9, 5 }, { 10, 8 }, { 12, 13 }, { 15, 25 }, { 20, 52 }, { 25, 89 } };

	for (size_t r = 0; r < N(rows); r++) {
		for (unsigned int extra = 0; extra < 2; extra++) {
			unsigned int want = rows[r].critical + extra;
			double d[25], p;

			for (size_t i = rows[r].n; i > 0; i--) {
				int positive = i <= want;

				want -= positive ? (unsigned int)i : 0;
				d[i - 1] = positive ? (double)i : -(double)i;
			}
			assert_int_equal(pn_stats_signed_rank(d, rows[r].n, &p), 0);
			assert_true(extra ? p > 0.05 : p <= 0.05);
		}
	}
}

static void too_little_gives_no_interval(void **state)
{
	static const double d[] = { 1, 2, 3, 4, 5 };
	struct pn_interval interval;
	double shift;

	assert_int_equal(pn_stats_hodges_lehmann(d, 5, 0.95, &interval), -ENODATA);
	assert_int_equal(pn_stats_median_interval(d, 5, 0.95, &interval), -ENODATA);
	assert_int_equal(pn_stats_detectable(d, 5, 0.05, 0.8, &shift), -ENODATA);
	assert_int_equal(pn_stats_median(d, 0, &shift), -ENODATA);
}

/* Conover 1999, table A3: n = 10 leaves out one value at each end, coverage 0.9785. */
static void median_interval_from_order_statistics(void **state)
{
	static const double x[] = { 9, 1, 8, 2, 7, 3, 6, 4, 10, 5 };
	struct pn_interval interval;

	assert_int_equal(pn_stats_median_interval(x, N(x), 0.95, &interval), 0);
	assert_near(interval.estimate, 5.5, 1e-12);
	assert_near(interval.low, 2, 1e-12);
	assert_near(interval.high, 9, 1e-12);
	assert_near(interval.level, 0.9785, 1e-4);
}

/* Hyndman and Fan 1996, type 7. */
static void quantiles_interpolate(void **state)
{
	static const double x[] = { 4, 1, 3, 2 };
	double q;

	assert_int_equal(pn_stats_quantile(x, 4, 0.25, &q), 0);
	assert_near(q, 1.75, 1e-12);
	assert_int_equal(pn_stats_quantile(x, 4, 1, &q), 0);
	assert_near(q, 4, 1e-12);
}

/* Holm 1979: 0.01, 0.04, 0.03, 0.005 become 0.03, 0.06, 0.06, 0.02. */
static void holm_adjusts_in_order(void **state)
{
	double p[] = { 0.01, 0.04, 0.03, 0.005 };

	pn_stats_holm(p, 4);
	assert_near(p[0], 0.03, 1e-12);
	assert_near(p[1], 0.06, 1e-12);
	assert_near(p[2], 0.06, 1e-12);
	assert_near(p[3], 0.02, 1e-12);
}

static void bootstrap_covers_and_repeats(void **state)
{
	struct pn_random random = { 1 };
	struct pn_interval one, two;
	double a[40], b[40];

	for (int i = 0; i < 40; i++) {
		b[i] = 100 + (double)pn_random_below(&random, 1000) / 100;
		a[i] = b[i] * 1.2;
	}
	assert_int_equal(pn_stats_bootstrap_ratio(a, 40, b, 40, true, 0.95, 2000, 7, &one), 0);
	assert_int_equal(pn_stats_bootstrap_ratio(a, 40, b, 40, true, 0.95, 2000, 7, &two), 0);
	assert_near(one.estimate, 1.2, 1e-9);
	assert_near(one.low, 1.2, 1e-9); /* pairs move together, so their ratio does not move at all */
	assert_true(one.low == two.low && one.high == two.high);
	assert_int_equal(pn_stats_bootstrap_ratio(a, 40, b, 40, false, 0.95, 2000, 7, &one), 0);
	assert_true(one.low < 1.2 && one.high > 1.2 && one.low > 1.1 && one.high < 1.3);
	assert_int_equal(pn_stats_bootstrap_ratio(a, 40, b, 39, true, 0.95, 100, 7, &one), -EINVAL);
	b[0] = 0;
	assert_int_equal(pn_stats_bootstrap_ratio(a, 3, (double[]){ 0, 0, 0 }, 3, false, 0.95, 100, 7, &one), -EDOM);
}

static void change_point_found_where_it_is(void **state)
{
	struct pn_random random = { 3 };
	double x[40], p;
	size_t at;

	for (int i = 0; i < 40; i++)
		x[i] = (double)pn_random_below(&random, 100) + (i >= 25 ? 120 : 0);
	assert_int_equal(pn_stats_change_point(x, 40, 5, 199, 1, &at, &p), 0);
	assert_int_equal(at, 25);
	assert_near(p, 1.0 / 200, 1e-12);
	for (int i = 25; i < 40; i++)
		x[i] -= 120;
	assert_int_equal(pn_stats_change_point(x, 40, 5, 199, 1, &at, &p), 0);
	assert_true(p > 0.05);
	assert_int_equal(pn_stats_change_point(x, 9, 5, 199, 1, &at, &p), -ENODATA);
}

/* A shift of the size given must be seen about as often as promised: 0.8, give or take 4 standard errors of 400 trials. */
static void detectable_shift_is_detected(void **state)
{
	struct pn_random random = { 11 };
	unsigned int seen = 0;
	const unsigned int trials = 400;
	const double right = (1.959964 + 0.841621) / sqrt(20 * 3 / M_PI); /* for sigma 1 */
	double sum = 0;

	for (unsigned int t = 0; t < trials; t++) {
		double d[20], shift, p;

		for (int i = 0; i < 20; i++) {
			d[i] = 0;
			for (int k = 0; k < 12; k++) /* sum of 12 uniforms: near normal, sd 1 */
				d[i] += (double)pn_random_below(&random, 1 << 20) / (1 << 20) - 0.5;
		}
		assert_int_equal(pn_stats_detectable(d, 20, 0.05, 0.8, &shift), 0);
		sum += shift;
		for (int i = 0; i < 20; i++)
			d[i] += right;
		assert_int_equal(pn_stats_signed_rank(d, 20, &p), 0);
		seen += p <= 0.05;
	}
	assert_in_range(seen, trials * 0.70, trials * 0.90);
	assert_near(sum / trials / right, 1, 0.1);
}

/* Clopper and Pearson's bounds, as tables and every textbook have them; geometric ones by their closed form */
static void proportions_have_exact_bounds(void **state)
{
	static const struct {
		unsigned int k, n;
		bool until;
		double low, high;
	} cases[] = {
		{0, 10, false, 0, 0.3085},  {5, 10, false, 0.1871, 0.8129}, {10, 10, false, 0.6915, 1}, {1, 20, false, 0.00127, 0.2487},
		{1, 1, true, 0.025, 1},	    {1, 10, true, 0.00253, 0.3363},
	};
	struct pn_interval interval;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(pn_stats_proportion(cases[i].k, cases[i].n, cases[i].until, 0.95, &interval), 0);
		assert_near(interval.low, cases[i].low, 1e-4);
		assert_near(interval.high, cases[i].high, 1e-4);
		assert_near(interval.estimate, (double)cases[i].k / cases[i].n, 1e-12);
	}
	assert_int_equal(pn_stats_proportion(0, 0, false, 0.95, &interval), -ENODATA);
	assert_int_equal(pn_stats_proportion(3, 2, false, 0.95, &interval), -ENODATA);
	assert_int_equal(pn_stats_proportion(0, 5, true, 0.95, &interval), -ENODATA);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mann_whitney_worked_example),
		cmocka_unit_test(mann_whitney_critical_values),
		cmocka_unit_test(mann_whitney_with_ties_is_exact),
		cmocka_unit_test(large_samples_agree_with_exact_ones),
		cmocka_unit_test(hodges_lehmann_worked_example),
		cmocka_unit_test(signed_rank_critical_values),
		cmocka_unit_test(too_little_gives_no_interval),
		cmocka_unit_test(median_interval_from_order_statistics),
		cmocka_unit_test(quantiles_interpolate),
		cmocka_unit_test(holm_adjusts_in_order),
		cmocka_unit_test(bootstrap_covers_and_repeats),
		cmocka_unit_test(change_point_found_where_it_is),
		cmocka_unit_test(detectable_shift_is_detected),
		cmocka_unit_test(proportions_have_exact_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
