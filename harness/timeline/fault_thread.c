// SPDX-License-Identifier: GPL-2.0-only
/*
 * One thread of QEMU stopped, the others go on: the main loop (monitor, and the balloon's queues without an iothread), or the I/O thread that takes
 * free page hints. A signal stops a whole process, so the thread is traced: seized and interrupted. Arming, looking and disarming are calls of the
 * fault's own thread, as ptrace wants it; and should that end in whatever way, the kernel lets the thread go.
 */
#include "faults.h"

#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "timeline.h"

#define STOP_NS (5 * PN_NS_PER_S)
#define POLL_NS (5 * PN_NS_PER_MS)

/** struct stop - the fault's own */
struct stop {
	pid_t pid, tid;
	bool seized;
};

static int find(struct pn_fault_run *run, const char *role, struct pn_diag *diag)
{
	struct stop *stop = g_new0(struct stop, 1);
	struct pn_guest *guest = run->conductor->timeline->guest;
	g_autofree struct pn_guest_thread *threads = NULL;
	unsigned int count = 0;
	int r;

	run->data = stop;
	stop->pid = pn_guest_pid(guest);
	if (stop->pid <= 0)
		return pn_diag_set(diag, -ENOTSUP, "this guest has no process whose threads could be stopped");
	r = pn_guest_threads(guest, &threads, &count, diag);
	for (unsigned int i = 0; r == 0 && i < count; i++)
		if (g_str_has_prefix(threads[i].role, role))
			stop->tid = threads[i].tid;
	if (r == 0 && !stop->tid)
		return pn_diag_set(diag, -ENOTSUP, "QEMU has no thread '%s' here (an I/O thread comes with guest.balloon.free-page-hint)", role);
	return r;
}

static int prepare_main(struct pn_fault_run *run, struct pn_diag *diag)
{
	return find(run, "main", diag);
}

static int prepare_io(struct pn_fault_run *run, struct pn_diag *diag)
{
	return find(run, "iothread", diag);
}

static int arm(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct stop *stop = run->data;
	uint64_t deadline_ns = pn_clock_now_ns() + STOP_NS;
	int status;

	if (ptrace(PTRACE_SEIZE, stop->tid, NULL, NULL) < 0)
		return pn_diag_set(diag, -errno, "thread %d of QEMU can't be stopped: %s (is it traced already?)", (int)stop->tid, g_strerror(errno));
	stop->seized = true;
	if (ptrace(PTRACE_INTERRUPT, stop->tid, NULL, NULL) < 0)
		return pn_diag_set(diag, -errno, "thread %d of QEMU can't be interrupted: %s", (int)stop->tid, g_strerror(errno));
	while (waitpid(stop->tid, &status, __WALL | WNOHANG) != stop->tid) {
		if (pn_clock_now_ns() >= deadline_ns)
			return pn_diag_set(diag, -ETIMEDOUT, "thread %d of QEMU does not stop", (int)stop->tid);
		pn_clock_sleep_until(pn_clock_now_ns() + POLL_NS);
	}
	return 0;
}

static int fired(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct stop *stop = run->data;
	g_autofree char *path = g_strdup_printf("/proc/%d/task/%d/stat", (int)stop->pid, (int)stop->tid);
	g_autofree char *text = NULL;
	const char *name_end;
	int r = pn_fs_read(path, &text, NULL, diag);

	if (r < 0)
		return r;
	name_end = strrchr(text, ')');
	if (!name_end || strlen(name_end) < 3)
		return pn_diag_set(diag, -EPROTO, "%s: no state", path);
	if (name_end[2] != 't')
		return 0;
	json_object_set_new(run->evidence, "state", json_string("t"));
	return 1;
}

static int disarm(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct stop *stop = run->data;

	if (!stop || !stop->seized)
		return 0;
	stop->seized = false;
	/* ESRCH: it has ended, or was never stopped; the latter the kernel undoes when this thread ends. */
	if (ptrace(PTRACE_DETACH, stop->tid, NULL, NULL) < 0 && errno != ESRCH)
		return pn_diag_set(diag, -errno, "thread %d of QEMU can't be let go: %s", (int)stop->tid, g_strerror(errno));
	return 0;
}

const struct pn_fault_ops pn_fault_main_loop_stop = {.name = "main-loop-stop", .flags = PN_FAULT_HOLDS | PN_FAULT_DEAF, .prepare = prepare_main,
						     .arm = arm, .fired = fired, .disarm = disarm};
const struct pn_fault_ops pn_fault_iothread_stop = {.name = "iothread-stop", .prepare = prepare_io, .arm = arm,
						    .fired = fired, .disarm = disarm};
