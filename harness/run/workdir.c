// SPDX-License-Identifier: GPL-2.0-only
/* Each process that starts guests has a directory of its own: libvirt's embedded driver takes one for itself alone. */
#include "workdir.h"

#include <glib.h>
#include <jansson.h>
#include <unistd.h>

#include "../base/fs.h"
#include "../base/owned.h"

static char *dir_of(pid_t pid)
{
	return g_strdup_printf("%s/c%d", pn_owned_state_dir(), (int)pid);
}

int pn_workdir_make(char **ret_dir, struct pn_diag *diag)
{
	g_autofree char *dir = dir_of(getpid());
	int id = pn_owned_add("tree", json_pack("{s:s}", "path", dir), diag);
	int err = id < 0 ? id : pn_fs_mkdir_p(dir, diag);

	if (err)
		return err;
	*ret_dir = g_steal_pointer(&dir);
	return id;
}

void pn_workdir_sweep(pid_t pid)
{
	g_autofree char *dir = dir_of(pid);

	pn_fs_remove_tree(dir, NULL);
}
