// SPDX-License-Identifier: GPL-2.0-only
/*
 * The run directory: made, locked, written. Every file but the journal is replaced whole by rename, so a reader at any moment
 * (also after a kill) sees an old or a new one, never half of one.
 */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/journal.h"
#include "../base/units.h"

#define RESERVE_BYTES (4 * PN_MIB)
#define CASE_ROOM_BYTES (16 * PN_MIB)

static char *default_dir(const char *name)
{
	g_autoptr(GDateTime) now = g_date_time_new_now_local();
	g_autofree char *stamp = g_date_time_format(now, "%Y%m%d-%H%M%S");
	g_autofree char *plain = g_path_get_basename(name);
	char *dir = NULL;

	g_strcanon(plain, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-", '-');
	/* two runs may start in the same second */
	for (unsigned int i = 1; !dir || g_file_test(dir, G_FILE_TEST_EXISTS); i++) {
		g_free(dir);
		dir = i == 1 ? g_strdup_printf("runs/%s-%s", stamp, plain) : g_strdup_printf("runs/%s-%s-%u", stamp, plain, i);
	}
	return dir;
}

/* best effort: a link that can't be made harms nobody */
static void point_latest(const char *dir)
{
	g_autofree char *base = g_path_get_basename(dir);
	g_autofree char *temporary = g_strdup_printf("runs/.latest-%d", getpid());

	unlink(temporary);
	if (symlink(base, temporary) == 0 && rename(temporary, "runs/latest") < 0)
		unlink(temporary);
}

static int take_lock(struct pn_store *store, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(store->dir, "lock", NULL);

	store->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (store->lock_fd < 0)
		return pn_diag_set(diag, -errno, "%s: %s", path, g_strerror(errno));
	if (flock(store->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		close(store->lock_fd);
		store->lock_fd = -1; /* its reserve is not ours to give up */
		return pn_diag_set(diag, -EBUSY, "%s: another puncture is at work in this run directory", store->dir);
	}
	return 0;
}

static void make_reserve(const struct pn_store *store)
{
	g_autofree char *path = g_build_filename(store->dir, "reserve", NULL);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		return;
	if (posix_fallocate(fd, 0, RESERVE_BYTES))
		unlink(path);
	close(fd);
}

static bool use_reserve(struct pn_store *store)
{
	g_autofree char *path = g_build_filename(store->dir, "reserve", NULL);

	store->full = true;
	return unlink(path) == 0;
}

static int open_store(const char *dir, struct pn_store **ret_store, struct pn_diag *diag)
{
	struct pn_store *store = g_new0(struct pn_store, 1);
	g_autofree char *journal = g_build_filename(dir, "journal.jsonl", NULL);
	int err;

	store->dir = g_strdup(dir);
	g_strchomp(store->dir);
	while (strlen(store->dir) > 1 && g_str_has_suffix(store->dir, "/"))
		store->dir[strlen(store->dir) - 1] = '\0';
	store->id = g_path_get_basename(store->dir);
	store->lock_fd = -1;
	err = take_lock(store, diag);
	if (!err)
		err = pn_journal_open(journal, &store->journal, diag);
	if (err) {
		pn_store_close(store);
		return err;
	}
	make_reserve(store);
	*ret_store = store;
	return 0;
}

int pn_store_create(const char *dir, const char *name, struct pn_store **ret_store, struct pn_diag *diag)
{
	g_autofree char *path = dir ? g_strdup(dir) : default_dir(name);
	g_autofree char *plan = g_build_filename(path, "plan.json", NULL);
	g_autofree char *cases = g_build_filename(path, "cases", NULL);
	int err;

	if (g_file_test(plan, G_FILE_TEST_EXISTS))
		return pn_diag_set(diag, -EEXIST, "%s holds a run already; continue it with --resume, or choose another --out", path);
	err = pn_fs_mkdir_p(cases, diag);
	if (!err)
		err = open_store(path, ret_store, diag);
	if (!err && !dir)
		point_latest(path);
	return err;
}

int pn_store_open(const char *dir, struct pn_store **ret_store, struct pn_diag *diag)
{
	g_autofree char *plan = g_build_filename(dir, "plan.json", NULL);
	g_autofree char *real = NULL;

	if (!g_file_test(plan, G_FILE_TEST_EXISTS))
		return pn_diag_set(diag, -ENOENT, "%s is no run directory: it has no plan.json", dir);
	real = g_file_test(dir, G_FILE_TEST_IS_SYMLINK) ? realpath(dir, NULL) : g_strdup(dir);
	return open_store(real, ret_store, diag);
}

void pn_store_close(struct pn_store *store)
{
	if (!store)
		return;
	if (store->lock_fd >= 0) {
		use_reserve(store);
		close(store->lock_fd);
	}
	pn_journal_free(store->journal);
	g_free(store->dir);
	g_free(store->id);
	g_free(store);
}

char *pn_store_case_dir(const struct pn_store *store, unsigned int index)
{
	return g_strdup_printf("%s/cases/%04u", store->dir, index);
}

int pn_store_write(struct pn_store *store, const char *path, const char *text, struct pn_diag *diag)
{
	g_autofree char *full = g_build_filename(store->dir, path, NULL);
	g_autofree char *parent = g_path_get_dirname(full);
	int err = pn_fs_mkdir_p(parent, diag);

	if (!err)
		err = pn_fs_write(full, text, strlen(text), diag);
	if ((err == -ENOSPC || err == -EDQUOT) && use_reserve(store)) {
		err = pn_fs_mkdir_p(parent, diag);
		if (!err)
			err = pn_fs_write(full, text, strlen(text), diag);
	}
	return err;
}

int pn_store_write_json(struct pn_store *store, const char *path, const json_t *value, struct pn_diag *diag)
{
	char *text = json_dumps(value, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
	g_autofree char *line = g_strconcat(text, "\n", NULL);

	free(text);
	return pn_store_write(store, path, line, diag);
}

void pn_store_note(struct pn_store *store, const char *ev, json_t *fields)
{
	int err = pn_journal_add(store->journal, ev, fields);

	if (err == -ENOSPC || err == -EDQUOT)
		use_reserve(store);
}

bool pn_store_has_room(struct pn_store *store)
{
	struct statvfs vfs;

	if (!store->full && statvfs(store->dir, &vfs) == 0 && (uint64_t)vfs.f_bavail * vfs.f_frsize < CASE_ROOM_BYTES)
		store->full = true;
	return !store->full;
}
