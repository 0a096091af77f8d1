// SPDX-License-Identifier: GPL-2.0-only
/* The class of a machine. Clock rate, kernel and QEMU are no part of it: they are what a comparison may be about. */
#include "class.h"

#include <glib.h>

char *pn_class_of(const json_t *host)
{
	const char *accel = json_string_value(json_object_get(host, "accel")), *cpu = json_string_value(json_object_get(host, "cpu"));
	json_int_t cpus = json_integer_value(json_object_get(host, "cpus"));

	if (!accel || !cpu || cpus < 1)
		return NULL;
	return g_strdup_printf("%s, %s, %" JSON_INTEGER_FORMAT " CPU%s", accel, cpu, cpus, cpus == 1 ? "" : "s");
}

char *pn_class_slug(const char *class)
{
	GString *slug = g_string_new(NULL);

	for (const char *c = class; *c; c++) {
		if (g_ascii_isalnum(*c))
			g_string_append_c(slug, g_ascii_tolower(*c));
		else if (slug->len && slug->str[slug->len - 1] != '-')
			g_string_append_c(slug, '-');
	}
	while (slug->len && slug->str[slug->len - 1] == '-')
		g_string_truncate(slug, slug->len - 1);
	return g_string_free(slug, FALSE);
}
