// SPDX-License-Identifier: GPL-2.0-only
/*
 * The judge on simulated hosts: how often it cries wolf, and what it sees. Noise as on shared hosts: a slow drift that both sides of a
 * pair see alike, heavy-tailed noise of each case, and neighbours that come for a stretch of cases and slow everything down.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>

#include "../stats/random.h"
#include "judge.h"

#define METRICS 12
#define PAIRS 24
#define TRIALS 1000

/** struct host - a simulated host */
struct host {
	struct pn_random random;
	double noise; /* sigma of a case's own noise */
	double drift;
	unsigned int busy; /* cases for which a neighbour still stays */
};

static double uniform(struct host *host)
{
	return ((double)(pn_random_next(&host->random) >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(struct host *host)
{
	return sqrt(-2 * log(uniform(host))) * cos(2 * M_PI * uniform(host));
}

/* the share of a case's slowness that the host is to blame for: all metrics of the case have it */
static double next_case(struct host *host)
{
	host->drift = 0.9 * host->drift + 0.5 * host->noise * normal(host);
	if (!host->busy && uniform(host) < 0.05)
		host->busy = 2 + (unsigned int)(uniform(host) * 6);
	host->busy -= host->busy > 0;
	return host->drift + (host->busy ? 2.5 * host->noise : 0);
}

static double own_noise(struct host *host)
{
	double heavy = uniform(host) < 0.1 ? 3 : 1;

	return host->noise * heavy * normal(host) * 0.7;
}

static GPtrArray *make_series(void)
{
	static const char *const names[METRICS] = {
	    "balloon.inflate.bytes_per_s", "balloon.deflate.bytes_per_s", "guest.balloon.cpu_s",     "guest.touch_ns.p50",
	    "guest.touch_ns.p99",	   "guest.touch_ns.p999",	  "load.ops_per_s",	     "balloon.settle_s",
	    "balloon.settle_s.max",	   "driver.kicks_per_page",	  "balloon.settled_targets", "monitor_ns.p99",
	};
	GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)pn_series_free);

	for (size_t i = 0; i < METRICS; i++)
		g_ptr_array_add(all, pn_series_new("case", names[i], pn_metric_find(names[i])));
	return all;
}

static double value_of(struct host *host, const struct pn_series *series, double common, double worse)
{
	double noise = common + own_noise(host);

	if (series->info->tier == PN_TIER_INVARIANT)
		return 2;
	if (series->info->tier == PN_TIER_COUNT)
		return 1000 * (1 + worse) * (1 + 2e-6 * normal(host));
	if (series->info->tier == PN_TIER_TAIL)
		noise *= 2;
	return series->info->higher ? exp(-noise) / (1 + worse) : exp(noise) * (1 + worse);
}

/* one pair in random order; @worse of B in the metric @which */
static void add_pair(struct host *host, GPtrArray *all, size_t which, double worse)
{
	bool ba = pn_random_next(&host->random) >> 63;
	double first = next_case(host), second = next_case(host);

	for (guint i = 0; i < all->len; i++) {
		double a = value_of(host, all->pdata[i], ba ? second : first, 0);
		double b = value_of(host, all->pdata[i], ba ? first : second, i == which ? worse : 0);

		pn_series_add(all->pdata[i], a, b);
	}
}

/** struct result - of one simulated comparison */
struct result {
	enum pn_judgement whole;
	enum pn_judgement metric; /* of the one that was made worse */
	bool alarm;		  /* any metric REGRESSED or IMPROVED */
	unsigned int pairs;
};

static struct result compare(struct host *host, unsigned int pairs_max, size_t which, double worse)
{
	g_autoptr(GPtrArray) all = make_series();
	struct pn_judged judged[METRICS];
	struct result result = {.whole = PN_CANNOT_TELL};

	while (result.whole == PN_CANNOT_TELL && result.pairs < pairs_max) {
		add_pair(host, all, which, worse);
		result.pairs++;
		if (pn_judge_is_look(pairs_max, result.pairs))
			result.whole = pn_judge(all, pn_judge_looks(pairs_max), judged);
	}
	result.metric = judged[which].verdict;
	for (size_t i = 0; i < METRICS; i++)
		result.alarm |= judged[i].verdict == PN_REGRESSED || judged[i].verdict == PN_IMPROVED;
	return result;
}

static unsigned int count_alarms(double noise, unsigned int *ret_same, double *ret_pairs)
{
	struct host host = {.random = {20260101}, .noise = noise};
	unsigned int alarms = 0, pairs = 0;

	*ret_same = 0;
	for (unsigned int trial = 0; trial < TRIALS; trial++) {
		struct result result = compare(&host, PAIRS, 0, 0);

		alarms += result.alarm;
		*ret_same += result.whole == PN_SAME;
		pairs += result.pairs;
	}
	*ret_pairs = (double)pairs / TRIALS;
	return alarms;
}

static void equal_sides_raise_no_more_alarms_than_stated(void **state)
{
	static const double noises[] = {0.02, 0.09, 0.26};

	for (size_t i = 0; i < G_N_ELEMENTS(noises); i++) {
		unsigned int same, alarms;
		double pairs;

		alarms = count_alarms(noises[i], &same, &pairs);
		print_message("noise %.0f %%: %u alarms, %u SAME in %d A/A comparisons, %.1f pairs each\n", noises[i] * 100, alarms, same,
			      TRIALS, pairs);
		assert_true(alarms <= PN_JUDGE_ALPHA * TRIALS);
	}
}

static unsigned int count_found(double noise, size_t which, double worse, unsigned int trials)
{
	struct host host = {.random = {20260202}, .noise = noise};
	unsigned int found = 0;

	for (unsigned int trial = 0; trial < trials; trial++) {
		struct result result = compare(&host, PAIRS, which, worse);

		found += result.metric == PN_REGRESSED;
		assert_int_not_equal(result.metric, PN_IMPROVED);
	}
	return found;
}

static void a_fifth_slower_is_seen(void **state)
{
	unsigned int quiet = count_found(0.09, 0, 0.2, 400), noisy = count_found(0.26, 0, 0.5, 400);

	print_message("+20 %% at 9 %% noise: %u of 400; +50 %% at 26 %% noise: %u of 400\n", quiet, noisy);
	assert_true(quiet >= 380);
	assert_true(noisy >= 200);
}

static void a_count_is_told_to_a_few_percent(void **state)
{
	assert_int_equal(count_found(0.26, 9, 0.05, 20), 20);
	assert_int_equal(count_found(0.26, 9, 0.004, 20), 0);
}

static struct pn_judged judge_one(const char *name, const double *a, const double *b, size_t n)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)pn_series_free);
	struct pn_series *series = pn_series_new("case", name, pn_metric_find(name));
	struct pn_judged judged;

	g_ptr_array_add(all, series);
	for (size_t i = 0; i < n; i++)
		pn_series_add(series, a[i], b[i]);
	pn_judge(all, 1, &judged);
	return judged;
}

