// SPDX-License-Identifier: GPL-2.0-only
/*
 * What no driver may send. QEMU must live on, and memory that nobody named must keep its content: pages of guest memory below and above those
 * that were named are looked at after each. The device may ask for a reset, after which it must work again.
 */

#include "checks.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

#define DEVICE "virtio-balloon-pci-non-transitional,addr=3,id=b,free-page-reporting=on"
#define F_ALL ((1 << 1) | (1 << 5))
#define PAGE_BYTES 4096
#define CANARY 0x3c
#define MEMORY_BYTES (64ULL << 20)
#define ODD_BYTES 32

static const uint64_t canaries[] = { 0x400000, 0x800000, 0x3000000, MEMORY_BYTES - PAGE_BYTES };

static bool begin(struct pn_balloon *balloon, struct pn_qtest *qtest)
{
	for (unsigned int i = 0; i < sizeof(canaries) / sizeof(canaries[0]); i++)
		pn_qtest_fill(qtest, canaries[i], CANARY, PAGE_BYTES);
	return pn_balloon_start(balloon, qtest, F_ALL);
}

/* alive, canaries untouched, and the device works after a reset */
static bool survived(struct pn_balloon *balloon, struct pn_device_words *words)
{
	uint32_t pfn = PN_BALLOON_PAGES / PAGE_BYTES;
	unsigned char page[PAGE_BYTES];

	if (!pn_qtest_alive(balloon->qtest)) {
		snprintf(words->text, sizeof(words->text), "QEMU has died or does not answer");
		return false;
	}
	for (unsigned int i = 0; i < sizeof(canaries) / sizeof(canaries[0]); i++) {
		pn_qtest_get(balloon->qtest, canaries[i], page, sizeof(page));
		for (unsigned int k = 0; k < sizeof(page); k++) {
			if (page[k] == CANARY)
				continue;
			snprintf(words->text, sizeof(words->text), "memory at %#llx was changed, and nobody named it", (unsigned long long)canaries[i] + k);
			return false;
		}
	}
	snprintf(words->text, sizeof(words->text), "after a reset the device takes no page");
	return pn_balloon_start(balloon, balloon->qtest, F_ALL) && pn_balloon_send_pages(balloon, PN_BALLOON_INFLATE, &pfn, 1);
}

static bool foreign_pfns(struct pn_qtest *qtest, struct pn_device_words *words)
{
	/* beyond memory, the registers of the device itself, the BIOS, the largest there is */
	static const uint32_t pfns[] = { MEMORY_BYTES / PAGE_BYTES, 0xe0000, 0xfffff, 0x100000, 0x7fffffff, 0xffffffff };
	struct pn_balloon balloon;

	if (!begin(&balloon, qtest))
		return false;
	for (unsigned int queue = PN_BALLOON_INFLATE; queue <= PN_BALLOON_DEFLATE; queue++)
		pn_balloon_send_pages(&balloon, queue, pfns, sizeof(pfns) / sizeof(pfns[0]));
	return survived(&balloon, words);
}

static bool send_all(struct pn_qtest *qtest, const struct pn_balloon_desc *descs, unsigned int count, struct pn_device_words *words)
{
	for (unsigned int queue = PN_BALLOON_INFLATE; queue <= PN_BALLOON_REPORT; queue++) {
		struct pn_balloon balloon;

		if (!begin(&balloon, qtest))
			return false;
		pn_balloon_send(&balloon, queue, descs, count);
		if (!survived(&balloon, words))
			return false;
	}
	return true;
}

static bool loop(struct pn_qtest *qtest, struct pn_device_words *words)
{
	static const struct pn_balloon_desc descs[] = {
		{ PN_BALLOON_SCRATCH, 4, PN_DESC_NEXT, 1 },
		{ PN_BALLOON_SCRATCH, 4, PN_DESC_NEXT, 0 },
	};

	return send_all(qtest, descs, 2, words);
}

static bool next_beyond(struct pn_qtest *qtest, struct pn_device_words *words)
{
	static const struct pn_balloon_desc descs[] = { { PN_BALLOON_SCRATCH, 4, PN_DESC_NEXT, 0x7fff } };

	return send_all(qtest, descs, 1, words);
}

static bool huge_length(struct pn_qtest *qtest, struct pn_device_words *words)
{
	static const struct pn_balloon_desc readable[] = { { MEMORY_BYTES - 8, 0xffffffff, 0, 0 } };
	static const struct pn_balloon_desc writable[] = { { MEMORY_BYTES + PAGE_BYTES, 0xfffff000, PN_DESC_WRITE, 0 } };

	return send_all(qtest, readable, 1, words) && send_all(qtest, writable, 1, words);
}

static bool no_length(struct pn_qtest *qtest, struct pn_device_words *words)
{
	static const struct pn_balloon_desc descs[] = { { PN_BALLOON_SCRATCH, 0, 0, 0 } };

	return send_all(qtest, descs, 1, words);
}

