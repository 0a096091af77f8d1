// SPDX-License-Identifier: GPL-2.0-only
/*
 * User space of a guest, out of files of the host. README.md says where what ends up and what the agent has to mount.
 *
 * Invariant: the keys name every byte that goes in, so equal keys mean equal images.
 */
#include "userland.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cache.h"
#include "base/diag.h"
#include "base/fs.h"
#include "base/spawn.h"
#include "base/texts.h"
#include "base/units.h"
#include "libs.h"
#include "paths.h"
#include "recipe.h"
#include "standin.h"
#include "stamp.h"
#include "tree.h"

#define TOOLS_FORM "tools 2"
#define SQUASH_TIMEOUT_NS (600 * PN_NS_PER_S)
#define SQUASH_BLOCK "131072"
#define AGENT_GUEST_PATH "/init"

static void userland_init(struct pn_userland *userland)
{
	userland->root = pn_tree_new();
	userland->tools = pn_tree_new();
	userland->root_key = g_string_new(NULL);
	userland->tools_key = g_string_new(NULL);
}

void pn_userland_deinit(struct pn_userland *userland)
{
	pn_tree_free(userland->root);
	pn_tree_free(userland->tools);
	g_string_free(userland->root_key, TRUE);
	g_string_free(userland->tools_key, TRUE);
}

static int add_file(struct pn_userland *userland, struct pn_stamp *stamp, const char *guest, const char *host, struct pn_diag *diag)
{
	bool tool = g_str_has_prefix(guest, "/usr/");
	struct stat st;
	char hex[65];
	int r = pn_stamp_hash(stamp, host, hex, diag);

	if (r < 0)
		return r;
	if (stat(host, &st) < 0)
		return pn_diag_set(diag, -errno, "%s: %s", host, g_strerror(errno));
	pn_tree_add_file(tool ? userland->tools : userland->root, guest, host, st.st_mode & 0755);
	g_string_append_printf(tool ? userland->tools_key : userland->root_key, "%s %o %s\n", guest, st.st_mode & 0755, hex);
	return 0;
}

/* Libraries of all programs together: one name is one file, so a stand-in for one program must not be the real one of another. */
static int add_libs(struct pn_userland *userland, struct pn_stamp *stamp, GHashTable *libs, GHashTable *standins, struct pn_diag *diag)
{
	g_autoptr(GHashTable) taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autofree char **paths = (char **)g_hash_table_get_keys_as_array(libs, NULL);
	unsigned int count = g_hash_table_size(libs);
	int r = 0;

	qsort(paths, count, sizeof(*paths), pn_texts_compare);
	for (unsigned int i = 0; r >= 0 && i < count; i++) {
		const char *standin = g_hash_table_lookup(standins, paths[i]);
		g_autofree char *guest = standin ? g_strdup(standin) : pn_libs_guest_path(paths[i]);

		if (g_hash_table_contains(taken, guest))
			return pn_diag_set(diag, -EINVAL,
					   "recipe: files.without: %s is left out of one program, but another one has it, or leaves out "
					   "other functions of it",
					   guest);
		r = add_file(userland, stamp, guest, paths[i], diag);
		g_hash_table_add(taken, g_steal_pointer(&guest));
	}
	return r;
}

/* busybox under the name of each of its applets, as its own --install would do */
static int add_applets(struct pn_userland *userland, const char *busybox, const char *guest, struct pn_diag *diag)
{
	const char *const argv[] = {busybox, "--list", NULL};
	g_autofree char *output = NULL;
	g_auto(GStrv) names = NULL;
	int r = pn_spawn_run(argv, NULL, 10 * PN_NS_PER_S, &output, diag);

	if (r < 0)
		return r;
	names = g_strsplit(output, "\n", -1);
	for (unsigned int i = 0; names[i]; i++) {
		g_autofree char *link = g_build_filename("/bin", names[i], NULL);

		if (*names[i] && strcmp(names[i], "busybox"))
			pn_tree_add_link(userland->root, link, guest);
	}
	return 0;
}

static int add_recipe_file(struct pn_userland *userland, struct pn_stamp *stamp, const struct pn_recipe_file *file, GHashTable *libs,
			   GHashTable *standins, struct pn_diag *diag)
{
	g_autofree char *interp = NULL, *first = NULL;
	const char *guest = file->as ? file->as : file->file;
	int r;

	if (!g_file_test(file->file, G_FILE_TEST_IS_REGULAR))
		return pn_diag_set(diag, -ENOENT, "%s: not on this host, and the guest image needs it; 'apt-get install %s'", file->file,
				   file->package);
	r = pn_libs_interp(file->file, &interp, diag);
	if (r < 0)
		return r;
	if (interp && !g_str_has_prefix(guest, "/usr/"))
		return pn_diag_value(diag, "recipe", "files.as", guest, "a path below /usr for a program that has shared libraries");
	if (file->without_count)
		r = pn_standin_make(file->file, file->without, file->without_count, stamp, &first, standins, diag);
	if (r >= 0)
		r = pn_libs_closure(file->file, first, libs, diag);
	if (r >= 0)
		r = add_file(userland, stamp, guest, file->file, diag);
	if (r >= 0 && g_str_has_suffix(guest, "/busybox"))
		r = add_applets(userland, file->file, guest, diag);
	return r;
}

