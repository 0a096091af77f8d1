/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>
#include <stdlib.h>
#include <string.h>

/* Inside the library: sorted copies of samples. */

static inline int sorted_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/** sorted_copy() - ascending copy; freed with g_free(); NULL for @n 0 */
static inline double *sorted_copy(const double *x, size_t n)
{
	double *s = g_new(double, n);

	if (n) {
		memcpy(s, x, n * sizeof(*s));
		qsort(s, n, sizeof(*s), sorted_compare);
	}
	return s;
}

static inline double sorted_quantile(const double *s, size_t n, double q)
{
	double at = q * (double)(n - 1);
	size_t i = (size_t)at;

	return i + 1 < n ? s[i] + (at - (double)i) * (s[i + 1] - s[i]) : s[n - 1];
}

/** normal_tail() - chance that a standard normal exceeds @z */
double normal_tail(double z);
