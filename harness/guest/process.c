// SPDX-License-Identifier: GPL-2.0-only
/* QEMU found in /proc by its uuid and ended by a pidfd, so that a reused process id is never hit. */

#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../base/diag.h"
#include "../base/units.h"

#define CMDLINE_MAX (64 * 1024)

/* The arguments are separated by zero bytes; the uuid must be the word after "-uuid" of something that looks like QEMU. */
static bool has_uuid(const char *cmdline, size_t len, const char *uuid)
{
	const char *end = cmdline + len;
	bool named = false;

	if (!strstr(cmdline, "qemu"))
		return false;
	for (const char *word = cmdline; word < end; word += strlen(word) + 1) {
		if (named)
			return strcmp(word, uuid) == 0;
		named = strcmp(word, "-uuid") == 0;
	}
	return false;
}

pid_t pn_process_find(const char *uuid)
{
	g_autofree char *buf = g_malloc(CMDLINE_MAX);
	GDir *dir = g_dir_open("/proc", 0, NULL);
	const char *name;
	pid_t found = 0;

	while (dir && !found && (name = g_dir_read_name(dir))) {
		g_autofree char *path = NULL;
		ssize_t n;
		int fd;

		if (!g_ascii_isdigit(name[0]))
			continue;
		path = g_strdup_printf("/proc/%s/cmdline", name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		n = read(fd, buf, CMDLINE_MAX - 1);
		close(fd);
		if (n <= 0)
			continue;
		buf[n] = '\0';
		if (has_uuid(buf, (size_t)n, uuid))
			found = atoi(name);
	}
	if (dir)
		g_dir_close(dir);
	return found;
}

int pn_process_open(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : fd;
}

int pn_process_kill_fd(int pidfd, uint64_t timeout_ns, struct pn_diag *diag)
{
	struct pollfd end = { .fd = pidfd, .events = POLLIN };

	if (syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) < 0 && errno != ESRCH)
		return pn_diag_set(diag, -errno, "can't end QEMU: %s", g_strerror(errno));
	if (poll(&end, 1, (int)(timeout_ns / PN_NS_PER_MS)) == 0)
		return pn_diag_set(diag, -ETIMEDOUT, "QEMU did not end within %llu s of SIGKILL", (unsigned long long)(timeout_ns / PN_NS_PER_S));
	return 0;
}

int pn_process_kill(const char *uuid, uint64_t timeout_ns, struct pn_diag *diag)
{
	pid_t pid = pn_process_find(uuid);
	int fd = pid ? pn_process_open(pid) : -ESRCH;
	int err = 0;

	if (fd == -ESRCH)
		return 0;
	if (fd < 0)
		return pn_diag_set(diag, fd, "process %d: %s", (int)pid, g_strerror(-fd));
	/* Looked at again now that the id can't change hands. */
	if (pn_process_find(uuid) == pid)
		err = pn_process_kill_fd(fd, timeout_ns, diag);
	close(fd);
	return err;
}
