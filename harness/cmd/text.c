// SPDX-License-Identifier: GPL-2.0-only
/* Lists of terms for a terminal. */
#include "text.h"

#include <glib.h>
#include <string.h>

#define WIDTH 79

/* columns that a text takes; colours take none */
static unsigned int width_of(const char *text)
{
	unsigned int width = (unsigned int)g_utf8_strlen(text, -1);

	for (const char *escape = strchr(text, '\033'); escape; escape = strchr(escape + 1, '\033'))
		width -= (unsigned int)strcspn(escape, "m") + 1;
	return width;
}

void pn_text_item(FILE *out, unsigned int indent, const char *term, unsigned int column, const char *help)
{
	g_auto(GStrv) words = g_strsplit(help, " ", -1);
	unsigned int at = indent + width_of(term);

	fprintf(out, "%*s%s", (int)indent, "", term);
	if (!*help) {
		fputc('\n', out);
		return;
	}
	if (at >= column) {
		fputc('\n', out);
		at = 0;
	}
	fprintf(out, "%*s", (int)(column - at), "");
	at = column;
	for (char **word = words; *word; word++) {
		unsigned int length = (unsigned int)g_utf8_strlen(*word, -1);

		if (at > column && at + 1 + length > WIDTH) {
			fprintf(out, "\n%*s", (int)column, "");
			at = column;
		} else if (at > column) {
			fputc(' ', out);
			at++;
		}
		fputs(*word, out);
		at += length;
	}
	fputc('\n', out);
}
