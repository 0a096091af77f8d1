// SPDX-License-Identifier: GPL-2.0-only
/*
 * Text from outside on its way into markup. One escape serves element content and quoted attributes of HTML and SVG alike; other places
 * (scripts, styles, unquoted attributes, URLs) never hold text from outside, so there is no escape for them.
 */
#include "html.h"

#include <string.h>

static void put_char(GString *out, gunichar c)
{
	switch (c) {
	case '&':
		g_string_append(out, "&amp;");
		break;
	case '<':
		g_string_append(out, "&lt;");
		break;
	case '>':
		g_string_append(out, "&gt;");
		break;
	case '"':
		g_string_append(out, "&quot;");
		break;
	case '\'':
		g_string_append(out, "&#39;");
		break;
	case '\n':
	case '\t':
		g_string_append_c(out, (char)c);
		break;
	default:
		/* also the direction overrides, with which a text can read other than it is */
		if (c < ' ' || (c >= 0x7f && c < 0xa0) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
			c = 0xfffd;
		g_string_append_unichar(out, c);
	}
}

void pn_html_text(GString *out, const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);

	for (const char *c = valid; *c; c = g_utf8_next_char(c))
		put_char(out, g_utf8_get_char(c));
}

/* one conversion other than %s and %%; the length modifier says what to take from @args */
void pn_html_id(GString *out, const char *id)
{
	g_auto(GStrv) parts = g_strsplit(id, ",", -1);

	for (char **part = parts; *part; part++) {
		if (part != parts)
			g_string_append(out, ",<wbr>");
		pn_html_text(out, *part);
	}
}

static void put_conversion(GString *out, const char *spec, va_list *args)
{
	const char *kind = spec + strlen(spec) - 1;
	bool is_long = kind[-1] == 'l' || kind[-1] == 'z'; /* of one size here */

	G_STATIC_ASSERT(sizeof(long) == sizeof(size_t) && sizeof(long) == sizeof(int64_t));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	if (strchr("fg", *kind))
		g_string_append_printf(out, spec, va_arg(*args, double));
	else if (is_long)
		g_string_append_printf(out, spec, va_arg(*args, long));
	else
		g_string_append_printf(out, spec, va_arg(*args, int));
#pragma GCC diagnostic pop
}

void pn_html_printf(GString *out, const char *format, ...)
{
	const char *c = format;
	va_list args;

	va_start(args, format);
	while (*c) {
		size_t length = strcspn(c, "%");

		g_string_append_len(out, c, (gssize)length);
		c += length;
		if (!*c)
			break;
		length = 2 + strspn(c + 1, ".0123456789lz");
		if (c[length - 1] == '%') {
			g_string_append_c(out, '%');
		} else if (c[length - 1] == 's') {
			pn_html_text(out, va_arg(args, const char *));
		} else {
			g_autofree char *spec = g_strndup(c, length);

			put_conversion(out, spec, &args);
		}
		c += length;
	}
	va_end(args);
}

bool pn_html_is_embeddable(const char *source)
{
	static const char *const ends[] = {"</script", "</style", "<!--", "<script"};

	for (const char *c = source; *c; c++)
		for (size_t i = 0; *c == '<' && i < G_N_ELEMENTS(ends); i++)
			if (!g_ascii_strncasecmp(c, ends[i], strlen(ends[i])))
				return false;
	return g_utf8_validate(source, -1, NULL);
}
