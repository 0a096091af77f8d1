// SPDX-License-Identifier: GPL-2.0-only
/*
 * Free page reporting: what a guest has had free for a while is no longer with the host. Judged at the mark "end" when nothing has moved for long
 * enough: no load has ended, no target been set, nobody has touched the free pages. Free memory in pieces smaller than a page block is not reported, hence the allowance.
 */

#include "ledger.h"

#include <inttypes.h>

#include "../base/units.h"
#include "../scenario/scenario.h"
#include "oracle.h"

#define REPORTED_AFTER_NS (4 * PN_NS_PER_S) /* the kernel looks every two seconds */
#define ALLOWANCE_SHARE 6

static uint64_t last_change_ns(const struct pn_record *record, uint64_t before_ns)
{
	uint64_t last = 0;
	const json_t *entry;
	size_t i;

	json_array_foreach(record->journal, i, entry) {
		uint64_t t_ns = (uint64_t)pn_field_or(entry, "t_ns", 0);

		if (t_ns < before_ns && (pn_is(entry, "ev", "target") || pn_is(entry, "ev", "fault") || pn_is(entry, "ev", "driver") ||
					 pn_is(entry, "ev", "touched") || (pn_is(entry, "ev", "load") && !pn_is(entry, "state", "marked") && !pn_is(entry, "state", "measured"))))
			last = t_ns;
	}
	return last;
}

void pn_ledger_judge_reported(const struct pn_record *record, struct pn_finding *finding)
{
	const json_t *mark = pn_record_mark(record, "end");
	int64_t memory = (int64_t)record->scenario->guest.memory_bytes, resident, available, limit;
	uint64_t t_ns = (uint64_t)pn_field_or(mark, "t_ns", 0);

	if (!record->scenario->guest.balloon.free_page_reporting || !t_ns || t_ns - last_change_ns(record, t_ns) < REPORTED_AFTER_NS)
		return;
	/* Whoever still runs takes and gives back all the time. */
	if (record->scenario->loads && record->scenario->loads[0])
		return;
	if (!pn_field(mark, "qemu.ram.rss_bytes", &resident) || !pn_field(mark, "guest.mem.free", &available)) {
		pn_finding_set(finding, PN_BROK, "mark 'end' does not say what is resident and what the guest has free: were free pages reported?");
		return;
	}
	limit = memory - available + memory / ALLOWANCE_SHARE;
	if (resident > limit)
		pn_finding_set(finding, PN_FAIL,
			       "the host did not get the pages that the guest has free: %" PRId64 " MiB are free, %" PRId64
			       " MiB of guest memory resident, at most %" PRId64 " can be with free page reporting",
			       available / (int64_t)PN_MIB, resident / (int64_t)PN_MIB, limit / (int64_t)PN_MIB);
}
