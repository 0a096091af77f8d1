// SPDX-License-Identifier: GPL-2.0-only
#include "memdir.h"

#include <glib.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "fs.h"

char *pn_memdir_path(pid_t pid, unsigned long long start)
{
	static const char dir[] = "/dev/shm";
	struct statfs fs;

	if (statfs(dir, &fs) || fs.f_type != TMPFS_MAGIC || access(dir, W_OK))
		return NULL;
	return g_strdup_printf("%s/pn-%d-%llu", dir, (int)pid, start);
}

void pn_memdir_sweep(pid_t pid, unsigned long long start)
{
	g_autofree char *dir = pn_memdir_path(pid, start);

	if (dir)
		pn_fs_remove_tree(dir, NULL);
}
