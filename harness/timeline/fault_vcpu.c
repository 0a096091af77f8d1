// SPDX-License-Identifier: GPL-2.0-only
/*
 * vCPUs stopped through the monitor. The device and the monitor go on answering; only the guest does not run.
 */
#include "faults.h"

#include <errno.h>

#include "../base/diag.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "timeline.h"

static int act(struct pn_fault_run *run, const char *verb, struct pn_diag *diag)
{
	return pn_guest_act(run->conductor->timeline->guest, &(struct pn_action){.verb = verb}, NULL, diag);
}

/* QEMU's own word for it. */
static int running(struct pn_fault_run *run, bool *ret_running, struct pn_diag *diag)
{
	json_t *reply;
	int r;

	r = pn_guest_query(run->conductor->timeline->guest, "query-status", NULL, 5 * PN_NS_PER_S, &reply, NULL, diag);
	if (r < 0)
		return r;
	*ret_running = json_is_true(json_object_get(reply, "running"));
	json_decref(reply);
	return 0;
}

static int arm(struct pn_fault_run *run, struct pn_diag *diag)
{
	return act(run, "pause", diag);
}

static int fired(struct pn_fault_run *run, struct pn_diag *diag)
{
	bool runs;
	int r;

	r = running(run, &runs, diag);
	if (r < 0 || runs)
		return r;
	json_object_set_new(run->evidence, "running", json_false());
	return 1;
}

static int disarm(struct pn_fault_run *run, struct pn_diag *diag)
{
	bool runs;
	int r;

	r = act(run, "resume", diag);
	if (r < 0)
		return r;
	r = running(run, &runs, diag);
	return r < 0 || runs ? r : pn_diag_set(diag, -EIO, "the vCPUs were told to run but stand still");
}

const struct pn_fault_ops pn_fault_vcpu_pause = {.name = "vcpu-pause", .flags = PN_FAULT_HOLDS, .arm = arm, .fired = fired, .disarm = disarm};
