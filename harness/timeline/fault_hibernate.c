// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest writes itself to its swap and reboots; the next boot finds the image and gives the machine back to it. Drivers are frozen,
 * thawed to write the image, and restored on devices that another kernel has used. The file that says so is written by the kernel that was
 * woken, and is in its memory only: no other boot could show it. A kernel or a driver that refuses says why in the same file, and the fault
 * has not fired.
 */
#include "faults.h"

#include <errno.h>
#include <string.h>

#include "../base/diag.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "driver.h"
#include "loads.h"
#include "timeline.h"

#define ANSWER_NS (10 * PN_NS_PER_S)
#define POLL_NS (2 * PN_NS_PER_S)

static int arm(struct pn_fault_run *run, struct pn_diag *diag)
{
	const struct pn_timeline *timeline = run->conductor->timeline;
	int r = pn_fixture_need(timeline, "swap", diag);

	if (r < 0)
		return r;
	return pn_guest_agent(timeline->guest, json_pack("{s:s,s:s}", "op", "lifecycle", "do", "hibernate"), ANSWER_NS, NULL, diag);
}

/* The reset was the end of it, as far as counting goes; the image has brought it back. */
static int locate_again(const struct pn_timeline *timeline, struct pn_diag *diag)
{
	json_t *bound;
	int r = pn_driver_bound(timeline, &bound, diag);

	if (r < 0)
		return r;
	if (json_is_true(json_object_get(bound, "bound")))
		r = pn_driver_locate(timeline, diag);
	json_decref(bound);
	return r;
}

/* Nobody answers while it sleeps, a call under way is broken off by the reset, and until it is woken there is no such file. */
static int fired(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct pn_diag ignored = {""};
	json_t *reply = NULL;
	const char *text;
	int r = pn_guest_agent(run->conductor->timeline->guest, json_pack("{s:s,s:s}", "op", "read", "path", "/run/hibernated"), POLL_NS,
			       &reply, &ignored);

	if (r == -ETIMEDOUT || r == -ECONNRESET || r == -EREMOTEIO)
		return 0;
	if (r < 0)
		return pn_diag_set(diag, r, "%s", ignored.text);
	text = json_string_value(json_object_get(reply, "text"));
	if (g_strcmp0(text, "woken") == 0) {
		json_object_set(run->evidence, "hibernated", json_object_get(reply, "text"));
		r = locate_again(run->conductor->timeline, diag) ?: 1;
	} else if (text && *text) {
		r = pn_diag_set(diag, -EBUSY, "the guest did not hibernate: %s", text);
	}
	json_decref(reply);
	return r;
}

const struct pn_fault_ops pn_fault_hibernate = {
    .name = "hibernate", .flags = PN_FAULT_HOLDS | PN_FAULT_BY_AGENT | PN_FAULT_OWN_ACTUAL, .arm = arm, .fired = fired};
