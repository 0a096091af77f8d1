// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernels built from a Debian source package: cache entry "source", by the package's version, the configuration, the patch and the script that
 * builds it (build-kernel). All modules that the configuration asks for are in it; which of them an image takes is kernel.c's, so that a recipe's list of
 * modules costs no build.
 *
 * Limit: the compiler is not part of the key, as for drivers.
 */
#include "source.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "base/cache.h"
#include "base/diag.h"
#include "base/fs.h"
#include "base/spawn.h"
#include "base/units.h"
#include "build_log.h"
#include "kmods.h"
#include "package.h"
#include "paths.h"
#include "recipe.h"
#include "stamp.h"

#define SOURCE_FORM "source 1"
#define SCRIPT "build-kernel"
#define BUILD_TIMEOUT_NS (4 * 3600 * PN_NS_PER_S)

/* one build */
struct job {
	const struct pn_recipe_kernel *kernel;
	const struct pn_package *package;
	const char *script;
};

void pn_source_deinit(struct pn_source *source)
{
	g_clear_pointer(&source->hash, g_free);
	g_clear_pointer(&source->dir, g_free);
	g_clear_pointer(&source->modules, g_free);
	g_clear_pointer(&source->build, g_free);
	g_clear_pointer(&source->version, g_free);
}

static bool want_tarball(const char *path, void *data)
{
	return g_str_has_prefix(path, "usr/src/") && g_str_has_suffix(path, ".tar.xz");
}

static int build(const char *dir, void *data, struct pn_diag *diag)
{
	const struct job *job = data;
	g_autofree char *src = g_build_filename(dir, "src", NULL), *log = g_build_filename(dir, "build.log", NULL), *deb = NULL;
	g_autofree char *file = g_strconcat(job->package->name, ".tar.xz", NULL);
	g_autofree char *tarball = g_build_filename(src, "usr/src", file, NULL);
	const char *const argv[] = {"sh", "-c", "log=$1; shift; exec \"$@\" >\"$log\" 2>&1",
				    "sh", log,	job->script, tarball, job->kernel->config,
				    job->kernel->patch ? job->kernel->patch : "-", dir, NULL};
	int r;

	fprintf(stderr, "building the kernel of %s; takes tens of minutes, once\n", job->kernel->config);
	r = pn_package_fetch(job->package, &deb, diag);
	if (r >= 0)
		r = pn_fs_mkdir_p(src, diag);
	if (r >= 0)
		r = pn_package_unpack(deb, src, want_tarball, NULL, diag);
	if (r < 0)
		return r;
	r = pn_spawn_run(argv, NULL, BUILD_TIMEOUT_NS, NULL, diag);
	if (r == -EIO)
		return pn_build_failed(log, "kernel-build.log", job->package->name, diag);
	return r < 0 ? r : pn_fs_remove_tree(src, diag);
}

/* lib/modules has one release. */
static int find_modules(struct pn_source *source, struct pn_diag *diag)
{
	g_autofree char *all = g_build_filename(source->dir, "lib/modules", NULL);
	g_autoptr(GDir) dir = g_dir_open(all, 0, NULL);
	const char *name = dir ? g_dir_read_name(dir) : NULL;

	if (!name)
		return pn_diag_set(diag, -EIO, "%s: damaged; remove this directory", source->dir);
	source->modules = g_build_filename(all, name, NULL);
	source->build = g_build_filename(source->dir, "build", NULL);
	return 0;
}

static int key_of(const struct job *job, struct pn_stamp *stamp, char **ret_hash, struct pn_diag *diag)
{
	const char *const files[] = {job->script, job->kernel->config, job->kernel->patch};
	g_autoptr(GString) key = g_string_new(SOURCE_FORM);
	char hex[65];
	int r = 0;

	g_string_append_printf(key, " %s=%s\n", job->package->name, job->package->version);
	for (unsigned int i = 0; r >= 0 && i < G_N_ELEMENTS(files) && files[i]; i++) {
		r = pn_stamp_hash(stamp, files[i], hex, diag);
		g_string_append_printf(key, "%s\n", hex);
	}
	if (r >= 0)
		*ret_hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, key->str, key->len);
	return r;
}

/* As kernel.c does for packages: what apt said last holds while it has not been asked anew, or knows nothing any more. */
static int resolve(const char *name, struct pn_stamp *stamp, struct pn_package *ret_package, struct pn_diag *diag)
{
	const bool remembered = stamp->package && stamp->version;
	struct pn_diag words = {};
	int r = pn_package_resolve(name, NULL, ret_package, &words);

	if (r >= 0)
		return 0;
	if (!remembered)
		return pn_diag_set(diag, r, "%s", words.text);
	*ret_package = (struct pn_package){.name = g_strdup(stamp->package), .version = g_strdup(stamp->version)};
	return 0;
}

int pn_source_get(const struct pn_recipe_kernel *kernel, struct pn_stamp *stamp, struct pn_source *ret_source, struct pn_diag *diag)
{
	g_autofree char *script = g_build_filename(pn_paths_share(), PN_PATHS_RECIPES, SCRIPT, NULL);
	struct pn_package package = {};
	struct job job = {.kernel = kernel, .package = &package, .script = script};
	struct pn_source source = {};
	int r = resolve(kernel->source, stamp, &package, diag);

	if (r >= 0)
		r = key_of(&job, stamp, &source.hash, diag);
	if (r >= 0)
		r = pn_cache_get("source", source.hash, build, &job, &source.dir, diag);
	if (r >= 0)
		r = find_modules(&source, diag);
	if (r >= 0) {
		pn_stamp_remember(stamp, package.name, package.version);
		source.version = g_strdup(package.version);
		*ret_source = source;
	} else {
		pn_source_deinit(&source);
	}
	pn_package_deinit(&package);
	return r;
}
