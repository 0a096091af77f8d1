/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>

struct pn_diag;

/**
 * pn_kmods_select() - the modules of a set of names and of all that they need
 * @dir: lib/modules/RELEASE with depmod's indexes
 * @required: names or aliases; one that is neither a module nor built in is an error; NULL-terminated
 * @wanted: the same, but silently left out when absent; NULL-terminated
 * @ret_paths: absolute paths, sorted, each once; g_ptr_array_unref() by the caller
 *
 * Follows hard and soft dependencies. Return: 0; -ENOENT naming the module; or another negative errno.
 */
int pn_kmods_select(const char *dir, const char *const *required, const char *const *wanted, GPtrArray **ret_paths, struct pn_diag *diag);

/**
 * pn_kmods_depmod() - make the indexes of lib/modules/RELEASE
 * @root: directory that stands for "/"
 * @release: uname -r
 *
 * Blocks for up to seconds. Return: 0 or a negative errno.
 */
int pn_kmods_depmod(const char *root, const char *release, struct pn_diag *diag);

/**
 * pn_kmods_describe() - what a module file says of itself
 * @path: .ko
 * @ret_name: as insmod knows it; freed with g_free()
 * @ret_release: first word of its vermagic, the kernel it is for; freed with g_free()
 *
 * Return: 0 or -ENOEXEC when it is no module.
 */
int pn_kmods_describe(const char *path, char **ret_name, char **ret_release, struct pn_diag *diag);
