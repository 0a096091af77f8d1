// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the driver put on the queues, against the specification. A requirement broken is a FAIL, unless it is one that this driver is known to break:
 * that is told and judged by the conformance suite, and a FAIL in a scenario that shows a known issue. Advice (SHOULD) that was not followed is told too.
 */

#include <string.h>

#include "oracle.h"
#include "protocol.h"

#include "../scenario/scenario.h"

/* Is it this one that the scenario is there to show ("fail:protocol:D40")? */
static bool shown(const struct pn_scenario *scenario, unsigned int rule)
{
	g_autofree char *expect = g_strdup_printf("fail:protocol:D%u", rule);

	return scenario->known_reason && !g_strcmp0(scenario->expect, expect);
}

static void tell_broken(const struct pn_record *record, const json_t *result, struct pn_finding *finding, GString *notes)
{
	unsigned int rule = json_integer_value(json_object_get(result, "rule"));
	json_int_t broken = json_integer_value(json_object_get(result, "broken"));

	if (!pn_protocol_is_must(rule))
		g_string_append_printf(notes, "; advice D%u not followed %lld times", rule, (long long)broken);
	else if (pn_protocol_known(record->scenario->driver.name, rule) && !shown(record->scenario, rule))
		g_string_append_printf(notes, "; D%u broken %lld times, as known of this driver", rule, (long long)broken);
	else
		pn_finding_set(finding, PN_FAIL, "D%u (%s) broken %lld of %lld times; first %s", rule, pn_protocol_rules[rule - 1].text,
			       (long long)broken, (long long)json_integer_value(json_object_get(result, "checked")), pn_text(result, "first"));
}

void pn_judge_protocol(const struct pn_record *record, struct pn_finding *finding)
{
	const char *blind = json_string_value(json_object_get(record->protocol, "blind"));
	g_autoptr(GString) notes = g_string_new(NULL);
	const json_t *rules = json_object_get(record->protocol, "rules"), *result;
	unsigned int checked = 0;
	size_t i;

	if (record->scenario->guest.balloon.absent || !record->protocol) {
		finding->verdict = PN_SKIP;
		pn_finding_set(finding, PN_SKIP, record->protocol ? "no balloon device" : "the queues were not watched");
		return;
	}
	json_array_foreach (rules, i, result) {
		checked += json_integer_value(json_object_get(result, "checked")) > 0;
		if (json_integer_value(json_object_get(result, "broken")))
			tell_broken(record, result, finding, notes);
	}
	if (blind)
		pn_finding_set(finding, PN_BROK, "the queues could not be watched: %s", blind);
	else if (!checked)
		pn_finding_set(finding, PN_BROK, "nothing of the driver was seen on its queues");
	pn_finding_set(finding, PN_PASS, "%u requirements exercised%s", checked, notes->str);
}
