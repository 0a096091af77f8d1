// SPDX-License-Identifier: GPL-2.0-only
/*
 * A kernel and the modules of a recipe in one form, whether it comes from a Debian package, its source, or a user: cache entry "kernel" with
 * vmlinuz, System.map where there is a real one, and lib/modules/RELEASE with the chosen modules and fresh indexes. Modules are
 * stored uncompressed there, because the agent loads files as they are.
 */
#include "kernel.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "base/cache.h"
#include "base/diag.h"
#include "base/fs.h"
#include "kmods.h"
#include "package.h"
#include "recipe.h"
#include "source.h"
#include "stamp.h"

/* counts up when the form of the entry changes */
#define KERNEL_FORM "kernel 2"
#define APT_LISTS "/var/lib/apt/lists"

/* what an entry is built from */
struct source {
	const struct pn_recipe *recipe;
	const struct pn_package *package; /* NULL: a user's */
	const char *bzimage;
	const char *symbols;
	const char *modules;
};

void pn_kernel_deinit(struct pn_kernel *kernel)
{
	g_clear_pointer(&kernel->hash, g_free);
	g_clear_pointer(&kernel->dir, g_free);
	g_clear_pointer(&kernel->release, g_free);
	g_clear_pointer(&kernel->version, g_free);
	g_clear_pointer(&kernel->headers, g_free);
}

static const char *const *terminated(char *const *names, unsigned int count, GPtrArray *store)
{
	for (unsigned int i = 0; i < count; i++)
		g_ptr_array_add(store, names[i]);
	g_ptr_array_add(store, NULL);
	return (const char *const *)store->pdata;
}

static int select_modules(const struct pn_recipe *recipe, const char *dir, GPtrArray **ret_paths, struct pn_diag *diag)
{
	g_autoptr(GPtrArray) required = g_ptr_array_new(), wanted = g_ptr_array_new();

	return pn_kmods_select(dir, terminated(recipe->modules, recipe->modules_count, required),
			       terminated(recipe->modules_wanted, recipe->modules_wanted_count, wanted), ret_paths, diag);
}

/* Copy a module; libarchive undoes whatever compression its name tells of. */
static int copy_module(const char *from, const char *to, struct pn_diag *diag)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	struct archive_entry *entry;
	struct archive *archive;
	guint8 block[16384];
	la_ssize_t n = -1;
	int r = 0;

	if (g_str_has_suffix(from, ".ko"))
		return pn_fs_copy(from, to, diag);
	archive = archive_read_new();
	archive_read_support_filter_all(archive);
	archive_read_support_format_raw(archive);
	if (archive_read_open_filename(archive, from, sizeof(block)) == ARCHIVE_OK &&
	    archive_read_next_header(archive, &entry) == ARCHIVE_OK) {
		while ((n = archive_read_data(archive, block, sizeof(block))) > 0)
			g_byte_array_append(bytes, block, n);
	}
	if (n < 0)
		r = pn_diag_set(diag, -EIO, "%s: %s", from, archive_error_string(archive));
	archive_read_free(archive);
	return r < 0 ? r : pn_fs_write(to, bytes->data, bytes->len, diag);
}

static int copy_modules(const struct pn_recipe *recipe, const char *from, const char *to, struct pn_diag *diag)
{
	static const char *const indexes[] = {"modules.builtin", "modules.builtin.modinfo", "modules.order"};
	g_autoptr(GPtrArray) paths = NULL;
	int r = select_modules(recipe, from, &paths, diag);

	for (unsigned int i = 0; r >= 0 && i < paths->len; i++) {
		const char *path = paths->pdata[i], *ko = strstr(path, ".ko");
		g_autofree char *relative = g_strndup(path + strlen(from), ko + strlen(".ko") - path - strlen(from));
		g_autofree char *target = g_build_filename(to, relative, NULL);
		g_autofree char *parent = g_path_get_dirname(target);

		r = pn_fs_mkdir_p(parent, diag);
		if (r >= 0)
			r = copy_module(path, target, diag);
	}
	for (unsigned int i = 0; r >= 0 && i < G_N_ELEMENTS(indexes); i++) {
		g_autofree char *source = g_build_filename(from, indexes[i], NULL);
		g_autofree char *target = g_build_filename(to, indexes[i], NULL);

		if (g_file_test(source, G_FILE_TEST_EXISTS))
			r = pn_fs_copy(source, target, diag);
	}
	return r;
}

