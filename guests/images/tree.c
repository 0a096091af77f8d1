// SPDX-License-Identifier: GPL-2.0-only
/*
 * File lists and their two outputs: a newc archive by libarchive, or a directory. An entry added twice counts as added last.
 *
 * Limits: a newc member is at most 4 GiB; regular files, links, directories and character devices only.
 */
#include "tree.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/fs.h"

struct entry {
	mode_t mode; /* with the type */
	char *from;  /* a file's source, a link's target */
	dev_t rdev;
};

struct pn_tree {
	GTree *entries; /* absolute path -> struct entry, in order, so that a directory comes before what is in it */
};

static void entry_free(gpointer data)
{
	struct entry *entry = data;

	g_free(entry->from);
	g_free(entry);
}

static gint by_path(gconstpointer a, gconstpointer b, gpointer data)
{
	return strcmp(a, b);
}

struct pn_tree *pn_tree_new(void)
{
	struct pn_tree *tree = g_new0(struct pn_tree, 1);

	tree->entries = g_tree_new_full(by_path, NULL, g_free, entry_free);
	return tree;
}

void pn_tree_free(struct pn_tree *tree)
{
	if (!tree)
		return;
	g_tree_unref(tree->entries);
	g_free(tree);
}

static void add(struct pn_tree *tree, const char *path, mode_t mode, const char *from, dev_t rdev)
{
	g_autofree char *clean = g_canonicalize_filename(path, "/");
	g_autofree char *parent = g_path_get_dirname(clean);
	struct entry *entry = g_new0(struct entry, 1);

	if (strcmp(parent, "/") && !g_tree_lookup(tree->entries, parent))
		add(tree, parent, S_IFDIR | 0755, NULL, 0);
	entry->mode = mode;
	entry->from = g_strdup(from);
	entry->rdev = rdev;
	g_tree_replace(tree->entries, g_steal_pointer(&clean), entry);
}

void pn_tree_add_dir(struct pn_tree *tree, const char *path)
{
	add(tree, path, S_IFDIR | 0755, NULL, 0);
}

void pn_tree_add_file(struct pn_tree *tree, const char *path, const char *source, mode_t mode)
{
	add(tree, path, S_IFREG | (mode & 07777), source, 0);
}

void pn_tree_add_link(struct pn_tree *tree, const char *path, const char *target)
{
	add(tree, path, S_IFLNK | 0777, target, 0);
}

void pn_tree_add_node(struct pn_tree *tree, const char *path, mode_t mode, unsigned int major, unsigned int minor)
{
	add(tree, path, S_IFCHR | (mode & 07777), NULL, makedev(major, minor));
}

struct cpio {
	struct archive *archive;
	const char *out;
	struct pn_diag *diag;
	unsigned int count;
	int r;
};

static gboolean write_entry(gpointer key, gpointer value, gpointer data)
{
	const struct entry *entry = value;
	g_autofree char *bytes = NULL;
	struct archive_entry *header;
	struct cpio *cpio = data;
	size_t len = 0;

	if (S_ISREG(entry->mode))
		cpio->r = pn_fs_read(entry->from, &bytes, &len, cpio->diag);
	if (cpio->r < 0)
		return TRUE;
	header = archive_entry_new();
	archive_entry_set_pathname(header, (const char *)key + 1);
	archive_entry_set_mode(header, entry->mode);
	archive_entry_set_nlink(header, 1);
	archive_entry_set_ino(header, ++cpio->count);
	archive_entry_set_mtime(header, 0, 0);
	archive_entry_set_size(header, len);
	if (S_ISLNK(entry->mode))
		archive_entry_set_symlink(header, entry->from);
	if (S_ISCHR(entry->mode))
		archive_entry_set_rdev(header, entry->rdev);
	if (archive_write_header(cpio->archive, header) != ARCHIVE_OK ||
	    (len && archive_write_data(cpio->archive, bytes, len) != (la_ssize_t)len))
		cpio->r = pn_diag_set(cpio->diag, -EIO, "%s: %s: %s", cpio->out, (char *)key, archive_error_string(cpio->archive));
	archive_entry_free(header);
	return cpio->r < 0;
}

int pn_tree_write_cpio(const struct pn_tree *tree, const char *out, struct pn_diag *diag)
{
	struct cpio cpio = {.archive = archive_write_new(), .out = out, .diag = diag};

	archive_write_set_format_cpio_newc(cpio.archive);
	archive_write_set_bytes_per_block(cpio.archive, 512);
	if (archive_write_open_filename(cpio.archive, out) != ARCHIVE_OK)
		cpio.r = pn_diag_set(diag, -EIO, "%s: %s", out, archive_error_string(cpio.archive));
	else
		g_tree_foreach(tree->entries, write_entry, &cpio);
	if (archive_write_close(cpio.archive) != ARCHIVE_OK && !cpio.r)
		cpio.r = pn_diag_set(diag, -EIO, "%s: %s", out, archive_error_string(cpio.archive));
	archive_write_free(cpio.archive);
	return cpio.r;
}

struct staging {
	const char *dir;
	struct pn_diag *diag;
	int r;
};

static gboolean stage_entry(gpointer key, gpointer value, gpointer data)
{
	const struct entry *entry = value;
	struct staging *staging = data;
	g_autofree char *path = g_strconcat(staging->dir, key, NULL);

	if (S_ISDIR(entry->mode)) {
		staging->r = pn_fs_mkdir_p(path, staging->diag);
	} else if (S_ISREG(entry->mode)) {
		staging->r = pn_fs_copy(entry->from, path, staging->diag);
		if (!staging->r && chmod(path, entry->mode & 07777) < 0)
			staging->r = pn_diag_set(staging->diag, -errno, "%s: %s", path, g_strerror(errno));
	} else if (S_ISLNK(entry->mode)) {
		if (symlink(entry->from, path) < 0)
			staging->r = pn_diag_set(staging->diag, -errno, "%s: %s", path, g_strerror(errno));
	}
	return staging->r < 0;
}

int pn_tree_stage(const struct pn_tree *tree, const char *dir, struct pn_diag *diag)
{
	struct staging staging = {.dir = dir, .diag = diag};

	g_tree_foreach(tree->entries, stage_entry, &staging);
	return staging.r;
}
