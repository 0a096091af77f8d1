// SPDX-License-Identifier: GPL-2.0-only
/*
 * The balloon page by page: requirements 4 to 9, 12 to 15 and 44. A page is in the balloon from the request on until it is asked back.
 * Blocks that a driver holds without saying so by PFN (a balloon by reports only) are in `actual` and not here: where actual is above
 * the pages known, rules on the size are not applied.
 */

#include <stdlib.h>
#include <string.h>

#include "../base/units.h"
#include "protocol_private.h"

#define INFLATING 1 /* requested, not yet acknowledged */
#define HELD 2	    /* acknowledged */
#define REPORTED 4  /* reported, not yet acknowledged */

#define PAGE_BYTES 4096
#define MAX_PFN (1U << 28)
#define REST_NS (250 * PN_NS_PER_MS)

typedef void page_fn(struct pn_protocol *protocol, uint32_t pfn, uint8_t *state);

static uint8_t *state_of(struct pn_protocol *protocol, uint32_t pfn)
{
	GByteArray *states = protocol->pages.states;
	guint old = states->len;

	if (pfn >= MAX_PFN)
		return NULL;
	if (pfn >= old) {
		g_byte_array_set_size(states, MAX(pfn + 1, 2 * old));
		memset(states->data + old, 0, states->len - old);
	}
	return states->data + pfn;
}

static void each_page(struct pn_protocol *protocol, uint64_t first, uint64_t count, int step, page_fn *fn)
{
	for (uint64_t i = 0; i < count; i++) {
		uint32_t pfn = step > 0 ? first + i : first - i;
		uint8_t *state = state_of(protocol, pfn);

		if (state)
			fn(protocol, pfn, state);
	}
}

static void each_pfn(struct pn_protocol *protocol, const char *runs, page_fn *fn)
{
	while (runs && *runs) {
		char *end;
		uint64_t first = strtoull(runs, &end, 16), count;
		int step = *end == '-' ? -1 : 1;

		if (!*end)
			return;
		count = strtoull(end + 1, &end, 16);
		each_page(protocol, first, count, step, fn);
		runs = *end == ' ' ? end + 1 : end;
	}
}

static void each_range(struct pn_protocol *protocol, const json_t *event, page_fn *fn)
{
	const json_t *desc;
	size_t i;

	json_array_foreach (json_object_get(event, "descs"), i, desc) {
		uint64_t at = json_integer_value(json_array_get(json_object_get(event, "at"), i));

		each_page(protocol, at / PAGE_BYTES, json_integer_value(json_array_get(desc, 0)) / PAGE_BYTES, 1, fn);
	}
}

static void inflate_page(struct pn_protocol *protocol, uint32_t pfn, uint8_t *state)
{
	pn_rule_check(protocol, 12, !(*state & INFLATING), "page %#x is given while its inflation is under way", pfn);
	pn_rule_check(protocol, 9, !(*state & HELD), "page %#x is given again, and was never asked back", pfn);
	pn_rule_check(protocol, 44, !(*state & REPORTED), "page %#x is given while its report is under way", pfn);
	protocol->pages.held += !(*state & (HELD | INFLATING));
	*state |= INFLATING;
}

static void inflated_page(struct pn_protocol *protocol, uint32_t pfn, uint8_t *state)
{
	if (*state & INFLATING)
		*state = (*state & ~INFLATING) | HELD;
}

static void deflate_page(struct pn_protocol *protocol, uint32_t pfn, uint8_t *state)
{
	pn_rule_check(protocol, 13, *state & HELD && !(*state & INFLATING), "page %#x is asked back %s", pfn,
		      *state & INFLATING ? "while its inflation is under way" : "and was not in the balloon");
	protocol->pages.held -= !!(*state & (HELD | INFLATING));
	*state &= ~(HELD | INFLATING);
}

static void report_page(struct pn_protocol *protocol, uint32_t pfn, uint8_t *state)
{
	pn_rule_check(protocol, 44, !(*state & REPORTED), "page %#x is reported while another report of it is under way", pfn);
	if (*state & INFLATING)
		pn_rule_broken(protocol, 12, "page %#x is reported while its inflation is under way", pfn);
	*state |= REPORTED;
}

static void reported_page(struct pn_protocol *protocol, uint32_t pfn, uint8_t *state)
{
	*state &= ~REPORTED;
}

/* Below the target by giving pages back: excused when the device is reset next, for then the driver is on its way out. */
static void judge_floor(struct pn_protocol *protocol, uint64_t before)
{
	struct pn_pages *pages = &protocol->pages;

	if (pn_protocol_has(protocol, PN_F_DEFLATE_ON_OOM)) {
		pn_rule_ok(protocol, 8, pages->held < pages->target);
		return;
	}
	if (!pages->target_known || before < pages->actual)
		return;
	if (pages->held >= pages->lowest) {
		pn_rule_ok(protocol, 7, 1);
		pn_rule_ok(protocol, 5, 1);
		return;
	}
	if (!pages->below++)
		g_snprintf(pages->below_first, sizeof(pages->below_first), "%llu pages left in the balloon, the target is %u",
			   (unsigned long long)pages->held, pages->lowest);
}

