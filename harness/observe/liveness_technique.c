// SPDX-License-Identifier: GPL-2.0-only
/*
 * A technique must bring back what it was asked for, or be able to say why it can't; one that needs the guest must bring nothing without it, else what was
 * measured was something else.
 */
#include "liveness.h"
#include "oracle.h"

#include "../base/units.h"
#include "../scenario/scenario.h"
#include "../scenario/technique.h"

#define ENOUGH_PERCENT 90
#define NOTHING_PERCENT 10

void pn_liveness_technique(const struct pn_record *record, struct pn_finding *finding)
{
	const struct pn_technique_info *info = pn_technique_find(record->scenario->technique);
	const json_t *entry, *begin = NULL, *end = NULL;
	int64_t asked_bytes, back_bytes, percent;
	size_t i;

	json_array_foreach(record->journal, i, entry) {
		begin = pn_is(entry, "ev", "reclaim") && pn_is(entry, "state", "begin") ? entry : begin;
		end = pn_is(entry, "ev", "reclaim") && pn_is(entry, "state", "end") ? entry : end;
	}
	if (!info || !begin)
		return;
	if (!end || !pn_field(begin, "asked_bytes", &asked_bytes) || !pn_field(end, "returned_bytes", &back_bytes) || asked_bytes <= 0) {
		pn_finding_set(finding, PN_BROK, "technique %s: nobody measured what came back", info->name);
		return;
	}
	percent = back_bytes * 100 / asked_bytes;
	if ((!info->mechanisms || (record->scenario->unaware && !(info->mechanisms & ~(unsigned int)PN_TECHNIQUE_GUEST))) && percent >= NOTHING_PERCENT)
		pn_finding_set(finding, PN_BROK, "technique %s: %lld %% came back though nobody could give it back", info->name, (long long)percent);
	else if (percent < ENOUGH_PERCENT && pn_text(end, "why")[0])
		pn_finding_set(finding, PN_PASS, "technique %s: %lld %%: %s", info->name, (long long)percent, pn_text(end, "why"));
	else if (percent < ENOUGH_PERCENT)
		pn_finding_set(finding, PN_FAIL, "technique %s: %lld %% of %lld MiB came back, and nobody knows why", info->name, (long long)percent,
			       (long long)(asked_bytes / (int64_t)PN_MIB));
}
