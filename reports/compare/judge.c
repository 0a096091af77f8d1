// SPDX-License-Identifier: GPL-2.0-only
/*
 * The judge. Effects are logs of how much worse B is, so that twice and half are alike and ratios of pairs can be averaged. Limit: where a
 * value is 0 or below there is no ratio; the test by ranks still holds, and a change from nothing to something counts as beyond any
 * limit.
 */
#include "judge.h"

#include <math.h>

#include "../../harness/base/exit.h"
#include "../stats/stats.h"

#define LOOKS 3
#define LOOKS_FROM_PAIRS 12 /* with fewer there is nothing to be saved by stopping early */
#define BOOTSTRAP_ROUNDS 2000

const char *pn_judgement_name(enum pn_judgement judgement)
{
	static const char *const names[] = {"SAME", "IMPROVED", "CANNOT-TELL", "REGRESSED"};

	return names[judgement];
}

int pn_judgement_exit(enum pn_judgement judgement)
{
	static const int codes[] = {PN_EXIT_PASS, PN_EXIT_PASS, PN_EXIT_CANNOT_TELL, PN_EXIT_REGRESSION};

	return codes[judgement];
}

struct pn_series *pn_series_new(const char *subject, const char *name, const struct pn_metric_info *info)
{
	struct pn_series *series = g_new0(struct pn_series, 1);

	series->subject = g_strdup(subject);
	series->name = g_strdup(name);
	series->info = info;
	series->a = g_array_new(FALSE, FALSE, sizeof(double));
	series->b = g_array_new(FALSE, FALSE, sizeof(double));
	return series;
}

void pn_series_free(struct pn_series *series)
{
	if (!series)
		return;
	g_free(series->subject);
	g_free(series->name);
	g_array_unref(series->a);
	g_array_unref(series->b);
	g_free(series);
}

void pn_series_add(struct pn_series *series, double a, double b)
{
	g_array_append_val(series->a, a);
	g_array_append_val(series->b, b);
}

unsigned int pn_judge_looks(unsigned int pairs_max)
{
	return pairs_max < LOOKS_FROM_PAIRS ? 1 : LOOKS;
}

/* at a half, three quarters and all of the pairs: before a half even a large effect is hardly beyond the correction */
bool pn_judge_is_look(unsigned int pairs_max, unsigned int pairs)
{
	if (pairs >= pairs_max)
		return true;
	return pn_judge_looks(pairs_max) > 1 && (pairs == (pairs_max + 1) / 2 || pairs == (3 * pairs_max + 3) / 4);
}

double pn_judge_alpha(unsigned int looks)
{
	return PN_JUDGE_ALPHA / looks;
}

/* the smallest two-sided p that this many pairs can give: all differences on one side, both sides wholly apart */
static double floor_p(size_t pairs, bool paired)
{
	double p = 2;

	for (size_t i = 1; i <= pairs; i++)
		p *= paired ? 0.5 : (double)i / (double)(pairs + i);
	return MIN(1, p);
}

unsigned int pn_judge_pairs_needed(unsigned int looks, unsigned int metrics)
{
	unsigned int pairs = 1;

	while (floor_p(pairs, true) > pn_judge_alpha(looks) / metrics)
		pairs++;
	return pairs;
}

static const struct pn_tier_rule *rule_of(const struct pn_judged *judged)
{
	return &pn_tiers[judged->series->info->tier];
}

static bool is_judged(const struct pn_judged *judged)
{
	return judged->series->info->tier != PN_TIER_INFO;
}

static double value_at(const GArray *values, size_t i)
{
	return g_array_index(values, double, i);
}

static const double *values_of(const GArray *values)
{
	return (const double *)(const void *)values->data;
}

static bool all_positive(const struct pn_series *series)
{
	for (size_t i = 0; i < series->a->len; i++)
		if (!(value_at(series->a, i) > 0) || !(value_at(series->b, i) > 0))
			return false;
	return true;
}

static void range(const struct pn_series *series, double *ret_least, double *ret_most)
{
	*ret_least = INFINITY;
	*ret_most = -INFINITY;
	for (size_t i = 0; i < series->a->len; i++) {
		*ret_least = fmin(*ret_least, fmin(value_at(series->a, i), value_at(series->b, i)));
		*ret_most = fmax(*ret_most, fmax(value_at(series->a, i), value_at(series->b, i)));
	}
}

