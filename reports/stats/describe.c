// SPDX-License-Identifier: GPL-2.0-only
/* Order statistics of one sample, and the binomial interval of its median. */

#include "stats.h"

#include <errno.h>
#include <math.h>

#include "sorted.h"

int pn_stats_quantile(const double *x, size_t n, double q, double *ret_quantile)
{
	g_autofree double *s = sorted_copy(x, n);

	if (!n)
		return -ENODATA;
	*ret_quantile = sorted_quantile(s, n, q);
	return 0;
}

int pn_stats_median(const double *x, size_t n, double *ret_median)
{
	return pn_stats_quantile(x, n, 0.5, ret_median);
}

/* Chance that at most k of n fair coins show heads. */
static double binomial_half_cdf(size_t k, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i <= k; i++)
		sum += exp(lgamma((double)n + 1) - lgamma((double)i + 1) - lgamma((double)(n - i) + 1) - (double)n * M_LN2);
	return sum;
}

int pn_stats_median_interval(const double *x, size_t n, double level, struct pn_interval *ret_interval)
{
	g_autofree double *s = sorted_copy(x, n);
	size_t drop = 0; /* values left out at each end */

	if (!n || 1 - 2 * binomial_half_cdf(0, n) < level)
		return -ENODATA;
	while (drop + 1 < (n + 1) / 2 && 1 - 2 * binomial_half_cdf(drop + 1, n) >= level)
		drop++;
	*ret_interval = (struct pn_interval){
		.estimate = sorted_quantile(s, n, 0.5),
		.low = s[drop],
		.high = s[n - 1 - drop],
		.level = 1 - 2 * binomial_half_cdf(drop, n),
	};
	return 0;
}
