// SPDX-License-Identifier: GPL-2.0-only
/* The statistics queue: requirements 19 to 26. */

#include <string.h>

#include "../base/units.h"
#include "protocol_private.h"

#define ENTRY_BYTES 10
#define TAGS 64
#define SILENT_NS (3 * PN_NS_PER_S)
#define SILENT_ACCESSES 20

static int digit(char c)
{
	return g_ascii_xdigit_value(c);
}

/* the tags of a buffer as a bit set. Return: false when they are not all there, known and different */
static bool read_tags(const char *hex, uint64_t bytes, uint64_t *ret_tags)
{
	uint64_t tags = 0;

	if (!hex || strlen(hex) != 2 * bytes || bytes % ENTRY_BYTES || !bytes)
		return false;
	for (uint64_t i = 0; i < bytes; i += ENTRY_BYTES) {
		const char *at = hex + 2 * i;
		unsigned int tag = digit(at[0]) << 4 | digit(at[1]) | digit(at[2]) << 12 | digit(at[3]) << 8;

		if (tag >= TAGS || tags >> tag & 1)
			return false;
		tags |= 1ULL << tag;
	}
	*ret_tags = tags;
	return true;
}

void pn_stats_available(struct pn_protocol *protocol, const json_t *event)
{
	struct pn_stats *stats = &protocol->stats;
	const json_t *desc;
	uint64_t bytes = 0, tags = 0;
	bool whole;
	size_t i;

	json_array_foreach (json_object_get(event, "descs"), i, desc)
		bytes += json_integer_value(json_array_get(desc, 0));
	stats->available++;
	stats->sent++;
	pn_rule_check(protocol, 19, stats->available == 1, "%u buffers are available", stats->available);
	pn_rule_check(protocol, 23, bytes && bytes % 6 == 0, "a buffer of %llu bytes", (unsigned long long)bytes);
	if (stats->used_ns)
		pn_rule_ok(protocol, 21, 1);
	stats->used_ns = 0;
	if (json_is_true(json_object_get(event, "late")))
		return; /* the device has had it: what stands there now may be of the next one */
	whole = read_tags(json_string_value(json_object_get(event, "hex")), bytes, &tags);
	pn_rule_check(protocol, 22, whole, "%llu bytes that are no list of different statistics", (unsigned long long)bytes);
	if (!whole)
		return;
	if (stats->tags)
		pn_rule_check(protocol, 26, tags == stats->tags, "statistics %#llx, after %#llx", (unsigned long long)tags,
			      (unsigned long long)stats->tags);
	else
		stats->tags = tags;
}

void pn_stats_used(struct pn_protocol *protocol)
{
	struct pn_stats *stats = &protocol->stats;

	stats->available -= stats->available > 0;
	stats->used_ns = protocol->now_ns;
	stats->accesses_since = 0;
}

void pn_stats_access(struct pn_protocol *protocol)
{
	protocol->stats.accesses_since++;
}

/* A driver that was never given time to answer has not failed to: it must have been seen at work since, for seconds. */
void pn_stats_end(struct pn_protocol *protocol)
{
	struct pn_stats *stats = &protocol->stats;

	if (pn_protocol_has(protocol, PN_F_STATS_VQ) && protocol->status & PN_STATUS_DRIVER_OK)
		pn_rule_check(protocol, 20, stats->sent, "no buffer was ever made available");
	if (stats->used_ns && protocol->now_ns - stats->used_ns > SILENT_NS && stats->accesses_since > SILENT_ACCESSES)
		pn_rule_broken(protocol, 21, "no buffer for %.1f s since the last was used",
			       (double)(protocol->now_ns - stats->used_ns) / PN_NS_PER_S);
	*stats = (struct pn_stats){ 0 };
}
