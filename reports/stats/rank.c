// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rank tests. Exact distributions by counting subsets: ways[k][s] is the number of ways to choose k of the pooled ranks with
 * sum s. Ranks are doubled so that mid-ranks of ties are integers, and ties need no approximation.
 */

#include "stats.h"

#include <errno.h>
#include <math.h>

#include "sorted.h"

#define EXACT_SIDE 30
#define EXACT_PAIRS 50

double normal_tail(double z)
{
	return 0.5 * erfc(z * M_SQRT1_2);
}

/*
 * Doubled mid-ranks of @values in their sorted order.
 * Return: sum of t^3 - t over groups of t ties.
 */
static double doubled_ranks(const double *sorted, size_t n, unsigned int *ret_ranks)
{
	double ties = 0;

	for (size_t i = 0, j; i < n; i = j) {
		for (j = i; j < n && sorted[j] == sorted[i]; j++)
			;
		for (size_t k = i; k < j; k++)
			ret_ranks[k] = (unsigned int)(i + j + 1); /* twice the mean of i+1..j */
		ties += pow((double)(j - i), 3) - (double)(j - i);
	}
	return ties;
}

static unsigned int rank_of(const double *sorted, const unsigned int *ranks, size_t n, double value)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (sorted[middle] < value)
			low = middle + 1;
		else
			high = middle;
	}
	return ranks[low];
}

/* Two-sided p of a sum of @k out of @n doubled ranks: chance of a sum at least as far from its mean. */
static double exact_sum_p(const unsigned int *ranks, size_t n, size_t k, unsigned int sum)
{
	unsigned int total = 0;
	g_autofree double *ways = NULL;
	double all = 0, far = 0, mean;
	size_t width;

	for (size_t i = 0; i < n; i++)
		total += ranks[i];
	width = total + 1;
	ways = g_new0(double, (k + 1) * width);
	ways[0] = 1;
	for (size_t i = 0; i < n; i++)
		for (size_t j = MIN(i + 1, k); j > 0; j--)
			for (size_t s = ranks[i]; s < width; s++)
				ways[j * width + s] += ways[(j - 1) * width + s - ranks[i]];
	mean = (double)total * (double)k / (double)n;
	for (size_t s = 0; s < width; s++) {
		all += ways[k * width + s];
		if (fabs((double)s - mean) >= fabs((double)sum - mean) - 1e-9)
			far += ways[k * width + s];
	}
	return far / all;
}

int pn_stats_mann_whitney(const double *a, size_t na, const double *b, size_t nb, double *ret_u, double *ret_p)
{
	size_t n = na + nb;
	g_autofree double *pool = g_new(double, n);
	g_autofree double *sorted = NULL;
	g_autofree unsigned int *ranks = g_new(unsigned int, n);
	unsigned int sum = 0;
	double ties, u, p;

	if (!na || !nb)
		return -ENODATA;
	memcpy(pool, a, na * sizeof(*a));
	memcpy(pool + na, b, nb * sizeof(*b));
	sorted = sorted_copy(pool, n);
	ties = doubled_ranks(sorted, n, ranks);
	for (size_t i = 0; i < na; i++)
		sum += rank_of(sorted, ranks, n, a[i]);
	u = sum / 2.0 - (double)na * ((double)na + 1) / 2;
	if (na <= EXACT_SIDE && nb <= EXACT_SIDE) {
		p = exact_sum_p(ranks, n, na, sum);
	} else {
		double product = (double)na * (double)nb, count = (double)n;
		double sd = sqrt(product / 12 * (count + 1 - ties / (count * (count - 1))));

		p = sd > 0 ? MIN(1, 2 * normal_tail(MAX(0, fabs(u - product / 2) - 0.5) / sd)) : 1;
	}
	if (ret_u)
		*ret_u = u;
	*ret_p = p;
	return 0;
}

/* Two-sided p of a signed-rank sum: every rank is positive or negative with equal chance. */
static double exact_signed_p(const unsigned int *ranks, size_t n, unsigned int positive)
{
	unsigned int total = 0;
	g_autofree double *ways = NULL;
	double far = 0;

	for (size_t i = 0; i < n; i++)
		total += ranks[i];
	ways = g_new0(double, total + 1);
	ways[0] = 1;
	for (size_t i = 0; i < n; i++)
		for (unsigned int s = total; s >= ranks[i] && s > 0; s--)
			ways[s] += ways[s - ranks[i]];
	for (unsigned int s = 0; s <= total; s++)
		if (fabs(s - total / 2.0) >= fabs(positive - total / 2.0) - 1e-9)
			far += ways[s];
	return far / exp2((double)n);
}

int pn_stats_signed_rank(const double *d, size_t n, double *ret_p)
{
	g_autofree double *size = g_new(double, n);
	g_autofree double *sorted = NULL;
	g_autofree unsigned int *ranks = g_new(unsigned int, n);
	unsigned int positive = 0, total = 0;
	double squares = 0;
	size_t used = 0;

	if (!n)
		return -ENODATA;
	for (size_t i = 0; i < n; i++)
		if (d[i] != 0)
			size[used++] = fabs(d[i]);
	if (!used) {
		*ret_p = 1;
		return 0;
	}
	sorted = sorted_copy(size, used);
	doubled_ranks(sorted, used, ranks);
	for (size_t i = 0; i < n; i++) {
		unsigned int rank = d[i] != 0 ? rank_of(sorted, ranks, used, fabs(d[i])) : 0;

		total += rank;
		squares += (double)rank * rank;
		if (d[i] > 0)
			positive += rank;
	}
	if (used <= EXACT_PAIRS)
		*ret_p = exact_signed_p(ranks, used, positive);
	else
		*ret_p = MIN(1, 2 * normal_tail(MAX(0, fabs(positive - total / 2.0) - 1) / sqrt(squares / 4)));
	return 0;
}

/* Largest w with P(W < w) <= tail for the null signed-rank sum of n values without ties; ret_tail gets that chance. */
static size_t signed_rank_cut(size_t n, double tail, double *ret_tail)
{
	size_t total = n * (n + 1) / 2, w;
	g_autofree double *ways = g_new0(double, total + 1);
	double below = 0;

	ways[0] = 1;
	for (size_t rank = 1; rank <= n; rank++)
		for (size_t s = total; s >= rank; s--)
			ways[s] += ways[s - rank];
	for (w = 0; w <= total && below + ways[w] * exp2(-(double)n) <= tail; w++)
		below += ways[w] * exp2(-(double)n);
	*ret_tail = below;
	return w;
}

int pn_stats_hodges_lehmann(const double *d, size_t n, double level, struct pn_interval *ret_interval)
{
	size_t count = n * (n + 1) / 2, cut;
	g_autofree double *walsh = g_new(double, count);
	double tail;

	cut = n ? signed_rank_cut(n, (1 - level) / 2, &tail) : 0;
	if (!cut)
		return -ENODATA;
	for (size_t i = 0, k = 0; i < n; i++)
		for (size_t j = i; j < n; j++)
			walsh[k++] = (d[i] + d[j]) / 2;
	qsort(walsh, count, sizeof(*walsh), sorted_compare);
	*ret_interval = (struct pn_interval){
		.estimate = sorted_quantile(walsh, count, 0.5),
		.low = walsh[cut - 1],
		.high = walsh[count - cut],
		.level = 1 - 2 * tail,
	};
	return 0;
}
