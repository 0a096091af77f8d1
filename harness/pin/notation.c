// SPDX-License-Identifier: GPL-2.0-only
/* Points as scenarios write them. A duration begins with a digit and no function does, so the two are never taken for each other. */

#include "notation.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

static bool begins(char c)
{
	return g_ascii_isalpha(c) || c == '_';
}

bool pn_notation_is(const char *text)
{
	return begins(text[0]);
}

static int parse_nth(const char *text, uint64_t *ret_nth)
{
	char *end;

	if (!g_ascii_isdigit(text[0]) || text[0] == '0')
		return -EINVAL;
	errno = 0;
	*ret_nth = g_ascii_strtoull(text, &end, 10);
	return errno || *end ? -EINVAL : 0;
}

int pn_notation_parse(const char *text, struct pn_notation *ret_notation)
{
	struct pn_notation notation = {.nth = 1};
	size_t length = 0;

	if (!begins(text[0]))
		return -EINVAL;
	while (begins(text[length]) || g_ascii_isdigit(text[length]) || text[length] == '.')
		length++;
	if (length >= sizeof(notation.function))
		return -EINVAL;
	memcpy(notation.function, text, length);
	text += length;
	if (g_str_has_prefix(text, "@entry")) {
		text += strlen("@entry");
	} else if (g_str_has_prefix(text, "@exit")) {
		notation.exit = true;
		text += strlen("@exit");
	}
	if (*text && (*text != '#' || parse_nth(text + 1, &notation.nth) < 0))
		return -EINVAL;
	*ret_notation = notation;
	return 0;
}
