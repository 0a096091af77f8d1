// SPDX-License-Identifier: GPL-2.0-only
/* What is found by drawing again: bootstrap of a ratio, permutation test of a change point; and corrections that need no table. */

#include "stats.h"

#include <errno.h>
#include <math.h>

#include "random.h"
#include "sorted.h"

static double median_in_place(double *x, size_t n)
{
	qsort(x, n, sizeof(*x), sorted_compare);
	return sorted_quantile(x, n, 0.5);
}

/* One resampled ratio; NAN when the denominator came out as 0. */
static double draw_ratio(const double *a, size_t na, const double *b, size_t nb, bool paired, struct pn_random *random, double *x, double *y)
{
	double below;

	for (size_t i = 0; i < na; i++) {
		size_t at = pn_random_below(random, na);

		x[i] = a[at];
		if (paired)
			y[i] = b[at];
	}
	for (size_t i = 0; !paired && i < nb; i++)
		y[i] = b[pn_random_below(random, nb)];
	below = median_in_place(y, nb);
	return below != 0 ? median_in_place(x, na) / below : NAN;
}

int pn_stats_bootstrap_ratio(const double *a, size_t na, const double *b, size_t nb, bool paired, double level, unsigned int rounds,
			     uint64_t seed, struct pn_interval *ret_interval)
{
	g_autofree double *x = g_new(double, na);
	g_autofree double *y = g_new(double, nb);
	g_autofree double *ratios = g_new(double, rounds);
	struct pn_random random = { seed };
	double above, below;

	if (paired && na != nb)
		return -EINVAL;
	if (na < 3 || nb < 3 || !rounds)
		return -ENODATA;
	pn_stats_median(a, na, &above);
	pn_stats_median(b, nb, &below);
	if (below == 0)
		return -EDOM;
	for (unsigned int i = 0; i < rounds; i++) {
		ratios[i] = draw_ratio(a, na, b, nb, paired, &random, x, y);
		if (isnan(ratios[i]))
			return -EDOM;
	}
	qsort(ratios, rounds, sizeof(*ratios), sorted_compare);
	*ret_interval = (struct pn_interval){
		.estimate = above / below,
		.low = sorted_quantile(ratios, rounds, (1 - level) / 2),
		.high = sorted_quantile(ratios, rounds, (1 + level) / 2),
		.level = level,
	};
	return 0;
}

/* z with normal_tail(z) = tail, by bisection: called once a comparison, so plain beats fast. */
static double normal_quantile(double tail)
{
	double low = 0, high = 40;

	for (int i = 0; i < 100; i++) {
		double middle = (low + high) / 2;

		if (normal_tail(middle) > tail)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* 1 / quantile of the standard normal at 3/4: makes the median absolute deviation estimate sigma. */
#define MAD_SCALE 1.4826
#define SIGNED_RANK_EFFICIENCY (3 / M_PI)

int pn_stats_detectable(const double *d, size_t n, double alpha, double power, double *ret_shift)
{
	g_autofree double *away = g_new(double, n);
	double median, sigma;

	if (n < 6)
		return -ENODATA;
	pn_stats_median(d, n, &median);
	for (size_t i = 0; i < n; i++)
		away[i] = fabs(d[i] - median);
	sigma = MAD_SCALE * median_in_place(away, n);
	*ret_shift = (normal_quantile(alpha / 2) + normal_quantile(1 - power)) * sigma / sqrt((double)n * SIGNED_RANK_EFFICIENCY);
	return 0;
}

void pn_stats_holm(double *p, size_t n)
{
	g_autofree size_t *order = g_new(size_t, n);
	double worst = 0;

	for (size_t i = 0; i < n; i++) {
		size_t j = i;

		for (; j > 0 && p[order[j - 1]] > p[i]; j--)
			order[j] = order[j - 1];
		order[j] = i;
	}
	for (size_t i = 0; i < n; i++) {
		worst = MAX(worst, MIN(1, p[order[i]] * (double)(n - i)));
		p[order[i]] = worst;
	}
}

/*
 * Largest energy statistic over all cuts. between, left, right are sums of distances over pairs across, before and after the cut;
 * moving the cut by one value updates them in O(n).
 */
static double best_cut(const double *x, size_t n, size_t min_size, size_t *ret_at)
{
	double left = 0, right = 0, between = 0, best = -1;

	for (size_t i = 0; i < n; i++)
		for (size_t j = i + 1; j < n; j++)
			right += fabs(x[i] - x[j]);
	for (size_t cut = 1; cut + min_size <= n; cut++) {
		double to_left = 0, to_right = 0, a = (double)cut, b = (double)(n - cut), q;

		for (size_t j = 0; j + 1 < cut; j++)
			to_left += fabs(x[cut - 1] - x[j]);
		for (size_t j = cut; j < n; j++)
			to_right += fabs(x[cut - 1] - x[j]);
		left += to_left;
		right -= to_right;
		between += to_right - to_left;
		if (cut < min_size)
			continue;
		q = a * b / (a + b) * (2 * between / (a * b) - 2 * left / (a * (a - 1)) - 2 * right / (b * (b - 1)));
		if (q > best) {
			best = q;
			*ret_at = cut;
		}
	}
	return best;
}

int pn_stats_change_point(const double *x, size_t n, size_t min_size, unsigned int rounds, uint64_t seed, size_t *ret_at, double *ret_p)
{
	g_autofree double *shuffled = g_new(double, n);
	struct pn_random random = { seed };
	unsigned int as_large = 0;
	double found;
	size_t ignored;

	min_size = MAX(min_size, 2);
	if (n < 2 * min_size)
		return -ENODATA;
	found = best_cut(x, n, min_size, ret_at);
	memcpy(shuffled, x, n * sizeof(*x));
	for (unsigned int i = 0; i < rounds; i++) {
		for (size_t j = n - 1; j > 0; j--) {
			size_t other = pn_random_below(&random, j + 1);
			double keep = shuffled[j];

			shuffled[j] = shuffled[other];
			shuffled[other] = keep;
		}
		as_large += best_cut(shuffled, n, min_size, &ignored) >= found;
	}
	*ret_p = (1.0 + as_large) / (1.0 + rounds);
	return 0;
}