/* Debian leaves a line instead of the map in its place; a map has at least thousands. */
static bool real_map(const char *path)
{
	g_autofree char *text = NULL;
	gsize len = 0;

	return path && g_file_get_contents(path, &text, &len, NULL) && len > 4096;
}

static int fill(const struct source *source, const char *release, const char *dir, struct pn_diag *diag)
{
	g_autofree char *to = g_build_filename(dir, "lib/modules", release, NULL);
	g_autofree char *vmlinuz = g_build_filename(dir, "vmlinuz", NULL);
	g_autofree char *map = g_build_filename(dir, "System.map", NULL);
	g_autofree char *note = g_build_filename(dir, "release", NULL);
	g_autofree char *from = g_canonicalize_filename(source->modules, NULL);
	int r = pn_fs_mkdir_p(to, diag);

	if (r >= 0)
		r = copy_modules(source->recipe, from, to, diag);
	if (r >= 0)
		r = pn_kmods_depmod(dir, release, diag);
	if (r >= 0)
		r = pn_fs_copy(source->bzimage, vmlinuz, diag);
	if (r >= 0 && real_map(source->symbols))
		r = pn_fs_copy(source->symbols, map, diag);
	return r < 0 ? r : pn_fs_write(note, release, strlen(release), diag);
}

static bool want_kernel(const char *path, void *data)
{
	return g_str_has_prefix(path, "boot/") || g_str_has_prefix(path, "lib/modules/");
}

static int build_from_package(const char *dir, void *data, struct pn_diag *diag)
{
	struct source source = *(const struct source *)data;
	const char *release = source.package->name + strlen("linux-image-");
	g_autofree char *all = g_build_filename(dir, "all", NULL);
	g_autofree char *deb = NULL, *bzimage = NULL, *symbols = NULL, *modules = NULL;
	int r = pn_package_fetch(source.package, &deb, diag);

	if (r >= 0)
		r = pn_fs_mkdir_p(all, diag);
	if (r >= 0)
		r = pn_package_unpack(deb, all, want_kernel, NULL, diag);
	if (r >= 0)
		r = pn_kmods_depmod(all, release, diag);
	if (r < 0)
		return r;
	source.bzimage = bzimage = g_strdup_printf("%s/boot/vmlinuz-%s", all, release);
	source.symbols = symbols = g_strdup_printf("%s/boot/System.map-%s", all, release);
	source.modules = modules = g_build_filename(all, "lib/modules", release, NULL);
	r = fill(&source, release, dir, diag);
	return r < 0 ? r : pn_fs_remove_tree(all, diag);
}

static int build_from_user(const char *dir, void *data, struct pn_diag *diag)
{
	const struct source *source = data;
	g_autofree char *release = NULL;
	int r = pn_kernel_release(source->bzimage, &release, diag);

	return r < 0 ? r : fill(source, release, dir, diag);
}

static int build_from_source(const char *dir, void *data, struct pn_diag *diag)
{
	const struct source *source = data;
	g_autofree char *release = g_path_get_basename(source->modules);

	return fill(source, release, dir, diag);
}

