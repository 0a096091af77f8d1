// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's kernel fails QEMU, or is slow: strace attaches for the fault's life and makes madvise and fallocate, which give memory back,
 * return an error or take longer. The words are the kernel's fault injection's: after `space` calls, every `interval`-th, `times` times.
 *
 * Evidence is strace's own line for each call that it touched. strace is in the owner record; a tracer that dies lets its tracees go.
 */
#include "faults.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/owned.h"
#include "../base/owned_kinds.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "timeline.h"

#define ATTACH_NS (10 * PN_NS_PER_S)
#define END_NS (10 * PN_NS_PER_S)
#define POLL_NS (20 * PN_NS_PER_MS)
#define CALLS "madvise,fallocate"

/** struct tamper - the fault's own */
struct tamper {
	char *log;
	GPid pid; /* of strace; 0: none */
	int process_id, log_id;
};

static json_int_t number(const struct pn_fault_run *run, const char *key)
{
	return json_integer_value(json_object_get(run->args, key));
}

/* strace's when=FIRST[..LAST][+STEP]. */
static char *when(const struct pn_fault_run *run)
{
	json_int_t first = number(run, "space") + 1, step = MAX(number(run, "interval"), 1), times = number(run, "times");

	if (times > 0)
		return g_strdup_printf("when=%lld..%lld+%lld", (long long)first, (long long)(first + (times - 1) * step), (long long)step);
	return g_strdup_printf("when=%lld+%lld", (long long)first, (long long)step);
}

static int prepare(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct tamper *tamper = g_new0(struct tamper, 1);
	g_autofree char *name = g_strdup_printf("strace-%u.log", run->event), *program = g_find_program_in_path("strace");

	run->data = tamper;
	if (!program)
		return pn_diag_set(diag, -ENOENT, "strace is not installed (apt-get install strace)");
	if (pn_guest_pid(run->conductor->timeline->guest) <= 0)
		return pn_diag_set(diag, -ENOTSUP, "this guest has no process whose system calls could be touched");
	tamper->log = g_build_filename(run->conductor->timeline->case_dir, name, NULL);
	return 0;
}

static bool is_traced(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/status", (int)pid), *text = NULL;
	const char *line;

	if (pn_fs_read(path, &text, NULL, NULL) < 0)
		return false;
	line = strstr(text, "\nTracerPid:");
	return line && g_ascii_strtoull(line + strlen("\nTracerPid:") + 1, NULL, 10) != 0;
}

static int launch(struct pn_fault_run *run, const char *inject, struct pn_diag *diag)
{
	struct tamper *tamper = run->data;
	pid_t qemu = pn_guest_pid(run->conductor->timeline->guest);
	uint64_t deadline_ns = pn_clock_now_ns() + ATTACH_NS;
	g_autofree char *pid = g_strdup_printf("%d", (int)qemu);
	const char *argv[] = {"strace", "-f", "-q", "-p", pid, "-e", "trace=" CALLS, "-e", inject, "-e", "signal=none", "-o", tamper->log, NULL};
	g_autoptr(GError) error = NULL;

	tamper->log_id = pn_owned_add("file", json_pack("{s:s}", "path", tamper->log), diag);
	if (tamper->log_id < 0)
		return tamper->log_id;
	if (!g_spawn_async(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL,
			   &tamper->pid, &error))
		return pn_diag_set(diag, -EIO, "%s", error->message);
	/* Known by its start time only once it lives; should this process die in between, strace goes with its only tracee. */
	tamper->process_id = pn_owned_add("process", json_pack("{s:i,s:I}", "pid", (int)tamper->pid, "start",
								(json_int_t)pn_owned_process_start(tamper->pid)), diag);
	if (tamper->process_id < 0)
		return tamper->process_id;
	while (!is_traced(qemu)) {
		if (waitpid(tamper->pid, NULL, WNOHANG) == tamper->pid) {
			tamper->pid = 0;
			return pn_diag_set(diag, -EIO, "strace ended instead of attaching to QEMU (ptrace not permitted, or traced already?)");
		}
		if (pn_clock_now_ns() >= deadline_ns)
			return pn_diag_set(diag, -ETIMEDOUT, "strace did not attach to QEMU");
		pn_clock_sleep_until(pn_clock_now_ns() + POLL_NS);
	}
	return 0;
}

static int arm_fail(struct pn_fault_run *run, struct pn_diag *diag)
{
	const char *error = json_string_value(json_object_get(run->args, "error"));
	g_autofree char *which = when(run), *inject = g_strdup_printf("inject=" CALLS ":error=%s:%s", error ? error : "ENOMEM", which);

	return launch(run, inject, diag);
}

static int arm_slow(struct pn_fault_run *run, struct pn_diag *diag)
{
	g_autofree char *which = when(run);
	g_autofree char *inject = g_strdup_printf("inject=" CALLS ":delay_enter=%lld:%s", (long long)(number(run, "delay") / PN_NS_PER_US), which);

	return launch(run, inject, diag);
}

static unsigned int count(const char *text, const char *word)
{
	unsigned int n = 0;

	for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
		n++;
	return n;
}

static int fired(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct tamper *tamper = run->data;
	g_autofree char *text = NULL;
	unsigned int calls;
	int r = pn_fs_read(tamper->log, &text, NULL, diag);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	calls = count(text, "(INJECTED)") + count(text, "(DELAYED)") + count(text, "(INJECTED, DELAYED)");
	json_object_set_new(run->evidence, "calls", json_integer(calls));
	return calls > 0;
}

/* SIGTERM makes strace detach; the owner record ends it the hard way should it not. */
static int disarm(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct tamper *tamper = run->data;
	uint64_t deadline_ns = pn_clock_now_ns() + END_NS;
	int r = 0;

	if (!tamper)
		return 0;
	if (tamper->pid > 0) {
		kill(tamper->pid, SIGTERM);
		while (waitpid(tamper->pid, NULL, WNOHANG) == 0 && pn_clock_now_ns() < deadline_ns)
			pn_clock_sleep_until(pn_clock_now_ns() + POLL_NS);
	}
	if (tamper->process_id > 0)
		r = pn_owned_release(tamper->process_id, diag);
	if (tamper->log_id > 0)
		pn_owned_release(tamper->log_id, NULL);
	tamper->process_id = tamper->log_id = 0;
	tamper->pid = 0;
	g_clear_pointer(&tamper->log, g_free);
	return r;
}

const struct pn_fault_ops pn_fault_discard_fail = {.name = "discard-fail", .prepare = prepare, .arm = arm_fail, .fired = fired, .disarm = disarm};
const struct pn_fault_ops pn_fault_discard_slow = {.name = "discard-slow", .flags = PN_FAULT_HOLDS, .prepare = prepare, .arm = arm_slow, .fired = fired, .disarm = disarm};
