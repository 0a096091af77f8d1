// SPDX-License-Identifier: GPL-2.0-only
/*
 * Did the host get the memory? What the device says is only what the driver wrote there. The witness is smaps of QEMU: with B
 * bytes in the balloon at most (memory - B) of guest memory can be resident, whatever the guest touched before. The host's MemFree is told
 * beside it, and judges nothing: the host is shared.
 *
 * Guest memory is allocated on the host before the guest starts (harness/guest/domain_xml.c), so there is something to give back; a record
 * in which so little was resident before that the rule could not have failed is BROK, not a PASS. What the host has swapped out it has not
 * got back: it counts as resident.
 *
 * The allowance covers what may be resident beside the guest's own pages: with transparent huge pages the host may fill holes again
 * by itself (khugepaged); of hugetlbfs the device drops a page only when all of it came in one buffer, and every target may have ended within one.
 */

#include "ledger.h"

#include <inttypes.h>

#include "../base/units.h"
#include "../scenario/scenario.h"
#include "oracle.h"

#define HUGE_BYTES (int64_t)(2 * PN_MIB)
#define ALLOWANCE_MIN_BYTES HUGE_BYTES
#define ALLOWANCE_SHARE 64
#define ALLOWANCE_SHARE_THP 8
#define ALLOWANCE_SHARE_PARTS 4 /* however many targets there were: a driver that gives nothing back must show */

static int64_t targets_until(const struct pn_record *record, uint64_t t_ns)
{
	const json_t *entry;
	int64_t count = 0;
	size_t i;

	json_array_foreach (record->journal, i, entry)
		count += pn_is(entry, "ev", "target") && (uint64_t)pn_field_or(entry, "t_ns", 0) <= t_ns;
	return count;
}

static int64_t allowance(const struct pn_record *record, const struct pn_ledger_line *line)
{
	int64_t balloon = line->device * (int64_t)PN_PAGE_BYTES, least = ALLOWANCE_MIN_BYTES;

	if (record->scenario->guest.backing == PN_BACKING_HUGETLB)
		least = MAX(least, MIN(targets_until(record, line->t_ns) * HUGE_BYTES, balloon / ALLOWANCE_SHARE_PARTS));
	return MAX(least, balloon / (record->scenario->guest.backing == PN_BACKING_THP ? ALLOWANCE_SHARE_THP : ALLOWANCE_SHARE));
}

static const struct pn_ledger_line *fullest(const struct pn_ledger *ledger)
{
	const struct pn_ledger_line *found = NULL;

	for (guint i = 1; i < ledger->lines->len; i++) {
		const struct pn_ledger_line *line = pn_ledger_at(ledger, i);

		if (!line->moving && line->device > 0 && (!found || line->device > found->device))
			found = line;
	}
	return found;
}

static bool read_resident(const json_t *mark, int64_t *ret_bytes)
{
	if (!pn_field(mark, "qemu.ram.rss_bytes", ret_bytes))
		return false;
	*ret_bytes += pn_field_or(mark, "qemu.ram.swap_bytes", 0);
	return true;
}

/* Could the rule have failed? Only if more was resident once than may be now: never for a balloon within the allowance. */
static void judge_witness(const struct pn_record *record, const struct pn_ledger_line *line, int64_t limit, struct pn_finding *finding)
{
	GArray *points;
	int64_t most = 0;

	/* Pages that the guest reports as free go back to the host without any balloon. */
	if (limit >= (int64_t)record->scenario->guest.memory_bytes || record->scenario->guest.balloon.free_page_reporting)
		return;
	points = pn_record_series(record, "qemu.ram.rss_bytes", (struct pn_span){0, line->t_ns});
	for (guint i = 0; i < points->len; i++)
		most = MAX(most, g_array_index(points, struct pn_point, i).value);
	g_array_unref(points);
	if (most <= limit)
		pn_finding_set(finding, PN_BROK,
			       "did the host get its memory? Never more than %" PRId64 " MiB of guest memory were resident before %s, and %" PRId64
			       " MiB may be then: a driver that gives nothing back would not show",
			       most / (int64_t)PN_MIB, line->label, limit / (int64_t)PN_MIB);
}

void pn_ledger_judge_host(const struct pn_record *record, const struct pn_ledger *ledger, struct pn_finding *finding)
{
	const struct pn_ledger_line *line = fullest(ledger);
	int64_t resident, balloon, limit, free_before, free_now;
	const char *why;
	char rise[64] = "not known";

	if (!line)
		return; /* never inflated to rest: nothing to get back */
	if (!read_resident(line->mark, &resident)) {
		why = pn_record_unsupported(record, "ram");
		/* Only a guest without a process (loopback) has no smaps; anything else is a hole in the record. */
		if (!why)
			pn_finding_set(finding, PN_BROK, "mark '%s' lacks QEMU's resident guest memory: did the host get its memory back?",
				       line->label);
		return;
	}
	balloon = line->device * (int64_t)PN_PAGE_BYTES;
	limit = (int64_t)record->scenario->guest.memory_bytes - balloon + allowance(record, line);
	if (resident <= limit) {
		judge_witness(record, line, limit, finding);
		return;
	}
	if (pn_field(pn_ledger_at(ledger, 1)->mark, "host.mem.free_bytes", &free_before) &&
	    pn_field(line->mark, "host.mem.free_bytes", &free_now))
		g_snprintf(rise, sizeof(rise), "%+" PRId64 " MiB", (free_now - free_before) / (int64_t)PN_MIB);
	pn_finding_set(finding, PN_FAIL,
		       "the host did not get its memory: at %s %" PRId64 " MiB are in the balloon, yet %" PRId64
		       " MiB of guest memory are resident, at most %" PRId64 " can be (MemFree of the host: %s)",
		       line->label, balloon / (int64_t)PN_MIB, resident / (int64_t)PN_MIB, limit / (int64_t)PN_MIB, rise);
}
