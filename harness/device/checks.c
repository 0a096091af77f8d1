// SPDX-License-Identifier: GPL-2.0-only
/* Requirements on devices: virtio 1.2, section 5.5, device requirements in the order of the text. Hinting is in hints.c, legacy statistics in legacy.c. */

#include "checks.h"

#include <stdio.h>
#include <string.h>

#define MODERN "virtio-balloon-pci-non-transitional,addr=3,id=b,free-page-reporting=on"
#define POISON MODERN ",page-poison=on"
#define HINTS "virtio-balloon-pci-non-transitional,addr=3,id=b,free-page-hint=on,iothread=" PN_QTEST_IOTHREAD
#define LEGACY "virtio-balloon-pci,addr=3,id=b,disable-modern=on,disable-legacy=off"

#define F_STATS (1 << 1)
#define F_POISON (1 << 4)
#define F_REPORTING (1 << 5)
#define PAGE_BYTES 4096
#define LEGACY_PORT 0xc000
#define LEGACY_ACTUAL 24
#define POISON_BYTE 0xaa

static uint64_t actual_bytes(struct pn_qtest *qtest)
{
	json_t *reply = pn_qtest_monitor(qtest, "{\"execute\":\"query-balloon\"}");
	uint64_t bytes = (uint64_t)json_number_value(json_object_get(reply, "actual"));

	json_decref(reply);
	return bytes;
}

static bool holds_byte(struct pn_qtest *qtest, uint64_t addr, unsigned int value)
{
	unsigned char page[PAGE_BYTES];

	pn_qtest_get(qtest, addr, page, sizeof(page));
	for (unsigned int i = 0; i < sizeof(page); i++) {
		if (page[i] != value)
			return false;
	}
	return true;
}

static bool without_telling(struct pn_qtest *qtest, struct pn_device_words *words)
{
	struct pn_balloon balloon;
	uint32_t pfn = PN_BALLOON_PAGES / PAGE_BYTES;

	if (!pn_balloon_start(&balloon, qtest, 0)) {
		snprintf(words->text, sizeof(words->text), "FEATURES_OK was taken back");
		return false;
	}
	snprintf(words->text, sizeof(words->text), "pages were not taken or given back");
	return pn_balloon_send_pages(&balloon, PN_BALLOON_INFLATE, &pfn, 1) && pn_balloon_send_pages(&balloon, PN_BALLOON_DEFLATE, &pfn, 1);
}

static bool used_before_told(struct pn_qtest *qtest, struct pn_device_words *words)
{
	struct pn_balloon balloon;
	uint32_t pfn = PN_BALLOON_PAGES / PAGE_BYTES;

	if (!pn_balloon_start(&balloon, qtest, 0) || !pn_balloon_send_pages(&balloon, PN_BALLOON_INFLATE, &pfn, 1))
		return false;
	pn_qtest_fill(qtest, PN_BALLOON_PAGES, 0x5c, PAGE_BYTES);
	snprintf(words->text, sizeof(words->text), "what was written before the page was asked back is gone after");
	return pn_balloon_send_pages(&balloon, PN_BALLOON_DEFLATE, &pfn, 1) && holds_byte(qtest, PN_BALLOON_PAGES, 0x5c);
}

/* legacy registers in I/O space; the bytes of `actual` from the least significant one on */
static bool actual_by_bytes(struct pn_qtest *qtest, struct pn_device_words *words)
{
	uint64_t whole, part;

	pn_qtest_out(qtest, 0xcf8, 0x80001810, 4);
	pn_qtest_out(qtest, 0xcfc, LEGACY_PORT, 4);
	pn_qtest_out(qtest, 0xcf8, 0x80001804, 4);
	pn_qtest_out(qtest, 0xcfc, 0x5, 4);
	whole = actual_bytes(qtest);
	pn_qtest_out(qtest, LEGACY_PORT + LEGACY_ACTUAL, 0x34, 1);
	part = actual_bytes(qtest);
	snprintf(words->text, sizeof(words->text), "after one byte of four the device says %llu, %llu before", (unsigned long long)part,
		 (unsigned long long)whole);
	return part == whole && whole;
}

/* le16 tag, le64 value; the values are their tags and a million */
bool pn_device_send_stats(struct pn_balloon *balloon, const unsigned int *tags, unsigned int count)
{
	struct pn_balloon_desc desc = { .addr = PN_BALLOON_SCRATCH, .bytes = 10 * count };
	unsigned char raw[10 * 16] = { 0 };

	for (unsigned int i = 0; i < count; i++) {
		uint32_t value = 1000000 + tags[i];

		memcpy(raw + 10 * i, &tags[i], 2);
		memcpy(raw + 10 * i + 2, &value, 4);
	}
	pn_qtest_put(balloon->qtest, PN_BALLOON_SCRATCH, raw, desc.bytes);
	pn_balloon_send(balloon, PN_BALLOON_STATS, &desc, 1); /* kept until the next poll: not used at once */
	return pn_qtest_alive(balloon->qtest);
}

