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
#include "timeline.h"

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
	r = find_disk(timeline, swap ? "pn-swap" : "pn-data", &device, diag);
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
