/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>
#include <stdio.h>

/*
 * A log-linear histogram of nanoseconds: every power of two is divided into PN_HIST_SUB equal parts, so a value is known to 1/64 of itself
 * (1.6 %) over the whole range of 64 bits. Fixed size, no allocation: adding is a few instructions.
 */

#define PN_HIST_SUB_BITS 6
#define PN_HIST_SUB (1u << PN_HIST_SUB_BITS)
#define PN_HIST_BINS ((64 - PN_HIST_SUB_BITS + 1) * PN_HIST_SUB)

/** struct pn_hist - zeroed is empty */
struct pn_hist {
	uint64_t count, sum, min, max;
	uint64_t bin[PN_HIST_BINS];
};

/** pn_hist_add() - one value */
void pn_hist_add(struct pn_hist *hist, uint64_t value);

/** pn_hist_bin_low() - the smallest value of a bin */
uint64_t pn_hist_bin_low(unsigned int bin);

/** pn_hist_bin_high() - the largest value of a bin */
uint64_t pn_hist_bin_high(unsigned int bin);

/**
 * pn_hist_quantile() - the largest value of the bin that holds the quantile, at most the maximum
 * @fraction: 0 to 1; the value is that of rank ceil(fraction * count)
 *
 * Return: the value, 0 when there is none.
 */
uint64_t pn_hist_quantile(const struct pn_hist *hist, double fraction);

/** pn_hist_print_bins() - the bins in use as a JSON object {"LOW": count, ...}; bins of several runs may be added, percentiles may not */
void pn_hist_print_bins(const struct pn_hist *hist, FILE *to);
