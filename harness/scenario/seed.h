/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>

/** PN_SEED_MAX - readers of JSON that keep numbers as doubles (browsers, jq) hold every whole number up to here */
#define PN_SEED_MAX ((1ULL << 53) - 1)

/** pn_seed_of() - a seed from texts: the same texts in the same order give the same seed on every machine; from 1 to PN_SEED_MAX.
 * Ends with NULL. */
uint64_t pn_seed_of(const char *text, ...) __attribute__((sentinel));

/** pn_seed_next() - next number of the sequence of @state (SplitMix64, Steele et al. 2014); any state is fine to start from */
uint64_t pn_seed_next(uint64_t *state);

/** pn_seed_below() - uniform number below @limit (> 0), without modulo bias */
uint64_t pn_seed_below(uint64_t *state, uint64_t limit);
