// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ledger, to the page:
 *	managed + held = managed at boot, at every mark; and zone by zone when the balloon is empty
 *	held by the driver = the device's actual = the target, at every settled mark
 *	nothing is held at rest, and the kernel's own counters agree
 * then whether the host got the memory (ledger_host.c), and what the kernel's counts can't see (ledger_slope.c).
 *
 * A mark in which the balloon was moving is not at rest and is left out; with none left there is nothing to judge.
 */

#include "oracle.h"

#include <inttypes.h>
#include <string.h>

#include "../scenario/scenario.h"
#include "ledger.h"

static const char *in_phase(const struct pn_ledger_line *line, char *buf, size_t size)
{
	g_snprintf(buf, size, line->phase[0] ? "%s (phase %s)" : "%s", line->label, line->phase);
	return buf;
}

/* Where pages are missing: how many at last, and since when. */
static void judge_total(const struct pn_ledger *ledger, struct pn_finding *finding)
{
	const struct pn_ledger_line *first = NULL, *last = NULL;
	char at[96], since[96];
	int64_t missing;

	for (guint i = 0; i < ledger->lines->len; i++) {
		const struct pn_ledger_line *line = pn_ledger_at(ledger, i);

		if (line->moving || (line->loaded && !strcmp(line->held_by, "nobody")) || !pn_ledger_missing(ledger, line))
			continue;
		first = first ? first : line;
		last = line;
	}
	if (!first)
		return;
	missing = pn_ledger_missing(ledger, last);
	pn_finding_set(finding, PN_FAIL,
		       "%" PRId64 " pages %s at %s: managed %" PRId64 " + held %" PRId64 " against %" PRId64
		       " at boot; first at %s: %" PRId64 " pages",
		       missing > 0 ? missing : -missing, missing > 0 ? "leaked" : "too many", in_phase(last, at, sizeof(at)), last->managed,
		       ledger->adjusts ? last->held : 0, ledger->total, in_phase(first, since, sizeof(since)),
		       pn_ledger_missing(ledger, first));
}

/* Sums can hide one zone's loss behind another's gain (bugs.md, 10). Only an empty balloon says how much each must have. */
static void judge_zones(const struct pn_ledger *ledger, const struct pn_ledger_line *line, struct pn_finding *finding)
{
	const json_t *boot = pn_ledger_at(ledger, 0)->mark;
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)boot, key, value) {
		int64_t before = json_integer_value(value), now;

		if (!g_str_has_prefix(key, "guest.zone.") || !g_str_has_suffix(key, ".managed_pages"))
			continue;
		now = pn_field_or(line->mark, key, 0);
		if (now != before)
			pn_finding_set(finding, PN_FAIL,
				       "at %s %s is %" PRId64 " against %" PRId64 " at boot: %+" PRId64 " pages with an empty balloon",
				       line->label, key + strlen("guest."), now, before, now - before);
	}
}

static void judge_settled(const struct pn_ledger_line *line, struct pn_finding *finding)
{
	char at[96];

	if (!strcmp(line->held_by, "nobody")) {
		pn_finding_set(finding, PN_BROK, "mark '%s': neither the driver nor the guest's kernel says how many pages are held",
			       line->label);
		return;
	}
	if (line->device < 0) {
		pn_finding_set(finding, PN_BROK, "mark '%s' lacks the device's actual", line->label);
		return;
	}
	if (line->held != line->device)
		pn_finding_set(finding, PN_FAIL, "at %s the %s holds %" PRId64 " pages, the device's actual says %" PRId64,
			       in_phase(line, at, sizeof(at)), !strcmp(line->held_by, "driver") ? "driver" : "guest", line->held,
			       line->device);
	if (line->asked >= 0 && line->device != line->asked)
		pn_finding_set(finding, PN_FAIL, "at %s %" PRId64 " pages are in the balloon, asked for were %" PRId64,
			       in_phase(line, at, sizeof(at)), line->device, line->asked);
}

static void judge_empty(const struct pn_ledger *ledger, const struct pn_ledger_line *line, struct pn_finding *finding)
{
	if (line->held)
		pn_finding_set(finding, PN_FAIL, "%" PRId64 " pages still held at %s (the %s says so)", line->held, line->label,
			       line->held_by);
	if (line->device > 0)
		pn_finding_set(finding, PN_FAIL, "%" PRId64 " pages still in the balloon at %s, says the device", line->device,
			       line->label);
	if (line->counted != INT64_MIN && line->counted)
		pn_finding_set(finding, PN_FAIL, "at %s the guest's kernel has counted %" PRId64 " pages more inflated than deflated",
			       line->label, line->counted);
	judge_zones(ledger, line, finding);
}

static unsigned int judge_lines(const struct pn_ledger *ledger, struct pn_finding *finding)
{
	unsigned int judged = 0;

	for (guint i = 1; i < ledger->lines->len; i++) {
		const struct pn_ledger_line *line = pn_ledger_at(ledger, i);
		bool last = !strcmp(line->label, "unloaded");

		if (line->moving)
			continue;
		judged++;
		if (!last)
			judge_settled(line, finding);
		if (last || !strcmp(line->label, "rest"))
			judge_empty(ledger, line, finding);
	}
	return judged;
}

void pn_judge_ledger(const struct pn_record *record, struct pn_finding *finding)
{
	struct pn_ledger ledger;
	unsigned int judged;
	guint count;

	if (record->scenario->guest.balloon.absent) {
		pn_finding_set(finding, PN_PASS, "no balloon device, nothing to book");
		return;
	}
	if (pn_ledger_read(record, &ledger, finding))
		return;
	/* The total names a leak best, so it speaks first. */
	judge_total(&ledger, finding);
	judged = judge_lines(&ledger, finding);
	pn_ledger_judge_slope(record, &ledger, finding);
	pn_ledger_judge_host(record, &ledger, finding);
	pn_ledger_judge_reported(record, finding);
	pn_ledger_judge_stats(record, finding);
	count = ledger.lines->len;
	if (pn_ledger_at(&ledger, count - 2)->moving || pn_ledger_at(&ledger, count - 1)->moving)
		pn_finding_set(finding, PN_BROK, "the balloon was not at rest in the end: it moved while the mark was taken");
	pn_finding_set(finding, PN_PASS, "%u of %u marks at rest balance to the page: %" PRId64 " managed at boot", judged, count - 1,
		       ledger.total);
	pn_ledger_deinit(&ledger);
}
