// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest suspends to RAM (ACPI S3) and is woken. That it sleeps is QEMU's word (query-status: suspended), and that it is awake the agent's,
 * who answers again. A guest that does not get to sleep in time, a driver's freeze that hangs or refuses, is a fault that never fired.
 */
#include "faults.h"

#include <errno.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "timeline.h"

#define ANSWER_NS (10 * PN_NS_PER_S)
#define WAKE_NS (60 * PN_NS_PER_S)
#define POLL_NS (50 * PN_NS_PER_MS)

static int arm(struct pn_fault_run *run, struct pn_diag *diag)
{
	return pn_guest_agent(run->conductor->timeline->guest, json_pack("{s:s,s:s}", "op", "lifecycle", "do", "suspend"), ANSWER_NS, NULL, diag);
}

static int is_asleep(struct pn_fault_run *run, struct pn_diag *diag)
{
	json_t *reply;
	bool asleep;
	int r = pn_guest_query(run->conductor->timeline->guest, "query-status", NULL, ANSWER_NS, &reply, NULL, diag);

	if (r < 0)
		return r;
	asleep = g_strcmp0(json_string_value(json_object_get(reply, "status")), "suspended") == 0;
	json_decref(reply);
	return asleep;
}

static int fired(struct pn_fault_run *run, struct pn_diag *diag)
{
	int r = is_asleep(run, diag);

	if (r > 0)
		json_object_set_new(run->evidence, "status", json_string("suspended"));
	return r;
}

static int disarm(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct pn_guest *guest = run->conductor->timeline->guest;
	uint64_t deadline_ns = pn_clock_now_ns() + WAKE_NS;
	json_t *wake = json_pack("{s:s}", "execute", "system_wakeup");
	int r = is_asleep(run, diag);

	if (r > 0)
		r = pn_guest_act(guest, &(struct pn_action){.verb = "qmp", .args = wake}, NULL, diag);
	json_decref(wake);
	while (r == 0 || r == -ETIMEDOUT) {
		r = pn_guest_agent(guest, json_pack("{s:s}", "op", "clock"), PN_NS_PER_S, NULL, diag);
		if (r != -ETIMEDOUT)
			break;
		if (pn_clock_now_ns() >= deadline_ns)
			return pn_diag_set(diag, -ETIMEDOUT, "the guest was woken, and its agent does not answer");
		pn_clock_sleep_until(pn_clock_now_ns() + POLL_NS);
	}
	return r;
}

const struct pn_fault_ops pn_fault_suspend = {.name = "suspend", .flags = PN_FAULT_HOLDS | PN_FAULT_BY_AGENT | PN_FAULT_OWN_ACTUAL, .arm = arm,
					      .fired = fired, .disarm = disarm};