static int get(GString *key, pn_cache_build_fn *build, const struct source *source, struct pn_kernel *ret_kernel, struct pn_diag *diag)
{
	const struct pn_recipe *recipe = source->recipe;
	struct pn_kernel kernel = {};
	g_autofree char *note = NULL;
	int r;

	g_string_append_printf(key, "\n%s\n", KERNEL_FORM);
	for (unsigned int i = 0; i < recipe->modules_count; i++)
		g_string_append_printf(key, "%s\n", recipe->modules[i]);
	for (unsigned int i = 0; i < recipe->modules_wanted_count; i++)
		g_string_append_printf(key, "?%s\n", recipe->modules_wanted[i]);
	kernel.hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, key->str, key->len);
	r = pn_cache_get("kernel", kernel.hash, build, (void *)source, &kernel.dir, diag);
	if (r >= 0) {
		note = g_build_filename(kernel.dir, "release", NULL);
		r = pn_fs_read(note, &kernel.release, NULL, diag);
	}
	if (r < 0) {
		pn_kernel_deinit(&kernel);
		return r;
	}
	kernel.version = source->package ? g_strdup(source->package->version) : NULL;
	*ret_kernel = kernel;
	return 0;
}

/* Ask apt only when its lists have changed; when it knows nothing any more (lists removed), what it said last still holds. */
static int resolve(const struct pn_recipe *recipe, struct pn_stamp *stamp, struct pn_package *ret_package, struct pn_diag *diag)
{
	bool remembered = stamp->package && stamp->version;
	struct pn_diag why = {};
	int r = -ECANCELED;

	if (!remembered || !pn_stamp_same(stamp, APT_LISTS))
		r = pn_package_resolve(recipe->kernel->package, "linux-image-", ret_package, &why);
	pn_stamp_watch(stamp, APT_LISTS);
	if (r < 0 && remembered) {
		ret_package->name = g_strdup(stamp->package);
		ret_package->version = g_strdup(stamp->version);
		return 0;
	}
	return r < 0 ? pn_diag_set(diag, r, "%s", why.text) : 0;
}

int pn_kernel_from_package(const struct pn_recipe *recipe, struct pn_stamp *stamp, struct pn_kernel *ret_kernel, struct pn_diag *diag)
{
	g_autoptr(GString) key = g_string_new(NULL);
	struct pn_package package = {};
	const struct source source = {.recipe = recipe, .package = &package};
	int r = resolve(recipe, stamp, &package, diag);

	if (r < 0)
		return r;
	if (!g_str_has_prefix(package.name, "linux-image-")) {
		r = pn_diag_value(diag, recipe->name, "kernel.package", package.name,
				  "a package linux-image-RELEASE or one that depends on it");
	} else {
		g_string_printf(key, "%s=%s", package.name, package.version);
		r = get(key, build_from_package, &source, ret_kernel, diag);
	}
	if (r >= 0)
		pn_stamp_remember(stamp, package.name, package.version);
	pn_package_deinit(&package);
	return r;
}

int pn_kernel_from_source(const struct pn_recipe *recipe, struct pn_stamp *stamp, struct pn_kernel *ret_kernel, struct pn_diag *diag)
{
	g_autofree char *bzimage = NULL, *symbols = NULL;
	g_autoptr(GString) key = g_string_new("source ");
	struct source source = {.recipe = recipe};
	struct pn_source built = {};
	int r = pn_source_get(recipe->kernel, stamp, &built, diag);

	if (r < 0)
		return r;
	source.bzimage = bzimage = g_build_filename(built.dir, "vmlinuz", NULL);
	source.symbols = symbols = g_build_filename(built.dir, "System.map", NULL);
	source.modules = built.modules;
	g_string_append(key, built.hash);
	r = get(key, build_from_source, &source, ret_kernel, diag);
	if (r >= 0) {
		ret_kernel->version = g_steal_pointer(&built.version);
		ret_kernel->headers = g_steal_pointer(&built.build);
	}
	pn_source_deinit(&built);
	return r;
}