static int add_own(struct pn_userland *userland, struct pn_stamp *stamp, const char *guest, const char *host, struct pn_diag *diag)
{
	g_autofree char *interp = NULL;
	int r = pn_libs_interp(host, &interp, diag);

	if (r >= 0 && interp)
		return pn_diag_set(diag, -EINVAL, "%s: linked dynamically; programs of ours must be static to run in a guest", host);
	return r < 0 ? r : add_file(userland, stamp, guest, host, diag);
}

static int add_native(struct pn_userland *userland, struct pn_stamp *stamp, struct pn_diag *diag)
{
	g_autofree char *native = g_build_filename(pn_paths_libexec(), PN_PATHS_NATIVE, NULL);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) dir = g_dir_open(native, 0, NULL);
	const char *name;
	int r = 0;

	pn_stamp_watch(stamp, native);
	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(native, name, NULL);

		if (g_str_has_prefix(name, "pn-") && g_file_test(path, G_FILE_TEST_IS_REGULAR) &&
		    g_file_test(path, G_FILE_TEST_IS_EXECUTABLE))
			g_ptr_array_add(names, g_strdup(name));
	}
	g_ptr_array_sort(names, pn_texts_compare);
	for (unsigned int i = 0; r >= 0 && i < names->len; i++) {
		g_autofree char *host = g_build_filename(native, names->pdata[i], NULL);
		g_autofree char *guest = g_build_filename("/bin", names->pdata[i], NULL);

		r = add_own(userland, stamp, guest, host, diag);
	}
	return r;
}

static int add_agent(struct pn_userland *userland, struct pn_stamp *stamp, struct pn_diag *diag)
{
	g_autofree char *agent = g_build_filename(pn_paths_libexec(), PN_PATHS_AGENT, NULL);

	if (!g_file_test(agent, G_FILE_TEST_IS_EXECUTABLE))
		return pn_diag_set(diag, -ENOENT,
				   "%s: the agent is not there; 'ninja -C build' makes it, PUNCTURE_LIBEXEC names another directory",
				   agent);
	return add_own(userland, stamp, AGENT_GUEST_PATH, agent, diag);
}

int pn_userland_collect(const struct pn_recipe *recipe, struct pn_stamp *stamp, struct pn_userland *ret_userland, struct pn_diag *diag)
{
	g_autoptr(GHashTable) libs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable) standins = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	struct pn_userland userland;
	int r = 0;

	userland_init(&userland);
	for (unsigned int i = 0; r >= 0 && i < recipe->files_count; i++)
		r = add_recipe_file(&userland, stamp, &recipe->files[i], libs, standins, diag);
	if (r >= 0)
		r = add_libs(&userland, stamp, libs, standins, diag);
	if (r >= 0)
		r = add_native(&userland, stamp, diag);
	if (r >= 0)
		r = add_agent(&userland, stamp, diag);
	if (r < 0)
		pn_userland_deinit(&userland);
	else
		*ret_userland = userland;
	return r;
}

struct squash {
	const struct pn_tree *tree;
	const char *compression;
};

static int build_tools(const char *dir, void *data, struct pn_diag *diag)
{
	const struct squash *squash = data;
	g_autofree char *stage = g_build_filename(dir, "stage", NULL);
	g_autofree char *out = g_build_filename(dir, "tools.squashfs", NULL);
	/* dated 1970 and owned by root, so that equal content is equal to the byte */
	const char *const argv[] = {"mksquashfs", stage, out, "-comp", squash->compression, "-b", SQUASH_BLOCK, "-all-root", "-no-xattrs",
				    "-mkfs-time", "0", "-all-time", "0", "-quiet", "-no-progress",
				    /* lz4 without it packs a fifth worse and unpacks no faster */
				    strcmp(squash->compression, "lz4") ? NULL : "-Xhc", NULL};
	g_autofree char *output = NULL;
	int r = pn_fs_mkdir_p(stage, diag);

	if (r >= 0)
		r = pn_tree_stage(squash->tree, stage, diag);
	if (r >= 0)
		r = pn_spawn_run(argv, NULL, SQUASH_TIMEOUT_NS, &output, diag);
	return r < 0 ? r : pn_fs_remove_tree(stage, diag);
}

int pn_userland_tools(const struct pn_userland *userland, const char *compression, char **ret_path, char **ret_hash, struct pn_diag *diag)
{
	struct squash squash = {.tree = userland->tools, .compression = compression};
	g_autofree char *key = g_strdup_printf("%s %s %s\n%s", TOOLS_FORM, compression, SQUASH_BLOCK, userland->tools_key->str);
	g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, key, -1);
	g_autofree char *dir = NULL;
	int r = pn_cache_get("tools", hash, build_tools, &squash, &dir, diag);

	if (r < 0)
		return r;
	*ret_path = g_build_filename(dir, "tools.squashfs", NULL);
	*ret_hash = g_steal_pointer(&hash);
	return 0;
}
