// SPDX-License-Identifier: GPL-2.0-only
/*
 * Debian packages as a source of files: which one (apt-cache), where from (apt-get download, into the cache by name and version),
 * what of it (libarchive: a .deb is an ar archive with data.tar.* in it). Nothing is installed and no root is needed.
 *
 * Invariant: what is in the cache is never asked for again, so a host without network goes on working.
 */
#include "package.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "base/cache.h"
#include "base/diag.h"
#include "base/fs.h"
#include "base/spawn.h"
#include "base/units.h"

#define DOWNLOAD_TIMEOUT_NS (900 * PN_NS_PER_S)
#define APT_CACHE_TIMEOUT_NS (60 * PN_NS_PER_S)
#define BLOCK_BYTES (64 * 1024)

void pn_package_deinit(struct pn_package *package)
{
	g_clear_pointer(&package->name, g_free);
	g_clear_pointer(&package->version, g_free);
}

/* One field of the first stanza of `apt-cache show`; fields of that interest us have one line. */
static char *field_of(const char *stanza, const char *field)
{
	g_autofree char *start = g_strconcat(field, ": ", NULL);
	g_auto(GStrv) lines = g_strsplit(stanza, "\n", -1);

	for (unsigned int i = 0; lines[i] && *lines[i]; i++) {
		if (g_str_has_prefix(lines[i], start))
			return g_strdup(lines[i] + strlen(start));
	}
	return NULL;
}

static int show(const char *name, char **ret_stanza, struct pn_diag *diag)
{
	const char *const argv[] = {"apt-cache", "--no-all-versions", "show", name, NULL};
	int r = pn_spawn_run(argv, NULL, APT_CACHE_TIMEOUT_NS, ret_stanza, NULL);

	if (r == -ENOENT)
		return pn_diag_set(diag, r, "package %s: apt-cache is not there; guest images are made from Debian packages", name);
	if (r < 0)
		return pn_diag_set(diag, -ENOENT, "package %s: apt doesn't know it; try 'apt-get update'", name);
	return 0;
}

/* First dependency of a meta package that starts with the prefix; NULL when it has none and so is the thing itself. */
static char *dependency_of(const char *stanza, const char *prefix)
{
	g_autofree char *depends = field_of(stanza, "Depends");
	g_auto(GStrv) alternatives = depends ? g_strsplit_set(depends, ",|", -1) : NULL;

	for (unsigned int i = 0; alternatives && alternatives[i]; i++) {
		char *name = g_strstrip(alternatives[i]);

		if (g_str_has_prefix(name, prefix))
			return g_strndup(name, strcspn(name, " (:"));
	}
	return NULL;
}

int pn_package_resolve(const char *name, const char *prefix, struct pn_package *ret_package, struct pn_diag *diag)
{
	g_autofree char *stanza = NULL, *real = NULL, *version = NULL;
	int r = show(name, &stanza, diag);

	if (r < 0)
		return r;
	real = prefix ? dependency_of(stanza, prefix) : NULL;
	if (real) {
		g_clear_pointer(&stanza, g_free);
		r = show(real, &stanza, diag);
		if (r < 0)
			return r;
	}
	version = field_of(stanza, "Version");
	if (!version)
		return pn_diag_set(diag, -ENOENT, "package %s: apt knows no version of it; try 'apt-get update'", real ? real : name);
	ret_package->name = real ? g_steal_pointer(&real) : g_strdup(name);
	ret_package->version = g_steal_pointer(&version);
	return 0;
}

/* Name of the only .deb in a directory. */
static char *deb_in(const char *dir)
{
	g_autoptr(GDir) entries = g_dir_open(dir, 0, NULL);
	const char *name;

	while (entries && (name = g_dir_read_name(entries))) {
		if (g_str_has_suffix(name, ".deb"))
			return g_build_filename(dir, name, NULL);
	}
	return NULL;
}

static int download(const char *dir, void *data, struct pn_diag *diag)
{
	const struct pn_package *package = data;
	g_autofree char *spec = g_strdup_printf("%s=%s", package->name, package->version);
	const char *const argv[] = {"apt-get", "-q", "-o", "APT::Sandbox::User=", "download", spec, NULL};
	g_autofree char *output = NULL, *deb = NULL;
	struct pn_diag why = {};
	int r = pn_spawn_run(argv, dir, DOWNLOAD_TIMEOUT_NS, &output, &why);

	if (r < 0)
		return pn_diag_set(diag, r, "can't download %s: %s; try 'apt-get update'", spec, why.text);
	deb = deb_in(dir);
	return deb ? 0 : pn_diag_set(diag, -EIO, "package %s: apt-get download left no file", spec);
}

