/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Statistics of comparison and gate. Small and our own, because GSL is GPL-3 and can't share a binary with libperf, and has none of these.
 * Every function is pure, takes samples in any order, never changes them, and is checked against published tables (test-stats.c names
 * them). A sample too small to say anything gives -ENODATA, never a number.
 */

/** struct pn_interval - an estimate and the interval that covers it */
struct pn_interval {
	double estimate;
	double low;
	double high;
	double level; /* coverage really reached: exact intervals come in steps */
};

/** pn_stats_median() - median; mean of the two middle values of an even number. Return: 0 or -ENODATA for @n 0. */
int pn_stats_median(const double *x, size_t n, double *ret_median);

/** pn_stats_quantile() - quantile @q in 0..1 by linear interpolation (Hyndman and Fan 1996, type 7). Return: 0 or -ENODATA. */
int pn_stats_quantile(const double *x, size_t n, double q, double *ret_quantile);

/**
 * pn_stats_median_interval() - distribution-free interval of the median from order statistics (Conover 1999, 3.2)
 * @level: coverage wanted, such as 0.95; the smallest interval with at least it is given
 *
 * Return: 0, or -ENODATA when even the whole range covers less (n < 6 at 0.95).
 */
int pn_stats_median_interval(const double *x, size_t n, double level, struct pn_interval *ret_interval);

/**
 * pn_stats_mann_whitney() - are two independent samples from one distribution? (Mann and Whitney 1947)
 * @ret_u: pairs with a > b, ties counting half; may be NULL
 * @ret_p: two-sided; exact (also with ties: by enumerating the mid-rank sums) up to 30 a side, else the normal approximation with tie correction
 *
 * Return: 0, or -ENODATA when a side is empty.
 */
int pn_stats_mann_whitney(const double *a, size_t na, const double *b, size_t nb, double *ret_u, double *ret_p);

/**
 * pn_stats_signed_rank() - is the median of paired differences 0? (Wilcoxon 1945, zeros dropped)
 * @ret_p: two-sided; exact up to 50 pairs, else the normal approximation
 *
 * Return: 0; with nothing but zeros p is 1; -ENODATA for @n 0.
 */
int pn_stats_signed_rank(const double *d, size_t n, double *ret_p);

/**
 * pn_stats_hodges_lehmann() - centre of paired differences: median of the Walsh averages, with the interval that the signed-rank test does
 * not reject (Hollander, Wolfe and Chicken 2014, 3.2 and 3.3)
 * @level: coverage wanted
 *
 * Return: 0, or -ENODATA when no interval has that level (n < 6 at 0.95).
 */
int pn_stats_hodges_lehmann(const double *d, size_t n, double level, struct pn_interval *ret_interval);

/**
 * pn_stats_bootstrap_ratio() - ratio of medians median(a)/median(b) with a percentile interval
 * @paired: draw pairs (na must equal nb) instead of both sides alone
 * @seed: of the resampling; the same seed gives the same interval
 *
 * Return: 0, -ENODATA under 3 a side, -EDOM when a median of b is 0, -EINVAL for unequal pairs.
 */
int pn_stats_bootstrap_ratio(const double *a, size_t na, const double *b, size_t nb, bool paired, double level, unsigned int rounds,
			     uint64_t seed, struct pn_interval *ret_interval);

/**
 * pn_stats_detectable() - the smallest shift that this many such differences would have shown
 * @alpha: two-sided error of the first kind, @power: chance to see it, such as 0.8
 *
 * From the spread of the differences themselves (scaled median absolute deviation), with the signed-rank test's efficiency 3/pi against
 * the t test at the normal (Hodges and Lehmann 1956). Return: 0 or -ENODATA under 6 differences.
 */
int pn_stats_detectable(const double *d, size_t n, double alpha, double power, double *ret_shift);

/**
 * pn_stats_proportion() - how often something happens: @k hits in @n trials
 * @until: the trials went on until the @k-th hit, which was the last of them, instead of a fixed number of trials
 * @level: coverage wanted, such as 0.95; reached or exceeded whatever the true chance is
 *
 * Exact interval from binomial tails (Clopper and Pearson 1934); for trials that stop at a hit from those of the negative binomial
 * (Casella and Berger 2002, 9.2). Return: 0, or -ENODATA for no trials, more hits than trials, or @until without a hit.
 */
int pn_stats_proportion(unsigned int k, unsigned int n, bool until, double level, struct pn_interval *ret_interval);

/** pn_stats_holm() - adjust @n p values for being many, in place (Holm 1979): compare the result with alpha itself */
void pn_stats_holm(double *p, size_t n);

/**
 * pn_stats_change_point() - where a series changes its distribution most (E-divisive, Matteson and James 2014)
 * @min_size: least length of a segment, at least 2
 * @rounds: permutations of the test
 * @ret_at: index of the first value after the change
 * @ret_p: chance of such a change in a series without one, in steps of 1 / (rounds + 1)
 *
 * One change: callers look again on both sides while p is small. Return: 0, or -ENODATA under 2 * @min_size values.
 */
int pn_stats_change_point(const double *x, size_t n, size_t min_size, unsigned int rounds, uint64_t seed, size_t *ret_at, double *ret_p);
