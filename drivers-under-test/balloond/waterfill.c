// SPDX-License-Identifier: GPL-2.0-only
/* Claimants in the order in which the rising water satisfies them: by (want - floor) / weight. One pass then finds the level. */

#include "waterfill.h"

#include <stdlib.h>

static double level_of(const struct pn_share *share)
{
	return (double)(share->want_bytes - share->floor_bytes) / share->weight;
}

static int compare_levels(const void *a, const void *b, void *data)
{
	const struct pn_share *shares = data;
	double x = level_of(&shares[*(const size_t *)a]), y = level_of(&shares[*(const size_t *)b]);

	return (x > y) - (x < y);
}

uint64_t pn_waterfill(struct pn_share *shares, size_t *scratch, size_t count, uint64_t total_bytes)
{
	uint64_t floors = 0, wants = 0, left;
	double weights = 0;

	for (size_t i = 0; i < count; i++) {
		scratch[i] = i;
		floors += shares[i].floor_bytes;
		wants += shares[i].want_bytes;
		weights += shares[i].weight;
		shares[i].got_bytes = shares[i].floor_bytes;
	}
	if (floors >= total_bytes)
		return 0;
	if (wants <= total_bytes) { /* enough for all: nothing to put in order */
		for (size_t i = 0; i < count; i++)
			shares[i].got_bytes = shares[i].want_bytes;
		return total_bytes - wants;
	}
	left = total_bytes - floors;
	qsort_r(scratch, count, sizeof(*scratch), compare_levels, shares);
	for (size_t i = 0; i < count; i++) {
		struct pn_share *share = &shares[scratch[i]];
		uint64_t rise = share->want_bytes - share->floor_bytes;
		double fair = (double)left * share->weight / weights;

		if ((double)rise > fair)
			rise = (uint64_t)fair;
		if (rise > left) /* rounding of the last one */
			rise = left;
		share->got_bytes += rise;
		left -= rise;
		weights -= share->weight;
	}
	return left;
}
