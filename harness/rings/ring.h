/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Reading a virtqueue from outside: what the driver has made available and what the device has used since the last look (virtio 1.2, sections
 * 2.7 split and 2.8 packed virtqueues). Nothing is written to the guest's memory.
 */

/** struct pn_ring_memory - how guest memory is read; @read returns 0 or a negative errno */
struct pn_ring_memory {
	int (*read)(void *data, uint64_t addr, void *buffer, size_t bytes);
	void *data;
};

#define PN_RING_MAX_SIZE 1024
#define PN_RING_MAX_CHAIN 1024

/** struct pn_ring - a queue as it was seen last; a plain value, all zero: no queue */
struct pn_ring {
	uint64_t desc, driver, device; /* the three areas */
	unsigned int size;
	bool packed;
	uint16_t avail_idx, used_idx; /* next to be looked at: free-running (split), slot (packed) */
	bool avail_wrap, used_wrap;   /* packed */
	uint16_t lengths[PN_RING_MAX_SIZE]; /* packed: descriptors taken by each buffer id */
};

/** struct pn_ring_desc - one buffer of a chain */
struct pn_ring_desc {
	uint64_t addr;
	uint32_t bytes;
	bool writable; /* by the device */
};

/** enum pn_ring_flaw - what is wrong with a chain; a chain may have several */
enum pn_ring_flaw {
	PN_RING_TOO_LONG = 1,	    /* more descriptors than the queue has entries, or a loop */
	PN_RING_TABLE_IN_TABLE = 2, /* INDIRECT inside an indirect table */
	PN_RING_TABLE_AND_NEXT = 4, /* INDIRECT together with NEXT */
	PN_RING_BAD_INDEX = 8,	    /* head or next beyond the queue */
	PN_RING_UNREADABLE = 16,    /* not in guest memory */
};

/** struct pn_ring_chain - one chain that became available */
struct pn_ring_chain {
	unsigned int head; /* split: index of its first descriptor; packed: buffer id */
	unsigned int count;
	unsigned int flaws; /* of enum pn_ring_flaw */
	bool indirect;
	struct pn_ring_desc descs[PN_RING_MAX_CHAIN];
};

/** pn_ring_start() - begin to watch a queue that has just been set up */
void pn_ring_start(struct pn_ring *ring, uint64_t desc, uint64_t driver, uint64_t device, unsigned int size, bool packed);

/**
 * pn_ring_available() - the next chain that the driver has made available
 * @ret_backwards: the driver's index went back (split only); the look starts anew from where it is
 *
 * Return: 1 and @ret_chain, 0 when there is none, or a negative errno when the ring itself can not be read.
 */
int pn_ring_available(struct pn_ring *ring, const struct pn_ring_memory *memory, struct pn_ring_chain *ret_chain, bool *ret_backwards);

/** pn_ring_used() - the next chain that the device has used. Return: 1, @ret_head and @ret_bytes; 0 when there is none, or a negative errno. */
int pn_ring_used(struct pn_ring *ring, const struct pn_ring_memory *memory, unsigned int *ret_head, uint32_t *ret_bytes);
