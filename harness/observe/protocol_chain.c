// SPDX-License-Identifier: GPL-2.0-only
/* Buffers as such, on any queue: requirements 49 to 51 and 53; of reports: 43 and 46. */

#include "../rings/ring.h"
#include "protocol_private.h"

#define PAGE_BYTES 4096

static void judge_report(struct pn_protocol *protocol, const json_t *event)
{
	const json_t *fill = json_object_get(event, "fill"), *desc;
	bool late = json_is_true(json_object_get(event, "late"));
	size_t i;

	json_array_foreach (json_object_get(event, "descs"), i, desc) {
		uint64_t bytes = json_integer_value(json_array_get(desc, 0));
		const json_t *value = json_array_get(fill, i);

		pn_rule_check(protocol, 46, bytes > PAGE_BYTES, "a range of %llu bytes", (unsigned long long)bytes);
		if (!pn_protocol_has(protocol, PN_F_PAGE_POISON) || !value || late)
			continue;
		if (!json_is_integer(value))
			pn_rule_broken(protocol, 43, "a range of %llu bytes is not filled with one value", (unsigned long long)bytes);
		else
			pn_rule_check(protocol, 43, (uint32_t)json_integer_value(value) == protocol->poison, "filled with %#llx, poison_val is %#x",
				      (unsigned long long)json_integer_value(value), protocol->poison);
	}
	pn_rule_ok(protocol, 45, 1);
}

void pn_chain_available(struct pn_protocol *protocol, enum pn_balloon_role role, const json_t *event)
{
	unsigned int flaws = pn_event_number(event, "flaws"), queue = pn_event_number(event, "q");
	const json_t *descs = json_object_get(event, "descs"), *desc;
	uint64_t total = 0;
	size_t i;

	json_array_foreach (descs, i, desc)
		total += json_integer_value(json_array_get(desc, 0));
	pn_rule_check(protocol, 49, !(flaws & (PN_RING_TOO_LONG | PN_RING_BAD_INDEX)), "queue %u: a chain of more than %zu descriptors, or that leaves the queue",
		      queue, json_array_size(descs));
	pn_rule_check(protocol, 50, total <= 1ULL << 32, "queue %u: a chain of %llu bytes", queue, (unsigned long long)total);
	pn_rule_check(protocol, 51, !(flaws & (PN_RING_TABLE_IN_TABLE | PN_RING_TABLE_AND_NEXT)), "queue %u: an indirect table %s", queue,
		      flaws & PN_RING_TABLE_IN_TABLE ? "inside another" : "together with NEXT");
	pn_rule_ok(protocol, 53, 1);
	if (role == PN_ROLE_REPORT)
		judge_report(protocol, event);
}
