// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a case left behind, seen from outside after its process has gone: things in its owner record, and programs that carry its mark.
 * Only things that are certainly ours are ended. Limit: libvirt starts QEMU with an environment of its own, so QEMU is found
 * by the owner record alone.
 */
#include "leftover.h"

#include <glib.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/memdir.h"
#include "../base/owned.h"
#include "../base/owned_kinds.h"
#include "workdir.h"

#define MARK "PUNCTURE_CASE"

static char *mark_of(pid_t pid, unsigned long long start)
{
	return g_strdup_printf("%d-%llu", (int)pid, start);
}

void pn_leftover_mark(void)
{
	g_autofree char *mark = mark_of(getpid(), pn_owned_process_start(getpid()));

	setenv(MARK, mark, 1);
}

static bool carries(const char *pid, const char *wanted)
{
	g_autofree char *path = g_strdup_printf("/proc/%s/environ", pid);
	g_autofree char *environment = NULL;
	gsize length;

	if (!g_file_get_contents(path, &environment, &length, NULL))
		return false;
	for (const char *word = environment; word < environment + length; word += strlen(word) + 1)
		if (!strcmp(word, wanted))
			return true;
	return false;
}

static void end_marked(const char *mark, json_t *leftovers)
{
	g_autofree char *wanted = g_strconcat(MARK "=", mark, NULL);
	g_autoptr(GDir) proc = g_dir_open("/proc", 0, NULL);
	const char *entry;

	while (proc && (entry = g_dir_read_name(proc))) {
		g_autofree char *path = NULL, *name = NULL;
		int pid = atoi(entry);

		if (pid <= 0 || !carries(entry, wanted))
			continue;
		path = g_strdup_printf("/proc/%d/comm", pid);
		if (!g_file_get_contents(path, &name, NULL, NULL))
			continue;
		kill(pid, SIGKILL);
		json_array_append_new(leftovers, json_pack("{s:s, s:{s:i, s:s}}", "kind", "process", "what", "pid", pid, "name", g_strchomp(name)));
	}
}

json_t *pn_leftover_collect(pid_t pid, unsigned long long start)
{
	g_autofree char *mark = mark_of(pid, start);
	json_t *repaired = NULL, *leftovers = json_array();
	const json_t *thing;
	size_t i;

	pn_owned_repair(&repaired, NULL);
	json_array_foreach (repaired, i, thing)
		if (!g_strcmp0(json_string_value(json_object_get(thing, "owner")), mark))
			json_array_append_new(leftovers, json_pack("{s:O, s:O}", "kind", json_object_get(thing, "kind"), "what",
								   json_object_get(thing, "what")));
	end_marked(mark, leftovers);
	pn_workdir_sweep(pid);
	pn_memdir_sweep(pid, start);
	json_decref(repaired);
	return leftovers;
}
