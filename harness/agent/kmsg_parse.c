/* SPDX-License-Identifier: GPL-2.0-only */
/* The form of a /dev/kmsg record. */
#include "kmsg.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool take_number(char **at, char end, uint64_t *ret_value)
{
	char *stop;

	if (!isdigit((unsigned char)**at))
		return false;
	errno = 0;
	*ret_value = strtoull(*at, &stop, 10);
	if (errno || (*stop != end && !(end == ',' && *stop == ';')))
		return false;
	*at = stop + (*stop == end);
	return true;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* Undo the kernel's \xNN in place; the text ends at its line's end. */
static void clean(char *text)
{
	char *to = text;

	for (const char *from = text; *from && *from != '\n'; from++) {
		unsigned char c = *from;

		if (c == '\\' && from[1] == 'x' && hex(from[2]) >= 0 && hex(from[3]) >= 0) {
			c = hex(from[2]) << 4 | hex(from[3]);
			from += 3;
		}
		*to++ = c >= 0x20 && c < 0x7f ? c : c == '\t' ? ' ' : c == '\n' ? '\n' : '?';
	}
	*to = 0;
}

int pn_kmsg_parse(char *raw, struct pn_kmsg_record *ret_record)
{
	uint64_t prio, seq, time_us;
	char *at = raw, *text = strchr(raw, ';');

	if (!text || !take_number(&at, ',', &prio) || !take_number(&at, ',', &seq) || !take_number(&at, ',', &time_us) || at > text)
		return -EINVAL;
	text++;
	clean(text);
	*ret_record = (struct pn_kmsg_record){.seq = seq, .time_us = time_us, .level = prio & 7, .text = text};
	return 0;
}
