// SPDX-License-Identifier: GPL-2.0-only
/* The driver for tests. Where register banks lie is QEMU's layout of a modern virtio device: one page each in BAR 4. */

#include "balloon.h"

#include <endian.h>
#include <string.h>

#include "qtest.h"

#define DEVFN (3 << 3)
#define BAR_ADDR 0xe0000000UL
#define CONFIG_ADDR (BAR_ADDR + 0x2000)
#define NOTIFY_ADDR (BAR_ADDR + 0x3000)
#define NOTIFY_STEP 4
#define RINGS 0x100000
#define RING_STEP 0x3000 /* descriptors, available, used: a page each */

#define PCI_COMMAND 0x04
#define PCI_COMMAND_MEMORY 0x2
#define PCI_CAPABILITIES 0x34
#define PCI_CAP_VENDOR 0x09
#define VIRTIO_PCI_CAP_PCI_CFG 5
#define WINDOW_BAR 4
#define WINDOW_OFFSET 8
#define WINDOW_LENGTH 12
#define WINDOW_DATA 16

#define STATUS 0x14
#define QUEUE_SELECT 0x16

static void pci_write(struct pn_qtest *qtest, unsigned int offset, uint32_t value)
{
	pn_qtest_out(qtest, 0xcf8, 0x80000000U | DEVFN << 8 | offset, 4);
	pn_qtest_out(qtest, 0xcfc, value, 4);
}

/* @size 1, 2 or 4; within a word of configuration space */
static void pci_write_part(struct pn_qtest *qtest, unsigned int offset, uint32_t value, unsigned int size)
{
	pn_qtest_out(qtest, 0xcf8, 0x80000000U | DEVFN << 8 | (offset & ~3U), 4);
	pn_qtest_out(qtest, 0xcfc + (offset & 3), value, size);
}

static uint32_t pci_read(struct pn_qtest *qtest, unsigned int offset, unsigned int size)
{
	pn_qtest_out(qtest, 0xcf8, 0x80000000U | DEVFN << 8 | (offset & ~3U), 4);
	return pn_qtest_in(qtest, 0xcfc + (offset & 3), size);
}

/* struct virtio_pci_cfg_cap in the list of capabilities; 0: none */
static unsigned int find_window(struct pn_qtest *qtest)
{
	unsigned int at = pci_read(qtest, PCI_CAPABILITIES, 1) & ~3U;

	for (unsigned int i = 0; at && i < 48; i++, at = pci_read(qtest, at + 1, 1) & ~3U) {
		if (pci_read(qtest, at, 1) == PCI_CAP_VENDOR && pci_read(qtest, at + 3, 1) == VIRTIO_PCI_CAP_PCI_CFG)
			return at;
	}
	return 0;
}

static uint64_t ring(unsigned int queue)
{
	return RINGS + (uint64_t)queue * RING_STEP;
}

static void setup_queue(struct pn_balloon *balloon, unsigned int queue)
{
	struct pn_qtest *qtest = balloon->qtest;

	pn_qtest_fill(qtest, ring(queue), 0, RING_STEP);
	balloon->avail[queue] = balloon->used[queue] = 0;
	pn_qtest_write(qtest, BAR_ADDR + QUEUE_SELECT, queue, 2);
	pn_qtest_write(qtest, BAR_ADDR + 0x18, PN_BALLOON_QUEUE_SIZE, 2);
	for (unsigned int i = 0; i < 3; i++) {
		pn_qtest_write(qtest, BAR_ADDR + 0x20 + 8 * i, ring(queue) + 0x1000 * i, 4);
		pn_qtest_write(qtest, BAR_ADDR + 0x24 + 8 * i, 0, 4);
	}
	pn_qtest_write(qtest, BAR_ADDR + 0x1c, 1, 2);
}

static uint64_t negotiate(struct pn_balloon *balloon, uint64_t wanted)
{
	struct pn_qtest *qtest = balloon->qtest;

	balloon->offered = 0;
	for (unsigned int i = 0; i < 2; i++) {
		pn_qtest_write(qtest, BAR_ADDR, i, 4);
		balloon->offered |= pn_qtest_read(qtest, BAR_ADDR + 4, 4) << 32 * i;
	}
	for (unsigned int i = 0; i < 2; i++) {
		pn_qtest_write(qtest, BAR_ADDR + 8, i, 4);
		pn_qtest_write(qtest, BAR_ADDR + 12, (balloon->offered & wanted) >> 32 * i & 0xffffffff, 4);
	}
	return balloon->offered & wanted;
}

