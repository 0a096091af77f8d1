// SPDX-License-Identifier: GPL-2.0-only
/* The knee of a curve that rises slowly and then fast. */
#include "knee.h"

#define LEAST_DEPTH 0.1
#define LEAST_POINTS 4

int pn_knee(const double *x, const double *y, size_t n)
{
	double deepest = LEAST_DEPTH;
	int at = -1;

	if (n < LEAST_POINTS || x[n - 1] <= x[0] || y[n - 1] <= y[0])
		return -1;
	for (size_t i = 1; i + 1 < n; i++) {
		double depth = (x[i] - x[0]) / (x[n - 1] - x[0]) - (y[i] - y[0]) / (y[n - 1] - y[0]);

		if (depth > deepest) {
			deepest = depth;
			at = (int)i;
		}
	}
	return at;
}
