// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver taken away under the balloon's feet: unbound from the device, or its module removed. Both steps ask the device afterwards who
 * drives it (driver.c), so armed is fired and disarmed is bound again.
 */
#include "faults.h"

#include <errno.h>

#include "../base/diag.h"
#include "driver.h"
#include "timeline.h"

static int is_bound(struct pn_fault_run *run, bool *ret_bound, struct pn_diag *diag)
{
	json_t *bound;
	int r;

	r = pn_driver_bound(run->conductor->timeline, &bound, diag);
	if (r < 0)
		return r;
	*ret_bound = json_is_true(json_object_get(bound, "bound"));
	json_decref(bound);
	return 0;
}

static int arm_unbind(struct pn_fault_run *run, struct pn_diag *diag)
{
	return pn_driver_unbind(run->conductor->timeline, diag);
}

static int arm_unload(struct pn_fault_run *run, struct pn_diag *diag)
{
	return pn_driver_unload(run->conductor->timeline, diag);
}

static int fired(struct pn_fault_run *run, struct pn_diag *diag)
{
	bool bound;
	int r;

	r = is_bound(run, &bound, diag);
	if (r < 0 || bound)
		return r;
	json_object_set_new(run->evidence, "bound", json_false());
	return 1;
}

static int disarm_unbind(struct pn_fault_run *run, struct pn_diag *diag)
{
	bool bound;
	int r;

	r = is_bound(run, &bound, diag);
	return r < 0 || bound ? r : pn_driver_bind(run->conductor->timeline, diag);
}

static int disarm_unload(struct pn_fault_run *run, struct pn_diag *diag)
{
	bool bound;
	int r;

	r = is_bound(run, &bound, diag);
	return r < 0 || bound ? r : pn_driver_load(run->conductor->timeline, diag);
}

#define FLAGS (PN_FAULT_HOLDS | PN_FAULT_BY_AGENT | PN_FAULT_OWN_ACTUAL)

const struct pn_fault_ops pn_fault_unbind = {.name = "unbind", .flags = FLAGS, .arm = arm_unbind, .fired = fired, .disarm = disarm_unbind};
const struct pn_fault_ops pn_fault_unload = {.name = "unload", .flags = FLAGS, .arm = arm_unload, .fired = fired, .disarm = disarm_unload};
