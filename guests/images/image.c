// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest images: kernel, tools and the files of the harness put together as one initramfs, by content hash. The expensive parts
 * (kernel with modules, compressed tools) are cache entries of their own, so a changed agent costs one archive, not a build.
 *
 * Invariant: an image of one hash never changes. While nothing it was made of has changed (stamp.h), finding it reads one small file
 * and the sizes of its inputs.
 */
#include "image.h"

#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "base/cache.h"
#include "base/diag.h"
#include "base/fs.h"
#include "headers.h"
#include "kernel.h"
#include "paths.h"
#include "recipe.h"
#include "stamp.h"
#include "tree.h"
#include "userland.h"

/* counts up when the form of an image changes: layout of the initramfs, files of the entry */
#define IMAGE_FORM "image 1"

/* what an image is built from */
struct parts {
	const char *name;
	const struct pn_kernel *kernel;
	struct pn_tree *root;
	const char *tools;
};

void pn_image_free(struct pn_image *image)
{
	if (!image)
		return;
	g_free(image->name);
	g_free(image->hash);
	g_free(image->dir);
	g_free(image->kernel);
	g_free(image->initrd);
	g_free(image->release);
	g_free(image->version);
	g_free(image->headers);
	g_free(image->symbols);
	g_free(image);
}

/* The same file under a second name: an entry must not break when another one is pruned. */
static int share(const char *from, const char *to, struct pn_diag *diag)
{
	return link(from, to) == 0 ? 0 : pn_fs_copy(from, to, diag);
}

static void add_skeleton(struct pn_tree *tree)
{
	static const char *const dirs[] = {"/dev", "/etc", "/mnt", "/proc", "/root", "/run", "/sys", "/tmp", "/tools"};
	/* where programs and the dynamic loader look for things that lie in the tools */
	static const struct {
		const char *path, *target;
	} links[] = {
	    {"/usr", "tools/usr"},
	    {"/lib64", "usr/lib64"},
	    {"/lib/x86_64-linux-gnu", "../usr/lib/x86_64-linux-gnu"},
	    {"/sbin", "bin"},
	};

	for (unsigned int i = 0; i < G_N_ELEMENTS(dirs); i++)
		pn_tree_add_dir(tree, dirs[i]);
	for (unsigned int i = 0; i < G_N_ELEMENTS(links); i++)
		pn_tree_add_link(tree, links[i].path, links[i].target);
	/* before devtmpfs is mounted, and where it can't be */
	pn_tree_add_node(tree, "/dev/console", 0600, 5, 1);
	pn_tree_add_node(tree, "/dev/null", 0666, 1, 3);
	pn_tree_add_node(tree, "/dev/kmsg", 0644, 1, 11);
}

/* modules.dep, modules.alias and modules.softdep are what a loader in the guest reads; the .bin twins are for libkmod on the host */
static bool index_wanted(const char *name)
{
	static const char *const indexes[] = {"modules.dep", "modules.alias", "modules.softdep", "modules.builtin", NULL};

	return g_strv_contains(indexes, name);
}

static int add_modules(struct pn_tree *tree, const char *host, const char *guest, struct pn_diag *diag)
{
	g_autoptr(GDir) dir = g_dir_open(host, 0, NULL);
	const char *name;
	int r = 0;

	if (!dir)
		return pn_diag_set(diag, -EIO, "%s: can't be read", host);
	while (r >= 0 && (name = g_dir_read_name(dir))) {
		g_autofree char *from = g_build_filename(host, name, NULL);
		g_autofree char *to = g_build_filename(guest, name, NULL);

		if (g_file_test(from, G_FILE_TEST_IS_DIR))
			r = add_modules(tree, from, to, diag);
		else if (g_str_has_suffix(name, ".ko") || index_wanted(name))
			pn_tree_add_file(tree, to, from, 0644);
	}
	return r;
}

