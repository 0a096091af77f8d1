// SPDX-License-Identifier: GPL-2.0-only
/*
 * Seeds and the small generator that patterns draw from. Own code because the sequence is part of the contract: a seed in a run
 * directory must mean the same next year, which no library's generator promises.
 */
#include "seed.h"

#include <glib.h>
#include <stdarg.h>
#include <string.h>

uint64_t pn_seed_of(const char *text, ...)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	guint8 digest[32];
	gsize len = sizeof(digest);
	uint64_t seed = 0;
	va_list texts;

	va_start(texts, text);
	for (; text; text = va_arg(texts, const char *))
		g_checksum_update(sum, (const guchar *)text, strlen(text) + 1); /* with its NUL, so that "a","b" is not "ab" */
	va_end(texts);
	g_checksum_get_digest(sum, digest, &len);
	for (int i = 0; i < 8; i++)
		seed = seed << 8 | digest[i];
	seed &= PN_SEED_MAX;
	return seed ? seed : 1;
}

uint64_t pn_seed_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

uint64_t pn_seed_below(uint64_t *state, uint64_t limit)
{
	uint64_t rest = UINT64_MAX - UINT64_MAX % limit, number;

	do
		number = pn_seed_next(state);
	while (number >= rest);
	return number % limit;
}
