// SPDX-License-Identifier: GPL-2.0-only
/*
 * Statistics of a legacy device. Its first buffer comes from a driver that made it available before it had any statistics, so a device should not look
 * into it. Registers lie in I/O space, and a queue is where the device wants it: descriptors, available and used in one piece.
 */

#include "checks.h"

#include <endian.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>

#define DEVFN (3 << 3)
#define PORT 0xc000
#define GUEST_FEATURES (PORT + 4)
#define QUEUE_PFN (PORT + 8)
#define QUEUE_SIZE (PORT + 12)
#define QUEUE_SELECT (PORT + 14)
#define QUEUE_NOTIFY (PORT + 16)
#define STATUS (PORT + 18)

#define F_STATS (1 << 1)
#define STATS_QUEUE 2
#define RING 0x100000
#define PAGE_BYTES 4096
#define TAG_MEMFREE 4
#define DEADLINE_US (5 * G_USEC_PER_SEC)
#define POLL_US 10000

/** struct legacy - a legacy device with its statsq */
struct legacy {
	struct pn_qtest *qtest;
	uint64_t avail, used;
	uint16_t sent;
};

static void pci_write(struct pn_qtest *qtest, unsigned int offset, uint32_t value)
{
	pn_qtest_out(qtest, 0xcf8, 0x80000000U | DEVFN << 8 | offset, 4);
	pn_qtest_out(qtest, 0xcfc, value, 4);
}

static bool start(struct legacy *legacy, struct pn_qtest *qtest)
{
	unsigned int size;

	*legacy = (struct legacy){ .qtest = qtest };
	pci_write(qtest, 0x10, PORT);
	pci_write(qtest, 0x04, 0x5); /* I/O space, bus master */
	pn_qtest_out(qtest, STATUS, 0, 1);
	pn_qtest_out(qtest, STATUS, 3, 1);
	pn_qtest_out(qtest, GUEST_FEATURES, pn_qtest_in(qtest, PORT, 4) & F_STATS, 4);
	pn_qtest_out(qtest, QUEUE_SELECT, STATS_QUEUE, 2);
	size = pn_qtest_in(qtest, QUEUE_SIZE, 2);
	legacy->avail = RING + 16 * size;
	legacy->used = (legacy->avail + 4 + 2 * size + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
	pn_qtest_fill(qtest, RING, 0, legacy->used + PAGE_BYTES - RING);
	pn_qtest_out(qtest, QUEUE_PFN, RING / PAGE_BYTES, 4);
	pn_qtest_out(qtest, STATUS, 7, 1);
	return size && pn_qtest_in(qtest, STATUS, 1) == 7;
}

static void send(struct legacy *legacy, uint32_t value)
{
	unsigned char stat[10] = { TAG_MEMFREE }, desc[16] = { 0 };
	uint64_t addr = htole64(PN_BALLOON_SCRATCH);
	uint32_t raw = htole32(value), bytes = htole32(sizeof(stat));

	memcpy(stat + 2, &raw, sizeof(raw));
	memcpy(desc, &addr, sizeof(addr));
	memcpy(desc + 8, &bytes, sizeof(bytes));
	pn_qtest_put(legacy->qtest, PN_BALLOON_SCRATCH, stat, sizeof(stat));
	pn_qtest_put(legacy->qtest, RING, desc, sizeof(desc));
	/* the entries of the available ring are all 0, the one descriptor */
	pn_qtest_write(legacy->qtest, legacy->avail + 2, ++legacy->sent, 2);
	pn_qtest_out(legacy->qtest, QUEUE_NOTIFY, STATS_QUEUE, 2);
}

static bool is_asked_again(struct legacy *legacy)
{
	gint64 until = g_get_monotonic_time() + DEADLINE_US;

	if (!pn_qtest_does(legacy->qtest, "{\"execute\":\"cont\"}") ||
	    !pn_qtest_does(legacy->qtest, "{\"execute\":\"qom-set\",\"arguments\":{\"path\":\"/machine/peripheral/b\","
					  "\"property\":\"guest-stats-polling-interval\",\"value\":1}}"))
		return false;
	while (pn_qtest_read(legacy->qtest, legacy->used + 2, 2) != legacy->sent) {
		if (g_get_monotonic_time() >= until)
			return false;
		g_usleep(POLL_US);
	}
	return true;
}

bool pn_device_legacy_first_stats(struct pn_qtest *qtest, struct pn_device_words *words)
{
	struct legacy legacy;
	struct pn_device_words ignored;

	if (!start(&legacy, qtest))
		return false;
	send(&legacy, 1000001);
	if (pn_device_stat_is(qtest, "stat-free-memory", 1000001, &ignored)) {
		snprintf(words->text, sizeof(words->text), "what stood in the first buffer is told as statistics");
		return false;
	}
	/* a device that reads none at all has not ignored the first */
	snprintf(words->text, sizeof(words->text), "the device never asks for statistics again");
	if (!is_asked_again(&legacy))
		return false;
	send(&legacy, 1000002);
	return pn_device_stat_is(qtest, "stat-free-memory", 1000002, words);
}
