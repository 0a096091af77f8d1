// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does the guest's memory hold what was written into it, and nothing else? The witnesses:
 *	loads that stamp pages (workloads/native: "checked", "corrupt", "dirty"): pages that the guest uses keep their content, pages that it
 *	takes anew come empty;
 *	a guest whose kernel poisons free pages and looks at the poison when it hands them out again (page_poison=1, generic image).
 * A case with neither is SKIP: nothing was looked at. Every report of the poison check belongs here, not to the kernel log: the kernel is the
 * witness, not the culprit.
 */

#include "oracle.h"

#include <inttypes.h>
#include <string.h>

#include "../scenario/scenario.h"

static const char *const spoilt_poison[] = {"pagealloc: memory corruption", "pagealloc: single bit error", NULL};

/* One load's own result. Return: how many pages it has looked at; 0 of a load that looks at none. */
static int64_t judge_load(const char *name, const json_t *result, struct pn_finding *finding)
{
	int64_t corrupt = 0, dirty = 0;

	if (!pn_field(result, "corrupt", &corrupt))
		return 0;
	pn_field(result, "dirty", &dirty);
	if (corrupt > 0)
		pn_finding_set(finding, PN_FAIL, "load %s: %" PRId64 " pages that the guest was using did not hold what was written there last", name,
			       corrupt);
	if (dirty > 0)
		pn_finding_set(finding, PN_FAIL, "load %s: %" PRId64 " pages came from the guest's kernel with stale data in them", name, dirty);
	return MAX(pn_field_or(result, "checked", pn_field_or(result, "ops", 0)), 0);
}

static int64_t judge_loads(const struct pn_record *record, unsigned int *ret_witnesses, struct pn_finding *finding)
{
	int64_t pages = 0;
	const json_t *load;
	size_t i;

	*ret_witnesses = 0;
	json_array_foreach(record->loads, i, load) {
		const char *key;
		json_t *result;

		json_object_foreach((json_t *)load, key, result) {
			int64_t seen = json_is_object(result) ? judge_load(pn_text(load, "load"), result, finding) : 0;

			pages += seen;
			*ret_witnesses += seen > 0;
		}
	}
	return pages;
}

static bool poisons(const struct pn_record *record)
{
	const char *args = record->scenario->guest.kernel_args;

	return args && (strstr(args, "page_poison=1") || strstr(args, "page_poison=on"));
}

static unsigned int spoilt(const struct pn_record *record, const char **ret_first)
{
	unsigned int count = 0;
	const json_t *entry;
	size_t i;

	json_array_foreach(record->kmsg, i, entry) {
		for (const char *const *text = spoilt_poison; *text; text++) {
			if (!strstr(pn_text(entry, "text"), *text))
				continue;
			*ret_first = count++ ? *ret_first : pn_text(entry, "text");
			break;
		}
	}
	return count;
}

void pn_judge_integrity(const struct pn_record *record, struct pn_finding *finding)
{
	const char *first = "";
	unsigned int witnesses, count = spoilt(record, &first);
	int64_t pages = judge_loads(record, &witnesses, finding);

	if (count)
		pn_finding_set(finding, PN_FAIL, "%u free page%s did not hold the poison when they were handed out again: %s", count,
			       count == 1 ? "" : "s", first);
	if (witnesses)
		pn_finding_set(finding, PN_PASS, "%" PRId64 " pages were looked at by %u load%s%s: every one held what it should", pages, witnesses,
			       witnesses == 1 ? "" : "s", poisons(record) ? ", free ones by the kernel" : "");
	else if (poisons(record))
		pn_finding_set(finding, PN_PASS, "the guest's kernel found the poison in every free page that it handed out");
	else if (finding->verdict == PN_PASS) {
		finding->verdict = PN_SKIP;
		pn_finding_set(finding, PN_SKIP, "nobody looked at the content of pages: no load that stamps them, no page_poison=1");
	}
}
