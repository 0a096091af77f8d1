// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver that forgets a page after giving it back to the managed count balances in every counter: the page is in no list of the kernel.
 * It only shows in what meminfo does not account for. That figure breathes by some MiB (driver buffers, what the kernel allocates by pages), so it is judged by
 * two rules with room for that: from before the driver to after it, and by a slope over the marks that rises all the way. Over many oscillations the
 * noise averages out, and a third rule sees a leak of a page or two with each.
 */

#include "ledger.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "../base/units.h"
#include "oracle.h"

#define NOISE_BYTES (8 * (int64_t)PN_MIB)
#define SLOPE_MARKS_MIN 5

/* Many marks with an empty balloon average the noise away: what grows steadily by more than this, and far beyond the error of its slope, is a leak. */
#define LONG_MARKS_MIN 50
#define LONG_GROWTH_BYTES (512 * (int64_t)PN_KIB)
#define LONG_ERRORS 8
#define MAD_TO_SIGMA 1.4826

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

static double median(double values[], guint count)
{
	qsort(values, count, sizeof(values[0]), by_value);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

/* Standard error of a straight line's slope through @count points with this spread around it, in bytes a mark; a page at least is noise. */
static double slope_error(const int64_t values[], guint count, double slope)
{
	g_autofree double *rest = g_new(double, count);
	double middle, sigma;

	for (guint i = 0; i < count; i++)
		rest[i] = (double)values[i] - slope * i;
	middle = median(rest, count);
	for (guint i = 0; i < count; i++)
		rest[i] = fabs(rest[i] - middle);
	sigma = MAX(MAD_TO_SIGMA * median(rest, count), (double)PN_PAGE_BYTES);
	return sigma * sqrt(12) / pow(count, 1.5);
}

/* Over many oscillations: the marks at which the balloon was asked to be empty, and was. */
static void judge_long(const struct pn_ledger *ledger, struct pn_finding *finding)
{
	g_autofree int64_t *values = g_new(int64_t, ledger->lines->len);
	guint count = 0;
	double slope;

	for (guint i = 1; i < ledger->lines->len; i++) {
		const struct pn_ledger_line *line = pn_ledger_at(ledger, i);

		if (line->asked || line->device || line->moving || line->anew || line->unaccounted_bytes == INT64_MIN)
			continue;
		values[count++] = line->unaccounted_bytes;
	}
	if (count < LONG_MARKS_MIN)
		return;
	slope = median_slope(values, count);
	if (slope * (count - 1) > LONG_GROWTH_BYTES && slope > LONG_ERRORS * slope_error(values, count, slope))
		pn_finding_set(finding, PN_FAIL,
			       "memory in no list of the guest's kernel grows by %.1f pages with each oscillation, by %.0f pages over %u of them",
			       slope / (double)PN_PAGE_BYTES, slope * (count - 1) / (double)PN_PAGE_BYTES, count);
}

void pn_ledger_judge_slope(const struct pn_record *record, const struct pn_ledger *ledger, struct pn_finding *finding)
{
	g_autofree int64_t *values = g_new(int64_t, ledger->lines->len);
	guint count = 0, rises = 0;
	double slope;

	judge_ends(ledger, finding);
	judge_long(ledger, finding);
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
