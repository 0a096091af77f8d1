// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files as the project needs them: replaced whole or not at all, settings written in one write, trees removed without
 * following a link out of them.
 */

#include "fs.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>
#include <fts.h>

#include "diag.h"

static int fail(struct pn_diag *diag, const char *verb, const char *path)
{
	int err = errno ? -errno : -EIO;

	return pn_diag_set(diag, err, "can't %s %s: %s", verb, path, strerror(-err));
}

int pn_fs_mkdir_p(const char *path, struct pn_diag *diag)
{
	if (g_mkdir_with_parents(path, 0755) < 0)
		return fail(diag, "make directory", path);
	return 0;
}

/* Not g_file_get_contents(): its GError maps errno to fewer codes, and callers tell ENOENT from EACCES. */
int pn_fs_read(const char *path, char **ret_text, size_t *ret_len, struct pn_diag *diag)
{
	g_autoptr(GString) text = g_string_new(NULL);
	char buf[16384];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return fail(diag, "read", path);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		g_string_append_len(text, buf, n);
	if (n < 0) {
		int err = fail(diag, "read", path);

		close(fd);
		return err;
	}
	close(fd);
	if (ret_len)
		*ret_len = text->len;
	*ret_text = g_string_free(g_steal_pointer(&text), FALSE);
	return 0;
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

int pn_fs_write(const char *path, const void *data, size_t len, struct pn_diag *diag)
{
	g_autofree char *temp = g_strdup_printf("%s.XXXXXX", path);
	int fd = g_mkstemp_full(temp, O_WRONLY | O_CLOEXEC, 0644);
	int err;

	if (fd < 0)
		return fail(diag, "write", path);
	err = write_all(fd, data, len);
	if (!err && fsync(fd) < 0)
		err = -errno;
	close(fd);
	if (!err && rename(temp, path) < 0)
		err = -errno;
	if (err) {
		unlink(temp);
		errno = -err;
		return fail(diag, "write", path);
	}
	return 0;
}

int pn_fs_write_setting(const char *path, const char *value, struct pn_diag *diag)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return fail(diag, "set", path);
	n = write(fd, value, strlen(value));
	if (n < 0) {
		int err = fail(diag, "set", path);

		close(fd);
		return err;
	}
	close(fd);
	return 0;
}

/* The kernel copies between file systems with sendfile only. */
static int copy_range(int in, int out, off_t from, off_t to)
{
	off_t out_at = from;
	bool across = false;

	while (from < to) {
		ssize_t n = across ? sendfile(out, in, &from, (size_t)(to - from)) : copy_file_range(in, &from, out, &out_at, (size_t)(to - from), 0);

		if (n < 0 && errno == EXDEV && !across && lseek(out, from, SEEK_SET) == from) {
			across = true;
			continue;
		}
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO;
	}
	return 0;
}

/* Data segment by data segment, so holes stay holes: disk images are mostly holes. */
static int copy_data(int in, int out, off_t size)
{
	if (ioctl(out, FICLONE, in) == 0)
		return 0;
	for (off_t at = 0; at < size;) {
		off_t data = lseek(in, at, SEEK_DATA), hole;
		int err;

		if (data < 0)
			return errno == ENXIO ? 0 : -errno;
		hole = lseek(in, data, SEEK_HOLE);
		if (hole < 0)
			return -errno;
		err = copy_range(in, out, data, hole);
		if (err)
			return err;
		at = hole;
	}
	return 0;
}

int pn_fs_copy(const char *from, const char *to, struct pn_diag *diag)
{
	struct stat st;
	int err, out, in = open(from, O_RDONLY | O_CLOEXEC);

	if (in < 0 || fstat(in, &st) < 0) {
		err = fail(diag, "read", from);
		if (in >= 0)
			close(in);
		return err;
	}
	out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, st.st_mode & 07777);
	if (out < 0) {
		err = fail(diag, "write", to);
		close(in);
		return err;
	}
	err = copy_data(in, out, st.st_size);
	if (!err && ftruncate(out, st.st_size) < 0)
		err = -errno;
	close(in);
	if (close(out) < 0 && !err)
		err = -errno;
	if (err) {
		unlink(to);
		errno = -err;
		return fail(diag, "write", to);
	}
	return 0;
}

int pn_fs_remove_tree(const char *path, struct pn_diag *diag)
{
	char *const paths[] = { (char *)path, NULL };
	FTSENT *entry;
	FTS *fts;
	int err = 0;

	if (g_access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	fts = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	if (!fts)
		return fail(diag, "remove", path);
	while ((entry = fts_read(fts))) {
		if (entry->fts_info == FTS_D)
			continue;
		if (remove(entry->fts_accpath) < 0 && errno != ENOENT)
			err = fail(diag, "remove", entry->fts_path);
	}
	fts_close(fts);
	return err;
}

int pn_fs_sha256(const char *path, char ret_hex[65], struct pn_diag *diag)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	char buf[65536];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return fail(diag, "read", path);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		g_checksum_update(sum, (const guchar *)buf, n);
	if (n < 0) {
		int err = fail(diag, "read", path);

		close(fd);
		return err;
	}
	close(fd);
	memcpy(ret_hex, g_checksum_get_string(sum), 65);
	return 0;
}