/* A map lies beside the kernel or in its build directory. NULL: nowhere. */
static char *find_map(const char *bzimage, const char *modules, const char *release)
{
	g_autofree char *dir = g_path_get_dirname(bzimage);
	char *const candidates[] = {
	    g_strdup_printf("%s/System.map-%s", dir, release),
	    g_build_filename(dir, "System.map", NULL),
	    g_build_filename(modules, "System.map", NULL),
	    g_build_filename(modules, "build", "System.map", NULL),
	};
	char *found = NULL;

	for (unsigned int i = 0; i < G_N_ELEMENTS(candidates); i++) {
		if (!found && g_file_test(candidates[i], G_FILE_TEST_EXISTS))
			found = candidates[i];
		else
			g_free(candidates[i]);
	}
	return found;
}

static char *find_build(const char *modules)
{
	g_autofree char *makefile = g_build_filename(modules, "build", "Makefile", NULL);

	return g_file_test(makefile, G_FILE_TEST_EXISTS) ? g_build_filename(modules, "build", NULL) : NULL;
}

static int key_of_user(const struct source *source, const char *release, struct pn_stamp *stamp, GString *key, struct pn_diag *diag)
{
	g_autofree char *dir = g_canonicalize_filename(source->modules, NULL);
	g_autoptr(GPtrArray) paths = NULL;
	char hex[65];
	int r = select_modules(source->recipe, dir, &paths, diag);

	g_string_printf(key, "user %s\n", release);
	pn_stamp_watch(stamp, source->modules);
	if (r >= 0)
		g_ptr_array_add(paths, g_strdup(source->bzimage));
	if (r >= 0 && source->symbols)
		g_ptr_array_add(paths, g_strdup(source->symbols));
	for (unsigned int i = 0; r >= 0 && i < paths->len; i++) {
		r = pn_stamp_hash(stamp, paths->pdata[i], hex, diag);
		g_string_append_printf(key, "%s\n", hex);
	}
	return r;
}

int pn_kernel_from_user(const struct pn_recipe *recipe, const char *bzimage, const char *modules, struct pn_stamp *stamp,
			struct pn_kernel *ret_kernel, struct pn_diag *diag)
{
	struct source source = {.recipe = recipe, .bzimage = bzimage, .modules = modules};
	g_autofree char *release = NULL, *base = g_path_get_basename(modules), *map = NULL;
	g_autoptr(GString) key = g_string_new(NULL);
	int r = pn_kernel_release(bzimage, &release, diag);

	if (r < 0)
		return r;
	if (strcmp(base, release))
		return pn_diag_set(diag, -EINVAL, "--modules: '%s' is not accepted; expected .../lib/modules/%s, which %s is", modules,
				   release, bzimage);
	source.symbols = map = find_map(bzimage, modules, release);
	r = key_of_user(&source, release, stamp, key, diag);
	if (r >= 0)
		r = get(key, build_from_user, &source, ret_kernel, diag);
	if (r >= 0)
		ret_kernel->headers = find_build(modules);
	return r;
}

int pn_kernel_release(const char *bzimage, char **ret_release, struct pn_diag *diag)
{
	guint8 head[0x10000] = {};
	size_t at, len;
	FILE *file = fopen(bzimage, "re");

	if (!file)
		return pn_diag_set(diag, -errno, "%s: %s", bzimage, g_strerror(errno));
	len = fread(head, 1, sizeof(head) - 1, file);
	fclose(file);
	/* boot.rst: magic at 0x202; kernel_version at 0x20e is an offset less 0x200 */
	at = len > 0x210 ? (head[0x20e] | head[0x20f] << 8) + 0x200U : 0;
	if (len <= 0x210 || memcmp(head + 0x202, "HdrS", 4) || at == 0x200 || at >= len)
		return pn_diag_set(diag, -EINVAL, "%s: not a bzImage", bzimage);
	*ret_release = g_strndup((char *)head + at, strcspn((char *)head + at, " "));
	return 0;
}
