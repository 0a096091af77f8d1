// SPDX-License-Identifier: GPL-2.0-only
/*
 * What loads need of the guest: swap in use, the data disk mounted. Disks are found by their serial, since their letters depend on what
 * else the machine has. Nothing is undone: it ends with the guest.
 */
#include "loads.h"

#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <string.h>

#include "../base/diag.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "exact.h"
#include "timeline.h"

#define SECTOR_BYTES 512
#define PROBE_STEP_NS (10 * PN_NS_PER_MS)
#define PROBE_STEPS 100
#define TIMEOUT_NS (60 * PN_NS_PER_S) /* mkfs under emulation */

/* Contents of a small file of the guest; NULL when it can't be read. */
static char *read_text(const struct pn_timeline *timeline, const char *path)
{
	json_t *reply;
	char *text;

	if (pn_guest_agent(timeline->guest, json_pack("{s:s,s:s}", "op", "read", "path", path), 0, &reply, NULL) < 0)
		return NULL;
	text = g_strdup(json_string_value(json_object_get(reply, "text")));
	json_decref(reply);
	return text;
}

static int find_disk(const struct pn_timeline *timeline, const char *serial, char **ret_device, struct pn_diag *diag)
{
	for (char letter = 'a'; letter <= 'z'; letter++) {
		g_autofree char *path = g_strdup_printf("/sys/block/vd%c/serial", letter);
		g_autofree char *text = read_text(timeline, path);

		if (!text)
			break;
		if (strcmp(g_strstrip(text), serial) == 0) {
			*ret_device = g_strdup_printf("/dev/vd%c", letter);
			return 0;
		}
	}
	return pn_diag_set(diag, -ENODEV, "the guest has no disk with serial %s: guest.%s is not set, or virtio_blk is not loaded", serial,
			   strcmp(serial, "pn-swap") == 0 ? "swap" : "disk");
}

/* In exact mode disks are memory of the machine (guest/domain_qemu.c), in this order; the kernel finds them some time after its drivers are loaded. */
static int find_memory_disk(const struct pn_timeline *timeline, bool swap, char **ret_device, struct pn_diag *diag)
{
	static const char *const modules[] = {"nfit", "nd_pmem"};
	const struct pn_machine *machine = pn_guest_machine(timeline->guest);
	const char *name = swap || !machine->swap_bytes ? "pmem0" : "pmem1";
	g_autofree char *path = g_strdup_printf("/sys/block/%s/size", name);
	uint64_t bytes = swap ? machine->swap_bytes : machine->disk_bytes;
	int r = 0;

	if (!bytes)
		return pn_diag_set(diag, -ENODEV, "guest.%s is not set", swap ? "swap" : "disk");
	for (size_t i = 0; i < G_N_ELEMENTS(modules) && r == 0; i++)
		r = pn_guest_agent(timeline->guest, json_pack("{s:s,s:s}", "op", "module.load", "name", modules[i]), 0, NULL, diag);
	for (unsigned int step = 0; step < PROBE_STEPS && r == 0; step++) {
		g_autofree char *text = read_text(timeline, path);

		if (text && g_ascii_strtoull(text, NULL, 10) * SECTOR_BYTES >= bytes) {
			*ret_device = g_strdup_printf("/dev/%s", name);
			return 0;
		}
		r = pn_exact_run(timeline->guest, PROBE_STEP_NS, diag);
	}
	return r < 0 ? r : pn_diag_set(diag, -ENODEV, "the guest has no %s of %" G_GUINT64_FORMAT " bytes", name, bytes);
}

static bool listed(const struct pn_timeline *timeline, const char *list, const char *what)
{
	g_autofree char *text = read_text(timeline, list);

	return text && strstr(text, what);
}

int pn_fixture_need(const struct pn_timeline *timeline, const char *need, struct pn_diag *diag)
{
	bool swap = strcmp(need, "swap") == 0;
	g_autofree char *device = NULL;
	json_t *request;
	int r;

	if (!swap && strcmp(need, "disk") != 0)
		return pn_diag_set(diag, -EINVAL, "load: needs: '%s' is not accepted; expected swap or disk", need);
	r = pn_guest_machine(timeline->guest)->exact ? find_memory_disk(timeline, swap, &device, diag)
						      : find_disk(timeline, swap ? "pn-swap" : "pn-data", &device, diag);
	if (r < 0)
		return r;
	if (listed(timeline, swap ? "/proc/swaps" : "/proc/mounts", device))
		return 0;
	if (swap)
		request = json_pack("{s:s,s:s,s:i}", "op", "swap.on", "device", device, "priority", 0);
	else
		request = json_pack("{s:s,s:s,s:s,s:s,s:b}", "op", "disk.mount", "device", device, "fs", "ext4", "path", PN_FIXTURE_DISK, "mkfs", 1);
	return pn_guest_agent(timeline->guest, request, TIMEOUT_NS, NULL, diag);
}
