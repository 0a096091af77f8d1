// SPDX-License-Identifier: GPL-2.0-only
/* Which QEMU, and exactly which: its content hash is part of the key of snapshots and of probed capabilities. */

#include "emulator.h"

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../guests/images/paths.h"
#include "../base/cache.h"
#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/spawn.h"
#include "../base/units.h"

#define DEFAULT_NAME "qemu-system-x86_64"
#define PLUGIN "harness/pin/pn-pin.so"
#define PROBE_TIMEOUT_NS (20 * PN_NS_PER_S)
#define WRAPPER "harness/guest/pn-no-thp"

struct wrapping {
	const char *wrapper;
	const char *path;
};

int pn_emulator_path(const char *qemu, char **ret_path, struct pn_diag *diag)
{
	g_autofree char *found = g_find_program_in_path(qemu ? qemu : DEFAULT_NAME);
	char real[PATH_MAX];

	if (!found || !realpath(found, real))
		return pn_diag_set(diag, -ENOENT, "%s: no such emulator; expected a QEMU binary%s", qemu ? qemu : DEFAULT_NAME,
				   qemu ? "" : " in PATH (package qemu-system-x86)");
	*ret_path = g_strdup(real);
	return 0;
}

static int hash_file(const char *dir, void *data, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(dir, "sha256", NULL);
	char hex[65];
	int err = pn_fs_sha256(data, hex, diag);

	return err ? err : pn_fs_write(path, hex, strlen(hex), diag);
}

int pn_emulator_hash(const char *path, char ret_hex[65], struct pn_diag *diag)
{
	g_autofree char *identity = NULL, *key = NULL, *dir = NULL, *file = NULL, *text = NULL;
	struct stat st;
	int err;

	if (stat(path, &st) < 0)
		return pn_diag_set(diag, -errno, "%s: %s", path, g_strerror(errno));
	identity = g_strdup_printf("%s %llu %llu %lld %lld.%ld %lld.%ld", path, (unsigned long long)st.st_dev, (unsigned long long)st.st_ino,
				   (long long)st.st_size, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec, (long long)st.st_ctim.tv_sec,
				   st.st_ctim.tv_nsec);
	key = g_compute_checksum_for_string(G_CHECKSUM_SHA256, identity, -1);
	err = pn_cache_get("filehash", key, hash_file, (void *)path, &dir, diag);
	if (err)
		return err;
	file = g_build_filename(dir, "sha256", NULL);
	err = pn_fs_read(file, &text, NULL, diag);
	if (err)
		return err;
	if (strlen(text) != 64)
		return pn_diag_set(diag, -EIO, "%s: not a hash; remove it", file);
	memcpy(ret_hex, text, 65);
	return 0;
}

/* QEMU reads its options in order: without plugins it refuses the first, with them it comes to the second. */
static int probe_plugins(const char *dir, void *data, struct pn_diag *diag)
{
	const char *const argv[] = { data, "-plugin", "file=none", "-version", NULL };
	g_autofree char *path = g_build_filename(dir, "plugins", NULL);
	g_autofree char *version = NULL; /* taken, so that it does not stand among what we print */
	const char *answer = pn_spawn_run(argv, NULL, PROBE_TIMEOUT_NS, &version, NULL) ? "no" : "yes";

	return pn_fs_write(path, answer, strlen(answer), diag);
}

int pn_emulator_plugin(const char *path, char **ret_plugin, struct pn_diag *diag)
{
	g_autofree char *plugin = g_build_filename(pn_paths_libexec(), PLUGIN, NULL);
	g_autofree char *dir = NULL, *file = NULL, *answer = NULL;
	char hex[65];
	int err = pn_emulator_hash(path, hex, diag);

	if (!err && !g_file_test(plugin, G_FILE_TEST_EXISTS))
		err = pn_diag_set(diag, -ENOENT, "%s: not there; build it", plugin);
	if (!err)
		err = pn_cache_get("plugins", hex, probe_plugins, (void *)path, &dir, diag);
	if (err)
		return err;
	file = g_build_filename(dir, "plugins", NULL);
	err = pn_fs_read(file, &answer, NULL, diag);
	if (!err && strcmp(answer, "yes") != 0)
		err = pn_diag_set(diag, -ENOTSUP, "%s: built without plugins", path);
	if (!err)
		*ret_plugin = g_steal_pointer(&plugin);
	return err;
}

static int fill_wrapper(const char *dir, void *data, struct pn_diag *diag)
{
	const struct wrapping *wrapping = data;
	g_autofree char *program = g_build_filename(dir, DEFAULT_NAME, NULL);
	g_autofree char *real = g_build_filename(dir, "real", NULL);
	int err = pn_fs_copy(wrapping->wrapper, program, diag);

	if (!err && (chmod(program, 0755) < 0 || chmod(dir, 0755) < 0 || symlink(wrapping->path, real) < 0))
		err = pn_diag_set(diag, -errno, "%s: %s", dir, g_strerror(errno));
	return err;
}

int pn_emulator_no_thp(const char *path, char **ret_path, struct pn_diag *diag)
{
	g_autofree char *wrapper = g_build_filename(pn_paths_libexec(), WRAPPER, NULL);
	g_autofree char *identity = NULL, *key = NULL, *dir = NULL;
	struct wrapping wrapping = { .wrapper = wrapper, .path = path };
	char hex[65];
	int err = pn_emulator_hash(wrapper, hex, diag);

	if (err)
		return err;
	identity = g_strdup_printf("%s %s", hex, path);
	key = g_compute_checksum_for_string(G_CHECKSUM_SHA256, identity, -1);
	err = pn_cache_get("emulator", key, fill_wrapper, &wrapping, &dir, diag);
	if (!err)
		*ret_path = g_build_filename(dir, DEFAULT_NAME, NULL);
	return err;
}