static int write_manifest(const char *dir, const struct parts *parts, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(dir, "image.json", NULL);
	const struct pn_kernel *kernel = parts->kernel;
	json_t *json = json_pack("{s:s, s:s, s:s*, s:s*}", "name", parts->name, "release", kernel->release, "version", kernel->version,
				 "headers", kernel->headers);
	char *text = json_dumps(json, JSON_SORT_KEYS);
	int r = text ? pn_fs_write(path, text, strlen(text), diag) : pn_diag_set(diag, -EINVAL, "%s: not UTF-8", path);

	free(text);
	json_decref(json);
	return r;
}

static int build(const char *dir, void *data, struct pn_diag *diag)
{
	const struct parts *parts = data;
	g_autofree char *modules = g_build_filename(parts->kernel->dir, "lib/modules", NULL);
	g_autofree char *vmlinuz = g_build_filename(parts->kernel->dir, "vmlinuz", NULL);
	g_autofree char *map = g_build_filename(parts->kernel->dir, "System.map", NULL);
	g_autofree char *to_vmlinuz = g_build_filename(dir, "vmlinuz", NULL);
	g_autofree char *to_map = g_build_filename(dir, "System.map", NULL);
	g_autofree char *initrd = g_build_filename(dir, "initrd", NULL);
	int r;

	add_skeleton(parts->root);
	pn_tree_add_file(parts->root, "/tools.squashfs", parts->tools, 0644);
	r = add_modules(parts->root, modules, "/lib/modules", diag);
	if (r >= 0)
		r = pn_tree_write_cpio(parts->root, initrd, diag);
	if (r >= 0)
		r = share(vmlinuz, to_vmlinuz, diag);
	if (r >= 0 && g_file_test(map, G_FILE_TEST_EXISTS))
		r = share(map, to_map, diag);
	return r < 0 ? r : write_manifest(dir, parts, diag);
}

/* Find an entry, or build it when @parts is given; describe it. */
static int get(const char *hash, struct parts *parts, struct pn_image **ret_image, struct pn_diag *diag)
{
	g_autofree char *dir = NULL, *manifest = NULL;
	const char *name, *release, *version = NULL, *headers = NULL;
	struct pn_image *image;
	json_t *json;
	int r = pn_cache_get("image", hash, parts ? build : NULL, parts, &dir, diag);

	if (r < 0)
		return r;
	manifest = g_build_filename(dir, "image.json", NULL);
	json = json_load_file(manifest, 0, NULL);
	if (!json ||
	    json_unpack(json, "{s:s, s:s, s?s, s?s}", "name", &name, "release", &release, "version", &version, "headers", &headers)) {
		json_decref(json);
		return pn_diag_set(diag, -EIO, "%s: damaged; remove this directory", dir);
	}
	image = g_new0(struct pn_image, 1);
	image->name = g_strdup(name);
	image->release = g_strdup(release);
	image->version = g_strdup(version);
	image->headers = headers ? g_strdup(headers) : pn_headers_find(release);
	json_decref(json);
	image->hash = g_strdup(hash);
	image->kernel = g_build_filename(dir, "vmlinuz", NULL);
	image->initrd = g_build_filename(dir, "initrd", NULL);
	image->symbols = g_build_filename(dir, "System.map", NULL);
	if (!g_file_test(image->symbols, G_FILE_TEST_EXISTS))
		g_clear_pointer(&image->symbols, g_free);
	image->dir = g_steal_pointer(&dir);
	*ret_image = image;
	return 0;
}

static int build_image(const struct pn_recipe *recipe, const struct pn_kernel *kernel, const struct pn_userland *userland,
		       struct pn_image **ret_image, struct pn_diag *diag)
{
	struct parts parts = {.name = recipe->name, .kernel = kernel, .root = userland->root};
	g_autofree char *tools = NULL, *tools_hash = NULL, *key = NULL, *hash = NULL;
	int r = pn_userland_tools(userland, recipe->tools_compression, &tools, &tools_hash, diag);

	if (r < 0)
		return r;
	parts.tools = tools;
	key = g_strdup_printf("%s %s\n%s\n%s\n%s", IMAGE_FORM, recipe->name, kernel->hash, tools_hash, userland->root_key->str);
	hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, key, -1);
	return get(hash, &parts, ret_image, diag);
}

