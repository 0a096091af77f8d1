// SPDX-License-Identifier: GPL-2.0-only
/*
 * What balloond leaves on the host when it has been told to end. A program that is still there, or a file in its directory, goes through the oracle that
 * judges what cases leave. Rule: both are recorded before they exist and removed afterwards, whatever the verdict is.
 */
#include "policy_host.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <jansson.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../guests/images/paths.h"
#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/owned.h"
#include "../base/owned_kinds.h"
#include "../base/units.h"
#include "../observe/oracle.h"

#define UP_NS (20 * PN_NS_PER_S)
#define DOWN_NS (5 * PN_NS_PER_S)
#define LOOK_NS (10 * PN_NS_PER_MS)

/** struct stay - one run of the daemon */
struct stay {
	char *dir, *config, *socket; /* the socket is all that it makes there */
	int owned_dir, owned_process;
	pid_t pid;
};

static int prepare(struct stay *stay, struct pn_diag *diag)
{
	g_autofree char *name = g_strdup_printf("%s/balloond-%d", pn_owned_state_dir(), (int)getpid()), *text = NULL;

	stay->dir = g_steal_pointer(&name);
	stay->config = g_build_filename(stay->dir, "balloond.yaml", NULL);
	stay->socket = g_build_filename(stay->dir, "status", NULL);
	stay->owned_dir = pn_owned_add("tree", json_pack("{s:s}", "path", stay->dir), diag);
	if (stay->owned_dir < 0)
		return stay->owned_dir;
	text = g_strdup_printf("connection: test:///default\ndry-run: on\nstatus: {socket: %s}\n", stay->socket);
	if (g_mkdir_with_parents(stay->dir, 0700) || !g_file_set_contents(stay->config, text, -1, NULL))
		return pn_diag_set(diag, -errno, "%s: can't be written", stay->config);
	return 0;
}

static int start(struct stay *stay, const char *program, struct pn_diag *diag)
{
	g_autoptr(GError) error = NULL;
	const char *const argv[] = {program, "--config", stay->config, NULL};

	if (!g_spawn_async(NULL, (char **)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL,
			   &stay->pid, &error))
		return pn_diag_set(diag, -EIO, "%s: %s", program, error->message);
	stay->owned_process = pn_owned_add("process", json_pack("{s:i, s:I}", "pid", (int)stay->pid, "start",
								  (json_int_t)pn_owned_process_start(stay->pid)), diag);
	return MIN(stay->owned_process, 0);
}

static bool has_ended(struct stay *stay)
{
	if (stay->pid && waitpid(stay->pid, NULL, WNOHANG) == stay->pid)
		stay->pid = 0;
	return !stay->pid;
}

static int come_up(struct stay *stay, const char *program, struct pn_diag *diag)
{
	uint64_t deadline_ns = pn_clock_now_ns() + UP_NS;

	while (!g_file_test(stay->socket, G_FILE_TEST_EXISTS)) {
		if (has_ended(stay))
			return pn_diag_set(diag, -EIO, "%s ended before it could be asked anything", program);
		if (pn_clock_now_ns() > deadline_ns)
			return pn_diag_set(diag, -ETIMEDOUT, "%s made no socket in %llu s", program, UP_NS / PN_NS_PER_S);
		pn_clock_sleep_until(pn_clock_now_ns() + LOOK_NS);
	}
	return 0;
}

/* What is there of it some seconds after it was told to go. */
static json_t *look(struct stay *stay)
{
	uint64_t deadline_ns = pn_clock_now_ns() + DOWN_NS;
	json_t *left = json_array();

	kill(stay->pid, SIGTERM);
	while (!has_ended(stay) && pn_clock_now_ns() < deadline_ns)
		pn_clock_sleep_until(pn_clock_now_ns() + LOOK_NS);
	if (!has_ended(stay))
		json_array_append_new(left, json_pack("{s:s, s:{s:i, s:s}}", "kind", "process", "what", "pid", (int)stay->pid, "name", "balloond"));
	else if (g_file_test(stay->socket, G_FILE_TEST_EXISTS))
		json_array_append_new(left, json_pack("{s:s, s:{s:s}}", "kind", "file", "what", "path", stay->socket));
	return left;
}

static void clear(struct stay *stay)
{
	if (!has_ended(stay)) {
		kill(stay->pid, SIGKILL);
		waitpid(stay->pid, NULL, 0);
	}
	if (stay->owned_process > 0)
		pn_owned_forget(stay->owned_process);
	if (stay->owned_dir > 0)
		pn_owned_release(stay->owned_dir, NULL);
	g_free(stay->dir);
	g_free(stay->config);
	g_free(stay->socket);
}

int pn_policy_host_judge(const char *mutant, struct pn_diag *diag)
{
	g_autofree char *name = mutant ? g_strdup_printf("balloond-%s", mutant) : g_strdup("balloond");
	g_autofree char *program = g_build_filename(pn_paths_libexec(), PN_PATHS_DRIVERS, "balloond", "daemon", name, NULL);
	struct pn_finding finding = {.oracle = "host", .verdict = PN_PASS};
	struct pn_record record = {0};
	struct stay stay = {0};
	int err;

	if (!g_file_test(program, G_FILE_TEST_IS_EXECUTABLE))
		return pn_diag_set(diag, -ENOENT, "%s is not there: build the tree that the daemon's mutants belong to", program);
	err = prepare(&stay, diag);
	if (!err)
		err = start(&stay, program, diag);
	if (!err)
		err = come_up(&stay, program, diag);
	if (!err) {
		record.host = look(&stay);
		pn_judge_host(&record, &finding);
		json_decref(record.host);
	}
	clear(&stay);
	return err ? err : finding.verdict == PN_FAIL;
}
