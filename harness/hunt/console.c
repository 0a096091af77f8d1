// SPDX-License-Identifier: GPL-2.0-only
/*
 * A shell in the guest. QEMU lets the backend of a serial port be changed while it runs, so the guest's shape, and with it its snapshot,
 * stays what it is. Invariant: the user's terminal is as it was on every way out.
 */
#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <jansson.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/units.h"
#include "../guest/guest.h"

#define LEAVE 0x1d /* Ctrl-] */
#define LOAD "shell"
#define ASK_EVERY_MS 500
#define TIMEOUT_NS (10 * PN_NS_PER_S)

/** struct console - the two ends and what is left to say */
struct console {
	struct pn_guest *guest;
	int fd;
	bool input; /* standard input has not ended yet */
};

static int open_port(struct pn_guest *guest, int *ret_fd, struct pn_diag *diag)
{
	json_t *args = json_pack("{s:s, s:{s:s, s:{s:s, s:{}}}}", "execute", "chardev-change", "arguments", "id", "charserial0", "backend", "type", "pty", "data");
	struct pn_action action = {.verb = "qmp", .args = args, .timeout_ns = TIMEOUT_NS};
	json_t *reply = NULL;
	const char *path;
	struct termios raw;
	int err = pn_guest_act(guest, &action, &reply, diag), fd;

	json_decref(args);
	if (err)
		return err;
	path = json_string_value(json_object_get(json_object_get(reply, "return") ? json_object_get(reply, "return") : reply, "pty"));
	fd = path ? open(path, O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
	if (fd < 0)
		err = pn_diag_set(diag, path ? -errno : -EPROTO, "QEMU gave no terminal for the serial port%s%s", path ? ": " : "", path ? path : "");
	if (fd >= 0 && !tcgetattr(fd, &raw)) {
		cfmakeraw(&raw); /* the guest's side echoes */
		tcsetattr(fd, TCSANOW, &raw);
	}
	json_decref(reply);
	if (!err)
		*ret_fd = fd;
	return err;
}

static int start_shell(struct pn_guest *guest, struct pn_diag *diag)
{
	/* the load leads its process group, which setsid must not: so it is a child, and the load waits for it */
	const char *script = "cd /; export PS1='guest# '; setsid -c sh -i </dev/ttyS0 >/dev/ttyS0 2>&1; true";

	return pn_guest_agent(guest, json_pack("{s:s, s:s, s:[s,s,s]}", "op", "load.start", "id", LOAD, "argv", "sh", "-c", script), TIMEOUT_NS, NULL, diag);
}

static bool shell_runs(struct pn_guest *guest)
{
	json_t *reply = NULL, *load;
	bool runs = false;
	size_t i;

	if (pn_guest_agent(guest, json_pack("{s:s}", "op", "load.list"), TIMEOUT_NS, &reply, NULL))
		return false;
	json_array_foreach (json_object_get(reply, "loads"), i, load)
		runs |= !g_strcmp0(json_string_value(json_object_get(load, "id")), LOAD) && json_is_true(json_object_get(load, "running"));
	json_decref(reply);
	return runs;
}

/* Return: false when the user leaves. */
static bool pass_input(struct console *console)
{
	char block[256];
	ssize_t got = read(STDIN_FILENO, block, sizeof(block));

	if (got <= 0) {
		console->input = false;
		return write(console->fd, "exit\n", 5) == 5;
	}
	for (ssize_t i = 0; i < got; i++)
		if (block[i] == LEAVE)
			return false;
	/* a pipe is faster than a serial port of 16 bytes: byte by byte is as fast as it goes */
	for (ssize_t i = 0; i < got; i++) {
		if (write(console->fd, &block[i], 1) != 1)
			return false;
		if (!isatty(STDIN_FILENO))
			g_usleep(2000);
	}
	return true;
}

static bool pass_output(struct console *console)
{
	char block[4096];
	ssize_t got = read(console->fd, block, sizeof(block));

	return got > 0 && write(STDOUT_FILENO, block, (size_t)got) == got;
}

static void relay(struct console *console)
{
	uint64_t asked_ns = pn_clock_now_ns();

	for (;;) {
		struct pollfd fds[] = {{.fd = console->fd, .events = POLLIN}, {.fd = console->input ? STDIN_FILENO : -1, .events = POLLIN}};

		if (poll(fds, G_N_ELEMENTS(fds), ASK_EVERY_MS) < 0 && errno != EINTR)
			return;
		if ((fds[0].revents & (POLLIN | POLLERR)) && !pass_output(console))
			return;
		if ((fds[1].revents & (POLLIN | POLLHUP)) && !pass_input(console))
			return;
		if (pn_clock_now_ns() - asked_ns < ASK_EVERY_MS * PN_NS_PER_MS)
			continue;
		asked_ns = pn_clock_now_ns();
		if (!(fds[0].revents & POLLIN) && !shell_runs(console->guest))
			return;
	}
}

int pn_console_shell(struct pn_guest *guest, struct pn_diag *diag)
{
	struct console console = {.guest = guest, .fd = -1, .input = true};
	struct termios before, raw;
	bool terminal = isatty(STDIN_FILENO) && !tcgetattr(STDIN_FILENO, &before);
	int err = open_port(guest, &console.fd, diag);

	if (!err)
		err = start_shell(guest, diag);
	if (!err) {
		printf("a shell in the guest; exit or Ctrl-] ends it and the case\n");
		fflush(stdout);
		raw = before;
		cfmakeraw(&raw);
		if (terminal)
			tcsetattr(STDIN_FILENO, TCSANOW, &raw);
		relay(&console);
		if (terminal)
			tcsetattr(STDIN_FILENO, TCSANOW, &before);
		printf("\n");
	}
	if (console.fd >= 0)
		close(console.fd);
	return err;
}
