// SPDX-License-Identifier: GPL-2.0-only
/* QEMU's threads by what they are for, from the names that `-name debug-threads=on` gives them. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/diag.h"
#include "../base/fs.h"
#include "guest.h"
#include "private.h"

/* Name of the thread as the kernel has it, with the number where %u stands, and the role that becomes of it. */
static const struct {
	const char *comm;
	const char *role;
} roles[] = {
	{ "CPU %u/", "vcpu%u" },
	{ "ALL CPUs/", "vcpu0" },
	{ "IO iothread%u", "iothread%u" },
	{ "worker", "worker" },
	{ "call_rcu", "rcu" },
	{ "live_migration", "migration" },
};

static void name_role(const char *comm, char *role, size_t size)
{
	for (size_t i = 0; i < G_N_ELEMENTS(roles); i++) {
		const char *number = strchr(roles[i].comm, '%');
		size_t len = number ? (size_t)(number - roles[i].comm) : strlen(roles[i].comm);

		if (strncmp(comm, roles[i].comm, len) != 0 || (number && !g_ascii_isdigit(comm[len])))
			continue;
		g_strlcpy(role, roles[i].role, size);
		if (number)
			g_snprintf(role + strlen(roles[i].role) - 2, size - strlen(roles[i].role) + 2, "%lu", strtoul(comm + len, NULL, 10));
		return;
	}
	g_strlcpy(role, comm, size);
}

static bool read_comm(pid_t pid, const char *tid, char comm[16])
{
	g_autofree char *path = g_strdup_printf("/proc/%d/task/%s/comm", (int)pid, tid);
	g_autofree char *text = NULL;

	if (pn_fs_read(path, &text, NULL, NULL) < 0)
		return false;
	g_strlcpy(comm, g_strchomp(text), 16);
	return true;
}

int pn_guest_threads(struct pn_guest *guest, struct pn_guest_thread **ret_threads, unsigned int *ret_count, struct pn_diag *diag)
{
	pid_t pid = pn_guest_pid(guest);
	g_autofree char *path = g_strdup_printf("/proc/%d/task", (int)pid);
	GArray *threads = g_array_new(FALSE, FALSE, sizeof(struct pn_guest_thread));
	GDir *dir = pid ? g_dir_open(path, 0, NULL) : NULL;
	const char *tid;

	while (dir && (tid = g_dir_read_name(dir))) {
		struct pn_guest_thread thread = { .tid = atoi(tid) };
		char comm[16];

		if (!read_comm(pid, tid, comm))
			continue; /* ended meanwhile */
		if (thread.tid == pid)
			strcpy(thread.role, "main");
		else
			name_role(comm, thread.role, sizeof(thread.role));
		g_array_append_val(threads, thread);
	}
	if (dir)
		g_dir_close(dir);
	if (pid && threads->len == 0) {
		g_array_unref(threads);
		return pn_diag_set(diag, -ESRCH, "guest '%s': QEMU has no threads: it has gone", guest->name);
	}
	*ret_count = threads->len;
	*ret_threads = (struct pn_guest_thread *)g_array_free(threads, FALSE);
	return 0;
}
