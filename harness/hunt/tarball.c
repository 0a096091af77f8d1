// SPDX-License-Identifier: GPL-2.0-only
/* Bundles as files, by libarchive. What is read may come from anywhere: no links, no absolute names, no "..", no flood. */
#include "tarball.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/units.h"

#define READ_MAX_BYTES (256 * PN_MIB)
#define BLOCK 65536

static int archive_failed(struct archive *archive, const char *path, struct pn_diag *diag)
{
	return pn_diag_set(diag, -EIO, "%s: %s", path, archive_error_string(archive) ? archive_error_string(archive) : "can't be written");
}

static int put_file(struct archive *archive, const char *dir, const char *name, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(dir, name, NULL), *text = NULL;
	struct archive_entry *entry;
	size_t len = 0;
	int err = pn_fs_read(path, &text, &len, diag);

	if (err)
		return err;
	entry = archive_entry_new();
	archive_entry_set_pathname(entry, name);
	archive_entry_set_size(entry, (la_int64_t)len);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	if (archive_write_header(archive, entry) != ARCHIVE_OK || archive_write_data(archive, text, len) != (la_ssize_t)len)
		err = archive_failed(archive, path, diag);
	archive_entry_free(entry);
	return err;
}

int pn_tarball_write(const char *dir, const GPtrArray *names, const char *path, struct pn_diag *diag)
{
	g_autofree char *temporary = g_strconcat(path, ".new", NULL);
	struct archive *archive = archive_write_new();
	int err = 0;

	archive_write_add_filter_xz(archive);
	archive_write_set_format_pax_restricted(archive);
	if (archive_write_open_filename(archive, temporary) != ARCHIVE_OK)
		err = archive_failed(archive, temporary, diag);
	for (guint i = 0; !err && i < names->len; i++)
		err = put_file(archive, dir, names->pdata[i], diag);
	if (!err && archive_write_close(archive) != ARCHIVE_OK)
		err = archive_failed(archive, temporary, diag);
	archive_write_free(archive);
	if (!err && rename(temporary, path) < 0)
		err = pn_diag_set(diag, -errno, "%s: %s", path, g_strerror(errno));
	if (err)
		unlink(temporary);
	return err;
}

static bool plain(const char *name)
{
	g_auto(GStrv) steps = g_strsplit(name, "/", -1);

	for (char **step = steps; *step; step++)
		if (!**step || !strcmp(*step, ".") || !strcmp(*step, ".."))
			return false;
	return *name;
}

static int take_data(struct archive *archive, const char *path, uint64_t *left_bytes, struct pn_diag *diag)
{
	FILE *file = fopen(path, "wxe");
	char block[BLOCK];
	la_ssize_t got = 0;
	int err = file ? 0 : pn_diag_set(diag, -errno, "%s: %s", path, g_strerror(errno));

	while (!err && (got = archive_read_data(archive, block, sizeof(block))) > 0) {
		if ((uint64_t)got > *left_bytes)
			err = pn_diag_set(diag, -EINVAL, "%s: more than %llu MiB in one bundle", path, READ_MAX_BYTES / PN_MIB);
		else if (fwrite(block, 1, (size_t)got, file) != (size_t)got)
			err = pn_diag_set(diag, -errno, "%s: %s", path, g_strerror(errno));
		*left_bytes -= MIN((uint64_t)got, *left_bytes);
	}
	if (!err && got < 0)
		err = pn_diag_set(diag, -EINVAL, "%s: %s", path, archive_error_string(archive));
	if (file && fclose(file) && !err)
		err = pn_diag_set(diag, -errno, "%s: %s", path, g_strerror(errno));
	return err;
}

static int take_entry(struct archive *archive, struct archive_entry *entry, const char *from, const char *dir, uint64_t *left_bytes,
		      struct pn_diag *diag)
{
	const char *name = archive_entry_pathname(entry);
	g_autofree char *path = name ? g_build_filename(dir, name, NULL) : NULL;
	g_autofree char *parent = path ? g_path_get_dirname(path) : NULL;
	int err;

	if (!name || !plain(name) || archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry))
		return pn_diag_set(diag, -EINVAL, "%s: '%s' is not accepted in a bundle; expected regular files with plain names", from,
				   name ? name : "(no name)");
	err = pn_fs_mkdir_p(parent, diag);
	return err ? err : take_data(archive, path, left_bytes, diag);
}

int pn_tarball_read(const char *path, const char *dir, struct pn_diag *diag)
{
	struct archive *archive = archive_read_new();
	struct archive_entry *entry;
	uint64_t left_bytes = READ_MAX_BYTES;
	int err = 0, more;

	archive_read_support_filter_xz(archive);
	archive_read_support_format_tar(archive);
	if (archive_read_open_filename(archive, path, BLOCK) != ARCHIVE_OK)
		err = pn_diag_set(diag, -EINVAL, "%s: no bundle (%s); expected what `puncture repro --pack` makes, or a case directory", path,
				  archive_error_string(archive));
	while (!err && (more = archive_read_next_header(archive, &entry)) != ARCHIVE_EOF) {
		if (more != ARCHIVE_OK)
			err = pn_diag_set(diag, -EINVAL, "%s: damaged: %s", path, archive_error_string(archive));
		else
			err = take_entry(archive, entry, path, dir, &left_bytes, diag);
	}
	archive_read_free(archive);
	return err;
}
