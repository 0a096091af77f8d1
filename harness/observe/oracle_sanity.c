// SPDX-License-Identifier: GPL-2.0-only
/*
 * Was there anything to judge? A case whose record lacks what it must have, or in which a load that must swap did not swap, is BROK: it
 * says nothing about the driver, good or bad.
 */

#include "oracle.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../base/units.h"
#include "../scenario/scenario.h"
#include "beat.h"

#define CLOCK_DRIFT_NS (100 * PN_NS_PER_MS)
/* What a guest swaps of itself, when a balloon grazes its memory once, is some pages; a load that must swap does so by the megabyte a second. */
#define SWAPPED_MIN_BYTES ((int64_t)PN_MIB)
#define SHARE_OF_BEATS 3 /* one in three at least: the host may be busy */

static bool rebooted(const struct pn_record *record)
{
	const json_t *entry;
	size_t i;

	json_array_foreach(record->journal, i, entry) {
		if (pn_is(entry, "ev", "clock") && (pn_is(entry, "when", "reboot") || pn_is(entry, "when", "stepped")))
			return true;
	}
	return false;
}

/*
 * Enough lines of each beat in the window, by its pace: what beats faster on a wish (sample-monitor, sample-free) does so as often as the host lets it, and the
 * metrics of it say for themselves when that was too little. A guest that a fault held was not heard, rightly.
 */
static void check_beats(const struct pn_record *record, struct pn_span window, struct pn_finding *finding)
{
	if (record->scenario->guest.exact) /* looked at by marks only */
		return;
	for (enum pn_beat beat = 0; beat < PN_BEAT_COUNT; beat++) {
		uint64_t count = 0, expected = (window.to_ns - window.from_ns) / pn_beat_pace_ns(record->scenario, beat);
		const json_t *line;
		size_t i;

		json_array_foreach(record->samples, i, line) {
			uint64_t t_ns = (uint64_t)pn_field_or(line, "t_ns", 0);

			count += pn_is(line, "src", pn_beat_names[beat]) && t_ns >= window.from_ns && t_ns <= window.to_ns;
		}
		if (count * SHARE_OF_BEATS < expected && !(beat != PN_BEAT_HOST && pn_record_held(record, window)))
			pn_finding_set(finding, PN_BROK, "%" PRIu64 " samples of the %s in %.1f s, expected about %" PRIu64, count, pn_beat_names[beat],
				       (double)(window.to_ns - window.from_ns) / (double)PN_NS_PER_S, expected);
	}
}

/** struct swap_side - who counted, and in which unit */
struct swap_side {
	const char *name;
	const char *out;
	const char *in;
	int64_t unit_bytes;
};

static int64_t swapped_bytes(const struct pn_record *record, const struct swap_side *side, struct pn_span window)
{
	int64_t out = 0, in = 0;

	pn_record_delta(record, side->out, window, &out);
	/* A balloon that was filled before had the load swapped out then: what it does now is swap in. */
	if (pn_scenario_measured_late(record->scenario))
		pn_record_delta(record, side->in, window, &in);
	return MAX(out, in) * side->unit_bytes;
}

/* Swap is counted on both sides, within what is measured; out is what memory pressure forces. */
static void check_swap(const struct pn_record *record, const char *load, struct pn_finding *finding)
{
	static const struct swap_side sides[] = {{"guest", "guest.vm.pswpout", "guest.vm.pswpin", PN_PAGE_BYTES},
						 {"swap disk", "swapdev.write_bytes", "swapdev.read_bytes", 1}};
	struct pn_span window;

	if (pn_record_measured(record, &window))
		return;
	if (record->scenario->guest.exact) /* sampled at marks only, and its disk is memory */
		pn_record_sharpen(record, &window);
	for (size_t i = 0; i < G_N_ELEMENTS(sides) - record->scenario->guest.exact; i++) {
		int64_t bytes = swapped_bytes(record, &sides[i], window);

		if (bytes < SWAPPED_MIN_BYTES)
			pn_finding_set(finding, PN_BROK, "load %s must swap, but the %s saw %" PRId64 " KiB of it in what is measured, at least %" PRId64
				       " KiB expected", load, sides[i].name, bytes / (int64_t)PN_KIB, SWAPPED_MIN_BYTES / (int64_t)PN_KIB);
	}
}

static void check_loads(const struct pn_record *record, struct pn_finding *finding)
{
	bool oom = pn_record_provokes_oom(record);
	size_t i, planned = 0;
	const json_t *load;

	while (record->scenario->loads && record->scenario->loads[planned])
		planned++;
	if (json_array_size(record->loads) < planned)
		pn_finding_set(finding, PN_BROK, "the scenario has %zu loads, results are there of %zu", planned,
			       json_array_size(record->loads));
	json_array_foreach(record->loads, i, load) {
		const char *name = pn_text(load, "load");
		const json_t *ops = json_object_get(load, "ops");
		bool killed = json_is_true(json_object_get(load, "oom_killed"));

		if (killed && !oom)
			pn_finding_set(finding, PN_FAIL, "load %s was killed for want of memory, which the scenario does not provoke",
				       name);
		else if (json_is_number(ops) && json_number_value(ops) <= 0 && !killed)
			pn_finding_set(finding, PN_BROK, "load %s did no work: 0 operations", name);
		if (json_is_true(json_object_get(load, "must_swap")))
			check_swap(record, name, finding);
	}
}

static void check_clock(const struct pn_record *record, struct pn_finding *finding)
{
	const json_t *start = NULL, *end = NULL, *entry;
	int64_t drift_ns, allowed_ns;
	size_t i;

	if (record->scenario->guest.exact) /* the guest stands while the host's clock goes on */
		return;
	if (rebooted(record))
		return;
	json_array_foreach(record->journal, i, entry) {
		if (!pn_is(entry, "ev", "clock"))
			continue;
		start = pn_is(entry, "when", "start") ? entry : start;
		end = pn_is(entry, "when", "end") ? entry : end;
	}
	if (!start || !end || pn_record_held(record, PN_SPAN_ALL))
		return;
	drift_ns = llabs(pn_field_or(end, "offset_ns", 0) - pn_field_or(start, "offset_ns", 0));
	allowed_ns = CLOCK_DRIFT_NS + pn_field_or(start, "error_ns", 0) + pn_field_or(end, "error_ns", 0);
	if (drift_ns > allowed_ns)
		pn_finding_set(finding, PN_BROK, "the guest's clock drifted by %.0f ms against the host's: guest samples are out of place",
			       (double)drift_ns / (double)PN_NS_PER_MS);
}

static void check_bound(const struct pn_record *record, struct pn_finding *finding)
{
	const json_t *entry;
	size_t i;

	if (record->scenario->guest.balloon.absent || record->scenario->unaware)
		return;
	json_array_foreach(record->journal, i, entry) {
		if (pn_is(entry, "ev", "driver") && pn_is(entry, "state", "bound"))
			return;
	}
	pn_finding_set(finding, PN_BROK, "the journal does not say that the driver was bound to the device");
}

void pn_judge_sanity(const struct pn_record *record, struct pn_finding *finding)
{
	struct pn_span window;

	if (pn_record_window(record, &window)) {
		pn_finding_set(finding, PN_BROK, "the timeline did not start and end");
		return;
	}
	check_beats(record, window, finding);
	check_bound(record, finding);
	check_loads(record, finding);
	check_clock(record, finding);
	pn_finding_set(finding, PN_PASS, "%zu samples over %.1f s, %zu loads did work", json_array_size(record->samples),
		       (double)(window.to_ns - window.from_ns) / (double)PN_NS_PER_S, json_array_size(record->loads));
}