bool pn_device_stat_is(struct pn_qtest *qtest, const char *name, json_int_t value, struct pn_device_words *words)
{
	json_t *reply = pn_qtest_monitor(qtest, "{\"execute\":\"qom-get\",\"arguments\":{\"path\":\"/machine/peripheral/b\",\"property\":\"guest-stats\"}}");
	json_int_t got = (json_int_t)json_number_value(json_object_get(json_object_get(reply, "stats"), name));

	json_decref(reply);
	snprintf(words->text, sizeof(words->text), "%s reads %lld, sent %lld", name, (long long)got, (long long)value);
	return got == value;
}

static bool unknown_tags(struct pn_qtest *qtest, struct pn_device_words *words)
{
	static const unsigned int tags[] = { 0xfffe, 4, 4000, 5 };
	struct pn_balloon balloon;

	return pn_balloon_start(&balloon, qtest, F_STATS) && pn_device_send_stats(&balloon, tags, 4) && pn_device_stat_is(qtest, "stat-free-memory", 1000004, words) &&
	       pn_device_stat_is(qtest, "stat-total-memory", 1000005, words);
}

static bool any_order(struct pn_qtest *qtest, struct pn_device_words *words)
{
	static const unsigned int tags[] = { 7, 5, 0, 4, 3 };
	struct pn_balloon balloon;

	return pn_balloon_start(&balloon, qtest, F_STATS) && pn_device_send_stats(&balloon, tags, 5) && pn_device_stat_is(qtest, "stat-disk-caches", 1000007, words) &&
	       pn_device_stat_is(qtest, "stat-swap-in", 1000000, words) && pn_device_stat_is(qtest, "stat-minor-faults", 1000003, words);
}

static unsigned int reporting_queue(const struct pn_balloon *balloon)
{
	return balloon->features & F_REPORTING ? PN_BALLOON_REPORT : 0;
}

static bool report_poisoned(struct pn_qtest *qtest, struct pn_device_words *words)
{
	struct pn_balloon_desc desc = { .addr = PN_BALLOON_PAGES, .bytes = 16 * PAGE_BYTES, .flags = PN_DESC_WRITE };
	struct pn_balloon balloon;

	if (!pn_balloon_start(&balloon, qtest, F_POISON | F_REPORTING) || !(balloon.features & F_POISON) || !reporting_queue(&balloon)) {
		snprintf(words->text, sizeof(words->text), "PAGE_POISON and PAGE_REPORTING are not offered together");
		return false;
	}
	pn_balloon_configure(&balloon, 12, POISON_BYTE * 0x01010101U);
	pn_qtest_fill(qtest, PN_BALLOON_PAGES, POISON_BYTE, desc.bytes);
	if (!pn_balloon_send(&balloon, reporting_queue(&balloon), &desc, 1)) {
		snprintf(words->text, sizeof(words->text), "the report was not acknowledged");
		return false;
	}
	snprintf(words->text, sizeof(words->text), "a reported page does not hold poison_val any more");
	return holds_byte(qtest, PN_BALLOON_PAGES, POISON_BYTE) && holds_byte(qtest, PN_BALLOON_PAGES + 15 * PAGE_BYTES, POISON_BYTE);
}

#define CHECK(number, words, dev, fn) { .rule = number, .kind = PN_DEVICE_CHECKED, .text = words, .device = dev, .check = fn }
#define PERMIT(number, words) { .rule = number, .kind = PN_DEVICE_PERMISSION, .text = words }
#define UNSEEN(number, words, reason) { .rule = number, .kind = PN_DEVICE_UNSEEN, .text = words, .why = reason }

const struct pn_device_check pn_device_checks[] = {
	PERMIT(1, "MAY refuse FEATURES_OK if MUST_TELL_HOST is offered and not accepted"),
	CHECK(2, "MUST support guests that do not negotiate MUST_TELL_HOST", MODERN, without_telling),
	CHECK(3, "SHOULD allow a page to be used before the device is told", MODERN, used_before_told),
	PERMIT(4, "MAY modify a page between seeing it in an inflate request and acknowledging"),
	PERMIT(5, "with MUST_TELL_HOST: MAY modify until the deflate is acknowledged"),
	CHECK(6, "legacy: SHOULD NOT use actual until its most significant byte is written", LEGACY, actual_by_bytes),
	CHECK(7, "MUST ignore unknown statistics", MODERN, unknown_tags),
	CHECK(8, "MUST accept any order of statistics", MODERN, any_order),
	UNSEEN(9, "legacy statistics: endianness", "guest and host are little-endian: the two readings are the same bytes"),
	CHECK(10, "legacy: SHOULD ignore the first statistics buffer", LEGACY, pn_device_legacy_first_stats),
	CHECK(11, "SHOULD set STOP when hints are unusable", HINTS, pn_device_hints_stopped),
	CHECK(12, "MUST NOT reuse a command id before receiving STOP", HINTS, pn_device_hints_new_id),
	CHECK(13, "MUST ignore hints with a mismatched id", HINTS, pn_device_hints_mismatched),
	PERMIT(14, "MAY modify hinted pages that the driver has not modified"),
	CHECK(15, "MUST NOT modify hinted pages after DONE", HINTS, pn_device_hints_left_alone),
	CHECK(16, "MUST report DONE when finished", HINTS, pn_device_hints_done),
	PERMIT(17, "MAY use poison_val as a hint"),
	PERMIT(18, "without poison: MAY modify a reported page before the acknowledgement"),
	CHECK(19, "with poison: MUST NOT change a reported page to anything but poison_val", POISON, report_poisoned),
	{ 0 },
};
