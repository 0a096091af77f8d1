/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct pn_qtest;

/*
 * A driver for the balloon device, for tests: it does what it is told, also what no driver may. Modern PCI transport, split queues of eight
 * entries at fixed places of a guest with 64 MiB.
 */

#define PN_BALLOON_QUEUE_SIZE 8
#define PN_BALLOON_SCRATCH 0x200000 /* 1 MiB for buffers */
#define PN_BALLOON_PAGES 0x1000000  /* from here on pages for the balloon */

enum pn_balloon_queue { PN_BALLOON_INFLATE, PN_BALLOON_DEFLATE, PN_BALLOON_STATS, PN_BALLOON_REPORT };

/** struct pn_balloon - a device and its driver's side of it */
struct pn_balloon {
	struct pn_qtest *qtest;
	uint64_t offered, features;
	uint16_t avail[5], used[5];
};

/** struct pn_balloon_desc - a descriptor, written as it is */
struct pn_balloon_desc {
	uint64_t addr;
	uint32_t bytes;
	uint16_t flags, next;
};

#define PN_DESC_NEXT 1
#define PN_DESC_WRITE 2
#define PN_DESC_INDIRECT 4

/** pn_balloon_start() - find the device, reset it, accept of @wanted what is offered, set its queues up, DRIVER_OK. Return: accepted and set up? */
bool pn_balloon_start(struct pn_balloon *balloon, struct pn_qtest *qtest, uint64_t wanted);

/** pn_balloon_config(), pn_balloon_configure() - u32 at an offset of the configuration */
uint32_t pn_balloon_config(struct pn_balloon *balloon, unsigned int offset);
void pn_balloon_configure(struct pn_balloon *balloon, unsigned int offset, uint32_t value);

/** pn_balloon_send() - make a chain available, its descriptors written from entry 0 on, and notify. Return: was it used at once? */
bool pn_balloon_send(struct pn_balloon *balloon, unsigned int queue, const struct pn_balloon_desc *descs, unsigned int count);

/** pn_balloon_send_head() - make entry @head available, whatever is there, and notify. Return: as pn_balloon_send() */
bool pn_balloon_send_head(struct pn_balloon *balloon, unsigned int queue, uint16_t head);

/** pn_balloon_used() - has the device used a buffer since this was last asked, here or by a send? */
bool pn_balloon_used(struct pn_balloon *balloon, unsigned int queue);

/** pn_balloon_send_pages() - one buffer of PFNs. Return: as pn_balloon_send() */
bool pn_balloon_send_pages(struct pn_balloon *balloon, unsigned int queue, const uint32_t *pfns, unsigned int count);

/**
 * pn_balloon_window() - set the window that configuration space has into the registers, then write and read through it in all sizes
 * @bar, @offset, @length: as they are put there
 *
 * Return: has the device such a window?
 */
bool pn_balloon_window(struct pn_balloon *balloon, uint8_t bar, uint32_t offset, uint32_t length);

#define PN_BALLOON_CONFIG_BYTES 0x1000 /* of the page that the configuration begins */

/** pn_balloon_poke() - write and read the configuration's page, @size 1, 2, 4 or 8, across whatever fields */
void pn_balloon_poke(struct pn_balloon *balloon, unsigned int offset, unsigned int size);

/** pn_balloon_enabled() - may the device be accessed by memory? Not before pn_balloon_start(), and not after a reset of the machine. */
bool pn_balloon_enabled(struct pn_balloon *balloon);

/** pn_balloon_broken() - does the device say NEEDS_RESET? */
bool pn_balloon_broken(struct pn_balloon *balloon);
