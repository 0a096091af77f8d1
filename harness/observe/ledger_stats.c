// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the guest reports through the balloon against what it says of itself (bugs.md, 13, 32): a first buffer that nobody filled, pages for bytes, one
 * figure for another. The two are read at different moments, so a report is held against all that the guest had while the case ran, and a tenth more.
 */

#include "ledger.h"

#include <inttypes.h>

#include "oracle.h"

/** struct pair - a figure by both ways */
struct pair {
	const char *reported, *own;
};

static const struct pair pairs[] = {
    {"balloon.stats.total_bytes", "guest.mem.total"},
    {"balloon.stats.free_bytes", "guest.mem.free"},
    {"balloon.stats.available_bytes", "guest.mem.available"},
    {NULL, NULL},
};

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

static void judge_pair(const struct pn_record *record, const struct pair *pair, int64_t total, struct pn_finding *finding)
{
	int64_t least, most, low, high, slack = total / 10;

	if (!range_of(record, pair->reported, &low, &high) || !range_of(record, pair->own, &least, &most))
		return;
	if (high > most + slack || low < least - slack)
		pn_finding_set(finding, PN_FAIL,
			       "%s of the guest went from %" PRId64 " to %" PRId64 ", but what it reported through the balloon from %" PRId64 " to %" PRId64
			       " (%s)", pair->own + sizeof("guest.") - 1, least, most, low, high, pair->reported);
}

void pn_ledger_judge_stats(const struct pn_record *record, struct pn_finding *finding)
{
	int64_t least, most;

	if (!range_of(record, "guest.mem.total", &least, &most))
		return;
	for (const struct pair *pair = pairs; pair->own; pair++)
		judge_pair(record, pair, most, finding);
}
