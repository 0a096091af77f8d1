// SPDX-License-Identifier: GPL-2.0-only
/* The table of oracles, and judging by all of them. */

#include "oracle.h"

#include <errno.h>
#include <glib.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../scenario/scenario.h"

const char *const pn_verdict_names[] = {[PN_SKIP] = "SKIP", [PN_PASS] = "PASS", [PN_BROK] = "BROK", [PN_FAIL] = "FAIL"};

/* What the environment must have given comes first: the first of the worst findings is the reason of a case. */
const struct pn_oracle pn_oracle_table[] = {
    {"sanity", "what had to be measured was: samples, loads that did work, swap on both sides, a clock that holds", pn_judge_sanity},
    {"faults", "every fault of the scenario was armed and fired", pn_judge_faults},
    {"ledger", "to the page: managed + ballooned = boot total, driver = device = target at rest, everything back in the end",
     pn_judge_ledger},
    {"integrity", "stamped pages keep their content, pages that come back are empty or poisoned: no stale data", pn_judge_integrity},
    {"liveness", "targets are reached, the guest is heard, nothing spins: tells slow, stuck, livelock, thrash, silent no-op",
     pn_judge_liveness},
    {"protocol", "what the driver put on its queues and registers keeps to the virtio specification", pn_judge_protocol},
    {"kernel-log", "no WARN, BUG, hang, lockdep or RCU report, no new taint in the guest's kernel log", pn_judge_kernel_log},
    {"host", "nothing of the case is left on the host: processes, files, swap, cgroups, settings", pn_judge_host},
    {NULL},
};

void pn_finding_set(struct pn_finding *finding, enum pn_verdict verdict, const char *fmt, ...)
{
	const char *end;
	va_list args;

	if (verdict < finding->verdict || (verdict == finding->verdict && finding->reason[0]))
		return;
	finding->verdict = verdict;
	va_start(args, fmt);
	vsnprintf(finding->reason, sizeof(finding->reason), fmt, args);
	va_end(args);
	/* Cut short in the middle of a character it would be no JSON string, and the finding would be lost. */
	if (!g_utf8_validate(finding->reason, -1, &end))
		finding->reason[end - finding->reason] = '\0';
}

const char *pn_oracle_waived(const struct pn_scenario *scenario, const char *oracle)
{
	for (unsigned int i = 0; i < scenario->waiver_count; i++) {
		if (!strcmp(scenario->waivers[i].oracle, oracle))
			return scenario->waivers[i].reason ? scenario->waivers[i].reason : "no reason given";
	}
	return NULL;
}

/* The fault that ended the guest as planned, by the journal; "" when none did. */
static const char *ended_by(const struct pn_record *record)
{
	const json_t *entry;
	size_t i;

	json_array_foreach(record->journal, i, entry) {
		if (pn_is(entry, "ev", "timeline") && pn_is(entry, "state", "end"))
			return pn_text(entry, "ended_by");
	}
	return "";
}

/* All others judge the end of a case too, which one that a fault ended as planned does not have. */
static bool outlives_guest(const struct pn_oracle *oracle)
{
	return !strcmp(oracle->name, "faults") || !strcmp(oracle->name, "host");
}

static void judge(const struct pn_oracle *oracle, const struct pn_record *record, struct pn_finding *ret_finding)
{
	const char *why = pn_oracle_waived(record->scenario, oracle->name);

	bool cut = !outlives_guest(oracle) && *ended_by(record);

	*ret_finding = (struct pn_finding){.oracle = oracle->name, .verdict = why || cut ? PN_SKIP : PN_PASS};
	if (why)
		pn_finding_set(ret_finding, PN_SKIP, "waived by the scenario: %s", why);
	else if (cut)
		pn_finding_set(ret_finding, PN_SKIP, "the case ended with %s, as planned", ended_by(record));
	else
		oracle->judge(record, ret_finding);
}

int pn_oracle_judge(const char *name, const struct pn_record *record, struct pn_finding *ret_finding)
{
	for (const struct pn_oracle *oracle = pn_oracle_table; oracle->name; oracle++) {
		if (strcmp(oracle->name, name))
			continue;
		judge(oracle, record, ret_finding);
		return 0;
	}
	return -ENOENT;
}

enum pn_verdict pn_oracle_judge_all(const struct pn_record *record, json_t **ret_findings)
{
	enum pn_verdict worst = PN_SKIP;
	json_t *findings = json_array();

	for (const struct pn_oracle *oracle = pn_oracle_table; oracle->name; oracle++) {
		struct pn_finding finding;

		judge(oracle, record, &finding);
		worst = MAX(worst, finding.verdict);
		json_array_append_new(findings, json_pack("{s:s, s:s, s:s}", "oracle", finding.oracle, "verdict",
							  pn_verdict_names[finding.verdict], "reason", finding.reason));
	}
	*ret_findings = findings;
	return worst;
}
