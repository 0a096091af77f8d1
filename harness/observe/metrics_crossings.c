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

static bool counts(const struct pn_record *record, struct pn_span window, uint64_t t_ns)
{
	return t_ns >= window.from_ns && t_ns <= window.to_ns && pn_phase_measured(pn_record_phase(record, t_ns));
}

static double pages_moved(const struct pn_record *record, struct pn_span window)
{
	double pages = 0;
	const json_t *entry;
	size_t i;

	json_array_foreach(record->journal, i, entry) {
		int64_t before, after;

		if (pn_is(entry, "ev", "unsettled"))
			return 0; /* how far it came is not in the record */
		if (pn_is(entry, "ev", "settled") && counts(record, window, (uint64_t)pn_field_or(entry, "t_ns", 0)) &&
		    pn_field(entry, "from_bytes", &before) && pn_field(entry, "balloon_bytes", &after))
			pages += (double)llabs(after - before) / PN_PAGE_BYTES;
	}
	return pages;
}

static double count_of(const struct pn_record *record, struct pn_span window, const json_t *instants)
{
	const json_t *t_ns;
	double count = 0;
	size_t i;

	json_array_foreach(instants, i, t_ns)
		count += counts(record, window, (uint64_t)json_integer_value(t_ns));
	return count;
}

void pn_metrics_crossings(const struct pn_record *record, struct pn_span window, json_t *metrics)
{
	const json_t *kicks = json_object_get(record->protocol, "kicks");
	const json_t *interrupts = json_object_get(record->protocol, "config_interrupts");
	double pages = pages_moved(record, window);

	if (json_is_string(json_object_get(record->protocol, "blind")))
		return;
	if (json_is_array(kicks) && pages > 0)
		pn_metric_set(metrics, "driver.kicks_per_page", count_of(record, window, kicks) / pages, "kicks/page");
	if (json_array_size(interrupts)) /* never one: a device with MSI-X, whose interrupts are not seen */
		pn_metric_set(metrics, "driver.config_interrupts", count_of(record, window, interrupts), "count");
}