static void better_and_worse_follow_the_table(void **state)
{
	const double a[] = {100, 101, 99, 100, 102, 98, 100, 101}, b[] = {150, 152, 149, 151, 150, 149, 152, 150};

	assert_int_equal(judge_one("balloon.inflate.bytes_per_s", a, b, 8).verdict, PN_IMPROVED);
	assert_int_equal(judge_one("guest.balloon.cpu_s", a, b, 8).verdict, PN_REGRESSED);
	assert_int_equal(judge_one("guest.balloon.cpu_s", b, a, 8).verdict, PN_IMPROVED);
	assert_int_equal(judge_one("guest.balloon.cpu_s", a, a, 8).verdict, PN_SAME);
	assert_true(fabs(judge_one("guest.balloon.cpu_s", a, b, 8).ratio - 1.5) < 0.02);
}

static void what_was_not_measured_is_never_the_same(void **state)
{
	const double a[] = {100, 130, 80, 100}, b[] = {150, 90, 149, 120};
	struct pn_judged none = judge_one("guest.balloon.cpu_s", a, b, 0), few = judge_one("guest.balloon.cpu_s", a, b, 4);

	assert_int_equal(none.verdict, PN_CANNOT_TELL);
	assert_true(isnan(none.p) && isnan(none.ratio) && isnan(none.detectable));
	assert_int_equal(few.verdict, PN_CANNOT_TELL);
	assert_string_equal(few.why, "4 pairs are too few: 1 metric at once needs 6");
}

static void from_nothing_to_something_is_a_change(void **state)
{
	const double zero[8] = {0}, kills[] = {1, 2, 1, 1, 3, 1, 1, 2}, once[] = {0, 0, 1, 0, 0, 0, 0, 0};
	struct pn_judged judged = judge_one("guest.oom_kills", zero, kills, 8);

	assert_int_equal(judged.verdict, PN_REGRESSED);
	assert_true(isnan(judged.ratio));
	assert_int_equal(judge_one("guest.oom_kills", zero, zero, 8).verdict, PN_SAME);
	assert_int_equal(judge_one("guest.oom_kills", zero, once, 8).verdict, PN_CANNOT_TELL);
}

static void the_interval_holds_the_ratio(void **state)
{
	const double a[] = {100, 101, 99, 100, 102, 98, 100, 101}, b[] = {150, 152, 149, 151, 150, 149, 152, 150};
	struct pn_series *series = pn_series_new("case", "guest.balloon.cpu_s", pn_metric_find("guest.balloon.cpu_s"));
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)pn_series_free);
	struct pn_judged judged;

	for (size_t i = 0; i < 8; i++)
		pn_series_add(series, a[i], b[i]);
	g_ptr_array_add(all, series);
	pn_judge(all, 1, &judged);
	pn_judge_interval(&judged, 7);
	assert_true(judged.low <= judged.ratio && judged.ratio <= judged.high);
	assert_true(judged.low > 1.4 && judged.high < 1.6);
	assert_true(judged.detectable >= pn_tiers[PN_TIER_WALL].least && judged.detectable < 0.2);
}

static void looks_are_planned(void **state)
{
	assert_int_equal(pn_judge_looks(8), 1);
	assert_false(pn_judge_is_look(8, 7));
	assert_true(pn_judge_is_look(8, 8));
	assert_int_equal(pn_judge_looks(24), 3);
	assert_true(pn_judge_is_look(24, 12) && pn_judge_is_look(24, 18) && pn_judge_is_look(24, 24));
	for (unsigned int max = 12; max < 60; max++) {
		unsigned int looks = 0;

		for (unsigned int pairs = 1; pairs <= max; pairs++)
			looks += pn_judge_is_look(max, pairs);
		assert_int_equal(looks, pn_judge_looks(max));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(equal_sides_raise_no_more_alarms_than_stated),
	    cmocka_unit_test(a_fifth_slower_is_seen),
	    cmocka_unit_test(a_count_is_told_to_a_few_percent),
	    cmocka_unit_test(better_and_worse_follow_the_table),
	    cmocka_unit_test(what_was_not_measured_is_never_the_same),
	    cmocka_unit_test(from_nothing_to_something_is_a_change),
	    cmocka_unit_test(the_interval_holds_the_ratio),
	    cmocka_unit_test(looks_are_planned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
