// SPDX-License-Identifier: GPL-2.0-only
/*
 * A fault that was never armed, or never fired, tested nothing. By the journal: armed, then fired, then disarmed where it lasts. One
 * "fired" record an event at least; events are told apart by their index where the journal has it.
 */

#include "oracle.h"

#include <string.h>

#include "../scenario/scenario.h"

struct fate {
	bool armed, fired, disarmed, missed;
	const char *evidence;
};

static struct fate fate_of(const struct pn_record *record, unsigned int index, const char *name)
{
	struct fate fate = {.evidence = ""};
	const json_t *entry;
	size_t i;

	json_array_foreach(record->journal, i, entry)
	{
		int64_t event;

		if (!pn_is(entry, "ev", "fault") || !pn_is(entry, "name", name))
			continue;
		if (pn_field(entry, "event", &event) && event != index)
			continue;
		fate.armed |= pn_is(entry, "state", "armed");
		fate.fired |= pn_is(entry, "state", "fired");
		fate.disarmed |= pn_is(entry, "state", "disarmed");
		fate.missed |= pn_is(entry, "state", "missed");
		if (json_is_string(json_object_get(entry, "evidence")))
			fate.evidence = pn_text(entry, "evidence");
	}
	return fate;
}

void pn_judge_faults(const struct pn_record *record, struct pn_finding *finding)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < record->scenario->event_count; i++) {
		const struct pn_event *event = &record->scenario->events[i];
		struct fate fate;

		if (event->action != PN_DO_FAULT)
			continue;
		count++;
		fate = fate_of(record, i, event->name);
		if (!fate.armed)
			pn_finding_set(finding, PN_BROK, "fault %s (event %u) was never armed", event->name, i);
		else if (fate.missed || !fate.fired)
			pn_finding_set(finding, PN_BROK, "fault %s (event %u) was armed and never fired%s%s", event->name, i,
				       fate.evidence[0] ? ": " : "", fate.evidence);
	}
	if (count)
		pn_finding_set(finding, PN_PASS, "%u fault%s armed and fired", count, count == 1 ? "" : "s");
	else
		pn_finding_set(finding, PN_PASS, "the scenario has no faults");
}