bool pn_balloon_start(struct pn_balloon *balloon, struct pn_qtest *qtest, uint64_t wanted)
{
	balloon->qtest = qtest;
	pci_write(qtest, 0x20, BAR_ADDR);
	pci_write(qtest, 0x24, 0);
	pci_write(qtest, PCI_COMMAND, 0x4 | PCI_COMMAND_MEMORY); /* 4: bus master */
	pn_qtest_write(qtest, BAR_ADDR + STATUS, 0, 1);
	pn_qtest_write(qtest, BAR_ADDR + STATUS, 3, 1);
	balloon->features = negotiate(balloon, wanted | 1ULL << 32);
	pn_qtest_write(qtest, BAR_ADDR + STATUS, 11, 1);
	if (!(pn_qtest_read(qtest, BAR_ADDR + STATUS, 1) & 8))
		return false;
	for (unsigned int queue = 0; queue < pn_qtest_read(qtest, BAR_ADDR + 0x12, 2) && queue < 5; queue++)
		setup_queue(balloon, queue);
	pn_qtest_write(qtest, BAR_ADDR + STATUS, 15, 1);
	return pn_qtest_read(qtest, BAR_ADDR + STATUS, 1) == 15;
}

uint32_t pn_balloon_config(struct pn_balloon *balloon, unsigned int offset)
{
	return pn_qtest_read(balloon->qtest, CONFIG_ADDR + offset, 4);
}

void pn_balloon_configure(struct pn_balloon *balloon, unsigned int offset, uint32_t value)
{
	pn_qtest_write(balloon->qtest, CONFIG_ADDR + offset, value, 4);
}

bool pn_balloon_window(struct pn_balloon *balloon, uint8_t bar, uint32_t offset, uint32_t length)
{
	struct pn_qtest *qtest = balloon->qtest;
	unsigned int window = find_window(qtest);

	if (!window)
		return false;
	pci_write_part(qtest, window + WINDOW_BAR, bar, 1);
	pci_write(qtest, window + WINDOW_OFFSET, offset);
	pci_write(qtest, window + WINDOW_LENGTH, length);
	for (unsigned int size = 1; size <= 4; size *= 2) {
		for (unsigned int part = 0; part < 4; part += size) {
			pci_write_part(qtest, window + WINDOW_DATA + part, 0, size);
			pci_read(qtest, window + WINDOW_DATA + part, size);
		}
	}
	/* at an address that is no word's, whole */
	for (unsigned int part = 1; part < 4; part++) {
		pci_write(qtest, window + WINDOW_DATA + part, 0);
		pn_qtest_in(qtest, 0xcfc, 4);
	}
	return true;
}

void pn_balloon_poke(struct pn_balloon *balloon, unsigned int offset, unsigned int size)
{
	pn_qtest_write(balloon->qtest, CONFIG_ADDR + offset, 0, size);
	pn_qtest_read(balloon->qtest, CONFIG_ADDR + offset, size);
}

bool pn_balloon_enabled(struct pn_balloon *balloon)
{
	return pci_read(balloon->qtest, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY;
}

bool pn_balloon_broken(struct pn_balloon *balloon)
{
	return pn_qtest_read(balloon->qtest, BAR_ADDR + STATUS, 1) & 0x40;
}

bool pn_balloon_used(struct pn_balloon *balloon, unsigned int queue)
{
	uint16_t idx = pn_qtest_read(balloon->qtest, ring(queue) + 0x2000 + 2, 2);

	if (idx == balloon->used[queue])
		return false;
	balloon->used[queue] = idx;
	return true;
}

bool pn_balloon_send_head(struct pn_balloon *balloon, unsigned int queue, uint16_t head)
{
	struct pn_qtest *qtest = balloon->qtest;
	uint64_t avail = ring(queue) + 0x1000;

	pn_qtest_write(qtest, avail + 4 + 2 * (balloon->avail[queue] % PN_BALLOON_QUEUE_SIZE), head, 2);
	pn_qtest_write(qtest, avail + 2, ++balloon->avail[queue], 2);
	pn_qtest_write(qtest, NOTIFY_ADDR + NOTIFY_STEP * queue, queue, 2);
	return pn_balloon_used(balloon, queue);
}

bool pn_balloon_send(struct pn_balloon *balloon, unsigned int queue, const struct pn_balloon_desc *descs, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		unsigned char raw[16];
		uint64_t addr = htole64(descs[i].addr);
		uint32_t bytes = htole32(descs[i].bytes);
		uint16_t flags = htole16(descs[i].flags), next = htole16(descs[i].next);

		memcpy(raw, &addr, 8);
		memcpy(raw + 8, &bytes, 4);
		memcpy(raw + 12, &flags, 2);
		memcpy(raw + 14, &next, 2);
		pn_qtest_put(balloon->qtest, ring(queue) + 16 * i, raw, sizeof(raw));
	}
	return pn_balloon_send_head(balloon, queue, 0);
}

bool pn_balloon_send_pages(struct pn_balloon *balloon, unsigned int queue, const uint32_t *pfns, unsigned int count)
{
	struct pn_balloon_desc desc = { .addr = PN_BALLOON_SCRATCH, .bytes = 4 * count };

	pn_qtest_put(balloon->qtest, PN_BALLOON_SCRATCH, pfns, 4 * (uint64_t)count);
	return pn_balloon_send(balloon, queue, &desc, 1);
}
