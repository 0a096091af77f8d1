// SPDX-License-Identifier: GPL-2.0-only
/*
 * The balloon device unplugged, and plugged again. The device that comes back has no target: it is told the one in force, as a controller that
 * notices would do. Armed is fired, since unplugging waits until QEMU has let the device go.
 */
#include "faults.h"

#include <errno.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "driver.h"
#include "timeline.h"

#define UNPLUG_NS (30 * PN_NS_PER_S)
#define BIND_NS (30 * PN_NS_PER_S)
#define BIND_POLL_NS (50 * PN_NS_PER_MS)

static int act(struct pn_fault_run *run, const char *verb, struct pn_diag *diag)
{
	return pn_guest_act(run->conductor->timeline->guest, &(struct pn_action){.verb = verb, .timeout_ns = UNPLUG_NS}, NULL, diag);
}

static int arm(struct pn_fault_run *run, struct pn_diag *diag)
{
	int r = act(run, "unplug", diag);

	if (r == 0)
		json_object_set_new(run->evidence, "plugged", json_false());
	return r;
}

/* The module is still loaded, so it takes the device as soon as the guest has found it. */
static int wait_bound(struct pn_fault_run *run, struct pn_diag *diag)
{
	uint64_t deadline_ns = pn_clock_now_ns() + BIND_NS;
	json_t *bound = NULL;
	bool done;
	int r;

	for (;;) {
		r = pn_driver_bound(run->conductor->timeline, &bound, diag);
		done = r == 0 && json_is_true(json_object_get(bound, "bound"));
		json_decref(bound);
		bound = NULL;
		if (done || (r < 0 && r != -EREMOTEIO))
			return done ? 0 : r;
		if (pn_clock_now_ns() >= deadline_ns)
			return pn_diag_set(diag, -ENODEV, "the balloon was plugged again, and no driver has taken it within %llu s",
					   (unsigned long long)(BIND_NS / PN_NS_PER_S));
		pn_clock_sleep_until(pn_clock_now_ns() + BIND_POLL_NS);
	}
}

static int disarm(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct pn_course course = pn_conductor_course(run->conductor);
	int r = act(run, "plug", diag);

	if (r == 0)
		r = wait_bound(run, diag);
	if (r == 0 && course.generation > 0)
		r = pn_guest_balloon(run->conductor->timeline->guest, course.asked_bytes, diag);
	return r;
}

const struct pn_fault_ops pn_fault_unplug = {.name = "unplug", .flags = PN_FAULT_HOLDS | PN_FAULT_OWN_ACTUAL, .arm = arm, .disarm = disarm};
