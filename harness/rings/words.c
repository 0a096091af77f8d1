// SPDX-License-Identifier: GPL-2.0-only
/* The words of the kernel's fault injection (Documentation/fault-injection): after `space`, every `interval`-th, with `probability`, `times` times. */

#include "words.h"

void pn_words_begin(struct pn_words *words, const struct pn_tamper_order *order)
{
	*words = (struct pn_words){
		.space = order->space,
		.interval = order->interval ? order->interval : 1,
		.times = order->times,
		.probability = order->probability,
		.random = order->seed ? order->seed : 1,
	};
}

uint64_t pn_words_random(struct pn_words *words)
{
	words->random ^= words->random >> 12;
	words->random ^= words->random << 25;
	words->random ^= words->random >> 27;
	return words->random * 0x2545f4914f6cdd1dULL;
}

bool pn_words_hit(struct pn_words *words)
{
	uint64_t n = words->seen++;

	if (n < words->space || (n - words->space) % words->interval)
		return false;
	if (words->times && words->struck >= words->times)
		return false;
	if (words->probability < 100 && pn_words_random(words) % 100 >= words->probability)
		return false;
	words->struck++;
	return true;
}