/* log of how much worse B is, pair by pair */
static double *log_effects(const struct pn_series *series)
{
	double *d = g_new(double, series->a->len);

	for (size_t i = 0; i < series->a->len; i++) {
		d[i] = log(value_at(series->b, i) / value_at(series->a, i));
		if (series->info->higher)
			d[i] = -d[i];
	}
	return d;
}

static double median_of(const GArray *values)
{
	double median = NAN;

	pn_stats_median(values_of(values), values->len, &median);
	return median;
}

/* p and effect by the values of both sides; the effect of a change from or to nothing is infinite */
static void measure_sides(struct pn_judged *judged)
{
	const struct pn_series *series = judged->series;
	double a = median_of(series->a), b = median_of(series->b), worse = series->info->higher ? a - b : b - a;

	pn_stats_mann_whitney(values_of(series->a), series->a->len, values_of(series->b), series->b->len, NULL, &judged->p);
	if (a > 0 && b > 0) {
		judged->ratio = b / a;
		judged->effect = series->info->higher ? -log(b / a) : log(b / a);
	} else if (a == b) {
		judged->ratio = 1;
		judged->effect = 0;
	} else {
		judged->effect = worse > 0 ? INFINITY : -INFINITY;
	}
}

static void measure_pairs(struct pn_judged *judged, const double *d)
{
	size_t n = judged->series->a->len;
	struct pn_interval centre;

	pn_stats_signed_rank(d, n, &judged->p);
	if (pn_stats_hodges_lehmann(d, n, 0, &centre))
		return;
	judged->effect = centre.estimate;
	judged->ratio = exp(judged->series->info->higher ? -centre.estimate : centre.estimate);
}

static void measure(struct pn_judged *judged, double alpha)
{
	g_autofree double *d = NULL;
	const struct pn_series *series = judged->series;
	struct pn_interval interval;
	bool logs = all_positive(series);

	if (!series->a->len)
		return;
	if (logs)
		d = log_effects(series);
	if (logs && rule_of(judged)->paired)
		measure_pairs(judged, d);
	else
		measure_sides(judged);
	if (!logs || pn_stats_hodges_lehmann(d, series->a->len, 1 - alpha, &interval))
		return;
	judged->effect_low = interval.low;
	judged->effect_high = interval.high;
}

/* by the effects themselves; below the tier's least effect nothing is called a change however sure it is */
static void find_detectable(struct pn_judged *judged, double alpha)
{
	g_autofree double *d = NULL;
	const struct pn_series *series = judged->series;
	double shift;

	if (!series->a->len || !all_positive(series) || floor_p(series->a->len, rule_of(judged)->paired) > alpha)
		return;
	d = log_effects(series);
	if (!pn_stats_detectable(d, series->a->len, alpha, PN_JUDGE_POWER, &shift))
		judged->detectable = fmax(expm1(shift), rule_of(judged)->least);
}

static bool harmless(const struct pn_judged *judged)
{
	double limit = log1p(rule_of(judged)->limit), least, most;

	range(judged->series, &least, &most);
	if (least == most)
		return true;
	/* a count that says the same every time needs no test */
	if (!rule_of(judged)->paired && judged->series->a->len > 1 && least > 0 && log(most / least) <= limit)
		return true;
	return judged->effect_low >= -limit && judged->effect_high <= limit; /* false for NAN */
}

static void say_why(struct pn_judged *judged, unsigned int looks, unsigned int family)
{
	unsigned int needed = pn_judge_pairs_needed(looks, family);

	if (judged->series->one_sided && !judged->series->a->len)
		g_snprintf(judged->why, sizeof(judged->why), "measured on one side only");
	else if (!judged->series->a->len)
		g_snprintf(judged->why, sizeof(judged->why), "no pair of it was measured");
	else if (judged->series->a->len < needed)
		g_snprintf(judged->why, sizeof(judged->why), "%u pairs are too few: %u metric%s at once need%s %u", judged->series->a->len,
			   family, family == 1 ? "" : "s", family == 1 ? "s" : "", needed);
	else
		g_snprintf(judged->why, sizeof(judged->why), "too noisy for %u pairs", judged->series->a->len);
}

