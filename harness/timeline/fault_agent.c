// SPDX-License-Identifier: GPL-2.0-only
/*
 * An agent that answers no more: the driver of its channel is unbound in the guest, so the agent lives and nobody hears it. A self-test of
 * the harness: all that follows must end in time, as broken, and with a reason.
 */
#include "faults.h"

#include <errno.h>
#include <string.h>

#include "../base/diag.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "timeline.h"

#define CHANNEL_ID "0x0003" /* virtio 1.2, 5.3: console */
#define DEVICES_MAX 32
#define ANSWER_NS (3 * PN_NS_PER_S)

static int find_channel(struct pn_fault_run *run, char **ret_device, struct pn_diag *diag)
{
	for (unsigned int i = 0; i < DEVICES_MAX; i++) {
		g_autofree char *path = g_strdup_printf("/sys/bus/virtio/devices/virtio%u/device", i);
		json_t *reply;
		bool found;

		if (pn_guest_agent(run->conductor->timeline->guest, json_pack("{s:s,s:s}", "op", "read", "path", path), 0, &reply, NULL) < 0)
			continue;
		found = g_str_has_prefix(json_string_value(json_object_get(reply, "text")) ?: "", CHANNEL_ID);
		json_decref(reply);
		if (found) {
			*ret_device = g_strdup_printf("virtio%u", i);
			return 0;
		}
	}
	return pn_diag_set(diag, -ENODEV, "the guest has no virtio console, which the agent would speak through");
}

static int arm(struct pn_fault_run *run, struct pn_diag *diag)
{
	g_autofree char *device = NULL;
	int r;

	r = find_channel(run, &device, diag);
	if (r < 0)
		return r;
	r = pn_guest_agent(run->conductor->timeline->guest,
			   json_pack("{s:s,s:s,s:s}", "op", "write", "path", "/sys/bus/virtio/drivers/virtio_console/unbind", "text", device),
			   ANSWER_NS, NULL, diag);
	/* Its answer has no way back. */
	return r == -ETIMEDOUT || r == -ENOTCONN ? 0 : r;
}

static int fired(struct pn_fault_run *run, struct pn_diag *diag)
{
	int r = pn_guest_agent(run->conductor->timeline->guest, json_pack("{s:s}", "op", "clock"), ANSWER_NS, NULL, diag);

	if (r != -ETIMEDOUT && r != -ENOTCONN)
		return r;
	json_object_set_new(run->evidence, "answers", json_false());
	return 1;
}

const struct pn_fault_ops pn_fault_agent_wedge = {.name = "agent-wedge", .arm = arm, .fired = fired};
