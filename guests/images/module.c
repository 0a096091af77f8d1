// SPDX-License-Identifier: GPL-2.0-only
/*
 * Drivers under test: found, built out of tree, or checked. Our own are built in the cache from a copy of their sources, because
 * kbuild writes beside them; debug paths are made relative to the source tree, so gdb finds them and equal sources give equal modules.
 * The guest gets BASE.ko without debug information (a tenth of the size); BASE.debug beside it has all.
 *
 * A mutant that names the files its defect is in has only these compiled; the rest are the objects of the driver as it is (kbuild's "shipped").
 *
 * Limits: sources are the regular files directly in the driver's folder.
 */
#include "image.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "base/cache.h"
#include "base/diag.h"
#include "base/fs.h"
#include "base/spawn.h"
#include "base/texts.h"
#include "base/units.h"
#include "build_log.h"
#include "headers.h"
#include "kmods.h"
#include "mutants.h"
#include "paths.h"

#define MODULE_FORM "module 4"
#define OBJECTS "objects" /* beside the module: what its sources were compiled to */
#define BUILD_TIMEOUT_NS (600 * PN_NS_PER_S)

/* one build of one driver */
struct recipe {
	char *sources; /* folder */
	char *base;    /* of it: name of the module */
	char *mutant;  /* "": the driver as it is */
	char *cflags;
	char *headers;
	char **files;  /* of a mutant: sources that differ; NULL: all */
	char *objects; /* folder with the objects of the others; NULL: none */
};

static void recipe_deinit(struct recipe *recipe)
{
	g_free(recipe->sources);
	g_free(recipe->base);
	g_free(recipe->mutant);
	g_free(recipe->cflags);
	g_free(recipe->headers);
	g_strfreev(recipe->files);
	g_free(recipe->objects);
}

void pn_module_free(struct pn_module *module)
{
	if (!module)
		return;
	g_free(module->name);
	g_free(module->path);
	g_free(module->label);
	g_free(module->hash);
	g_free(module);
}

/* What kbuild reads of a driver's folder, not what an in-tree build left there. */
static bool is_source(const char *name)
{
	return (g_str_has_suffix(name, ".c") && !g_str_has_suffix(name, ".mod.c")) || g_str_has_suffix(name, ".h") ||
	       !strcmp(name, "Kbuild");
}

static GPtrArray *list_sources(const char *folder)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		if (is_source(name))
			g_ptr_array_add(names, g_strdup(name));
	}
	g_ptr_array_sort(names, pn_texts_compare);
	return names;
}

/* Sources, variant, and the symbol versions of the kernel: what else decides the result is the compiler, which the headers fix. */
static int key_of(const struct recipe *recipe, const char *release, char **ret_hash, struct pn_diag *diag)
{
	g_autoptr(GPtrArray) names = list_sources(recipe->sources);
	g_autofree char *symvers = g_build_filename(recipe->headers, "Module.symvers", NULL);
	g_autoptr(GString) key = g_string_new(MODULE_FORM);
	char hex[65];
	int r = pn_fs_sha256(symvers, hex, diag);

	g_string_append_printf(key, " %s %s\n%s\n%s\n%s\n", release, hex, recipe->base, recipe->mutant, recipe->cflags);
	for (char **file = *recipe->mutant ? recipe->files : NULL; file && *file; file++)
		g_string_append_printf(key, "differs %s\n", *file);
	for (unsigned int i = 0; r >= 0 && i < names->len; i++) {
		g_autofree char *path = g_build_filename(recipe->sources, names->pdata[i], NULL);

		r = pn_fs_sha256(path, hex, diag);
		g_string_append_printf(key, "%s %s\n", (char *)names->pdata[i], hex);
	}
	if (r >= 0)
		*ret_hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, key->str, key->len);
	return r;
}

static char *object_of(const char *folder, const char *source, const char *suffix)
{
	return g_strdup_printf("%s/%.*s%s", folder, (int)strlen(source) - 2, source, suffix);
}

/* Mutants are linked with them. */
static int keep_objects(const char *dir, const char *src, const GPtrArray *sources, struct pn_diag *diag)
{
	g_autofree char *folder = g_build_filename(dir, OBJECTS, NULL);
	int r = pn_fs_mkdir_p(folder, diag);

	for (unsigned int i = 0; r >= 0 && i < sources->len; i++) {
		g_autofree char *from = NULL, *to = NULL;

		if (!g_str_has_suffix(sources->pdata[i], ".c"))
			continue;
		from = object_of(src, sources->pdata[i], ".o");
		to = object_of(folder, sources->pdata[i], ".o");
		if (g_file_test(from, G_FILE_TEST_EXISTS))
			r = pn_fs_copy(from, to, diag);
	}
	return r;
}

