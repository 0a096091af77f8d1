// SPDX-License-Identifier: GPL-2.0-only
/*
 * How each kind of owned thing is undone. Every undo may be called on a thing that was never started, is half done or has
 * already gone: then it succeeds. A process is known by its id and its start time together, so a reused id is never hit.
 */

#include "owned_kinds.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "diag.h"
#include "fs.h"

static const char *path_of(const json_t *what)
{
	const char *path = json_string_value(json_object_get(what, "path"));

	return path ? path : "";
}

static int path_present(const json_t *what, struct pn_diag *diag)
{
	return access(path_of(what), F_OK) == 0;
}

unsigned long long pn_owned_process_start(int pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/stat", pid);
	g_autofree char *text = NULL;
	unsigned long long start = 0;
	const char *p;
	char state;

	if (pn_fs_read(path, &text, NULL, NULL))
		return 0;
	p = strrchr(text, ')'); /* the command name may hold anything, also ") " */
	if (!p || sscanf(p + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &state, &start) != 2)
		return 0;
	return state == 'Z' || state == 'X' ? 0 : start; /* dead, though nobody has waited for it yet */
}

static int process_present(const json_t *what, struct pn_diag *diag)
{
	int pid = (int)json_integer_value(json_object_get(what, "pid"));
	unsigned long long start = (unsigned long long)json_integer_value(json_object_get(what, "start"));

	return pid > 0 && start != 0 && pn_owned_process_start(pid) == start;
}

#define EXIT_WAIT_MS 10000

/* By pidfd, so that the id can't change hands between the check and the signal; it is readable once the process has ended. */
static int process_undo(const json_t *what, struct pn_diag *diag)
{
	int pid = (int)json_integer_value(json_object_get(what, "pid"));
	struct pollfd poll_fd = { .events = POLLIN };
	int err = 0;

	poll_fd.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (poll_fd.fd < 0)
		return 0;
	if (process_present(what, NULL)) {
		if (syscall(SYS_pidfd_send_signal, poll_fd.fd, SIGKILL, NULL, 0) < 0 && errno != ESRCH)
			err = pn_diag_set(diag, -errno, "can't end process %d: %s", pid, g_strerror(errno));
		else if (poll(&poll_fd, 1, EXIT_WAIT_MS) == 0)
			err = pn_diag_set(diag, -ETIMEDOUT, "process %d did not end within %d s of SIGKILL", pid, EXIT_WAIT_MS / 1000);
	}
	close(poll_fd.fd);
	return err;
}

static int tree_undo(const json_t *what, struct pn_diag *diag)
{
	return pn_fs_remove_tree(path_of(what), diag);
}

/* What somebody has put there meanwhile is theirs, and then so is the directory. */
static int dir_undo(const json_t *what, struct pn_diag *diag)
{
	if (rmdir(path_of(what)) < 0 && errno != ENOENT && errno != ENOTEMPTY && errno != EBUSY)
		return pn_diag_set(diag, -errno, "can't remove %s: %s", path_of(what), g_strerror(errno));
	return 0;
}

int pn_owned_setting_read(const char *path, char **ret_value, struct pn_diag *diag)
{
	char *text, *from, *to;
	int err = pn_fs_read(path, &text, NULL, diag);

	if (err)
		return err;
	g_strstrip(text);
	from = strchr(text, '[');
	to = from ? strchr(from, ']') : NULL;
	if (to) {
		*to = '\0';
		memmove(text, from + 1, (size_t)(to - from));
	}
	*ret_value = text;
	return 0;
}

static int setting_undo(const json_t *what, struct pn_diag *diag)
{
	const char *value = json_string_value(json_object_get(what, "value"));

	if (!value || access(path_of(what), F_OK) < 0)
		return 0;
	return pn_fs_write_setting(path_of(what), value, diag);
}

/* A setting that stands at its old value is not ours any more. */
static int setting_present(const json_t *what, struct pn_diag *diag)
{
	const char *value = json_string_value(json_object_get(what, "value"));
	g_autofree char *now = NULL;

	if (!value || pn_owned_setting_read(path_of(what), &now, NULL))
		return 0;
	return strcmp(now, value) != 0;
}

static int swap_undo(const json_t *what, struct pn_diag *diag)
{
	const char *path = path_of(what);

	if (swapoff(path) < 0 && errno != EINVAL && errno != ENOENT)
		return pn_diag_set(diag, -errno, "can't end swapping to %s: %s", path, g_strerror(errno));
	return pn_fs_remove_tree(path, diag);
}

/* Who is in a group goes to its parent, one id a write, as the kernel wants it. Best effort: rmdir tells. */
static void cgroup_empty(const char *path, const char *list)
{
	g_autofree char *parent = g_path_get_dirname(path);
	g_autofree char *from = g_build_filename(path, list, NULL), *to = g_build_filename(parent, list, NULL);
	g_autofree char *text = NULL;
	g_auto(GStrv) ids = NULL;
	int fd;

	if (pn_fs_read(from, &text, NULL, NULL))
		return;
	ids = g_strsplit(text, "\n", -1);
	fd = open(to, O_WRONLY | O_CLOEXEC);
	for (char **id = ids; fd >= 0 && *id; id++)
		if (**id && write(fd, *id, strlen(*id)) < 0)
			continue; /* it has ended meanwhile */
	if (fd >= 0)
		close(fd);
}

static int cgroup_undo(const json_t *what, struct pn_diag *diag)
{
	cgroup_empty(path_of(what), "tasks"); /* version 1: threads may be in it alone */
	cgroup_empty(path_of(what), "cgroup.procs");
	if (rmdir(path_of(what)) < 0 && errno != ENOENT)
		return pn_diag_set(diag, -errno, "can't remove cgroup %s: %s", path_of(what), g_strerror(errno));
	return 0;
}

static int mount_undo(const json_t *what, struct pn_diag *diag)
{
	if (umount2(path_of(what), MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL && errno != ENOENT)
		return pn_diag_set(diag, -errno, "can't unmount %s: %s", path_of(what), g_strerror(errno));
	return 0;
}

static int mount_present(const json_t *what, struct pn_diag *diag)
{
	g_autofree char *mounts = NULL;
	g_autofree char *needle = g_strdup_printf(" %s ", path_of(what));

	return pn_fs_read("/proc/self/mounts", &mounts, NULL, NULL) == 0 && strstr(mounts, needle) != NULL;
}

const struct pn_owned_kind pn_owned_kinds[] = {
	{ "process", "a program that was started; ended by SIGKILL", process_undo, process_present },
	{ "file", "a file; removed", tree_undo, path_present },
	{ "tree", "a directory with all below it; removed", tree_undo, path_present },
	{ "dir", "a directory that was made; removed when it is empty", dir_undo, path_present },
	{ "setting", "a kernel setting; written back", setting_undo, setting_present },
	{ "swap", "a swap file; switched off and removed", swap_undo, path_present },
	{ "cgroup", "a control group; removed, what is in it goes to its parent", cgroup_undo, path_present },
	{ "mount", "a mounted file system; detached", mount_undo, mount_present },
	{ NULL, NULL, NULL, NULL },
};
