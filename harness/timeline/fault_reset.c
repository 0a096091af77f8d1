// SPDX-License-Identifier: GPL-2.0-only
/*
 * system_reset. It is over when the guest is back as it was (reboot.c), which the new boot's id shows; the target still stands at the
 * device, so the balloon has to converge once more.
 */
#include "faults.h"

#include "reboot.h"
#include "timeline.h"

static int arm(struct pn_fault_run *run, struct pn_diag *diag)
{
	return pn_reboot(run->conductor->timeline, diag);
}

const struct pn_fault_ops pn_fault_reset = {.name = "reset", .flags = PN_FAULT_HOLDS | PN_FAULT_OWN_ACTUAL, .arm = arm};
