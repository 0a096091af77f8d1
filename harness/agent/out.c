/* SPDX-License-Identifier: GPL-2.0-only */
/* Writing samples. Nothing is ever written beyond the buffer; what does not fit makes the whole object fail, not silently shorter. */
#include "out.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

static void put(struct pn_out *out, char c)
{
	if (out->used < out->size)
		out->buf[out->used++] = c;
	else
		out->overflow = true;
}

static void put_plain(struct pn_out *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		put(out, text[i]);
}

static void begin_key(struct pn_out *out, const char *prefix, const char *key, size_t key_len)
{
	if (out->used > 0 && out->buf[out->used - 1] != '{')
		put(out, ',');
	put(out, '"');
	put_plain(out, prefix, strlen(prefix));
	for (size_t i = 0; i < key_len; i++)
		put(out, isalnum((unsigned char)key[i]) || key[i] == '.' ? key[i] : '_');
	put_plain(out, "\":", 2);
}

void pn_out_begin(struct pn_out *out, char *buf, size_t size)
{
	*out = (struct pn_out){.buf = buf, .size = size};
	put(out, '{');
}

void pn_out_number(struct pn_out *out, const char *prefix, const char *key, size_t key_len, uint64_t value)
{
	char digits[20];
	size_t n = 0;

	begin_key(out, prefix, key, key_len);
	do
		digits[n++] = '0' + value % 10;
	while (value /= 10);
	while (n > 0)
		put(out, digits[--n]);
}

void pn_out_u64(struct pn_out *out, const char *key, uint64_t value)
{
	pn_out_number(out, "", key, strlen(key), value);
}

void pn_out_text(struct pn_out *out, const char *key, const char *text)
{
	begin_key(out, "", key, strlen(key));
	put(out, '"');
	for (; *text; text++)
		put(out, *text >= 0x20 && *text < 0x7f && *text != '"' && *text != '\\' ? *text : '?');
	put(out, '"');
}

void pn_out_true(struct pn_out *out, const char *key)
{
	begin_key(out, "", key, strlen(key));
	put_plain(out, "true", 4);
}

void pn_out_open(struct pn_out *out, const char *key)
{
	begin_key(out, "", key, strlen(key));
	put(out, '{');
}

void pn_out_close(struct pn_out *out)
{
	put(out, '}');
}

int pn_out_end(struct pn_out *out)
{
	put(out, '}');
	return out->overflow ? -ENOSPC : (int)out->used;
}
