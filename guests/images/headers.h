/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

struct pn_diag;

/** pn_headers_find() - kernel build directory of a release: installed below /usr/src, or fetched before; NULL when neither. g_free(). */
char *pn_headers_find(const char *release);

/**
 * pn_headers_get() - the same, fetched from Debian when it is not here
 * @ret_dir: freed with g_free()
 *
 * Unpacks the three packages that make a build directory (headers, headers-common, kbuild) into the cache; nothing is installed.
 * Return: 0; -ENOENT when apt knows no headers of that release; or another negative errno.
 */
int pn_headers_get(const char *release, char **ret_dir, struct pn_diag *diag);