void pn_pages_available(struct pn_protocol *protocol, enum pn_balloon_role role, const json_t *event)
{
	struct pn_pages *pages = &protocol->pages;
	const char *pfns = json_string_value(json_object_get(event, "pfns"));
	guint key = pn_event_number(event, "q") << 16 | pn_event_number(event, "head");
	uint64_t before = pages->held;

	if (role == PN_ROLE_INFLATE) {
		each_pfn(protocol, pfns, inflate_page);
		pn_rule_ok(protocol, 6, 1);
		pages->lowest = pages->target;
		if (pages->target_known && !pages->target_served && pages->held > before)
			pages->target_served = true;
	} else if (role == PN_ROLE_DEFLATE) {
		each_pfn(protocol, pfns, deflate_page);
		pages->untold = 0; /* it is at it: let us see at the next rest what is left */
		judge_floor(protocol, before);
	} else {
		each_range(protocol, event, report_page);
	}
	if (role != PN_ROLE_REPORT)
		pages->moved_ns = protocol->now_ns;
	g_hash_table_insert(pages->in_flight, GUINT_TO_POINTER(key), json_incref((json_t *)event));
}

void pn_pages_used(struct pn_protocol *protocol, unsigned int queue, unsigned int head)
{
	struct pn_pages *pages = &protocol->pages;
	guint key = queue << 16 | head;
	const json_t *event = g_hash_table_lookup(pages->in_flight, GUINT_TO_POINTER(key));

	if (!event)
		return;
	if (queue == PN_ROLE_INFLATE)
		each_pfn(protocol, json_string_value(json_object_get(event, "pfns")), inflated_page);
	else if (queue != PN_ROLE_DEFLATE)
		each_range(protocol, event, reported_page);
	g_hash_table_remove(pages->in_flight, GUINT_TO_POINTER(key));
}

/* At rest the driver has reached what it was told; then actual is the size, or more where it holds blocks it named by reports only. */
static void judge_rest(struct pn_protocol *protocol)
{
	struct pn_pages *pages = &protocol->pages;

	if (!pages->target_known || !pages->moved_ns || pages->held != pages->target || protocol->now_ns - pages->moved_ns < REST_NS)
		return;
	pn_rule_check(protocol, 14, pages->actual_written && pages->actual == pages->held, "%llu pages are in the balloon, actual says %u",
		      (unsigned long long)pages->held, pages->actual);
}

/*
 * A driver may use pages first and tell of them a little later, in parts, with pauses where the guest is short of everything. But when it has read its
 * target at a rest, asks nothing back and reads it again some time later, then what actual has left out the driver has taken back in silence.
 */
static void judge_told(struct pn_protocol *protocol)
{
	struct pn_pages *pages = &protocol->pages;
	uint64_t beyond = pages->actual_written && pages->held > pages->actual ? pages->held - pages->actual : 0;

	if (pages->untold && protocol->now_ns - pages->untold_ns >= REST_NS)
		pn_rule_broken(protocol, 9, "%llu pages left the balloon, as actual says, and were never asked back", (unsigned long long)pages->untold);
	pages->untold = protocol->now_ns - MAX(pages->moved_ns, pages->actual_ns) >= REST_NS ? beyond : 0;
	pages->untold_ns = protocol->now_ns;
}

static void judge_target(struct pn_protocol *protocol)
{
	struct pn_pages *pages = &protocol->pages;

	if (pages->target_known && pages->target > pages->held && pages->target > pages->actual && !pages->target_served &&
	    protocol->now_ns - pages->target_ns > 4 * REST_NS)
		pn_rule_broken(protocol, 4, "nothing was given for a target of %u pages", pages->target);
	else if (pages->target_known && pages->target_served)
		pn_rule_ok(protocol, 4, 1);
}

void pn_pages_target(struct pn_protocol *protocol, uint32_t target)
{
	struct pn_pages *pages = &protocol->pages;

	if (pages->target_known && pages->target == target)
		return;
	judge_rest(protocol);
	judge_told(protocol);
	judge_target(protocol);
	pages->lowest = pages->target_known ? MIN(pages->lowest, target) : target;
	pages->target_known = true;
	pages->target_served = false;
	pages->target = target;
	pages->target_ns = protocol->now_ns;
}

void pn_pages_actual(struct pn_protocol *protocol, uint32_t actual)
{
	struct pn_pages *pages = &protocol->pages;

	if (actual > pages->actual)
		pages->target_served = true; /* also by a balloon that names its blocks in reports only */
	pages->actual = actual;
	pages->actual_written = true;
	pages->actual_ns = protocol->now_ns;
	/* A driver that was slow to count what it had given has taken nothing back. */
	pages->untold = MIN(pages->untold, pages->held > actual ? pages->held - actual : 0);
	pn_rule_ok(protocol, 15, 1);
}

void pn_pages_end(struct pn_protocol *protocol, bool reset)
{
	struct pn_pages *pages = &protocol->pages;
	GByteArray *states = pages->states;
	GHashTable *in_flight = pages->in_flight;

	judge_rest(protocol);
	judge_told(protocol);
	judge_target(protocol);
	if (pages->below && !reset) {
		pn_rule_broken(protocol, 7, "%s", pages->below_first);
		pn_rule_ok(protocol, 7, pages->below - 1);
	}
	g_byte_array_set_size(states, 0);
	g_hash_table_remove_all(in_flight);
	*pages = (struct pn_pages){ .states = states, .in_flight = in_flight };
}
