/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

struct pn_diag;

/**
 * pn_workdir_make() - the working directory of this process's guests, in the owner record
 * @ret_dir: a short path, since sockets live below it; freed with g_free()
 *
 * Return: its id > 0, with which pn_owned_release() removes it; or a negative errno.
 */
int pn_workdir_make(char **ret_dir, struct pn_diag *diag);
