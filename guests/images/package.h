/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>

struct pn_diag;

/** struct pn_package - one version of a Debian package; freed with pn_package_deinit() */
struct pn_package {
	char *name;
	char *version;
};

void pn_package_deinit(struct pn_package *package);

/**
 * pn_package_resolve() - the package that a name stands for, in the version that apt would install
 * @name: of a package; a meta package stands for the first of its dependencies that starts with @prefix
 * @prefix: for a kernel "linux-image-"; NULL: @name itself
 *
 * Asks apt's lists of this host, not the network. Blocks for about a second.
 * Return: 0; -ENOENT when apt doesn't know it (lists absent?); or another negative errno.
 */
int pn_package_resolve(const char *name, const char *prefix, struct pn_package *ret_package, struct pn_diag *diag);

/**
 * pn_package_fetch() - download a package into the cache, once
 * @ret_deb: path of the .deb; freed by the caller with g_free()
 *
 * Blocks for the download; asks nobody when it is there. Return: 0 or a negative errno.
 */
int pn_package_fetch(const struct pn_package *package, char **ret_deb, struct pn_diag *diag);

/**
 * typedef pn_package_want_fn - choose what to unpack
 * @path: in the package, without a leading "./"
 */
typedef bool pn_package_want_fn(const char *path, void *data);

/**
 * pn_package_unpack() - unpack a .deb
 * @deb: file
 * @dir: existing directory that stands for "/"
 * @want: chooses members; NULL: all
 *
 * Refuses members that would leave @dir. Owners are not restored. Blocks. Return: 0 or a negative errno.
 */
int pn_package_unpack(const char *deb, const char *dir, pn_package_want_fn *want, void *data, struct pn_diag *diag);
