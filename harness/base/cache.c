// SPDX-License-Identifier: GPL-2.0-only
/*
 * The content-addressed cache. Invariant: ROOT/KIND/HASH exists only whole. A build goes on in ROOT/KIND/.HASH.PID.tmp under
 * flock(ROOT/KIND/.HASH.lock), in the owner record; whoever waits for the lock looks again before building. The lock file stays: removing it
 * would let two builders lock two different files of the same name.
 */

#include "cache.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "diag.h"
#include "fs.h"
#include "owned.h"

char *pn_cache_root(struct pn_diag *diag)
{
	g_autofree char *root = g_build_filename(g_get_user_cache_dir(), "puncture", NULL);

	return pn_fs_mkdir_p(root, diag) ? NULL : g_steal_pointer(&root);
}

/* Last use is the directory's mtime: atime is not reliable (noatime). */
static bool entry_use(const char *dir)
{
	return utimensat(AT_FDCWD, dir, NULL, 0) == 0;
}

static int entry_build(const char *folder, const char *hash, const char *dir, pn_cache_build_fn *build, void *data, struct pn_diag *diag)
{
	g_autofree char *temp = g_strdup_printf("%s/.%s.%d.tmp", folder, hash, (int)getpid());
	int id = pn_owned_add("tree", json_pack("{s:s}", "path", temp), diag);
	int err = id < 0 ? id : pn_fs_remove_tree(temp, diag);

	if (!err)
		err = pn_fs_mkdir_p(temp, diag);
	if (!err)
		err = build(temp, data, diag);
	if (!err && rename(temp, dir) < 0)
		err = pn_diag_set(diag, -errno, "can't rename %s to %s: %s", temp, dir, g_strerror(errno));
	if (err && id > 0)
		pn_owned_release(id, NULL);
	else if (!err)
		pn_owned_forget(id);
	return err;
}

static int lock_entry(const char *folder, const char *hash, int how, struct pn_diag *diag)
{
	g_autofree char *path = g_strdup_printf("%s/.%s.lock", folder, hash);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		return pn_diag_set(diag, -errno, "can't lock %s: %s", path, g_strerror(errno));
	while (flock(fd, how) < 0) {
		int err = -errno;

		if (err == -EINTR)
			continue;
		close(fd);
		return pn_diag_set(diag, err, "can't lock %s: %s", path, g_strerror(-err));
	}
	return fd;
}

int pn_cache_get(const char *kind, const char *hash, pn_cache_build_fn *build, void *data, char **ret_dir, struct pn_diag *diag)
{
	g_autofree char *root = pn_cache_root(diag);
	g_autofree char *folder = root ? g_build_filename(root, kind, NULL) : NULL;
	g_autofree char *dir = root ? g_build_filename(folder, hash, NULL) : NULL;
	int lock, err = 0;

	if (!root)
		return -EIO;
	if (!entry_use(dir)) {
		if (!build)
			return pn_diag_set(diag, -ENOENT, "no %s %s in the cache", kind, hash);
		err = pn_fs_mkdir_p(folder, diag);
		if (err)
			return err;
		lock = lock_entry(folder, hash, LOCK_EX, diag);
		if (lock < 0)
			return lock;
		if (!entry_use(dir))
			err = entry_build(folder, hash, dir, build, data, diag);
		close(lock);
	}
	if (!err)
		*ret_dir = g_steal_pointer(&dir);
	return err;
}

static uint64_t tree_bytes(const char *path)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;
	struct stat st;
	uint64_t bytes;

	if (lstat(path, &st) < 0)
		return 0;
	bytes = (uint64_t)st.st_blocks * 512;
	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *child = g_build_filename(path, name, NULL);

		bytes += tree_bytes(child);
	}
	return bytes;
}

/* The hash that a name in a kind's folder belongs to: "HASH" of an entry, ".HASH.PID.tmp" of a build. NULL for a lock. */
static char *hash_of(const char *name)
{
	g_auto(GStrv) parts = NULL;

	if (name[0] != '.')
		return g_strdup(name);
	if (!g_str_has_suffix(name, ".tmp"))
		return NULL;
	parts = g_strsplit(name + 1, ".", 2);
	return g_strdup(parts[0]);
}

static int prune_entry(const char *folder, const char *name, uint64_t max_age_s, uint64_t *freed, struct pn_diag *diag)
{
	g_autofree char *hash = hash_of(name);
	g_autofree char *path = g_build_filename(folder, name, NULL);
	struct stat st;
	uint64_t bytes;
	int lock, err;

	if (!hash || lstat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return 0;
	if (name[0] != '.' && (uint64_t)MAX(time(NULL) - st.st_mtime, 0) < max_age_s)
		return 0;
	lock = lock_entry(folder, hash, LOCK_EX | LOCK_NB, NULL);
	if (lock < 0)
		return 0; /* being built: in use */
	bytes = tree_bytes(path);
	err = pn_fs_remove_tree(path, diag);
	close(lock);
	if (!err)
		*freed += bytes;
	return err;
}

int pn_cache_prune(uint64_t max_age_s, uint64_t *ret_bytes, struct pn_diag *diag)
{
	g_autofree char *root = pn_cache_root(diag);
	g_autoptr(GDir) kinds = root ? g_dir_open(root, 0, NULL) : NULL;
	const char *kind, *name;
	uint64_t freed = 0;
	int err = root ? 0 : -EIO;

	while (kinds && (kind = g_dir_read_name(kinds))) {
		g_autofree char *folder = g_build_filename(root, kind, NULL);
		g_autoptr(GDir) entries = g_dir_open(folder, 0, NULL);

		while (entries && (name = g_dir_read_name(entries))) {
			int rc = prune_entry(folder, name, max_age_s, &freed, diag);

			err = err ? err : rc;
		}
	}
	if (ret_bytes)
		*ret_bytes = freed;
	return err;
}
