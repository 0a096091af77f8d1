// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of scenarios, suites and loads are names of files: nothing to register. Names of drivers and images belong to the layer that
 * builds them, which hands in how to list them.
 */
#include "names.h"

#include <glib.h>
#include <string.h>

#include "../base/texts.h"
#include "key.h"

/** struct provider - names that another layer has */
static struct provider {
	const char *kind;
	char **(*list)(void);
	char **names; /* read once: a plan of many cases asks for each */
} providers[] = {{.kind = "drivers"}, {.kind = "images"}, {.kind = "laws"}, {.kind = "mutants"}, {.kind = "controls"}};

static struct provider *find_provider(const char *kind)
{
	for (size_t i = 0; i < G_N_ELEMENTS(providers); i++)
		if (strcmp(providers[i].kind, kind) == 0)
			return &providers[i];
	g_error("no names of kind '%s' are ever asked for", kind);
}

void pn_names_provide(const char *kind, char **(*list)(void))
{
	struct provider *provider = find_provider(kind);

	g_clear_pointer(&provider->names, g_strfreev);
	provider->list = list;
}

const char *const *pn_names_provided(const char *kind)
{
	struct provider *provider = find_provider(kind);

	if (!provider->names && provider->list)
		provider->names = provider->list();
	return (const char *const *)provider->names;
}

char *pn_names_path(const char *workloads_dir, const char *folder, const char *name)
{
	g_autofree char *path = NULL;

	if (!*name || *name == '.' || strchr(name, '/'))
		return NULL;
	path = g_strdup_printf("%s/%s/%s.yaml", workloads_dir, folder, name);
	return g_file_test(path, G_FILE_TEST_IS_REGULAR) ? g_steal_pointer(&path) : NULL;
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
	g_ptr_array_sort(names, pn_texts_compare);
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(names, FALSE);
}

char *pn_names_accepted(const char *workloads_dir, const char *folder, const char *name)
{
	g_auto(GStrv) names = pn_names_list(workloads_dir, folder);

	return *names ? pn_key_nearest(name, (const char *const *)names) : g_strdup("a file there, but there is none");
}
