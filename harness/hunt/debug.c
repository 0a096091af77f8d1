// SPDX-License-Identifier: GPL-2.0-only
/* gdb through QEMU's stub, with the driver's symbols where the guest has put it. */
#include "debug.h"

#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../base/diag.h"
#include "../base/units.h"
#include "../guest/guest.h"

#define TIMEOUT_NS (10 * PN_NS_PER_S)

static int read_section(struct pn_guest *guest, const char *module, const char *section, char **ret_address, struct pn_diag *diag)
{
	g_autofree char *path = g_strdup_printf("/sys/module/%s/sections/%s", module, section);
	json_t *reply = NULL;
	int err = pn_guest_agent(guest, json_pack("{s:s, s:s}", "op", "read", "path", path), TIMEOUT_NS, &reply, diag);

	if (!err)
		*ret_address = g_strstrip(g_strdup(json_string_value(json_object_get(reply, "text"))));
	json_decref(reply);
	return err;
}

int pn_debug_sections(struct pn_guest *guest, const char *module, char **ret_text, struct pn_diag *diag)
{
	static const char *const further[] = {".data", ".bss", ".rodata", ".text.unlikely", ".init.text", ".exit.text"};
	g_autofree char *text = NULL;
	GString *all;
	int err = read_section(guest, module, ".text", &text, diag);

	if (err)
		return err;
	all = g_string_new(text);
	for (size_t i = 0; i < G_N_ELEMENTS(further); i++) {
		g_autofree char *address = NULL;

		/* not each module has each of them */
		if (!read_section(guest, module, further[i], &address, NULL) && g_str_has_prefix(address, "0x"))
			g_string_append_printf(all, " -s %s %s", further[i], address);
	}
	*ret_text = g_string_free(all, FALSE);
	return 0;
}

static int open_stub(struct pn_guest *guest, const char *socket, struct pn_diag *diag)
{
	g_autofree char *line = g_strdup_printf("gdbserver unix:%s,server=on,wait=off", socket);
	json_t *args = json_pack("{s:s, s:{s:s}}", "execute", "human-monitor-command", "arguments", "command-line", line), *reply = NULL;
	struct pn_action action = {.verb = "qmp", .args = args, .timeout_ns = TIMEOUT_NS};
	int err = pn_guest_act(guest, &action, &reply, diag);

	json_decref(args);
	json_decref(reply);
	if (!err && access(socket, F_OK))
		err = pn_diag_set(diag, -EPROTO, "QEMU opened no socket for gdb at %s", socket);
	return err;
}

static void take_terminal(void)
{
	if (!isatty(STDIN_FILENO))
		return;
	signal(SIGTTOU, SIG_IGN); /* who is in the background may not take it otherwise */
	tcsetpgrp(STDIN_FILENO, getpgrp());
	signal(SIGTTOU, SIG_DFL);
}

/* in the child, before it is gdb */
static void enter_foreground(gpointer data)
{
	setpgid(0, 0);
	take_terminal();
}

int pn_debug_start(const char *symbols, const char *sections, const char *socket, pid_t *ret_pid, struct pn_diag *diag)
{
	g_autofree char *target = g_strdup_printf("target remote %s", socket);
	g_autofree char *add = symbols && sections ? g_strdup_printf("add-symbol-file %s %s", symbols, sections) : NULL;
	/* the first answer comes when the case has been executed */
	char *argv[] = {"gdb", "-q", "-nx", "-ex", "set confirm off", "-ex", "set pagination off", "-ex", "set architecture i386:x86-64",
			"-ex", "set remotetimeout 3600", "-ex", target, add ? "-ex" : NULL, add, NULL};
	GError *error = NULL;

	if (g_spawn_async(NULL, argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_CHILD_INHERITS_STDIN | G_SPAWN_DO_NOT_REAP_CHILD, enter_foreground, NULL,
			  ret_pid, &error))
		return 0;
	pn_diag_set(diag, -ENOENT, "gdb can't be started: %s", error->message);
	g_error_free(error);
	return -ENOENT;
}

void pn_debug_wait(pid_t gdb)
{
	while (waitpid(gdb, NULL, 0) < 0 && errno == EINTR)
		;
	take_terminal();
}

int pn_debug_gdb(struct pn_guest *guest, const char *symbols, const char *sections, const char *socket, struct pn_diag *diag)
{
	int err = open_stub(guest, socket, diag);
	pid_t gdb;

	if (!err)
		err = pn_debug_start(symbols, sections, socket, &gdb, diag);
	if (!err)
		pn_debug_wait(gdb);
	return err;
}
