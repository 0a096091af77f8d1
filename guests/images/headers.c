// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel build directories. Debian splits one over three packages that find each other by absolute path; unpacked elsewhere, the
 * one such path (in the headers' Makefile) is made relative. Links between them are relative already.
 *
 * A release names its headers: the ABI number in it changes whenever the symbol versions do.
 */
#include "headers.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "base/cache.h"
#include "base/diag.h"
#include "base/fs.h"
#include "package.h"

#define HEADERS_FORM "headers 1"

static char *key_of(const char *release)
{
	g_autofree char *key = g_strdup_printf("%s %s", HEADERS_FORM, release);

	return g_compute_checksum_for_string(G_CHECKSUM_SHA256, key, -1);
}

static char *build_dir(const char *root, const char *release)
{
	g_autofree char *name = g_strconcat("linux-headers-", release, NULL);

	return g_build_filename(root, "usr/src", name, NULL);
}

char *pn_headers_find(const char *release)
{
	g_autofree char *installed = build_dir("/", release);
	g_autofree char *makefile = g_build_filename(installed, "Makefile", NULL);
	g_autofree char *hash = key_of(release);
	g_autofree char *entry = NULL;

	if (g_file_test(makefile, G_FILE_TEST_EXISTS))
		return g_steal_pointer(&installed);
	if (pn_cache_get("headers", hash, NULL, NULL, &entry, NULL) < 0)
		return NULL;
	return build_dir(entry, release);
}

static int unpack_one(const char *dir, const char *name, const char *prefix, struct pn_diag *diag)
{
	struct pn_package package = {};
	g_autofree char *deb = NULL;
	int r = pn_package_resolve(name, prefix, &package, diag);

	if (r >= 0)
		r = pn_package_fetch(&package, &deb, diag);
	if (r >= 0)
		r = pn_package_unpack(deb, dir, NULL, NULL, diag);
	pn_package_deinit(&package);
	return r;
}

/* "include /usr/src/X-common/Makefile" -> the same directory beside this file, wherever that is */
static int relocate(const char *dir, const char *release, struct pn_diag *diag)
{
	g_autofree char *build = build_dir(dir, release);
	g_autofree char *makefile = g_build_filename(build, "Makefile", NULL);
	g_autofree char *text = NULL;
	g_auto(GStrv) parts = NULL;
	g_autofree char *moved = NULL;
	int r = pn_fs_read(makefile, &text, NULL, diag);

	if (r < 0)
		return r;
	parts = g_strsplit(text, "include /usr/src/", -1);
	if (g_strv_length(parts) < 2)
		return pn_diag_set(diag, -EINVAL, "%s: has another form than Debian's headers had", makefile);
	moved = g_strjoinv("include $(dir $(lastword $(MAKEFILE_LIST)))../", parts);
	return pn_fs_write(makefile, moved, strlen(moved), diag);
}

static int build(const char *dir, void *data, struct pn_diag *diag)
{
	const char *release = data;
	g_autofree char *name = g_strconcat("linux-headers-", release, NULL);
	/* the package itself, then the two that it depends on */
	static const char *const prefixes[] = {NULL, "linux-headers-", "linux-kbuild-"};
	int r = 0;

	for (unsigned int i = 0; r >= 0 && i < G_N_ELEMENTS(prefixes); i++)
		r = unpack_one(dir, name, prefixes[i], diag);
	return r < 0 ? r : relocate(dir, release, diag);
}

int pn_headers_get(const char *release, char **ret_dir, struct pn_diag *diag)
{
	g_autofree char *found = pn_headers_find(release), *hash = key_of(release);
	g_autofree char *entry = NULL;
	int r;

	if (found) {
		*ret_dir = g_steal_pointer(&found);
		return 0;
	}
	r = pn_cache_get("headers", hash, build, (void *)release, &entry, diag);
	if (r >= 0)
		*ret_dir = build_dir(entry, release);
	return r;
}
