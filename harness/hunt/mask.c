// SPDX-License-Identifier: GPL-2.0-only
/*
 * Masking: one pass over the text, numbers with their units to '#', what stands in brackets left out; then the marks. Names that hold
 * digits (vm_stat2, DMA32, x86_64) stay: a digit behind a letter is part of a name.
 */
#include <glib.h>
#include <string.h>

#include "signature.h"

#define ADDRESS_DIGITS 8

static bool in_word(char c)
{
	return g_ascii_isalnum(c) || c == '_';
}

/* "0x1f" or eight hexadecimal digits and more with a digit among them: an address. Return: its length, 0 when it is none. */
static size_t address_length(const char *text)
{
	bool prefixed = g_str_has_prefix(text, "0x"), digit = false;
	size_t length = prefixed ? 2 : 0;

	for (; g_ascii_isxdigit(text[length]); length++)
		digit |= g_ascii_isdigit(text[length]);
	if (in_word(text[length]) || !digit)
		return 0;
	return prefixed || length >= ADDRESS_DIGITS ? length : 0;
}

static size_t number_length(const char *text)
{
	size_t length = 0;

	if (!g_ascii_isdigit(*text))
		return 0;
	while (g_ascii_isdigit(text[length]) || (text[length] == '.' && g_ascii_isdigit(text[length + 1])))
		length++;
	return length;
}

/* A unit goes with its number: the same leak is 900 KiB in one run and 1 MiB in the next. */
static size_t unit_length(const char *text)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "B", "ns", "us", "ms", "s", "min", "h", "%"};
	size_t blank = *text == ' ' ? 1 : 0;

	for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
		if (g_str_has_prefix(text + blank, units[i]) && !in_word(text[blank + strlen(units[i])]))
			return blank + strlen(units[i]);
	}
	return 0;
}

/* "1 page" and "2 pages" are the same thing */
static size_t copy_singular(GString *out, const char *text)
{
	size_t length = 0;

	if (*text != ' ')
		return 0;
	while (g_ascii_isalpha(text[length + 1]))
		length++;
	g_string_append_len(out, text, length > 3 && text[length] == 's' && !in_word(text[length + 1]) ? length : length + 1);
	return length + 1;
}

static void drop_sign(GString *out)
{
	size_t len = out->len;

	if (len && strchr("+-", out->str[len - 1]) && (len == 1 || out->str[len - 2] == ' '))
		g_string_truncate(out, len - 1);
}

static size_t put_number(GString *out, const char *text)
{
	size_t address = address_length(text), length = address ? address : number_length(text);
	size_t unit;

	if (!length)
		return 0;
	drop_sign(out);
	g_string_append_c(out, '#');
	unit = address ? 0 : unit_length(text + length);
	return length + unit + (unit ? 0 : copy_singular(out, text + length));
}

static char *mask_numbers(const char *text)
{
	GString *out = g_string_new(NULL);
	unsigned int depth = 0;

	for (const char *c = text; *c && !(c[0] == ';' && c[1] == ' ');) {
		size_t number = c == text || !in_word(c[-1]) ? 1 : 0;

		if (*c == '(' && strchr(c, ')')) {
			depth++;
			while (out->len && out->str[out->len - 1] == ' ')
				g_string_truncate(out, out->len - 1);
		}
		number = number && !depth ? put_number(out, c) : 0;
		if (!number && !depth)
			g_string_append_c(out, *c);
		if (*c == ')' && depth)
			depth--;
		c += number ? number : 1;
	}
	return g_string_free(out, FALSE);
}

char *pn_signature_mask(const char *text)
{
	g_autofree char *numbers = mask_numbers(text);
	/* where it was seen is not what it is: a shorter timeline has other marks */
	g_autoptr(GRegex) marks = g_regex_new("\\bat (settled:#|unloaded|rest|driver|touched|start|end|boot)(?![\\w])", 0, 0, NULL);
	char *masked = g_regex_replace_literal(marks, numbers, -1, 0, "at MARK", 0, NULL);

	return masked ? g_strstrip(masked) : g_strdup(numbers);
}
