// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtio-mem: half of the guest's memory is the device's. The guest brings it online as movable memory, so that it can be taken away again; the host asks for a
 * smaller size, and the driver unplugs block by block.
 */
#include "mechanism.h"

#include <errno.h>
#include <glib.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "../guest/vmem.h"
#include "../scenario/scenario.h"

#define AGENT_NS (30 * PN_NS_PER_S)
#define PLUG_NS (60 * PN_NS_PER_S)
#define POLL_US 50000

static int request(struct pn_reclaim *reclaim, uint64_t bytes, struct pn_diag *diag)
{
	json_t *args = json_pack("{s:s, s:{s:s, s:s, s:I}}", "execute", "qom-set", "arguments", "path", PN_VMEM_PATH, "property", "requested-size", "value",
				 (json_int_t)bytes);
	int r = pn_guest_act(reclaim->guest, &(struct pn_action){.verb = "qmp", .args = args}, NULL, diag);

	json_decref(args);
	return r;
}

static int plugged(struct pn_reclaim *reclaim, uint64_t *ret_bytes, struct pn_diag *diag)
{
	json_t *reply = NULL, *arguments = json_pack("{s:s, s:s}", "path", PN_VMEM_PATH, "property", "size");
	int r = pn_guest_query(reclaim->guest, "qom-get", arguments, AGENT_NS, &reply, NULL, diag);

	if (r == 0)
		*ret_bytes = (uint64_t)json_integer_value(reply);
	json_decref(reply);
	return r;
}

static int prepare(struct pn_reclaim *reclaim, struct pn_diag *diag)
{
	uint64_t all = reclaim->scenario->guest.virtio_mem_bytes, bytes = 0, deadline_ns = pn_clock_now_ns() + PLUG_NS;
	int r;

	if (reclaim->scenario->unaware)
		return request(reclaim, all, diag); /* nobody in the guest hears it */
	r = pn_guest_agent(reclaim->guest,
			   json_pack("{s:s, s:s, s:s}", "op", "write", "path", "/sys/devices/system/memory/auto_online_blocks", "text", "online_movable"),
			   AGENT_NS, NULL, diag);
	if (r == 0)
		r = pn_guest_agent(reclaim->guest, json_pack("{s:s, s:s}", "op", "module.load", "name", "virtio_mem"), AGENT_NS, NULL, diag);
	if (r == 0)
		r = request(reclaim, all, diag);
	while (r == 0 && bytes < all) {
		r = plugged(reclaim, &bytes, diag);
		if (r == 0 && bytes < all && pn_clock_now_ns() >= deadline_ns)
			r = pn_diag_set(diag, -ETIMEDOUT, "virtio-mem: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " bytes plugged after a minute", bytes, all);
		if (r == 0 && bytes < all)
			g_usleep(POLL_US);
	}
	reclaim->plugged_bytes = all;
	return r;
}

static int step(struct pn_reclaim *reclaim, uint64_t missing_bytes, struct pn_diag *diag)
{
	uint64_t all = reclaim->scenario->guest.virtio_mem_bytes, left = all - MIN(all, reclaim->asked_bytes) / (2 * PN_MIB) * (2 * PN_MIB);

	if (reclaim->plugged_bytes == left)
		return 0;
	reclaim->plugged_bytes = left;
	return request(reclaim, left, diag);
}

static int give_back(struct pn_reclaim *reclaim, struct pn_diag *diag)
{
	reclaim->plugged_bytes = reclaim->scenario->guest.virtio_mem_bytes;
	return request(reclaim, reclaim->plugged_bytes, diag);
}

char *pn_vmem_why(struct pn_reclaim *reclaim)
{
	uint64_t bytes = 0;

	if (plugged(reclaim, &bytes, NULL) < 0 || bytes <= reclaim->plugged_bytes)
		return NULL;
	return g_strdup_printf("the guest's driver has not unplugged %" G_GUINT64_FORMAT " MiB: pages in them could not be moved elsewhere",
			       (guint64)((bytes - reclaim->plugged_bytes) / PN_MIB));
}

const struct pn_mechanism_ops pn_mechanism_vmem = {.mechanism = PN_MECHANISM_VMEM, .prepare = prepare, .step = step, .give_back = give_back};
