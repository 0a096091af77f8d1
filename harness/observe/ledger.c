// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading the books: one line a mark. A mark or a figure that the ledger can't do without and that is not there ends the reading: the
 * case is BROK, whatever the rest says.
 */

#include "ledger.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "../base/units.h"
#include "../scenario/scenario.h"
#include "oracle.h"

static bool managed_pages(const json_t *mark, int64_t *ret_pages)
{
	unsigned int zones = 0;
	int64_t sum = 0;
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)mark, key, value) {
		if (!g_str_has_prefix(key, "guest.zone.") || !g_str_has_suffix(key, ".managed_pages"))
			continue;
		sum += json_integer_value(value);
		zones++;
	}
	*ret_pages = sum;
	return zones > 0;
}

/* The kernel's own count of balloon pages, against what it was at the start of this boot. */
static int64_t counted_pages(const json_t *mark, int64_t base)
{
	int64_t inflate, deflate;

	if (!pn_field(mark, "guest.vm.balloon_inflate", &inflate) || !pn_field(mark, "guest.vm.balloon_deflate", &deflate))
		return INT64_MIN;
	return inflate - deflate - base;
}

/* A driver that has a count of its own has it always: the kernel's, which knows single pages only, can't stand in for a reading that
 * failed. */
static void read_held(const struct pn_record *record, struct pn_ledger_line *line)
{
	GArray *own = pn_record_series(record, "guest.driver.held_pages", PN_SPAN_ALL);
	bool has_own = own->len > 0;

	g_array_unref(own);
	line->held = 0;
	line->held_by = "nobody";
	if (!line->loaded)
		return;
	if (pn_field(line->mark, "guest.driver.held_pages", &line->held)) {
		line->held_by = "driver";
	} else if (!has_own && line->counted != INT64_MIN) {
		line->held = line->counted;
		line->held_by = "vmstat";
	}
}

static int need(const struct pn_record *record, const char *label, const json_t **ret_mark, struct pn_finding *finding)
{
	const char *why = pn_record_unsupported(record, "guest mark");

	*ret_mark = pn_record_mark(record, label);
	if (*ret_mark)
		return 0;
	pn_finding_set(finding, PN_BROK, "no mark '%s' in the record%s%s", label, why ? ": " : "", why ? why : "");
	return -ENODATA;
}

/* One line from one mark. @asked_bytes: of the settled record, or negative. */
static int add_line(const struct pn_record *record, struct pn_ledger *ledger, const char *label, int64_t asked_bytes,
		    struct pn_finding *finding)
{
	struct pn_ledger_line line = {.asked = asked_bytes < 0 ? -1 : asked_bytes / (int64_t)PN_PAGE_BYTES}, *last = NULL;
	int64_t bytes, base = 0;

	if (need(record, label, &line.mark, finding))
		return -ENODATA;
	g_strlcpy(line.label, label, sizeof(line.label));
	line.t_ns = (uint64_t)pn_field_or(line.mark, "t_ns", 0);
	line.phase = pn_record_phase(record, line.t_ns);
	if (!managed_pages(line.mark, &line.managed)) {
		pn_finding_set(finding, PN_BROK, "mark '%s' has no managed pages of the guest's zones", label);
		return -ENODATA;
	}
	if (ledger->lines->len)
		last = &g_array_index(ledger->lines, struct pn_ledger_line, ledger->lines->len - 1);
	/* Counters start from 0 at a boot, so the boot mark is no base for what follows a reboot. */
	line.anew = last && (last->anew || pn_field_or(line.mark, "guest_ns", INT64_MAX) < pn_field_or(last->mark, "guest_ns", 0));
	if (!line.anew)
		base = MAX(counted_pages(last ? pn_ledger_at(ledger, 0)->mark : line.mark, 0), 0);
	line.counted = counted_pages(line.mark, base);
	line.loaded = strcmp(label, "boot") && strcmp(label, "unloaded");
	read_held(record, &line);
	line.device = pn_field(line.mark, "balloon.bytes", &bytes) ? bytes / (int64_t)PN_PAGE_BYTES : -1;
	line.moving = pn_field_or(line.mark, "balloon.after_bytes", bytes) != bytes && line.device >= 0;
	line.unaccounted_bytes = pn_field_or(line.mark, "guest.mem.unaccounted", INT64_MIN);
	g_array_append_val(ledger->lines, line);
	return 0;
}

static int add_settled(const struct pn_record *record, struct pn_ledger *ledger, struct pn_finding *finding)
{
	unsigned int number = 0;
	const json_t *entry;
	size_t i;

	json_array_foreach(record->journal, i, entry) {
		char label[32];

		if (!pn_is(entry, "ev", "settled"))
			continue;
		g_snprintf(label, sizeof(label), "settled:%u", ++number);
		if (add_line(record, ledger, label, pn_field_or(entry, "asked_bytes", -1), finding))
			return -ENODATA;
	}
	return 0;
}

/* Stock leaves the managed count alone when it may be deflated on OOM: one policy for a whole case. */
static bool find_policy(const struct pn_record *record, const struct pn_ledger *ledger)
{
	if (!record->scenario->guest.balloon.deflate_on_oom)
		return true;
	for (guint i = 0; i < ledger->lines->len; i++) {
		const struct pn_ledger_line *line = pn_ledger_at(ledger, i);

		if (line->held > 0 && !line->moving)
			return line->managed != ledger->total;
	}
	return true;
}

int pn_ledger_read(const struct pn_record *record, struct pn_ledger *ret_ledger, struct pn_finding *finding)
{
	struct pn_ledger ledger = {.lines = g_array_new(FALSE, TRUE, sizeof(struct pn_ledger_line))};
	int err = add_line(record, &ledger, "boot", -1, finding);

	if (!err)
		err = add_line(record, &ledger, "driver", -1, finding);
	if (!err)
		err = add_settled(record, &ledger, finding);
	if (!err)
		err = add_line(record, &ledger, "rest", -1, finding);
	if (!err)
		err = add_line(record, &ledger, "unloaded", -1, finding);
	if (err) {
		pn_ledger_deinit(&ledger);
		return err;
	}
	ledger.total = pn_ledger_at(&ledger, 0)->managed;
	ledger.adjusts = find_policy(record, &ledger);
	*ret_ledger = ledger;
	return 0;
}

void pn_ledger_deinit(struct pn_ledger *ledger)
{
	g_array_free(ledger->lines, TRUE);
	ledger->lines = NULL;
}

int64_t pn_ledger_missing(const struct pn_ledger *ledger, const struct pn_ledger_line *line)
{
	return ledger->total - line->managed - (ledger->adjusts ? line->held : 0);
}
