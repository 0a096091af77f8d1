/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct pn_out - a flat JSON object being written into a fixed buffer
 *
 * Samples are made ten times a second, also while there is no memory to be had: so no allocation, and about a tenth of the time that
 * building a tree takes.
 */
struct pn_out {
	char *buf;
	size_t size, used;
	bool overflow;
};

/** pn_out_begin() - start an object in @buf */
void pn_out_begin(struct pn_out *out, char *buf, size_t size);

/** pn_out_number() - a key and its value; @key_len bytes of @key after @prefix, characters other than [A-Za-z0-9_.] become '_' */
void pn_out_number(struct pn_out *out, const char *prefix, const char *key, size_t key_len, uint64_t value);

/** pn_out_u64() - the same with a whole key of our own */
void pn_out_u64(struct pn_out *out, const char *key, uint64_t value);

/** pn_out_text() - a key and a text; characters that JSON would have to escape become '?' */
void pn_out_text(struct pn_out *out, const char *key, const char *text);

/** pn_out_true() - a key and true */
void pn_out_true(struct pn_out *out, const char *key);

/** pn_out_open() - begin an object within; pn_out_close() ends it */
void pn_out_open(struct pn_out *out, const char *key);
void pn_out_close(struct pn_out *out);

/** pn_out_end() - finish. Return: length, or -ENOSPC when it did not fit. */
int pn_out_end(struct pn_out *out);
