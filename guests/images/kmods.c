// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel modules by libkmod: which files a set of names comes to, and what a file says of itself. The host's own modules and its
 * /etc/modprobe.d are kept out: every context is made for one directory with no configuration.
 */
#include "kmods.h"

#include <errno.h>
#include <libkmod.h>
#include <string.h>

#include "base/diag.h"
#include "base/spawn.h"
#include "base/texts.h"
#include "base/units.h"

#define DEPMOD_TIMEOUT_NS (300 * PN_NS_PER_S)

static void silent(void *data, int priority, const char *file, int line, const char *fn, const char *format, va_list args)
{
}

static struct kmod_ctx *context(const char *dir)
{
	static const char *const no_config[] = {NULL};
	struct kmod_ctx *ctx = kmod_new(dir, no_config);

	if (ctx)
		kmod_set_log_fn(ctx, silent, NULL);
	return ctx;
}

static int take_lookup(struct kmod_ctx *ctx, const char *name, GHashTable *paths, unsigned int depth);

static void take_list(struct kmod_ctx *ctx, struct kmod_list *list, GHashTable *paths, unsigned int depth)
{
	struct kmod_list *item;

	kmod_list_foreach(item, list) {
		struct kmod_module *module = kmod_module_get_module(item);

		take_lookup(ctx, kmod_module_get_name(module), paths, depth);
		kmod_module_unref(module);
	}
	kmod_module_unref_list(list);
}

/* One module with what it needs. Return: 1 when it is there (a file or built in), 0 when it is not. */
static int take(struct kmod_ctx *ctx, struct kmod_module *module, GHashTable *paths, unsigned int depth)
{
	const char *path = kmod_module_get_path(module);
	struct kmod_list *pre = NULL, *post = NULL;

	if (!path)
		return kmod_module_get_initstate(module) == KMOD_MODULE_BUILTIN;
	if (!g_hash_table_add(paths, g_strdup(path)))
		return 1;
	take_list(ctx, kmod_module_get_dependencies(module), paths, depth + 1);
	if (kmod_module_get_softdeps(module, &pre, &post) >= 0) {
		take_list(ctx, pre, paths, depth + 1);
		take_list(ctx, post, paths, depth + 1);
	}
	return 1;
}

/* A name or an alias may stand for several modules (crc32c): all of them. */
static int take_lookup(struct kmod_ctx *ctx, const char *name, GHashTable *paths, unsigned int depth)
{
	struct kmod_list *list = NULL, *item;
	int found = 0;

	if (depth > 32 || kmod_module_new_from_lookup(ctx, name, &list) < 0)
		return 0;
	kmod_list_foreach(item, list) {
		struct kmod_module *module = kmod_module_get_module(item);

		found |= take(ctx, module, paths, depth);
		kmod_module_unref(module);
	}
	kmod_module_unref_list(list);
	return found;
}

int pn_kmods_select(const char *dir, const char *const *required, const char *const *wanted, GPtrArray **ret_paths, struct pn_diag *diag)
{
	g_autoptr(GHashTable) paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autofree char *index = g_build_filename(dir, "modules.dep.bin", NULL);
	struct kmod_ctx *ctx = NULL;
	GHashTableIter iter;
	gpointer path;
	int r = 0;

	if (!g_file_test(index, G_FILE_TEST_EXISTS))
		return pn_diag_set(diag, -ENOENT, "%s: not there; 'depmod' makes it", index);
	ctx = context(dir);
	if (!ctx)
		return pn_diag_set(diag, -EIO, "%s: libkmod can't read it", dir);
	for (unsigned int i = 0; !r && required[i]; i++) {
		if (!take_lookup(ctx, required[i], paths, 0))
			r = pn_diag_set(diag, -ENOENT, "%s: this kernel has no '%s', neither as a module nor built in", dir, required[i]);
	}
	for (unsigned int i = 0; !r && wanted && wanted[i]; i++)
		take_lookup(ctx, wanted[i], paths, 0);
	kmod_unref(ctx);
	if (r < 0)
		return r;
	*ret_paths = g_ptr_array_new_with_free_func(g_free);
	g_hash_table_iter_init(&iter, paths);
	while (g_hash_table_iter_next(&iter, &path, NULL))
		g_ptr_array_add(*ret_paths, g_strdup(path));
	g_ptr_array_sort(*ret_paths, pn_texts_compare);
	return 0;
}

int pn_kmods_depmod(const char *root, const char *release, struct pn_diag *diag)
{
	g_autofree char *in_path = g_find_program_in_path("depmod");
	/* not in the PATH of everybody who isn't root */
	const char *program = in_path ? in_path : "/usr/sbin/depmod";
	const char *const argv[] = {program, "-b", root, release, NULL};
	g_autofree char *output = NULL;

	return pn_spawn_run(argv, NULL, DEPMOD_TIMEOUT_NS, &output, diag);
}

int pn_kmods_describe(const char *path, char **ret_name, char **ret_release, struct pn_diag *diag)
{
	g_autofree char *absolute = g_canonicalize_filename(path, NULL);
	struct kmod_ctx *ctx = context("/nonexistent");
	struct kmod_list *info = NULL, *item;
	struct kmod_module *module = NULL;
	g_autofree char *release = NULL, *name = NULL;

	if (ctx && kmod_module_new_from_path(ctx, absolute, &module) >= 0 && kmod_module_get_info(module, &info) >= 0) {
		name = g_strdup(kmod_module_get_name(module));
		kmod_list_foreach(item, info) {
			const char *value = kmod_module_info_get_value(item);

			if (g_str_equal(kmod_module_info_get_key(item), "vermagic"))
				release = g_strndup(value, strcspn(value, " "));
			if (g_str_equal(kmod_module_info_get_key(item), "name")) {
				g_free(name);
				name = g_strdup(value);
			}
		}
		kmod_module_info_free_list(info);
	}
	kmod_module_unref(module);
	kmod_unref(ctx);
	if (!release)
		return pn_diag_set(diag, -ENOEXEC, "%s: not a kernel module (no vermagic)", path);
	*ret_name = g_steal_pointer(&name);
	*ret_release = g_steal_pointer(&release);
	return 0;
}
