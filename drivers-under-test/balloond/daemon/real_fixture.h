/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* For test-real.c: the daemon started and killed, as root or as nobody, what it tells, and states of it to wait for. Every wait ends with the program's alarm. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <grp.h>
#include <jansson.h>
#include <sys/stat.h>

#include "../../../harness/guest/libvirtd_fixture.h"
#include "status.h"

#define LIFE_S 540
#define GUESTS 3
#define OUT "/run/guests"
#define CONFIG "/run/balloond.yaml"
#define SOCKET "/run/balloond.sock"
#define LOG "/run/balloond.log"
#define POLL_US 50000
#define CONFIGURATION(capacity)                                                                                                          \
	"host: {capacity: " capacity ", reserve: 100MiB}\nlimits: {min: 160MiB, overhead: 200MiB}\nstatus: {socket: " SOCKET "}\n" \
	"interval: 1s\ntimeout: 400ms\n"

#define NOBODY 65534
#define HOME "/run/nobody"
#define NOBODYS_SOCKET HOME "/status"
#define REMOTE "qemu+tcp://127.0.0.1/system"
#define SESSION "qemu:///session"

static const char *puncture, *balloond, *scenario;
static const char *socket_path = SOCKET; /* of the daemon that is asked */
static pid_t libvirtd, daemon_pid;

/* In the child: somebody without any right but those of everybody, with a home where sockets can be made. */
static void become_nobody(void)
{
	if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0)
		_exit(126);
	g_setenv("HOME", HOME, TRUE);
	g_setenv("XDG_RUNTIME_DIR", HOME, TRUE);
	g_unsetenv("XDG_CONFIG_HOME");
	g_unsetenv("XDG_CACHE_HOME");
}

static pid_t begin_as(const char *const *argv, const char *log, bool nobody)
{
	pid_t pid = fork();

	if (pid == 0) {
		setpgid(0, 0);
		if (nobody)
			become_nobody();
		if (log) {
			int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);

			dup2(fd, STDERR_FILENO);
			dup2(fd, STDOUT_FILENO);
		}
		execv(argv[0], (char *const *)argv);
		_exit(127);
	}
	assert_true(pid > 0);
	return pid;
}

static pid_t begin(const char *const *argv, const char *log)
{
	return begin_as(argv, log, false);
}

static void start_balloond(void)
{
	const char *const argv[] = {balloond, "--config", CONFIG, NULL};

	daemon_pid = begin(argv, LOG);
}

static void kill_balloond(void)
{
	assert_int_equal(kill(daemon_pid, SIGKILL), 0);
	assert_int_equal(waitpid(daemon_pid, NULL, 0), daemon_pid);
}

static unsigned int count_log(const char *event)
{
	g_autofree char *text = NULL, *wanted = g_strdup_printf("\"event\":\"%s\"", event);
	unsigned int count = 0;

	if (pn_fs_read(LOG, &text, NULL, NULL))
		return 0;
	for (const char *at = text; (at = strstr(at, wanted)); at++)
		count++;
	return count;
}

static json_t *status(void)
{
	json_t *snapshot = NULL;

	return pn_status_ask(socket_path, &snapshot, NULL) ? NULL : snapshot;
}

static json_int_t host_figure(const json_t *snapshot, const char *key)
{
	return json_integer_value(json_object_get(json_object_get(snapshot, "host"), key));
}

static const json_t *guest_of(const json_t *snapshot, const char *suffix)
{
	const json_t *guest;
	size_t i;

	json_array_foreach(json_object_get(snapshot, "guests"), i, guest)
		if (g_str_has_suffix(json_string_value(json_object_get(guest, "name")), suffix))
			return guest;
	return NULL;
}

/* What guests hold by the host's eyes and their own word, the larger of both, and what they may come to hold: within the budget? */
static bool within_budget(const json_t *snapshot)
{
	const json_t *guests = json_object_get(snapshot, "guests"), *guest;
	size_t i;

	if (json_array_size(guests) != GUESTS || json_is_true(json_object_get(json_object_get(snapshot, "host"), "overcommitted")))
		return false;
	json_array_foreach(guests, i, guest)
		if (!json_is_true(json_object_get(guest, "control")) || !json_is_integer(json_object_get(guest, "actual_bytes")))
			return false;
	return true;
}

static bool is_stuck_or_stale(const json_t *snapshot)
{
	const json_t *guest = guest_of(snapshot, "-a");
	const char *trust = json_string_value(json_object_get(guest, "trust"));

	return !g_strcmp0(trust, "stale") || !g_strcmp0(trust, "stuck");
}

static bool is_fresh(const json_t *snapshot)
{
	const json_t *guest = guest_of(snapshot, "-a");

	return !g_strcmp0(json_string_value(json_object_get(guest, "trust")), "fresh") && json_is_integer(json_object_get(guest, "actual_bytes"));
}

static bool is_disconnected(const json_t *snapshot)
{
	return !g_strcmp0(json_string_value(json_object_get(snapshot, "state")), "not connected");
}

static bool is_running(const json_t *snapshot)
{
	return !g_strcmp0(json_string_value(json_object_get(snapshot, "state")), "running") && within_budget(snapshot);
}

static bool has_less(const json_t *snapshot)
{
	return host_figure(snapshot, "capacity_bytes") == 1740 * (json_int_t)PN_MIB && within_budget(snapshot);
}

/* the alarm ends what never comes */
static json_t *wait_until(bool (*reached)(const json_t *snapshot))
{
	for (;;) {
		json_t *snapshot = status();

		if (snapshot && reached(snapshot))
			return snapshot;
		json_decref(snapshot);
		assert_int_equal(waitpid(daemon_pid, NULL, WNOHANG), 0);
		g_usleep(POLL_US);
	}
}
