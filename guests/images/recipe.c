// SPDX-License-Identifier: GPL-2.0-only
/*
 * Recipes: YAML by a libcyaml schema, then checks of what a schema can't say. A recipe that was read can be built without asking
 * again whether a field is there.
 *
 * Limits: `extends` is one level of "take the key as a whole", lists are never joined; a cycle is refused by depth.
 */
#include "recipe.h"

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/texts.h"
#include "paths.h"
#include "yaml.h"

#define EXTENDS_MAX 4
#define OPTIONAL (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)

static const char *const compressions[] = {"zstd", "xz", "lz4", "gzip", NULL};

static const cyaml_schema_value_t string_schema = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, CYAML_UNLIMITED)};

static const cyaml_schema_field_t kernel_fields[] = {
    CYAML_FIELD_STRING_PTR("package", OPTIONAL, struct pn_recipe_kernel, package, 1, CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR("source", OPTIONAL, struct pn_recipe_kernel, source, 1, CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR("config", OPTIONAL, struct pn_recipe_kernel, config, 1, CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR("patch", OPTIONAL, struct pn_recipe_kernel, patch, 1, CYAML_UNLIMITED),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t file_fields[] = {
    CYAML_FIELD_STRING_PTR("file", CYAML_FLAG_POINTER, struct pn_recipe_file, file, 1, CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR("as", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct pn_recipe_file, as, 1, CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR("package", CYAML_FLAG_POINTER, struct pn_recipe_file, package, 1, CYAML_UNLIMITED),
    CYAML_FIELD_SEQUENCE("without", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct pn_recipe_file, without, &string_schema, 0,
			 CYAML_UNLIMITED),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t file_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct pn_recipe_file, file_fields)};

static const cyaml_schema_field_t recipe_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct pn_recipe, name, 1, 64),
    CYAML_FIELD_STRING_PTR("summary", CYAML_FLAG_POINTER, struct pn_recipe, summary, 1, CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR("extends", OPTIONAL, struct pn_recipe, extends, 1, 64),
    CYAML_FIELD_MAPPING_PTR("kernel", OPTIONAL, struct pn_recipe, kernel, kernel_fields),
    CYAML_FIELD_SEQUENCE("modules", OPTIONAL, struct pn_recipe, modules, &string_schema, 1, CYAML_UNLIMITED),
    CYAML_FIELD_SEQUENCE("modules_wanted", OPTIONAL, struct pn_recipe, modules_wanted, &string_schema, 0, CYAML_UNLIMITED),
    CYAML_FIELD_SEQUENCE("files", OPTIONAL, struct pn_recipe, files, &file_schema, 1, CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR("tools_compression", OPTIONAL, struct pn_recipe, tools_compression, 1, 16),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t recipe_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct pn_recipe, recipe_fields)};

static char *recipe_path(const char *recipe)
{
	g_autofree char *file = NULL;

	if (strchr(recipe, '/') || g_str_has_suffix(recipe, ".yaml"))
		return g_strdup(recipe);
	file = g_strconcat(recipe, ".yaml", NULL);
	return g_build_filename(pn_paths_share(), PN_PATHS_RECIPES, file, NULL);
}

#define TAKE(child, parent, field)                                          \
	do {                                                                \
		if (!(child)->field)                                        \
			(child)->field = g_steal_pointer(&(parent)->field); \
	} while (0)

#define TAKE_LIST(child, parent, field)                                     \
	do {                                                                \
		if (!(child)->field) {                                      \
			(child)->field = g_steal_pointer(&(parent)->field); \
			(child)->field##_count = (parent)->field##_count;   \
			(parent)->field##_count = 0;                        \
		}                                                           \
	} while (0)

static void inherit(struct pn_recipe *child, struct pn_recipe *parent)
{
	TAKE(child, parent, kernel);
	TAKE(child, parent, tools_compression);
	TAKE_LIST(child, parent, modules);
	TAKE_LIST(child, parent, modules_wanted);
	TAKE_LIST(child, parent, files);
}

static int check_compression(const char *path, const char *compression, struct pn_diag *diag)
{
	g_autofree char *accepted = g_strjoinv(", ", (char **)compressions);

	if (g_strv_contains(compressions, compression))
		return 0;
	return pn_diag_value(diag, path, "tools_compression", compression, accepted);
}

static int check_files(const char *path, const struct pn_recipe *recipe, struct pn_diag *diag)
{
	for (unsigned int i = 0; i < recipe->files_count; i++) {
		const struct pn_recipe_file *file = &recipe->files[i];

		if (file->file[0] != '/')
			return pn_diag_value(diag, path, "files.file", file->file, "an absolute path on the host");
		if (file->as && (file->as[0] != '/' || strstr(file->as, "/../")))
			return pn_diag_value(diag, path, "files.as", file->as, "an absolute path in the guest without '..'");
	}
	return 0;
}

/* A package, or a source with what it is built with. */
static int check_kernel(const char *path, const struct pn_recipe_kernel *kernel, struct pn_diag *diag)
{
	const char *const files[] = {kernel->config, kernel->patch};

	if (!kernel->package == !kernel->source)
		return pn_diag_set(diag, -EINVAL, "%s: kernel: needs one of package and source", path);
	if (!kernel->source != !kernel->config)
		return pn_diag_set(diag, -EINVAL, "%s: kernel: source and config go together", path);
	if (kernel->patch && !kernel->source)
		return pn_diag_set(diag, -EINVAL, "%s: kernel.patch: only with source", path);
	for (unsigned int i = 0; i < G_N_ELEMENTS(files); i++) {
		if (files[i] && !g_file_test(files[i], G_FILE_TEST_IS_REGULAR))
			return pn_diag_value(diag, path, i == 0 ? "kernel.config" : "kernel.patch", files[i], "a file, relative to the recipe");
	}
	return 0;
}

static int check(const char *path, const struct pn_recipe *recipe, struct pn_diag *diag)
{
	const char *missing = !recipe->kernel ? "kernel" : !recipe->modules ? "modules" : !recipe->files ? "files" : NULL;
	int r;

	if (missing)
		return pn_diag_set(diag, -EINVAL, "%s: %s: missing, and nothing that this recipe extends has it", path, missing);
	if (!recipe->tools_compression)
		return pn_diag_set(diag, -EINVAL, "%s: tools_compression: missing, and nothing that this recipe extends has it", path);
	r = check_compression(path, recipe->tools_compression, diag);
	if (r == 0)
		r = check_kernel(path, recipe->kernel, diag);
	return r < 0 ? r : check_files(path, recipe, diag);
}

/* A recipe's files lie beside it, whoever extends it. cyaml frees what it allocated with free(). */
static void beside(const char *recipe, char **file)
{
	g_autofree char *full = g_canonicalize_filename(recipe, NULL), *dir = g_path_get_dirname(full);
	g_autofree char *path = *file ? g_canonicalize_filename(*file, dir) : NULL;

	if (!path)
		return;
	free(*file);
	*file = strdup(path);
}

static int load(const char *recipe, unsigned int depth, GPtrArray *paths, struct pn_recipe **ret_recipe, struct pn_diag *diag)
{
	g_autofree char *path = recipe_path(recipe);
	struct pn_recipe *child = NULL, *parent = NULL;
	int r;

	if (!g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
		g_auto(GStrv) names = pn_recipe_names();
		g_autofree char *accepted = g_strjoinv(", ", names);

		return pn_diag_set(diag, -ENOENT, "image: '%s' is not there; expected %s or the path of a recipe", recipe, accepted);
	}
	r = pn_yaml_load(path, &recipe_schema, (void **)&child, diag);
	if (r < 0)
		return r;
	g_ptr_array_add(paths, g_strdup(path));
	if (child->kernel) {
		beside(path, &child->kernel->config);
		beside(path, &child->kernel->patch);
	}
	if (!child->extends) {
		*ret_recipe = child;
		return 0;
	}
	if (depth == EXTENDS_MAX)
		r = pn_diag_value(diag, path, "extends", child->extends, "at most 4 recipes, one upon another, without a cycle");
	else
		r = load(child->extends, depth + 1, paths, &parent, diag);
	if (r < 0) {
		pn_recipe_free(child);
		return r;
	}
	inherit(child, parent);
	pn_recipe_free(parent);
	*ret_recipe = child;
	return 0;
}

int pn_recipe_read(const char *recipe, struct pn_recipe **ret_recipe, char ***ret_paths, struct pn_diag *diag)
{
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
	struct pn_recipe *loaded = NULL;
	int r = load(recipe, 0, paths, &loaded, diag);

	if (r < 0)
		return r;
	r = check(g_ptr_array_index(paths, 0), loaded, diag);
	if (r < 0) {
		pn_recipe_free(loaded);
		return r;
	}
	if (ret_paths) {
		g_ptr_array_add(paths, NULL);
		*ret_paths = (char **)g_ptr_array_steal(paths, NULL);
	}
	*ret_recipe = loaded;
	return 0;
}

void pn_recipe_free(struct pn_recipe *recipe)
{
	pn_yaml_free(&recipe_schema, recipe);
}

char **pn_recipe_names(void)
{
	g_autofree char *path = g_build_filename(pn_paths_share(), PN_PATHS_RECIPES, NULL);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *file;

	while (dir && (file = g_dir_read_name(dir))) {
		if (g_str_has_suffix(file, ".yaml"))
			g_ptr_array_add(names, g_strndup(file, strlen(file) - strlen(".yaml")));
	}
	g_ptr_array_sort(names, pn_texts_compare);
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_steal(names, NULL);
}
