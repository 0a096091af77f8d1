/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>

struct pn_diag;

/**
 * pn_tarball_write() - a tar file compressed by xz
 * @dir: every name is below it
 * @names: relative paths of regular files, in this order
 * @path: replaced when it is whole
 *
 * Owner, mode and time are the same for all, so that equal files make equal archives. Return: 0 or a negative errno.
 */
int pn_tarball_write(const char *dir, const GPtrArray *names, const char *path, struct pn_diag *diag);

/**
 * pn_tarball_read() - unpack one, which may be anybody's
 * @dir: exists, empty
 *
 * Only regular files with plain relative names are taken, 256 MiB of them at most; anything else refuses the whole. Return: 0; -EINVAL when it is
 * none or holds something else; or another negative errno.
 */
int pn_tarball_read(const char *path, const char *dir, struct pn_diag *diag);
