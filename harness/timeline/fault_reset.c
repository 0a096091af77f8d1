// SPDX-License-Identifier: GPL-2.0-only
/*
 * system_reset, or a panic of the guest's kernel and then system_reset. It is over when the guest is back as it was (reboot.c), which the
 * new boot's id shows; the target still stands at the device, so the balloon has to converge once more.
 */
#include "faults.h"

#include "reboot.h"
#include "timeline.h"

static int arm_reset(struct pn_fault_run *run, struct pn_diag *diag)
{
	return pn_reboot(run->conductor->timeline, PN_REBOOT_BY_RESET, diag);
}

/* The conductor takes a crashed guest for the end of the case, unless it is told. */
static int arm_panic(struct pn_fault_run *run, struct pn_diag *diag)
{
	int r;

	pn_conductor_crash(run->conductor, true);
	r = pn_reboot(run->conductor->timeline, PN_REBOOT_BY_PANIC, diag);
	pn_conductor_crash(run->conductor, false);
	return r;
}

const struct pn_fault_ops pn_fault_reset = {.name = "reset", .flags = PN_FAULT_HOLDS | PN_FAULT_OWN_ACTUAL, .arm = arm_reset};
const struct pn_fault_ops pn_fault_panic = {.name = "panic", .flags = PN_FAULT_HOLDS | PN_FAULT_OWN_ACTUAL, .arm = arm_panic};
