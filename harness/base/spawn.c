// SPDX-License-Identifier: GPL-2.0-only
/*
 * Run a program to its end, with a deadline, in a process group of its own, so that the whole of it can be ended. Both
 * outputs are drained while it runs, so a talkative program never blocks on a full pipe.
 *
 * The group would outlive a caller that is killed: a terminal's Ctrl-C does not reach it. A guard, in the group too, waits at the end of a line that
 * only the caller holds open, and ends the group when that ends, however it came about.
 */

#include "spawn.h"

#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "diag.h"
#include "units.h"

#define GRACE_S 10 /* for a program whose caller has gone: its guests are shut down by then, or are the next start's to repair */

/** struct guarded - between fork() and exec(): only what is safe in a child of several threads is called there */
struct guarded {
	int life[2]; /* read by the guard; held open by the caller */
};

/* A byte says that the program has ended; the end without one that the caller has, and then the program may clean up. */
static _Noreturn void guard(int life)
{
	ssize_t got;
	char ended;

	/* pipes to the caller, and the callers' ends of other guards' lines, must not be held open here */
	dup2(life, 0);
	close_range(1, ~0U, 0);
	signal(SIGTERM, SIG_IGN);
	do
		got = read(0, &ended, 1);
	while (got < 0 && errno == EINTR);
	if (got == 0) {
		kill(0, SIGTERM);
		sleep(GRACE_S);
	}
	kill(0, SIGKILL);
	_exit(0);
}

/* The guard is nobody's child, so that the program finds none that it did not make. */
static void child_setup(gpointer data)
{
	const struct guarded *guarded = data;
	pid_t between;

	setpgid(0, 0);
	between = _Fork();
	if (between == 0) {
		if (_Fork() == 0)
			guard(guarded->life[0]);
		_exit(0);
	}
	while (between > 0 && waitpid(between, NULL, 0) < 0 && errno == EINTR)
		;
}

static int poll_ms(uint64_t deadline_ns)
{
	uint64_t now = pn_clock_now_ns();

	if (!deadline_ns)
		return -1;
	if (now >= deadline_ns)
		return 0;
	return (int)((deadline_ns - now) / PN_NS_PER_MS + 1);
}

/* Read both pipes until their ends or the deadline. Return: 0 or -ETIMEDOUT. */
static int drain(int out, int err, uint64_t deadline_ns, GString *out_text, GString *err_text)
{
	struct pollfd fds[2] = { { .fd = out, .events = POLLIN }, { .fd = err, .events = POLLIN } };
	GString *texts[2] = { out_text, err_text };
	char buf[16384];

	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		int n = poll(fds, 2, poll_ms(deadline_ns));

		if (n == 0)
			return -ETIMEDOUT;
		if (n < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; n > 0 && i < 2; i++) {
			ssize_t got;

			if (fds[i].fd < 0 || !fds[i].revents)
				continue;
			got = read(fds[i].fd, buf, sizeof(buf));
			if (got > 0)
				g_string_append_len(texts[i], buf, got);
			else
				fds[i].fd = -1;
		}
	}
	return 0;
}

static const char *last_line(GString *text)
{
	char *line;

	while (text->len > 0 && g_ascii_isspace(text->str[text->len - 1]))
		g_string_truncate(text, text->len - 1);
	line = strrchr(text->str, '\n');
	return line ? line + 1 : text->str;
}

static int judge(int status, const char *program, GString *err_text, struct pn_diag *diag)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFSIGNALED(status))
		return pn_diag_set(diag, -EIO, "%s: killed by signal %d: %s", program, WTERMSIG(status), last_line(err_text));
	return pn_diag_set(diag, -EIO, "%s: exit code %d: %s", program, WEXITSTATUS(status), last_line(err_text));
}

int pn_spawn_run(const char *const *argv, const char *cwd, uint64_t timeout_ns, char **ret_out, struct pn_diag *diag)
{
	g_autoptr(GString) out_text = g_string_new(NULL);
	g_autoptr(GString) err_text = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	struct guarded guarded;
	int out = -1, err = -1, status, rc;
	gboolean started;
	GPid pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, guarded.life) < 0)
		return pn_diag_set(diag, -errno, "socketpair: %s", g_strerror(errno));
	started = g_spawn_async_with_pipes(cwd, (char **)argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, child_setup, &guarded,
					   &pid, NULL, ret_out ? &out : NULL, &err, &error);
	close(guarded.life[0]);
	if (!started) {
		close(guarded.life[1]);
		return pn_diag_set(diag, g_error_matches(error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT) ? -ENOENT : -EIO, "%s", error->message);
	}
	rc = drain(out, err, timeout_ns ? pn_clock_now_ns() + timeout_ns : 0, out_text, err_text);
	if (rc)
		kill(-pid, SIGKILL);
	if (out >= 0)
		close(out);
	close(err);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	send(guarded.life[1], "", 1, MSG_NOSIGNAL); /* after a hang the guard is dead with its group */
	close(guarded.life[1]);
	if (rc)
		return pn_diag_set(diag, rc, "%s: not done after %.1f s", argv[0], (double)timeout_ns / PN_NS_PER_S);
	rc = judge(status, argv[0], err_text, diag);
	if (!rc && ret_out)
		*ret_out = g_string_free(g_steal_pointer(&out_text), FALSE);
	return rc;
}
