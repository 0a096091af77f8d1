// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the guest reports through the balloon against what it says of itself (bugs.md, 13, 32): a first buffer that nobody filled, pages for bytes, one
 * figure for another. The two are read at different moments, and the guest less often than the balloon moves: so a report is held against bounds
 * that hold at any moment, its memory with the largest balloon and without one, give or take a tenth.
 */

#include "ledger.h"

#include <inttypes.h>

#include "oracle.h"

#define TOTAL "balloon.stats.total_bytes"

static const char *const no_more_than_all[] = {TOTAL, "balloon.stats.free_bytes", "balloon.stats.available_bytes", NULL};

static bool range_of(const struct pn_record *record, const char *key, int64_t *ret_least, int64_t *ret_most)
{
	GArray *points = pn_record_series(record, key, PN_SPAN_ALL);
	guint count = points->len;

	for (guint i = 0; i < count; i++) {
		int64_t value = g_array_index(points, struct pn_point, i).value;

		*ret_least = i ? MIN(*ret_least, value) : value;
		*ret_most = i ? MAX(*ret_most, value) : value;
	}
	g_array_unref(points);
	return count > 0;
}

/* The largest balloon that there was or should have been: between two samples it can have been as large as its target. */
static int64_t largest_balloon(const struct pn_record *record)
{
	int64_t least, most = 0, bytes;
	const json_t *entry;
	size_t i;

	range_of(record, "balloon.bytes", &least, &most);
	json_array_foreach(record->journal, i, entry) {
		if (pn_is(entry, "ev", "target") && pn_field(entry, "balloon_bytes", &bytes))
			most = MAX(most, bytes);
	}
	return most;
}

void pn_ledger_judge_stats(const struct pn_record *record, struct pn_finding *finding)
{
	int64_t least, most, low, high, slack, floor;

	if (!range_of(record, "guest.mem.total", &least, &most))
		return;
	slack = most / 10;
	floor = most - largest_balloon(record) - slack;
	if (range_of(record, TOTAL, &low, &high) && low < floor)
		pn_finding_set(finding, PN_FAIL,
			       "the guest reported only %" PRId64 " bytes of memory through the balloon (" TOTAL "), when it had %" PRId64 " less at most %" PRId64
			       " in the balloon",
			       low, most, most - slack - floor);
	for (const char *const *key = no_more_than_all; *key; key++) {
		if (range_of(record, *key, &low, &high) && high > most + slack)
			pn_finding_set(finding, PN_FAIL, "the guest reported %" PRId64 " bytes through the balloon (%s), of %" PRId64 " that it ever had", high,
				       *key, most);
	}
}
