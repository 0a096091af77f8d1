// SPDX-License-Identifier: GPL-2.0-only
/* While a guest is paused nobody is there to inflate anything: a balloon whose size changes all the same is one whose size is made up by somebody. */

#include "liveness.h"

#include <inttypes.h>

#include "../base/units.h"
#include "oracle.h"

/* The event is journalled when it begins; what the driver wrote last is seen at the next look. */
#define SETTLE_NS (500 * PN_NS_PER_MS)

static bool is_lifecycle(const json_t *entry, const char *name)
{
	return pn_is(entry, "ev", "event") && pn_is(entry, "do", "lifecycle") && pn_is(entry, "name", name);
}

static void judge_pause(const struct pn_record *record, struct pn_span paused, struct pn_finding *finding)
{
	GArray *points = pn_record_series(record, "balloon.bytes", paused);

	for (guint i = 1; i < points->len; i++) {
		int64_t moved = g_array_index(points, struct pn_point, i).value - g_array_index(points, struct pn_point, i - 1).value;

		if (moved)
			pn_finding_set(finding, PN_FAIL, "the balloon changed by %" PRId64 " pages while the guest was paused", moved / (int64_t)PN_PAGE_BYTES);
	}
	g_array_unref(points);
}

void pn_liveness_pause(const struct pn_record *record, struct pn_span window, struct pn_finding *finding)
{
	uint64_t since_ns = 0;
	const json_t *entry;
	size_t i;

	json_array_foreach(record->journal, i, entry) {
		uint64_t t_ns = (uint64_t)pn_field_or(entry, "t_ns", 0);

		if (is_lifecycle(entry, "pause"))
			since_ns = t_ns + SETTLE_NS;
		if (!is_lifecycle(entry, "resume") || !since_ns)
			continue;
		if (t_ns > since_ns)
			judge_pause(record, (struct pn_span){since_ns, t_ns}, finding);
		since_ns = 0;
	}
	if (since_ns && window.to_ns > since_ns)
		judge_pause(record, (struct pn_span){since_ns, window.to_ns}, finding);
}
