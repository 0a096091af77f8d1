// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of scenarios, suites and loads are names of files: nothing to register.
 */
#include "names.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "doc.h"
#include "key.h"

char *pn_names_path(const char *workloads_dir, const char *folder, const char *name)
{
	g_autofree char *path = NULL;

	if (!*name || *name == '.' || strchr(name, '/'))
		return NULL;
	path = g_strdup_printf("%s/%s/%s.yaml", workloads_dir, folder, name);
	return g_file_test(path, G_FILE_TEST_IS_REGULAR) ? g_steal_pointer(&path) : NULL;
}

static gint by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char **pn_names_list(const char *workloads_dir, const char *folder)
{
	g_autofree char *path = g_build_filename(workloads_dir, folder, NULL);
	GPtrArray *names = g_ptr_array_new();
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *entry;

	while (dir && (entry = g_dir_read_name(dir)))
		if (g_str_has_suffix(entry, ".yaml") && entry[0] != '.')
			g_ptr_array_add(names, g_strndup(entry, strlen(entry) - strlen(".yaml")));
	g_ptr_array_sort(names, by_name);
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(names, FALSE);
}

char *pn_names_accepted(const char *workloads_dir, const char *folder, const char *name)
{
	g_auto(GStrv) names = pn_names_list(workloads_dir, folder);

	return *names ? pn_key_nearest(name, (const char *const *)names) : g_strdup("a file there, but there is none");
}

char *pn_names_summary(const char *workloads_dir, const char *folder, const char *name)
{
	g_autofree char *path = pn_names_path(workloads_dir, folder, name);
	struct pn_doc *doc;
	char *summary;

	if (!path || pn_doc_read(path, &doc, NULL) < 0)
		return NULL;
	summary = g_strdup(pn_doc_text(doc, pn_doc_find(doc, "summary")));
	pn_doc_free(doc);
	return summary;
}
