// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the guest's own kernel does about memory when it is told to: reclaim (memory.reclaim of its root group), to its swap disk, to zram, or with zswap before
 * the disk. What becomes free goes to the host by free page reporting, two seconds later and in blocks of a page block: so orders have time between
 * them, memory is compacted after each, and what stays free in small pieces does not come back.
 */
#include "mechanism.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "../scenario/scenario.h"

#define AGENT_NS (60 * PN_NS_PER_S)
#define BETWEEN_NS (3 * PN_NS_PER_S) /* the kernel reports every 2 s */
#define ORDER_BYTES (64 * PN_MIB)
#define RECLAIM "/sys/fs/cgroup/memory.reclaim"
#define COMPACT "/proc/sys/vm/compact_memory" /* small pieces into blocks that are reported */

static int write_guest(struct pn_reclaim *reclaim, const char *path, const char *text, struct pn_diag *diag)
{
	return pn_guest_agent(reclaim->guest,
			      json_pack("{s:s, s:s, s:s, s:I}", "op", "write", "path", path, "text", text, "timeout_ms", (json_int_t)(AGENT_NS / PN_NS_PER_MS)),
			      AGENT_NS + 5 * PN_NS_PER_S, NULL, diag);
}

static int prepare_zram(struct pn_reclaim *reclaim, struct pn_diag *diag)
{
	g_autofree char *size = g_strdup_printf("%" G_GUINT64_FORMAT, reclaim->scenario->guest.memory_bytes);
	int r;

	if (reclaim->scenario->unaware)
		return 0;
	r = pn_guest_agent(reclaim->guest, json_pack("{s:s, s:s}", "op", "module.load", "name", "zram"), AGENT_NS, NULL, diag);
	if (r == 0)
		r = pn_guest_agent(reclaim->guest, json_pack("{s:s, s:s}", "op", "module.load", "name", "lz4"), AGENT_NS, NULL, diag);
	if (r == 0) /* zram's own choice is in no image of ours */
		r = write_guest(reclaim, "/sys/block/zram0/comp_algorithm", "lz4", diag);
	if (r == 0)
		r = write_guest(reclaim, "/sys/block/zram0/disksize", size, diag);
	return r < 0 ? r
		     : pn_guest_agent(reclaim->guest, json_pack("{s:s, s:s, s:i}", "op", "swap.on", "device", "/dev/zram0", "priority", 100), AGENT_NS, NULL, diag);
}

static int prepare_zswap(struct pn_reclaim *reclaim, struct pn_diag *diag)
{
	int r;

	if (reclaim->scenario->unaware)
		return 0;
	r = write_guest(reclaim, "/sys/module/zswap/parameters/max_pool_percent", "50", diag);
	return r < 0 ? r : write_guest(reclaim, "/sys/module/zswap/parameters/enabled", "1", diag);
}

/* The kernel says EAGAIN when it could not reclaim all of it: what it could, it did. */
static int step(struct pn_reclaim *reclaim, uint64_t missing_bytes, struct pn_diag *diag)
{
	uint64_t left = missing_bytes;

	if (reclaim->scenario->unaware || pn_clock_now_ns() < reclaim->next_order_ns)
		return 0;
	while (left) {
		uint64_t bytes = MIN(left, ORDER_BYTES);
		g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, bytes);
		struct pn_diag words = {0};
		int r = write_guest(reclaim, RECLAIM, text, &words);

		if (r == -EREMOTEIO && strstr(words.text, g_strerror(EAGAIN)))
			break;
		if (r < 0)
			return pn_diag_set(diag, r, "%s", words.text);
		left -= bytes;
	}
	reclaim->next_order_ns = pn_clock_now_ns() + BETWEEN_NS;
	return write_guest(reclaim, COMPACT, "1", diag);
}

const struct pn_mechanism_ops pn_mechanism_zram = {.mechanism = PN_MECHANISM_ZRAM, .prepare = prepare_zram};
const struct pn_mechanism_ops pn_mechanism_guest_zswap = {.mechanism = PN_MECHANISM_GUEST_ZSWAP, .prepare = prepare_zswap};
const struct pn_mechanism_ops pn_mechanism_reclaim = {.mechanism = PN_MECHANISM_RECLAIM, .step = step};
