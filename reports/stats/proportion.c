// SPDX-License-Identifier: GPL-2.0-only
/*
 * How often something happens, of which k of n trials are known. Exact intervals: the binomial tails are summed, the bounds found by
 * bisection. That is slow for millions of trials and right for any number of them.
 */
#include "stats.h"

#include <errno.h>
#include <math.h>

#define BISECTIONS 60

/* chance of at least @k hits in @n trials of chance @p each */
static double tail(unsigned int k, unsigned int n, double p)
{
	double sum = 0;

	if (!k)
		return 1;
	if (p <= 0 || p >= 1)
		return p >= 1;
	for (unsigned int i = k; i <= n; i++)
		sum += exp(lgamma(n + 1.0) - lgamma(i + 1.0) - lgamma(n - i + 1.0) + i * log(p) + (n - i) * log1p(-p));
	return fmin(sum, 1);
}

/* the p at which tail(k, n, p), which rises with p, is @wanted */
static double solve(unsigned int k, unsigned int n, double wanted)
{
	double low = 0, high = 1;

	for (int i = 0; i < BISECTIONS; i++) {
		double middle = (low + high) / 2;

		if (tail(k, n, middle) < wanted)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}

int pn_stats_proportion(unsigned int k, unsigned int n, bool until, double level, struct pn_interval *ret_interval)
{
	double alpha = 1 - level;

	if (!n || k > n || (until && !k))
		return -ENODATA;
	*ret_interval = (struct pn_interval){
	    .estimate = (double)k / n,
	    .low = k ? solve(k, n, alpha / 2) : 0,
	    .high = k < n ? solve(until ? k : k + 1, until ? n - 1 : n, 1 - alpha / 2) : 1,
	    .level = level,
	};
	return 0;
}