int pn_package_fetch(const struct pn_package *package, char **ret_deb, struct pn_diag *diag)
{
	g_autofree char *spec = g_strdup_printf("deb %s %s", package->name, package->version);
	g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, spec, -1);
	g_autofree char *dir = NULL;
	int r = pn_cache_get("package", hash, download, (void *)package, &dir, diag);

	if (r < 0)
		return r;
	*ret_deb = deb_in(dir);
	return *ret_deb ? 0 : pn_diag_set(diag, -EIO, "%s: the package that was here has gone; remove this directory", dir);
}

static int archive_fail(struct archive *archive, const char *path, struct pn_diag *diag)
{
	int err = archive_errno(archive);

	return pn_diag_set(diag, err > 0 ? -err : -EIO, "%s: %s", path, archive_error_string(archive));
}

/* libarchive reads the inner archive through the outer one's current member. */
static la_ssize_t inner_read(struct archive *inner, void *data, const void **ret_buf)
{
	static __thread char block[BLOCK_BYTES];
	la_ssize_t len = archive_read_data(data, block, sizeof(block));

	*ret_buf = block;
	if (len < 0)
		archive_set_error(inner, EIO, "%s", archive_error_string(data));
	return len;
}

static int copy_member(struct archive *from, struct archive *to, struct archive_entry *entry)
{
	const void *buf;
	la_int64_t offset;
	size_t len;
	int r = archive_write_header(to, entry);

	while (r >= ARCHIVE_WARN && archive_entry_size(entry) > 0) {
		r = archive_read_data_block(from, &buf, &len, &offset);
		if (r == ARCHIVE_EOF)
			break;
		if (r >= ARCHIVE_WARN && archive_write_data_block(to, buf, len, offset) < ARCHIVE_WARN)
			return ARCHIVE_FATAL;
	}
	return r < ARCHIVE_WARN && r != ARCHIVE_EOF ? r : archive_write_finish_entry(to);
}

static int unpack_members(struct archive *inner, const char *deb, const char *dir, pn_package_want_fn *want, void *data,
			  struct pn_diag *diag)
{
	struct archive *disk = archive_write_disk_new();
	struct archive_entry *entry;
	int r, result = 0;

	archive_write_disk_set_options(disk, ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_SECURE_NODOTDOT);
	while (!result && (r = archive_read_next_header(inner, &entry)) != ARCHIVE_EOF) {
		const char *path = r < ARCHIVE_WARN ? NULL : archive_entry_pathname(entry);
		g_autofree char *to = NULL;

		if (!path) {
			result = archive_fail(inner, deb, diag);
			break;
		}
		path += strspn(path, "./");
		if (!*path || (want && !want(path, data)))
			continue;
		to = g_build_filename(dir, path, NULL);
		archive_entry_set_pathname(entry, to);
		if (archive_entry_hardlink(entry)) {
			const char *target = archive_entry_hardlink(entry);
			g_autofree char *link = g_build_filename(dir, target + strspn(target, "./"), NULL);

			archive_entry_set_hardlink(entry, link);
		}
		if (copy_member(inner, disk, entry) < ARCHIVE_WARN)
			result = archive_fail(disk, to, diag);
	}
	archive_write_free(disk);
	return result;
}

int pn_package_unpack(const char *deb, const char *dir, pn_package_want_fn *want, void *data, struct pn_diag *diag)
{
	struct archive *outer = archive_read_new(), *inner = archive_read_new();
	struct archive_entry *member;
	int r;

	archive_read_support_format_ar(outer);
	archive_read_support_filter_all(inner);
	archive_read_support_format_tar(inner);
	r = archive_read_open_filename(outer, deb, BLOCK_BYTES) == ARCHIVE_OK ? 0 : archive_fail(outer, deb, diag);
	while (!r) {
		if (archive_read_next_header(outer, &member) != ARCHIVE_OK) {
			r = pn_diag_set(diag, -EINVAL, "%s: not a Debian package: no data.tar in it", deb);
			break;
		}
		if (!g_str_has_prefix(archive_entry_pathname(member), "data.tar"))
			continue;
		if (archive_read_open(inner, outer, NULL, inner_read, NULL) != ARCHIVE_OK)
			r = archive_fail(inner, deb, diag);
		else
			r = unpack_members(inner, deb, dir, want, data, diag);
		break;
	}
	archive_read_free(inner);
	archive_read_free(outer);
	return r;
}
