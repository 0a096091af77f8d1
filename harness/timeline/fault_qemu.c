// SPDX-License-Identifier: GPL-2.0-only
/*
 * QEMU as a whole stopped, or killed, by a signal. While it is stopped nobody may wait for its monitor: the conductor is told (hold), and
 * the SIGCONT comes from the fault's own thread, so that a lane stuck in a call can't hold it up.
 */
#include "faults.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "../base/diag.h"
#include "../base/fs.h"
#include "../guest/guest.h"
#include "timeline.h"

static int send(struct pn_fault_run *run, int number, struct pn_diag *diag)
{
	json_t *args = json_pack("{s:i}", "signal", number);
	int r = pn_guest_act(run->conductor->timeline->guest, &(struct pn_action){.verb = "signal", .args = args}, NULL, diag);

	json_decref(args);
	return r;
}

/* State letter of the process as the kernel has it: the word after the name, which may itself hold anything. */
static int process_state(struct pn_fault_run *run, char *ret_state, struct pn_diag *diag)
{
	pid_t pid = pn_guest_pid(run->conductor->timeline->guest);
	g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int)pid);
	g_autofree char *text = NULL;
	const char *name_end;
	int r;

	if (pid <= 0)
		return pn_diag_set(diag, -ENOTSUP, "this guest has no process that signals could be seen at");
	r = pn_fs_read(path, &text, NULL, diag);
	if (r < 0)
		return r;
	name_end = strrchr(text, ')');
	if (!name_end || strlen(name_end) < 3)
		return pn_diag_set(diag, -EPROTO, "%s: no state", path);
	*ret_state = name_end[2];
	return 0;
}

static int arm_stop(struct pn_fault_run *run, struct pn_diag *diag)
{
	return send(run, SIGSTOP, diag);
}

static int fired_stop(struct pn_fault_run *run, struct pn_diag *diag)
{
	char state = 0;
	int r;

	r = process_state(run, &state, diag);
	if (r < 0 || state != 'T')
		return r;
	json_object_set_new(run->evidence, "state", json_string("T"));
	return 1;
}

static int disarm_stop(struct pn_fault_run *run, struct pn_diag *diag)
{
	return send(run, SIGCONT, diag);
}

const struct pn_fault_ops pn_fault_qemu_stop = {.name = "qemu-stop", .flags = PN_FAULT_HOLDS | PN_FAULT_DEAF, .arm = arm_stop,
						.fired = fired_stop, .disarm = disarm_stop};

static int arm_kill(struct pn_fault_run *run, struct pn_diag *diag)
{
	return send(run, SIGKILL, diag);
}

static int fired_kill(struct pn_fault_run *run, struct pn_diag *diag)
{
	enum pn_guest_state state = pn_guest_state(run->conductor->timeline->guest);

	if (state != PN_GUEST_GONE && state != PN_GUEST_CRASHED)
		return 0;
	json_object_set_new(run->evidence, "gone", json_true());
	return 1;
}

const struct pn_fault_ops pn_fault_qemu_kill = {.name = "qemu-kill", .flags = PN_FAULT_HOLDS | PN_FAULT_DEAF, .arm = arm_kill,
						.fired = fired_kill};
