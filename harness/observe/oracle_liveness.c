// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is it alive, and does it get anywhere? Rules over journal and samples, each with a word of its own:
 *	slow		on its way when the settle timeout passed
 *	stuck		not at its target and not moving, or the guest not heard of
 *	livelock	busy without getting anywhere
 *	thrash		to and fro without a pause, or paging instead of working
 *	silent no-op	asked to move and nothing happened at all
 * Time in which a fault or a lifecycle action held the guest is nobody's fault; time in which the host did not run it is BROK.
 */

#include "oracle.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../base/units.h"
#include "../scenario/scenario.h"
#include "liveness.h"

static void judge_unsettled(const struct pn_record *record, const json_t *entry, struct pn_finding *finding)
{
	bool may_miss = json_is_true(json_object_get(entry, "may_miss"));
	struct pn_stall stall;
	const char *word;

	/* The scenario said that this target may be out of reach. */
	if (may_miss && !pn_is(entry, "outcome", "moving"))
		return;
	if (pn_stall_measure(record, entry, &stall)) {
		pn_finding_set(finding, PN_BROK, "a target of %" PRId64 " MiB was not reached, and there are no samples to say why",
			       pn_field_or(entry, "asked_bytes", 0) / (int64_t)PN_MIB);
		return;
	}
	if (stall.starved) {
		pn_finding_set(finding, PN_BROK,
			       "the host did not run the guest: its vCPU waited %.0f %% of the time while a target was not reached",
			       stall.starved_percent);
		return;
	}
	word = pn_stall_word(&stall);
	/* Nor need it be at rest yet: after want of memory a driver pauses for longer than a scenario waits. */
	if (may_miss && strcmp(word, "thrash") != 0 && strcmp(word, "livelock") != 0)
		return;
	pn_finding_set(finding, PN_FAIL,
		       "%s: %" PRId64 " of %" PRId64 " MiB in the balloon after %.1f s (from %" PRId64
		       "); last moved %.1f s before, driver CPU %.0f %%, pages inflated %" PRId64 ", deflated %" PRId64,
		       word, stall.balloon_bytes / (int64_t)PN_MIB, stall.asked_bytes / (int64_t)PN_MIB, stall.seconds,
		       stall.from_bytes / (int64_t)PN_MIB, stall.still_s, stall.driver_cpu_percent, stall.inflated, stall.deflated);
}

static void judge_targets(const struct pn_record *record, struct pn_finding *finding)
{
	unsigned int planned = 0, targets = 0, answers = 0;
	const json_t *entry;
	size_t i;

	for (unsigned int e = 0; e < record->scenario->event_count; e++) {
		const struct pn_event *event = &record->scenario->events[e];

		planned += event->action == PN_DO_TARGET && !(event->after == PN_AFTER_POINT && event->may_miss);
	}
	json_array_foreach(record->journal, i, entry) {
		targets += pn_is(entry, "ev", "target");
		answers += pn_is(entry, "ev", "settled");
		if (!pn_is(entry, "ev", "unsettled"))
			continue;
		answers++;
		judge_unsettled(record, entry, finding);
	}
	if (targets < planned)
		pn_finding_set(finding, PN_BROK, "the scenario sets %u targets, the journal has %u", planned, targets);
	else if (planned && !answers)
		pn_finding_set(finding, PN_BROK, "no target was ever waited for: the journal has neither 'settled' nor 'unsettled'");
}

/* The driver did not give back control: the journal has what was asked of it, and how long it was waited for. */
static void judge_driver(const struct pn_record *record, struct pn_finding *finding)
{
	const json_t *entry;
	size_t i;

	json_array_foreach(record->journal, i, entry) {
		if (pn_is(entry, "ev", "driver") && pn_is(entry, "state", "stuck"))
			pn_finding_set(finding, PN_FAIL, "stuck: %s did not end in %.0f s", pn_text(entry, "op"),
				       (double)pn_field_or(entry, "waited_ns", 0) / (double)PN_NS_PER_S);
	}
}

void pn_judge_liveness(const struct pn_record *record, struct pn_finding *finding)
{
	struct pn_span window;

	judge_driver(record, finding);
	if (pn_record_window(record, &window)) {
		pn_finding_set(finding, PN_BROK, "the timeline did not start and end");
		return;
	}
	judge_targets(record, finding);
	pn_liveness_heartbeat(record, window, finding);
	pn_liveness_rest(record, window, finding);
	pn_liveness_stats(record, window, finding);
	pn_liveness_oom(record, window, finding);
	pn_liveness_pause(record, window, finding);
	pn_liveness_technique(record, finding);
	pn_finding_set(finding, PN_PASS, "every target was answered, the guest was heard all the time");
}
