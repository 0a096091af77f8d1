/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Batches: pages on their way into the balloon or out of it. Implemented by
 * batch.c; inflate.c and deflate.c move them on.
 */
#pragma once

#include <linux/list.h>
#include <linux/mm.h>
#include <linux/page_reporting.h>

#include "queue.h"

#define VB_BATCH_BLOCKS		PAGE_REPORTING_CAPACITY
#define VB_BULK_PAGES		256
/* PFNs of a batch go out in so many notifications: pages come in larger pieces than a kick may carry. */
#define VB_BATCH_KICKS		4
/* Most that one kick reports, 16 MiB: memory that was cheap to drop so far may not be next time. */
#define VB_REPORT_PAGES		(16UL << (20 - PAGE_SHIFT))

enum vb_mode {
	VB_MODE_STRICT,		/* report the block, then inflate its PFNs */
	VB_MODE_FAST,		/* report the block and hold it, no PFNs */
	VB_MODE_PFN,		/* PFNs only */
};

enum vb_stage {
	VB_STAGE_FILLING,	/* pages are being collected */
	VB_STAGE_SEALED,	/* waits for its turn at the device */
	VB_STAGE_REPORT,	/* at the device: reporting_vq */
	VB_STAGE_PFNS,		/* at the device: inflateq or deflateq */
};

struct vb_block {
	struct page *page;
	unsigned int order;
};

/**
 * struct vb_batch - pages on their way into the balloon (or, with
 * MUST_TELL_HOST, out of it): allocated, but neither the guest's nor held
 */
struct vb_batch {
	enum vb_stage stage;
	enum vb_mode mode;
	struct vb_block blk[VB_BATCH_BLOCKS];
	unsigned int nr_blks;
	unsigned long blk_pages;
	struct list_head singles;
	unsigned long nr_singles;
	bool reported;		/* its blocks have been reported: PFNs are what is left */
	unsigned int try_order;	/* largest order that has not failed yet */
	struct vb_pfns pfns;
	struct vb_flight flight;
};

/* batch.c */
int vb_batch_init(struct vb_batch *b);
void vb_batch_deinit(struct vb_batch *b);
void vb_batch_reset(struct vb_batch *b);
void vb_batch_free(struct vb_batch *b);
unsigned long vb_batch_pages(const struct vb_batch *b);
bool vb_batch_alloc(unsigned int order, struct vb_block *ret_blk);
int vb_batch_largest(const struct vb_batch *b, unsigned long want);
unsigned long vb_batch_fill(struct vballoon *vb, struct vb_batch *b,
			    unsigned long want, bool *ret_full);
void vb_batch_seal(struct vballoon *vb, struct vb_batch *b);
bool vb_batch_fill_reported(struct vballoon *vb, struct vb_batch *b, unsigned int kicks);