static void decide(struct pn_judged *judged, unsigned int looks, unsigned int family)
{
	double least = log1p(rule_of(judged)->least);

	if (!is_judged(judged)) {
		judged->verdict = PN_CANNOT_TELL;
		return;
	}
	if (judged->p <= pn_judge_alpha(looks) && fabs(judged->effect) >= least && judged->effect != 0) {
		judged->verdict = judged->effect > 0 ? PN_REGRESSED : PN_IMPROVED;
	} else if (judged->series->a->len && harmless(judged)) {
		judged->verdict = PN_SAME;
	} else {
		judged->verdict = PN_CANNOT_TELL;
		say_why(judged, looks, family);
	}
}

/* values that are all the same can't be significant, so they are no part of what is corrected for (Tarone 1990) */
static bool in_family(const struct pn_judged *judged)
{
	double least, most;

	range(judged->series, &least, &most);
	return is_judged(judged) && !isnan(judged->p) && least < most;
}

static unsigned int correct(struct pn_judged *judged, size_t n)
{
	g_autofree double *p = g_new(double, n);
	unsigned int family = 0;

	for (size_t i = 0; i < n; i++)
		if (in_family(&judged[i]))
			p[family++] = judged[i].p;
	pn_stats_holm(p, family);
	family = 0;
	for (size_t i = 0; i < n; i++)
		if (in_family(&judged[i]))
			judged[i].p = p[family++];
	return MAX(family, 1);
}

static enum pn_judgement sum_up(const struct pn_judged *judged, size_t n)
{
	bool improved = false, open = false, decided = false;

	for (size_t i = 0; i < n; i++) {
		if (!is_judged(&judged[i]))
			continue;
		if (judged[i].verdict == PN_REGRESSED)
			return PN_REGRESSED;
		improved |= judged[i].verdict == PN_IMPROVED;
		decided |= judged[i].series->info->decides && judged[i].verdict != PN_CANNOT_TELL;
		open |= judged[i].series->info->decides && judged[i].verdict == PN_CANNOT_TELL;
	}
	if (open || !decided)
		return PN_CANNOT_TELL;
	return improved ? PN_IMPROVED : PN_SAME;
}

enum pn_judgement pn_judge(const GPtrArray *series, unsigned int looks, struct pn_judged *ret_judged)
{
	double alpha = pn_judge_alpha(looks);
	unsigned int family;

	for (guint i = 0; i < series->len; i++) {
		ret_judged[i] = (struct pn_judged){
		    .series = series->pdata[i],
		    .ratio = NAN,
		    .low = NAN,
		    .high = NAN,
		    .p = NAN,
		    .detectable = NAN,
		    .effect = NAN,
		    .effect_low = NAN,
		    .effect_high = NAN,
		};
		measure(&ret_judged[i], alpha);
	}
	family = correct(ret_judged, series->len);
	for (guint i = 0; i < series->len; i++) {
		find_detectable(&ret_judged[i], alpha / family);
		decide(&ret_judged[i], looks, family);
	}
	return sum_up(ret_judged, series->len);
}

void pn_judge_interval(struct pn_judged *judged, uint64_t seed)
{
	const struct pn_series *series = judged->series;
	size_t n = series->a->len;
	g_autofree double *ratios = g_new(double, n);
	g_autofree double *ones = g_new(double, n);
	struct pn_interval interval;
	double least, most;

	range(series, &least, &most);
	if (least == most)
		judged->low = judged->high = 1;
	if (isnan(judged->ratio) || !all_positive(series))
		return;
	for (size_t i = 0; i < n; i++) {
		ratios[i] = value_at(series->b, i) / value_at(series->a, i);
		ones[i] = 1;
	}
	if (pn_stats_bootstrap_ratio(ratios, n, ones, n, true, PN_JUDGE_LEVEL, BOOTSTRAP_ROUNDS, seed, &interval))
		return;
	judged->low = fmin(interval.low, judged->ratio);
	judged->high = fmax(interval.high, judged->ratio);
}
