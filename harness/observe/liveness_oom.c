// SPDX-License-Identifier: GPL-2.0-only
/*
 * A balloon that may be deflated on out of memory (DEFLATE_ON_OOM) is there to be: while it holds memory, no process of the guest should die for
 * want of it. Without that feature a death is the guest's own affair.
 */

#include "liveness.h"

#include <inttypes.h>

#include "../base/units.h"
#include "../scenario/scenario.h"
#include "oracle.h"

/* What is left of a balloon may be in the wrong zone, or just on its way out. */
#define LEFT_BYTES (32 * (int64_t)PN_MIB)

static int64_t least_balloon(const struct pn_record *record, struct pn_span span)
{
	GArray *points = pn_record_series(record, "balloon.bytes", span);
	int64_t least = -1;

	for (guint i = 0; i < points->len; i++) {
		int64_t value = g_array_index(points, struct pn_point, i).value;

		least = least < 0 ? value : MIN(least, value);
	}
	g_array_unref(points);
	return least;
}

void pn_liveness_oom(const struct pn_record *record, struct pn_span window, struct pn_finding *finding)
{
	GArray *points;

	if (record->scenario->guest.balloon.absent || !record->scenario->guest.balloon.deflate_on_oom)
		return;
	points = pn_record_series(record, "guest.vm.oom_kill", window);
	for (guint i = 1; i < points->len; i++) {
		const struct pn_point *before = &g_array_index(points, struct pn_point, i - 1), *now = before + 1;
		struct pn_span span = {before->t_ns, now->t_ns};
		int64_t least;

		if (now->value <= before->value || pn_record_held(record, span))
			continue;
		least = least_balloon(record, span);
		if (least > LEFT_BYTES)
			pn_finding_set(finding, PN_FAIL,
				       "silent no-op: the guest killed %" PRId64 " process%s for want of memory while %" PRId64
				       " MiB or more were in a balloon that may be deflated for it", now->value - before->value,
				       now->value - before->value == 1 ? "" : "es", least / (int64_t)PN_MIB);
	}
	g_array_unref(points);
}
