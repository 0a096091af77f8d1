/* SPDX-License-Identifier: GPL-2.0-only */
/* /proc/zoneinfo: "Node N, zone NAME", then indented lines; of those only the four page counts are looked at. */
#include "parse.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *next_line(const char *at)
{
	at = strchrnul(at, '\n');
	return *at ? at + 1 : at;
}

static void take_line(const char *line, struct pn_parse_zone *zone)
{
	uint64_t value;
	char key[16];

	if (sscanf(line, " pages free %" SCNu64, &value) == 1)
		zone->free_pages = value;
	else if (sscanf(line, " %15[a-z] %" SCNu64, key, &value) != 2)
		return;
	else if (strcmp(key, "spanned") == 0)
		zone->spanned_pages = value;
	else if (strcmp(key, "present") == 0)
		zone->present_pages = value;
	else if (strcmp(key, "managed") == 0)
		zone->managed_pages = value;
}

bool pn_parse_zone_next(const char **at, struct pn_parse_zone *ret_zone)
{
	struct pn_parse_zone zone = {0};

	while (**at && sscanf(*at, "Node %u, zone %15s", &zone.node, zone.name) != 2)
		*at = next_line(*at);
	if (!**at)
		return false;
	for (*at = next_line(*at); **at && strncmp(*at, "Node ", 5) != 0; *at = next_line(*at)) {
		/* The counts stand first; "pagesets" and what follows is per CPU and has keys of the same names in some kernels. */
		if (strncmp(*at, "  pagesets", 10) == 0)
			break;
		take_line(*at, &zone);
	}
	*ret_zone = zone;
	return true;
}
