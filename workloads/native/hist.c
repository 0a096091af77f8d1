/* SPDX-License-Identifier: GPL-2.0-only */
/* The latency histogram. Values below PN_HIST_SUB have a bin each; above, the highest bits are the bin's number. */
#include "hist.h"

#include <inttypes.h>

static unsigned int bin_of(uint64_t value)
{
	unsigned int shift;

	if (value < PN_HIST_SUB)
		return value;
	shift = 63 - __builtin_clzll(value) - PN_HIST_SUB_BITS;
	return (shift + 1) * PN_HIST_SUB + (unsigned int)((value >> shift) - PN_HIST_SUB);
}

uint64_t pn_hist_bin_low(unsigned int bin)
{
	unsigned int shift = bin / PN_HIST_SUB;

	if (shift == 0)
		return bin;
	return (uint64_t)(PN_HIST_SUB + bin % PN_HIST_SUB) << (shift - 1);
}

uint64_t pn_hist_bin_high(unsigned int bin)
{
	unsigned int shift = bin / PN_HIST_SUB;

	return shift == 0 ? bin : pn_hist_bin_low(bin) + ((uint64_t)1 << (shift - 1)) - 1;
}

void pn_hist_add(struct pn_hist *hist, uint64_t value)
{
	if (hist->count == 0 || value < hist->min)
		hist->min = value;
	if (value > hist->max)
		hist->max = value;
	hist->count++;
	hist->sum += value;
	hist->bin[bin_of(value)]++;
}

uint64_t pn_hist_quantile(const struct pn_hist *hist, double fraction)
{
	uint64_t rank = (uint64_t)(fraction * hist->count), seen = 0;

	if (hist->count == 0)
		return 0;
	if ((double)rank < fraction * hist->count || rank == 0)
		rank++;
	for (unsigned int bin = 0; bin < PN_HIST_BINS; bin++) {
		seen += hist->bin[bin];
		if (seen >= rank)
			return pn_hist_bin_high(bin) < hist->max ? pn_hist_bin_high(bin) : hist->max;
	}
	return hist->max;
}

void pn_hist_print_bins(const struct pn_hist *hist, FILE *to)
{
	const char *comma = "";

	fputc('{', to);
	for (unsigned int bin = 0; bin < PN_HIST_BINS; bin++) {
		if (hist->bin[bin] == 0)
			continue;
		fprintf(to, "%s\"%" PRIu64 "\":%" PRIu64, comma, pn_hist_bin_low(bin), hist->bin[bin]);
		comma = ",";
	}
	fputc('}', to);
}