static int keep(const char *dir, const char *ko, const char *base, struct pn_diag *diag)
{
	g_autofree char *debug = g_strdup_printf("%s/%s.debug", dir, base);
	g_autofree char *to = g_strdup_printf("%s/%s.ko", dir, base);
	const char *const strip[] = {"strip", "--strip-debug", "-o", to, ko, NULL};
	int r = pn_fs_copy(ko, debug, diag);

	return r < 0 ? r : pn_spawn_run(strip, NULL, BUILD_TIMEOUT_NS, NULL, diag);
}

/* Where a source of the build comes from, and as what: itself, or the object that it is in the driver as it is. */
static int copy_source(const struct recipe *recipe, const char *src, const char *name, struct pn_diag *diag)
{
	g_autofree char *from = g_build_filename(recipe->sources, name, NULL), *to = g_build_filename(src, name, NULL);
	bool differs = !recipe->objects || g_strv_contains((const char *const *)recipe->files, name);
	g_autofree char *object = !differs && g_str_has_suffix(name, ".c") ? object_of(recipe->objects, name, ".o") : NULL;
	g_autofree char *shipped = NULL, *command = NULL;
	int r;

	if (!object || !g_file_test(object, G_FILE_TEST_EXISTS))
		return pn_fs_copy(from, to, diag);
	shipped = object_of(src, name, ".o_shipped");
	r = pn_fs_copy(object, shipped, diag);
	/* modpost looks for how each object was made, to sum up its sources: these have none here */
	command = g_strdup_printf("%s/.%.*s.o.cmd", src, (int)strlen(name) - 2, name);
	return r < 0 ? r : pn_fs_write(command, "", 0, diag);
}

static int build(const char *dir, void *data, struct pn_diag *diag)
{
	const struct recipe *recipe = data;
	g_autoptr(GPtrArray) names = list_sources(recipe->sources);
	g_autofree char *src = g_build_filename(dir, "src", NULL);
	g_autofree char *log = g_build_filename(dir, "build.log", NULL);
	g_autofree char *ko = g_strdup_printf("%s/%s.ko", src, recipe->base);
	g_autofree char *m = g_strconcat("M=", src, NULL);
	g_autofree char *mutant = g_strconcat("BUILD_MUTANT=", recipe->mutant, NULL);
	g_autofree char *cflags = g_strconcat("VB_CFLAGS=", recipe->cflags, NULL);
	g_autofree char *map = g_strdup_printf("KCFLAGS=-ffile-prefix-map=%s=%s/%s", src, PN_PATHS_DRIVERS, recipe->base);
	const char *const argv[] = {"sh",  "-c",      "log=$1; shift; exec \"$@\" >\"$log\" 2>&1",
				    "sh",  log,	      "make",
				    "-j2", "-C",      recipe->headers,
				    m,	   mutant,    cflags,
				    map,   "modules", NULL};
	g_autofree char *output = NULL;
	int r = pn_fs_mkdir_p(src, diag);

	for (unsigned int i = 0; r >= 0 && i < names->len; i++)
		r = copy_source(recipe, src, names->pdata[i], diag);
	if (r < 0)
		return r;
	r = pn_spawn_run(argv, NULL, BUILD_TIMEOUT_NS, &output, diag);
	if (r == -EIO)
		return pn_build_failed(log, "module-build.log", recipe->base, diag);
	if (r >= 0)
		r = keep(dir, ko, recipe->base, diag);
	if (r >= 0 && !*recipe->mutant)
		r = keep_objects(dir, src, names, diag);
	return r < 0 ? r : pn_fs_remove_tree(src, diag);
}

static int check_release(const char *path, const struct pn_image *image, char **ret_name, struct pn_diag *diag)
{
	g_autofree char *name = NULL, *release = NULL;
	int r = pn_kmods_describe(path, &name, &release, diag);

	if (r < 0)
		return r;
	if (strcmp(release, image->release))
		return pn_diag_set(diag, -ENOEXEC, "%s: built for kernel %s, but image '%s' runs %s", path, release, image->name,
				   image->release);
	*ret_name = g_steal_pointer(&name);
	return 0;
}

/* The driver that a mutant is a mutant of, built, for its objects. */
static int take_objects(struct recipe *recipe, const struct pn_image *image, struct pn_diag *diag)
{
	struct recipe plain = *recipe;
	g_autofree char *hash = NULL, *dir = NULL;
	int r;

	plain.mutant = (char *)"";
	plain.cflags = (char *)"";
	r = key_of(&plain, image->release, &hash, diag);
	if (r >= 0)
		r = pn_cache_get("module", hash, build, &plain, &dir, diag);
	if (r >= 0)
		recipe->objects = g_build_filename(dir, OBJECTS, NULL);
	return r;
}

static int own(const char *label, struct recipe *recipe, const struct pn_image *image, struct pn_module **ret_module,
	       struct pn_diag *diag)
{
	g_autofree char *hash = NULL, *dir = NULL, *path = NULL, *name = NULL;
	struct pn_module *module;
	int r = recipe->files ? take_objects(recipe, image, diag) : 0;

