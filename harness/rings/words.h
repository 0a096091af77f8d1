/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "order.h"

/** struct pn_words - the words of an order at work: which of the things that pass are hit; a plain value */
struct pn_words {
	uint64_t space, interval, times;
	uint32_t probability;
	uint64_t random; /* state; never 0 */
	uint64_t seen, struck;
};

/** pn_words_begin() - as an order says, nothing seen yet */
void pn_words_begin(struct pn_words *words, const struct pn_tamper_order *order);

/** pn_words_hit() - one more passes. Return: is it hit */
bool pn_words_hit(struct pn_words *words);

/** pn_words_random() - the next number (xorshift64*), the same for the same seed */
uint64_t pn_words_random(struct pn_words *words);
