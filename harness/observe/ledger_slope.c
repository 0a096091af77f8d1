// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver that forgets a page after giving it back to the managed count balances in every counter: the page is in no list of the kernel.
 * It only shows in what meminfo does not account for. That figure breathes by some MiB (per-CPU lists, driver buffers), so it is judged by
 * two rules with room for that: from before the driver to after it, and by a slope over the marks that rises all the way.
 */

#include "ledger.h"

#include <inttypes.h>
#include <stdlib.h>

#include "../base/units.h"
#include "oracle.h"

#define NOISE_BYTES (8 * (int64_t)PN_MIB)
#define SLOPE_MARKS_MIN 5

static int64_t own_unaccounted(const struct pn_ledger *ledger, const struct pn_ledger_line *line)
{
	return line->unaccounted_bytes - (ledger->adjusts ? 0 : line->held * (int64_t)PN_PAGE_BYTES);
}

static void judge_ends(const struct pn_ledger *ledger, struct pn_finding *finding)
{
	const struct pn_ledger_line *boot = pn_ledger_at(ledger, 0), *end = pn_ledger_at(ledger, ledger->lines->len - 1);
	int64_t grown;

	if (boot->unaccounted_bytes == INT64_MIN || end->unaccounted_bytes == INT64_MIN || end->anew)
		return;
	grown = end->unaccounted_bytes - boot->unaccounted_bytes;
	if (grown > NOISE_BYTES)
		pn_finding_set(finding, PN_FAIL,
			       "about %" PRId64 " pages are in no list of the guest's kernel after the driver went that were there before "
			       "it came (noise: up to %" PRId64 ")",
			       grown / (int64_t)PN_PAGE_BYTES, NOISE_BYTES / (int64_t)PN_PAGE_BYTES);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Median of all pairwise slopes, in bytes a mark: one odd mark does not move it (Theil and Sen). */
static double median_slope(const int64_t values[], guint count)
{
	g_autofree double *slopes = g_new(double, count *(count - 1) / 2);
	guint n = 0;

	for (guint i = 0; i < count; i++) {
		for (guint j = i + 1; j < count; j++)
			slopes[n++] = (double)(values[j] - values[i]) / (double)(j - i);
	}
	qsort(slopes, n, sizeof(slopes[0]), by_value);
	return n % 2 ? slopes[n / 2] : (slopes[n / 2 - 1] + slopes[n / 2]) / 2;
}

void pn_ledger_judge_slope(const struct pn_record *record, const struct pn_ledger *ledger, struct pn_finding *finding)
{
	g_autofree int64_t *values = g_new(int64_t, ledger->lines->len);
	guint count = 0, rises = 0;
	double slope;

	judge_ends(ledger, finding);
	for (guint i = 1; i < ledger->lines->len; i++) {
		const struct pn_ledger_line *line = pn_ledger_at(ledger, i);

		if (line->asked < 0 || line->moving || line->anew || line->unaccounted_bytes == INT64_MIN)
			continue;
		values[count] = own_unaccounted(ledger, line);
		rises += count && values[count] > values[count - 1];
		count++;
	}
	if (count < SLOPE_MARKS_MIN)
		return;
	slope = median_slope(values, count);
	if (slope * (double)(count - 1) > (double)NOISE_BYTES && rises * 4 >= (count - 1) * 3)
		pn_finding_set(finding, PN_FAIL,
			       "memory in no list of the guest's kernel grows by about %.0f pages a target, over %u targets",
			       slope / (double)PN_PAGE_BYTES, count);
}
