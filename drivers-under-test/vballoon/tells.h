/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The account of pages that were freed before the device was told. Implemented
 * by tells.c.
 */
#pragma once

#include <linux/spinlock.h>
#include <linux/types.h>

#include "queue.h"

#define VB_TELLS		8192

struct vb_range {
	u32 pfn;		/* guest page number */
	u32 nr;
};

/**
 * struct vb_tells - pages freed already which the device has yet to be told of
 * @lock:     everything below except @pfns and @flight (vballoon.lock)
 * @ring:     VB_TELLS ranges
 * @head:     next to write
 * @tail:     next to read
 * @reserved: promised to releasers that hold no entry yet
 */
struct vb_tells {
	spinlock_t lock;
	struct vb_range *ring;
	unsigned int head, tail;
	unsigned int reserved;
	struct vb_pfns pfns;
	struct vb_flight flight;
	struct vb_pace pace;
};

/* tells.c */
int vb_tells_init(struct vballoon *vb);
void vb_tells_deinit(struct vballoon *vb);
unsigned int vb_tells_reserve(struct vballoon *vb, unsigned int nr);
void vb_tells_unreserve(struct vballoon *vb, unsigned int nr);
void vb_tells_push(struct vballoon *vb, unsigned long pfn, unsigned long nr);
bool vb_tells_busy(struct vballoon *vb);
bool vb_tells_crowded(struct vballoon *vb);
void vb_tells_advance(struct vballoon *vb);
bool vb_tells_drain(struct vballoon *vb, unsigned int timeout_ms);
void vb_tells_clear(struct vballoon *vb);
