/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <sys/types.h>

struct pn_diag;

/**
 * pn_workdir_make() - the working directory of this process's guests, in the owner record
 * @ret_dir: a short path, since sockets live below it; freed with g_free()
 *
 * Return: its id > 0, with which pn_owned_release() removes it; or a negative errno.
 */
int pn_workdir_make(char **ret_dir, struct pn_diag *diag);

/**
 * pn_workdir_sweep() - remove what appeared in a process's working directory after it was released
 * @pid: process that has been waited for
 *
 * The threads of libvirt's embedded driver live as long as their process, and make empty directories again as they note that a guest has gone.
 */
void pn_workdir_sweep(pid_t pid);
