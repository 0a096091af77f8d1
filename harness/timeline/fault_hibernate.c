// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest hibernates to its swap and resumes from there within the same boot (the kernel's test_resume): drivers are frozen, thawed to write the
 * image, frozen again to read it, and restored; the device is reset on the way. The write that asks for it comes back when all of that is over, so its
 * success is the evidence; a kernel or a driver that refuses is a fault that could not be armed.
 */
#include "faults.h"

#include "../base/diag.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "loads.h"
#include "timeline.h"

#define HIBERNATE_NS (120 * PN_NS_PER_S)
#define ANSWER_NS (10 * PN_NS_PER_S)

static int arm(struct pn_fault_run *run, struct pn_diag *diag)
{
	const struct pn_timeline *timeline = run->conductor->timeline;
	json_t *request = json_pack("{s:s,s:I}", "op", "hibernate_test", "timeout_ms", (json_int_t)(HIBERNATE_NS / PN_NS_PER_MS));
	int r = pn_fixture_need(timeline, "swap", diag);

	if (r < 0) {
		json_decref(request);
		return r;
	}
	r = pn_guest_agent(timeline->guest, request, HIBERNATE_NS + ANSWER_NS, NULL, diag);
	if (r == 0)
		json_object_set_new(run->evidence, "resumed", json_true());
	return r;
}

const struct pn_fault_ops pn_fault_hibernate = {
	.name = "hibernate", .flags = PN_FAULT_HOLDS | PN_FAULT_BY_AGENT | PN_FAULT_OWN_ACTUAL, .arm = arm};