/* User space first: what is missing there shows at once, and a kernel may be a long download. */
static int make_from(const struct pn_recipe *recipe, const char *bzimage, const char *modules, struct pn_stamp *stamp,
		     struct pn_image **ret_image, struct pn_diag *diag)
{
	struct pn_kernel kernel = {};
	struct pn_userland userland;
	int r = pn_userland_collect(recipe, stamp, &userland, diag);

	if (r < 0)
		return r;
	if (bzimage)
		r = pn_kernel_from_user(recipe, bzimage, modules, stamp, &kernel, diag);
	else if (recipe->kernel->source)
		r = pn_kernel_from_source(recipe, stamp, &kernel, diag);
	else
		r = pn_kernel_from_package(recipe, stamp, &kernel, diag);
	if (r >= 0)
		r = build_image(recipe, &kernel, &userland, ret_image, diag);
	pn_kernel_deinit(&kernel);
	pn_userland_deinit(&userland);
	return r;
}

static int make(const char *name, const char *bzimage, const char *modules, struct pn_stamp *stamp, struct pn_image **ret_image,
		struct pn_diag *diag)
{
	g_auto(GStrv) paths = NULL;
	struct pn_recipe *recipe = NULL;
	int r = pn_recipe_read(name, &recipe, &paths, diag);

	if (r < 0)
		return r;
	for (unsigned int i = 0; paths[i]; i++)
		pn_stamp_watch(stamp, paths[i]);
	r = make_from(recipe, bzimage, modules, stamp, ret_image, diag);
	pn_recipe_free(recipe);
	return r;
}

/* Everything outside the inputs that decides which image is meant. */
static char *stamp_key(const char *recipe, const char *bzimage, const char *modules)
{
	const char *parts[] = {IMAGE_FORM, recipe, bzimage, modules};
	g_autoptr(GString) key = g_string_new(NULL);
	g_autofree char *cwd = g_get_current_dir();

	for (unsigned int i = 0; i < G_N_ELEMENTS(parts); i++) {
		/* a path means something else in another directory; a name doesn't */
		g_autofree char *full = parts[i] && strchr(parts[i], '/') ? g_canonicalize_filename(parts[i], cwd) : g_strdup(parts[i]);

		g_string_append_printf(key, "%s\n", full ? full : "-");
	}
	g_string_append_printf(key, "%s\n%s\n", pn_paths_share(), pn_paths_libexec());
	return g_strdup(key->str);
}

int pn_image_find(const char *recipe, struct pn_image **ret_image, struct pn_diag *diag)
{
	g_autofree char *key = stamp_key(recipe, NULL, NULL);
	struct pn_stamp *stamp;
	int r = pn_stamp_open(key, &stamp, diag);

	if (r < 0)
		return r;
	if (pn_stamp_fresh(stamp))
		r = get(stamp->image, NULL, ret_image, diag);
	else
		r = pn_diag_set(diag, -ENOENT, "image '%s' is not built, or what it was built from has changed", recipe);
	pn_stamp_free(stamp);
	return r;
}

int pn_image_get(const char *recipe, const char *kernel, const char *modules, struct pn_image **ret_image, struct pn_diag *diag)
{
	g_autofree char *key = stamp_key(recipe, kernel, modules);
	struct pn_image *image = NULL;
	struct pn_stamp *stamp;
	int r;

	if (!kernel != !modules)
		return pn_diag_set(diag, -EINVAL, "%s: needs %s with it", kernel ? "--kernel" : "--modules",
				   kernel ? "--modules, its lib/modules/RELEASE directory" : "--kernel, a bzImage");
	r = pn_stamp_open(key, &stamp, diag);
	if (r < 0)
		return r;
	r = pn_stamp_fresh(stamp) ? get(stamp->image, NULL, &image, NULL) : -ENOENT;
	if (r < 0) {
		r = make(recipe, kernel, modules, stamp, &image, diag);
		if (r >= 0) {
			g_free(stamp->image);
			stamp->image = g_strdup(image->hash);
			r = pn_stamp_save(stamp, diag);
		}
	}
	pn_stamp_free(stamp);
	if (r < 0) {
		pn_image_free(image);
		return r;
	}
	*ret_image = image;
	return 0;
}