static bool odd_length(struct pn_qtest *qtest, struct pn_device_words *words)
{
	static const struct pn_balloon_desc descs[] = { { PN_BALLOON_SCRATCH + 1, 3, 0, 0 } };

	return send_all(qtest, descs, 1, words);
}

static bool nowhere(struct pn_qtest *qtest, struct pn_device_words *words)
{
	static const struct pn_balloon_desc descs[] = { { 0xfffffffffffff000ULL, 64, 0, 0 } };

	return send_all(qtest, descs, 1, words);
}

static bool bad_tables(struct pn_qtest *qtest, struct pn_device_words *words)
{
	static const struct pn_balloon_desc odd[] = { { PN_BALLOON_SCRATCH, 17, PN_DESC_INDIRECT, 0 } };
	static const struct pn_balloon_desc empty[] = { { PN_BALLOON_SCRATCH, 0, PN_DESC_INDIRECT, 0 } };
	static const struct pn_balloon_desc far[] = { { 0xfffffffffffff000ULL, 16, PN_DESC_INDIRECT, 0 } };
	static const struct pn_balloon_desc with_next[] = { { PN_BALLOON_SCRATCH, 16, PN_DESC_INDIRECT | PN_DESC_NEXT, 1 },
							    { PN_BALLOON_SCRATCH, 4, 0, 0 } };

	return send_all(qtest, odd, 1, words) && send_all(qtest, empty, 1, words) && send_all(qtest, far, 1, words) &&
	       send_all(qtest, with_next, 2, words);
}

static bool bad_heads(struct pn_qtest *qtest, struct pn_device_words *words)
{
	for (unsigned int queue = PN_BALLOON_INFLATE; queue <= PN_BALLOON_REPORT; queue++) {
		struct pn_balloon balloon;

		if (!begin(&balloon, qtest))
			return false;
		pn_balloon_send_head(&balloon, queue, 0xffff);
		if (!survived(&balloon, words))
			return false;
	}
	return true;
}

/* Registers through the configuration window (virtio 1.2, 4.1.4.9), for a bar, an offset and a length that are none. */
static bool window(struct pn_qtest *qtest, struct pn_device_words *words)
{
	static const uint32_t bars[] = { 0, 1, 4, 5, 6, 0xff }, lengths[] = { 0, 1, 2, 3, 4, 8, 0xffffffff };
	static const uint32_t offsets[] = { 0, 1, 0x0fff, 0x2000, 0x200e, 0x2fff, 0x3ffe, 0x4000, 0x7fffffff, 0xfffffffe, 0xffffffff };
	struct pn_balloon balloon;

	if (!begin(&balloon, qtest))
		return false;
	for (unsigned int bar = 0; bar < G_N_ELEMENTS(bars); bar++) {
		for (unsigned int offset = 0; offset < G_N_ELEMENTS(offsets); offset++) {
			for (unsigned int length = 0; length < G_N_ELEMENTS(lengths) && pn_qtest_alive(qtest); length++) {
				snprintf(words->text, sizeof(words->text), "the device has no window into its registers");
				if (!pn_balloon_window(&balloon, bars[bar], offsets[offset], lengths[length]))
					return false;
			}
			if (pn_qtest_alive(qtest))
				continue;
			snprintf(words->text, sizeof(words->text), "QEMU has died of bar %u, offset %#x", bars[bar], offsets[offset]);
			return false;
		}
	}
	return survived(&balloon, words);
}

/* Its own configuration, in sizes that no field has: across its fields, and up to the end of its page */
static bool odd_config(struct pn_qtest *qtest, struct pn_device_words *words)
{
	struct pn_balloon balloon;

	if (!begin(&balloon, qtest))
		return false;
	for (unsigned int size = 1; size <= 8; size *= 2) {
		for (unsigned int offset = 0; offset < ODD_BYTES; offset++) {
			pn_balloon_poke(&balloon, offset, size);
			pn_balloon_poke(&balloon, PN_BALLOON_CONFIG_BYTES - size - offset, size);
		}
	}
	return survived(&balloon, words);
}

#define HOSTILE(number, words, fn) { .rule = number, .kind = PN_DEVICE_CHECKED, .text = "survives " words, .device = DEVICE, .check = fn }

const struct pn_device_check pn_device_hostile[] = {
	HOSTILE(101, "PFNs beyond memory, of registers and of ROM", foreign_pfns),
	HOSTILE(102, "a chain that loops", loop),
	HOSTILE(103, "a chain that leaves its queue", next_beyond),
	HOSTILE(104, "buffers that reach far beyond memory", huge_length),
	HOSTILE(105, "buffers of no length", no_length),
	HOSTILE(106, "buffers of odd length at odd places", odd_length),
	HOSTILE(107, "buffers where there is no memory", nowhere),
	HOSTILE(108, "indirect tables of odd and no size, with NEXT, and where there is no memory", bad_tables),
	HOSTILE(109, "heads beyond the queue", bad_heads),
	HOSTILE(110, "accesses through its configuration window that meet no register (QEMU issue 2576)", window),
	HOSTILE(111, "accesses of its configuration at odd places, of odd sizes", odd_config),
	{ 0 },
};
