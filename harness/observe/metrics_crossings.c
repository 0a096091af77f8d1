// SPDX-License-Identifier: GPL-2.0-only
/*
 * How often driver and device called each other. Notifications per page moved: each is an exit to the device's side, and their number hangs on the
 * driver alone. Counted over all that is measured, not from target to settled: when the last report is sent is of no consequence then. Statistics are
 * left out, their beat is the host's. The other way: interrupts that told of a new target or hint; a driver that takes more of them than there were
 * changes was disturbed for nothing.
 */

#include "metrics.h"

#include <stdlib.h>

#include "../base/units.h"
#include "../scenario/scenario.h"

/** struct measured - the instants that count: in phases that are measured, within the window */
struct measured {
	struct pn_span window;
	GArray *phases;
};

static bool counts(const struct measured *measured, uint64_t t_ns)
{
	return t_ns >= measured->window.from_ns && t_ns <= measured->window.to_ns && pn_phase_measured(pn_phases_at(measured->phases, t_ns));
}

static double pages_moved(const struct pn_record *record, const struct measured *measured)
{
	double pages = 0;
	const json_t *entry;
	size_t i;

	json_array_foreach(record->journal, i, entry) {
		int64_t before, after;

		if (pn_is(entry, "ev", "unsettled"))
			return 0; /* how far it came is not in the record */
		if (pn_is(entry, "ev", "settled") && counts(measured, (uint64_t)pn_field_or(entry, "t_ns", 0)) &&
		    pn_field(entry, "from_bytes", &before) && pn_field(entry, "balloon_bytes", &after))
			pages += (double)llabs(after - before) / PN_PAGE_BYTES;
	}
	return pages;
}

static double count_of(const struct measured *measured, const json_t *instants)
{
	const json_t *t_ns;
	double count = 0;
	size_t i;

	json_array_foreach(instants, i, t_ns)
		count += counts(measured, (uint64_t)json_integer_value(t_ns));
	return count;
}

void pn_metrics_crossings(const struct pn_record *record, struct pn_span window, json_t *metrics)
{
	const json_t *kicks = json_object_get(record->protocol, "kicks");
	const json_t *interrupts = json_object_get(record->protocol, "config_interrupts");
	struct measured measured = {.window = window};
	double pages;

	if (json_is_string(json_object_get(record->protocol, "blind")))
		return;
	measured.phases = pn_record_phases(record);
	pages = pages_moved(record, &measured);
	if (json_is_array(kicks) && pages > 0)
		pn_metric_set(metrics, "driver.kicks_per_page", count_of(&measured, kicks) / pages, "kicks/page");
	if (json_array_size(interrupts)) /* never one: a device with MSI-X, whose interrupts are not seen */
		pn_metric_set(metrics, "driver.config_interrupts", count_of(&measured, interrupts), "count");
	g_array_unref(measured.phases);
}
