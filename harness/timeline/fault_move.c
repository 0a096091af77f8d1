// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest goes on in another QEMU: saved to a file and restored, or migrated live on this host. What shows it is the process: another one,
 * whose vCPUs run. The balloon's state goes along, so its target is not set anew. A postcopy lasts: the guest runs in the new QEMU while its memory
 * follows, and QEMU's word for that shows it.
 */
#include "faults.h"

#include <errno.h>

#include "../base/diag.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "timeline.h"

#define MOVE_NS (120 * PN_NS_PER_S)
#define ANSWER_NS (10 * PN_NS_PER_S)

/** struct move - the fault's own */
struct move {
	pid_t pid; /* of QEMU before */
};

/* So that the blow falls when its moment is there: another QEMU takes seconds to start, while the balloon goes on. */
static int ahead(struct pn_guest *guest, struct pn_diag *diag)
{
	return pn_guest_act(guest, &(struct pn_action){.verb = "move-ahead", .timeout_ns = MOVE_NS}, NULL, diag);
}

static int prepare(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct move *move = g_new0(struct move, 1);

	move->pid = pn_guest_pid(run->conductor->timeline->guest);
	run->data = move;
	return 0;
}

static int go(struct pn_fault_run *run, const char *by, struct pn_diag *diag)
{
	json_t *args = json_pack("{s:s, s:O*}", "by", by, "bytes_per_s", json_object_get(run->args, "bandwidth"));
	int r = pn_guest_act(run->conductor->timeline->guest, &(struct pn_action){.verb = "move", .args = args, .timeout_ns = MOVE_NS}, NULL, diag);

	json_decref(args);
	return r;
}

static int arm_save(struct pn_fault_run *run, struct pn_diag *diag)
{
	return go(run, "file", diag);
}

static int arm_migrate(struct pn_fault_run *run, struct pn_diag *diag)
{
	return go(run, "socket", diag);
}

static int fired(struct pn_fault_run *run, struct pn_diag *diag)
{
	const struct move *move = run->data;
	pid_t pid = pn_guest_pid(run->conductor->timeline->guest);
	json_t *reply;
	bool runs;
	int r;

	if (pid == move->pid)
		return 0;
	r = pn_guest_query(run->conductor->timeline->guest, "query-status", NULL, ANSWER_NS, &reply, NULL, diag);
	if (r < 0)
		return r;
	runs = json_is_true(json_object_get(reply, "running"));
	json_decref(reply);
	json_object_set_new(run->evidence, "from_pid", json_integer(move->pid));
	json_object_set_new(run->evidence, "to_pid", json_integer(pid));
	return runs;
}

static int arm_postcopy(struct pn_fault_run *run, struct pn_diag *diag)
{
	return go(run, "postcopy", diag);
}

static int fired_postcopy(struct pn_fault_run *run, struct pn_diag *diag)
{
	const char *status;
	json_t *reply;
	int r = fired(run, diag);

	if (r <= 0)
		return r;
	r = pn_guest_query(run->conductor->timeline->guest, "query-migrate", NULL, ANSWER_NS, &reply, NULL, diag);
	if (r < 0)
		return r;
	status = json_string_value(json_object_get(reply, "status"));
	json_object_set_new(run->evidence, "status", json_string(status ? status : "none"));
	json_decref(reply);
	return g_strcmp0(json_string_value(json_object_get(run->evidence, "status")), "postcopy-active") == 0;
}

static int disarm_postcopy(struct pn_fault_run *run, struct pn_diag *diag)
{
	return pn_guest_act(run->conductor->timeline->guest, &(struct pn_action){.verb = "move-end", .timeout_ns = MOVE_NS}, NULL, diag);
}

const struct pn_fault_ops pn_fault_save_restore = {.name = "save-restore", .flags = PN_FAULT_HOLDS | PN_FAULT_OWN_ACTUAL, .ahead = ahead, .prepare = prepare, .arm = arm_save, .fired = fired};
const struct pn_fault_ops pn_fault_migrate = {.name = "migrate", .flags = PN_FAULT_HOLDS | PN_FAULT_OWN_ACTUAL, .ahead = ahead, .prepare = prepare, .arm = arm_migrate, .fired = fired};
const struct pn_fault_ops pn_fault_postcopy = {.name = "postcopy", .flags = PN_FAULT_HOLDS | PN_FAULT_OWN_ACTUAL, .ahead = ahead, .prepare = prepare, .arm = arm_postcopy, .fired = fired_postcopy, .disarm = disarm_postcopy};