	if (r >= 0)
		r = key_of(recipe, image->release, &hash, diag);
	if (r >= 0)
		r = pn_cache_get("module", hash, build, recipe, &dir, diag);
	if (r < 0)
		return r;
	path = g_strdup_printf("%s/%s.ko", dir, recipe->base);
	r = check_release(path, image, &name, diag);
	if (r < 0)
		return r;
	module = g_new0(struct pn_module, 1);
	module->name = g_steal_pointer(&name);
	module->path = g_steal_pointer(&path);
	module->label = g_strdup(label);
	module->hash = g_steal_pointer(&hash);
	*ret_module = module;
	return 0;
}

static int from_user(const char *path, const struct pn_image *image, struct pn_module **ret_module, struct pn_diag *diag)
{
	g_autofree char *name = NULL;
	struct pn_module *module;
	char hex[65];
	int r;

	if (!g_file_test(path, G_FILE_TEST_IS_REGULAR))
		return pn_diag_set(diag, -ENOENT, "--driver: '%s' is not there", path);
	r = check_release(path, image, &name, diag);
	if (r >= 0)
		r = pn_fs_sha256(path, hex, diag);
	if (r < 0)
		return r;
	module = g_new0(struct pn_module, 1);
	module->name = g_steal_pointer(&name);
	module->path = g_canonicalize_filename(path, NULL);
	module->label = g_strdup(path);
	module->hash = g_strdup(hex);
	*ret_module = module;
	return 0;
}

static int stock(const struct pn_image *image, struct pn_module **ret_module)
{
	struct pn_module *module = g_new0(struct pn_module, 1);

	module->name = g_strdup("virtio_balloon");
	module->label = g_strdup("stock");
	module->hash = g_strdup(image->hash);
	*ret_module = module;
	return 0;
}

char **pn_module_names(void)
{
	struct pn_mutants mutants = {};
	GPtrArray *names = g_ptr_array_new();

	g_ptr_array_add(names, g_strdup("vballoon"));
	g_ptr_array_add(names, g_strdup("stock"));
	if (pn_mutants_read(&mutants, NULL) >= 0) {
		for (unsigned int i = 0; i < mutants.count; i++)
			if (!strcmp(mutants.list[i].base, "vballoon"))
				g_ptr_array_add(names, g_strdup(mutants.list[i].name));
		pn_mutants_free(&mutants);
	}
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(names, FALSE);
}

static char **files_of(const struct pn_mutant *mutant)
{
	GPtrArray *files = g_ptr_array_new();

	for (unsigned int i = 0; i < mutant->files_count; i++)
		g_ptr_array_add(files, g_strdup(mutant->files[i]));
	g_ptr_array_add(files, NULL);
	return (char **)g_ptr_array_free(files, !mutant->files_count);
}

/* Is it a driver of ours or a variant of one? */
static int find(const char *driver, struct recipe *ret_recipe, struct pn_diag *diag)
{
	struct pn_mutants mutants = {};
	int r = pn_mutants_read(&mutants, diag);

	if (r < 0)
		return r;
	r = -ENOENT;
	if (!strcmp(driver, "vballoon")) {
		*ret_recipe = (struct recipe){.base = g_strdup(driver), .mutant = g_strdup(""), .cflags = g_strdup("")};
		r = 0;
	}
	for (unsigned int i = 0; r < 0 && i < mutants.count; i++) {
		const struct pn_mutant *mutant = &mutants.list[i];

		if (strcmp(driver, mutant->name) || strcmp(mutant->base, "vballoon"))
			continue;
		*ret_recipe = (struct recipe){.base = g_strdup(mutant->base),
					      .mutant = g_strdup(mutant->mutant),
					      .cflags = g_strdup(mutant->cflags ? mutant->cflags : ""),
					      .files = files_of(mutant)};
		r = 0;
	}
	pn_mutants_free(&mutants);
	if (r < 0) {
		g_auto(GStrv) names = pn_module_names();
		g_autofree char *accepted = g_strjoinv(", ", names);

		return pn_diag_set(diag, -ENOENT, "driver: '%s' is not accepted; expected %s or the path of a .ko", driver, accepted);
	}
	ret_recipe->sources = g_build_filename(pn_paths_share(), PN_PATHS_DRIVERS, ret_recipe->base, NULL);
	return 0;
}

int pn_module_get(const char *driver, const struct pn_image *image, struct pn_module **ret_module, struct pn_diag *diag)
{
	struct recipe recipe = {};
	int r;

	if (!strcmp(driver, "stock"))
		return stock(image, ret_module);
	if (g_str_has_suffix(driver, ".ko"))
		return from_user(driver, image, ret_module, diag);
	r = find(driver, &recipe, diag);
	if (r >= 0 && image->headers)
		recipe.headers = g_strdup(image->headers);
	else if (r >= 0)
		r = pn_headers_get(image->release, &recipe.headers, diag);
	if (r >= 0)
		r = own(driver, &recipe, image, ret_module, diag);
	recipe_deinit(&recipe);
	return r;
}
