// SPDX-License-Identifier: GPL-2.0-only
/* Bugs of devices seen in the field that are no line of the specification's. */

#include "checks.h"

#include <glib.h>
#include <stdio.h>

#define DEVICE "virtio-balloon-pci-non-transitional,addr=3,id=b"
#define F_STATS (1 << 1)
#define TAG_MEMFREE 4
#define UNSET 18446744073709551615.0 /* what QEMU tells of a statistic that nobody reported: 2^64-1 */
#define DEADLINE_US (5 * G_USEC_PER_SEC)
#define POLL_US 10000

static double free_memory(struct pn_qtest *qtest)
{
	json_t *reply = pn_qtest_monitor(qtest, "{\"execute\":\"qom-get\",\"arguments\":{\"path\":\"/machine/peripheral/b\",\"property\":\"guest-stats\"}}");
	double value = json_number_value(json_object_get(json_object_get(reply, "stats"), "stat-free-memory"));

	json_decref(reply);
	return value;
}

/* A reset takes effect in QEMU's main loop, after its answer; the device's memory space is closed then. */
static bool reset(struct pn_balloon *balloon)
{
	gint64 until = g_get_monotonic_time() + DEADLINE_US;

	if (!pn_qtest_does(balloon->qtest, "{\"execute\":\"system_reset\"}"))
		return false;
	while (pn_balloon_enabled(balloon)) {
		if (g_get_monotonic_time() >= until)
			return false;
		g_usleep(POLL_US);
	}
	return true;
}

static bool stats_after_reset(struct pn_qtest *qtest, struct pn_device_words *words)
{
	static const unsigned int tags[] = { TAG_MEMFREE };
	struct pn_balloon balloon;
	double before, after;

	if (!pn_balloon_start(&balloon, qtest, F_STATS) || free_memory(qtest) != UNSET || !pn_device_send_stats(&balloon, tags, 1))
		return false;
	before = free_memory(qtest);
	snprintf(words->text, sizeof(words->text), "no statistics were taken, or the machine was not reset");
	if (before == UNSET || !reset(&balloon))
		return false;
	after = free_memory(qtest);
	snprintf(words->text, sizeof(words->text), "stat-free-memory reads %.0f still, of a guest that is no more", after);
	return after == UNSET;
}

const struct pn_device_check pn_device_bugs[] = {
	{ .rule = 201,
	  .kind = PN_DEVICE_CHECKED,
	  .text = "forgets the statistics of a guest that was reset",
	  .device = DEVICE,
	  .check = stats_after_reset,
	  .known = "QEMU 7.2 keeps the statistics over a reset of the machine: they are of no guest until the next one's driver reports (bugs.md 22)",
	  .until = "2027-06-30" },
	{ 0 },
};
