// SPDX-License-Identifier: GPL-2.0-only
/*
 * QEMU behind two socket pairs: qtest (text, a line a command) and QMP. Every answer is waited for, for a bounded time. Its process is recorded as owned
 * before it becomes QEMU, so that one whose starter was killed is found by the next start.
 */

#include "qtest.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../base/diag.h"
#include "../base/owned.h"
#include "../base/owned_kinds.h"

#define ANSWER_TIMEOUT_MS 10000
#define ROM_BYTES 65536
#define RESET_FROM_END 16 /* where a PC begins */
#define LINE_BYTES (4 * PN_QTEST_BYTES)

struct pn_qtest {
	pid_t pid;
	int owned; /* id of the record */
	int qtest_fd, monitor_fd;
	bool dead;
	char line[LINE_BYTES];
};

/* What the vCPU finds in place of a BIOS: it disables interrupts and halts. */
static int make_rom(void)
{
	static const unsigned char start[] = { 0xfa, 0xf4, 0xeb, 0xfd }; /* cli; hlt; jmp back to hlt */
	int fd = memfd_create("rom", 0);

	if (fd < 0 || ftruncate(fd, ROM_BYTES) || pwrite(fd, start, sizeof(start), ROM_BYTES - RESET_FROM_END) != sizeof(start))
		_exit(127);
	return fd;
}

/* @go: one byte comes when the process is on record; its end is closed when the starter has died before that */
static void __attribute__((noreturn)) become_qemu(const char *emulator, const char *device, int qtest_fd, int monitor_fd, int go)
{
	g_autofree char *qtest_dev = g_strdup_printf("socket,id=qtest,fd=%d", qtest_fd);
	g_autofree char *monitor_dev = g_strdup_printf("socket,id=monitor,fd=%d", monitor_fd);
	g_autofree char *rom = g_strdup_printf("/dev/fd/%d", make_rom());
	const char *argv[] = { emulator, "-M", "q35", "-accel", "tcg", "-S", "-m", "64", "-nodefaults", "-display", "none", "-no-user-config",
			       "-bios", rom, "-object", "iothread,id=" PN_QTEST_IOTHREAD,
			       "-chardev", qtest_dev, "-qtest", "chardev:qtest", "-qtest-log", "/dev/null", "-chardev", monitor_dev, "-mon",
			       "chardev=monitor,mode=control", "-device", device, NULL };
	int null = open("/dev/null", O_RDWR);
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (read(go, &byte, 1) != 1)
		_exit(127);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	execv(emulator, (char *const *)argv);
	_exit(127);
}

/* One line, without its end. Return: NULL when QEMU has gone or does not answer. */
static const char *read_line(struct pn_qtest *qtest, int fd)
{
	size_t used = 0;

	while (!qtest->dead && used + 1 < sizeof(qtest->line)) {
		struct pollfd poller = { .fd = fd, .events = POLLIN };

		if (poll(&poller, 1, ANSWER_TIMEOUT_MS) != 1 || read(fd, qtest->line + used, 1) != 1)
			break;
		if (qtest->line[used] == '\n') {
			qtest->line[used] = '\0';
			return qtest->line;
		}
		used++;
	}
	qtest->dead = true;
	return NULL;
}

static void send_line(struct pn_qtest *qtest, int fd, const char *text)
{
	size_t done = 0, bytes = strlen(text);

	while (!qtest->dead && done < bytes) {
		ssize_t sent = send(fd, text + done, bytes - done, MSG_NOSIGNAL);

		if (sent <= 0 && errno != EINTR)
			qtest->dead = true;
		else if (sent > 0)
			done += sent;
	}
}

