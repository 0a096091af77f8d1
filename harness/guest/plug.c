// SPDX-License-Identifier: GPL-2.0-only
/*
 * The balloon device unplugged and plugged again, with the properties it had; memory plugged. Unplugging is a request to the guest (ACPI): it is done when the
 * device has gone from QEMU, which may be never.
 */
#include "plug.h"

#include <errno.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/units.h"
#include "private.h"

#define COMMAND_NS (10 * PN_NS_PER_S)
#define POLL_NS (20 * PN_NS_PER_MS)
#define DEVICE "balloon0"	      /* libvirt's alias of the one that the domain has */
#define PORT "pci.1"
#define PATH "/machine/peripheral/" DEVICE

/* Is the device there? The answer of the object tree, not of the balloon, which may not have been realised yet. */
static bool is_plugged(struct pn_guest *guest, struct pn_diag *diag, int *ret_err)
{
	json_t *args = json_pack("{s:s,s:s}", "path", PATH, "property", "type");
	int err = pn_guest_monitor(guest, "qom-get", args, -1, COMMAND_NS, NULL, NULL, diag);

	json_decref(args);
	*ret_err = err == -EREMOTEIO ? 0 : err;
	return err == 0;
}

int pn_plug_act_unplug(struct pn_guest *guest, json_t *args, uint64_t timeout_ns, json_t **ret_reply, struct pn_diag *diag)
{
	uint64_t deadline_ns = pn_clock_now_ns() + timeout_ns;
	json_t *id = json_pack("{s:s}", "id", DEVICE);
	int err;

	if (!guest->machine.balloon.hotplug) {
		json_decref(id);
		return pn_diag_set(diag, -ENOTSUP, "unplug: the balloon is on the root bus; expected a guest with balloon.hotplug: true");
	}
	err = pn_guest_monitor(guest, "device_del", id, -1, COMMAND_NS, NULL, NULL, diag);
	json_decref(id);
	while (!err && is_plugged(guest, NULL, &err)) {
		if (pn_clock_now_ns() >= deadline_ns)
			return pn_diag_set(diag, -ETIMEDOUT, "unplug: the guest has not let go of the balloon within %llu s",
					   (unsigned long long)(timeout_ns / PN_NS_PER_S));
		pn_clock_sleep_until(pn_clock_now_ns() + POLL_NS);
	}
	return err;
}

int pn_plug_act_plug(struct pn_guest *guest, json_t *args, uint64_t timeout_ns, json_t **ret_reply, struct pn_diag *diag)
{
	const struct pn_balloon_device *balloon = &guest->machine.balloon;
	json_t *device, *poll;
	int err;

	if (is_plugged(guest, NULL, &err) || err)
		return err;
	device = json_pack("{s:s,s:s,s:s,s:s,s:b,s:b,s:b,s:b,s:b,s:b,s:b}", "driver", "virtio-balloon-pci-non-transitional", "id", DEVICE, "bus", PORT,
			   "addr", "0x0", "deflate-on-oom", balloon->deflate_on_oom, "free-page-reporting", balloon->free_page_reporting,
			   "free-page-hint", balloon->free_page_hint, "page-poison", balloon->page_poison, "packed", balloon->packed,
			   "iommu_platform", balloon->iommu, "ats", balloon->iommu);
	if (balloon->free_page_hint)
		json_object_set_new(device, "iothread", json_string("iothread1"));
	err = pn_guest_monitor(guest, "device_add", device, -1, COMMAND_NS, NULL, NULL, diag);
	json_decref(device);
	if (err || !balloon->stats_interval_ns)
		return err;
	poll = json_pack("{s:s,s:s,s:I}", "path", PATH, "property", "guest-stats-polling-interval", "value",
			 (json_int_t)(balloon->stats_interval_ns / PN_NS_PER_S));
	err = pn_guest_monitor(guest, "qom-set", poll, -1, COMMAND_NS, NULL, NULL, diag);
	json_decref(poll);
	return err;
}

/* Once: there is one slot. The monitor counts it from the moment it is there. */
int pn_plug_act_memory(struct pn_guest *guest, json_t *args, uint64_t timeout_ns, json_t **ret_reply, struct pn_diag *diag)
{
	int err;

	if (!guest->machine.plug_bytes || pn_guest_memory_bytes(guest) > guest->machine.memory_bytes)
		return pn_diag_set(diag, -ENOTSUP, "plug-memory: this machine has no slot for it; expected a guest with guest.plug, and nothing plugged yet");
	if (!guest->ops->grow)
		return pn_diag_set(diag, -ENOTSUP, "plug-memory: not in this kind of guest");
	err = guest->ops->grow(guest, diag);
	if (!err)
		__atomic_store_n(&guest->plugged_bytes, guest->machine.plug_bytes, __ATOMIC_RELAXED);
	return err;
}
