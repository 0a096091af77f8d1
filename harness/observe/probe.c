// SPDX-License-Identifier: GPL-2.0-only
/* What probes share. */

#include "probe.h"

#include <stdarg.h>
#include <stdio.h>

#include "../base/journal.h"

void pn_probe_unsupported(struct pn_probe_context *context, const char *name, const char *fmt, ...)
{
	g_autofree char *reason = NULL, *valid = NULL;
	bool first;
	va_list args;

	g_mutex_lock(&context->lock);
	first = g_hash_table_add(context->unsupported, g_strdup(name));
	g_mutex_unlock(&context->lock);
	if (!first)
		return;
	va_start(args, fmt);
	reason = g_strdup_vprintf(fmt, args);
	va_end(args);
	valid = g_utf8_make_valid(reason, -1);
	pn_journal_add(context->journal, "unsupported", json_pack("{s:s, s:s}", "name", name, "reason", valid));
}

void pn_probe_set(json_t *into, uint64_t value, const char *fmt, ...)
{
	char name[96];
	va_list args;

	va_start(args, fmt);
	vsnprintf(name, sizeof(name), fmt, args);
	va_end(args);
	json_object_set_new(into, name, json_integer((json_int_t)value));
}