/* A qtest command; "IRQ" lines come in between unasked. Return: what stands after "OK", NULL when it was refused. */
static const char *command(struct pn_qtest *qtest, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static const char *command(struct pn_qtest *qtest, const char *fmt, ...)
{
	g_autofree char *text = NULL;
	const char *answer;
	va_list args;

	va_start(args, fmt);
	text = g_strdup_vprintf(fmt, args);
	va_end(args);
	send_line(qtest, qtest->qtest_fd, text);
	do {
		answer = read_line(qtest, qtest->qtest_fd);
	} while (answer && g_str_has_prefix(answer, "IRQ"));
	return answer && g_str_has_prefix(answer, "OK") ? answer + (answer[2] ? 3 : 2) : NULL;
}

json_t *pn_qtest_monitor(struct pn_qtest *qtest, const char *text)
{
	g_autofree char *line = g_strconcat(text, "\n", NULL);

	send_line(qtest, qtest->monitor_fd, line);
	for (;;) {
		const char *answer = read_line(qtest, qtest->monitor_fd);
		json_t *reply = answer ? json_loads(answer, JSON_DECODE_INT_AS_REAL, NULL) : NULL, *value; /* unset statistics are 2^64-1 */

		if (!answer)
			return NULL;
		value = json_incref(json_object_get(reply, "return"));
		if (value || json_object_get(reply, "error")) {
			json_decref(reply);
			return value;
		}
		json_decref(reply); /* the greeting, an event */
	}
}

bool pn_qtest_does(struct pn_qtest *qtest, const char *command)
{
	json_t *reply = pn_qtest_monitor(qtest, command);

	json_decref(reply);
	return reply != NULL;
}

/* Let the child go on, once it is on record. */
static int release(struct pn_qtest *qtest, int go, struct pn_diag *diag)
{
	json_t *what = json_pack("{s:i, s:I}", "pid", (int)qtest->pid, "start", (json_int_t)pn_owned_process_start(qtest->pid));

	qtest->owned = pn_owned_add("process", what, diag);
	if (qtest->owned < 0)
		return qtest->owned;
	return write(go, "", 1) == 1 ? 0 : pn_diag_set(diag, -errno, "pipe: %s", g_strerror(errno));
}

static void start_child(struct pn_qtest *qtest, const char *emulator, const char *device, const int theirs[2], const int go[2])
{
	qtest->pid = fork();
	if (qtest->pid)
		return;
	close(go[1]); /* so that the end of the starter is seen */
	if (fcntl(theirs[0], F_SETFD, 0) || fcntl(theirs[1], F_SETFD, 0))
		_exit(127);
	become_qemu(emulator, device, theirs[0], theirs[1], go[0]);
}

int pn_qtest_start(const char *emulator, const char *device, struct pn_qtest **ret_qtest, struct pn_diag *diag)
{
	struct pn_qtest *qtest = g_new0(struct pn_qtest, 1);
	int a[2], b[2], go[2], err;
	json_t *reply = NULL;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, a) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, b) || pipe2(go, O_CLOEXEC)) {
		g_free(qtest);
		return pn_diag_set(diag, -errno, "sockets to QEMU: %s", g_strerror(errno));
	}
	start_child(qtest, emulator, device, (const int[]){ a[1], b[1] }, go);
	err = qtest->pid > 0 ? release(qtest, go[1], diag) : pn_diag_set(diag, -EAGAIN, "fork: %s", g_strerror(errno));
	close(go[0]);
	close(go[1]);
	close(a[1]);
	close(b[1]);
	qtest->qtest_fd = a[0];
	qtest->monitor_fd = b[0];
	if (!err)
		reply = pn_qtest_monitor(qtest, "{\"execute\":\"qmp_capabilities\"}");
	json_decref(reply);
	if (!reply) {
		pn_qtest_stop(qtest);
		return err ? err : pn_diag_set(diag, -EIO, "%s: could not be started with -qtest and -device %s", emulator, device);
	}
	*ret_qtest = qtest;
	return 0;
}

void pn_qtest_stop(struct pn_qtest *qtest)
{
	if (!qtest)
		return;
	if (qtest->pid > 0) {
		kill(qtest->pid, SIGKILL);
		waitpid(qtest->pid, NULL, 0);
	}
	if (qtest->owned > 0)
		pn_owned_forget(qtest->owned);
	close(qtest->qtest_fd);
	close(qtest->monitor_fd);
	g_free(qtest);
}

int pn_qtest_alive(struct pn_qtest *qtest)
{
	json_t *status = qtest->dead ? NULL : pn_qtest_monitor(qtest, "{\"execute\":\"query-status\"}");

	json_decref(status);
	return status && waitpid(qtest->pid, NULL, WNOHANG) == 0;
}

static char letter(unsigned int size)
{
	return size == 1 ? 'b' : size == 2 ? 'w' : size == 4 ? 'l' : 'q';
}

static uint64_t number(const char *answer)
{
	return answer ? strtoull(answer, NULL, 0) : 0;
}

void pn_qtest_out(struct pn_qtest *qtest, uint16_t port, uint32_t value, unsigned int size)
{
	command(qtest, "out%c 0x%x 0x%x\n", letter(size), port, value);
}

uint32_t pn_qtest_in(struct pn_qtest *qtest, uint16_t port, unsigned int size)
{
	return number(command(qtest, "in%c 0x%x\n", letter(size), port));
}

void pn_qtest_write(struct pn_qtest *qtest, uint64_t addr, uint64_t value, unsigned int size)
{
	command(qtest, "write%c 0x%llx 0x%llx\n", letter(size), (unsigned long long)addr, (unsigned long long)value);
}

uint64_t pn_qtest_read(struct pn_qtest *qtest, uint64_t addr, unsigned int size)
{
	return number(command(qtest, "read%c 0x%llx\n", letter(size), (unsigned long long)addr));
}

void pn_qtest_put(struct pn_qtest *qtest, uint64_t addr, const void *data, size_t bytes)
{
	g_autoptr(GString) hex = g_string_new(NULL);

	for (size_t i = 0; i < bytes; i++)
		g_string_append_printf(hex, "%02x", ((const unsigned char *)data)[i]);
	command(qtest, "write 0x%llx 0x%zx 0x%s\n", (unsigned long long)addr, bytes, hex->str);
}

void pn_qtest_get(struct pn_qtest *qtest, uint64_t addr, void *data, size_t bytes)
{
	const char *answer = command(qtest, "read 0x%llx 0x%zx\n", (unsigned long long)addr, bytes);

	memset(data, 0, bytes);
	if (!answer || strlen(answer) < 2 + 2 * bytes)
		return;
	for (size_t i = 0; i < bytes; i++)
		((unsigned char *)data)[i] = g_ascii_xdigit_value(answer[2 + 2 * i]) << 4 | g_ascii_xdigit_value(answer[3 + 2 * i]);
}

void pn_qtest_fill(struct pn_qtest *qtest, uint64_t addr, uint8_t value, uint64_t bytes)
{
	command(qtest, "memset 0x%llx 0x%llx 0x%02x\n", (unsigned long long)addr, (unsigned long long)bytes, value);
}
