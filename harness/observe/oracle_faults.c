// SPDX-License-Identifier: GPL-2.0-only
/*
 * A fault that was never armed, or never fired, tested nothing. By the journal: armed, then fired, then disarmed where it lasts. One
 * "fired" record an event at least; events are told apart by their index where the journal has it. One that may miss, drawn at random, says so.
 */

#include "oracle.h"

#include <string.h>

#include "../scenario/scenario.h"

struct fate {
	bool armed, fired, disarmed, missed, stuck;
	const char *reason; /* why it was missed */
};

static struct fate fate_of(const struct pn_record *record, unsigned int index, const char *name)
{
	struct fate fate = {.reason = ""};
	const json_t *entry;
	size_t i;

	json_array_foreach(record->journal, i, entry) {
		int64_t event;

		if (!pn_is(entry, "ev", "fault") || !pn_is(entry, "name", name))
			continue;
		if (pn_field(entry, "event", &event) && event != index)
			continue;
		fate.armed |= pn_is(entry, "state", "armed");
		fate.fired |= pn_is(entry, "state", "fired");
		fate.disarmed |= pn_is(entry, "state", "disarmed");
		fate.missed |= pn_is(entry, "state", "missed");
		fate.stuck |= pn_is(entry, "state", "stuck");
		if (pn_text(entry, "reason")[0])
			fate.reason = pn_text(entry, "reason");
	}
	return fate;
}

void pn_judge_faults(const struct pn_record *record, struct pn_finding *finding)
{
	unsigned int count = 0, without = 0;

	for (unsigned int i = 0; i < record->scenario->event_count; i++) {
		const struct pn_event *event = &record->scenario->events[i];
		struct fate fate;

		if (event->action != PN_DO_FAULT)
			continue;
		count++;
		fate = fate_of(record, i, event->name);
		if (fate.stuck)
			pn_finding_set(finding, PN_BROK, "fault %s (event %u) could not be disarmed: %s", event->name, i, fate.reason);
		else if (event->may_miss && fate.missed)
			without++;
		else if (!fate.armed && !fate.missed)
			pn_finding_set(finding, PN_BROK, "fault %s (event %u) was never armed", event->name, i);
		else if (fate.missed || !fate.fired)
			pn_finding_set(finding, PN_BROK, "fault %s (event %u) never fired%s%s", event->name, i, fate.reason[0] ? ": " : "",
				       fate.reason);
		else if (event->for_ns && !fate.disarmed)
			pn_finding_set(finding, PN_BROK, "fault %s (event %u) was never disarmed", event->name, i);
	}
	if (without)
		pn_finding_set(finding, PN_PASS, "%u of %u faults never fired, as they may", without, count);
	else if (count)
		pn_finding_set(finding, PN_PASS, "%u fault%s armed and fired", count, count == 1 ? "" : "s");
	else
		pn_finding_set(finding, PN_PASS, "the scenario has no faults");
}
