// SPDX-License-Identifier: GPL-2.0-only
/* The record of a case, wherever its guests have left theirs. */
#include "caselog.h"

#include <glib.h>

#include "../base/journal.h"
#include "../base/texts.h"

static void append(json_t *lines, const char *dir, const char *name)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	json_t *more = NULL;

	if (pn_journal_read(path, &more, NULL))
		return;
	json_array_extend(lines, more);
	json_decref(more);
}

json_t *pn_caselog_read(const char *dir, const char *name)
{
	g_autofree char *guests = g_build_filename(dir, "guests", NULL);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) entries = g_dir_open(guests, 0, NULL);
	json_t *lines = json_array();
	const char *entry;

	while (entries && (entry = g_dir_read_name(entries)))
		g_ptr_array_add(names, g_strdup(entry));
	g_ptr_array_sort(names, pn_texts_compare);
	append(lines, dir, name);
	for (guint i = 0; i < names->len; i++) {
		g_autofree char *guest = g_build_filename(guests, names->pdata[i], NULL);

		append(lines, guest, name);
	}
	return lines;
}
