/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whose pages are: the ledger of those in the balloon, piles of blocks that are
 * not, and the one of blocks that the device has dropped but not yet inflated.
 * Implemented by held.c, pile.c and reported.c.
 */
#pragma once

#include <linux/atomic.h>
#include <linux/balloon_compaction.h>
#include <linux/list.h>
#include <linux/spinlock.h>

#include "batch.h"

#define VB_ORDERS		(VB_TOP_ORDER + 1)
/* From here up a block is held whole; below, it is split so that it can move. */
#define VB_BLOCK_ORDER		pageblock_order

/**
 * struct vb_held - the ledger: every page that is in the balloon
 * @lock:    @blocks and @nr_blocks
 * @blocks:  whole blocks by order, head page's lru
 * @singles: single pages, movable
 * @pages:   all of them, in guest pages
 */
struct vb_held {
	spinlock_t lock;
	struct list_head blocks[VB_ORDERS];
	unsigned long nr_blocks[VB_ORDERS];
	struct balloon_dev_info singles;
	atomic_long_t pages;
	atomic_long_t nr_singles;
};

/**
 * struct vb_pile - blocks that are neither the device's nor in the balloon
 * @lock:   everything below
 * @blocks: head page's lru; page_private of the head is the order
 * @pages:  all of them, in guest pages
 * @most:   pages that it takes, 0 = none
 *
 * Whoever is short of memory may have them back without telling anybody.
 */
struct vb_pile {
	spinlock_t lock;
	struct list_head blocks;
	unsigned long pages;
	unsigned long most;
};

/**
 * struct vb_reported - blocks that the device has dropped, but not yet inflated
 * @pile:  the blocks
 * @since: when PFNs were sent, or the first of them came, in jiffies
 */
struct vb_reported {
	struct vb_pile pile;
	unsigned long since;
};

/* held.c */
void vb_held_init(struct vballoon *vb);
unsigned long vb_held_pages(struct vballoon *vb);
unsigned long vb_held_order_pages(struct vballoon *vb, unsigned int order);
void vb_held_add_block(struct vballoon *vb, struct page *page,
		       unsigned int order, bool told);
void vb_held_add_singles(struct vballoon *vb, struct list_head *pages,
			 unsigned long nr);
bool vb_held_take_block(struct vballoon *vb, unsigned int max_order,
			struct vb_block *ret_blk, bool *ret_told);
unsigned long vb_held_take_singles(struct vballoon *vb, struct list_head *pages,
				   unsigned long nr);
bool vb_held_split_block(struct vballoon *vb);
void vb_held_mark_offline(struct page *page, unsigned int order);
void vb_held_unmark_offline(struct page *page, unsigned int order);
void vb_held_give_back_block(struct page *page, unsigned int order);
void vb_held_give_back_singles(struct list_head *pages);

/* pile.c */
void vb_pile_init(struct vb_pile *p, unsigned long most);
unsigned long vb_pile_pages(const struct vb_pile *p);
bool vb_pile_has_room(const struct vb_pile *p, unsigned long nr);
unsigned long vb_pile_limit(struct vb_pile *p, unsigned long most);
bool vb_pile_put(struct vb_pile *p, const struct vb_block *blk);
bool vb_pile_take(struct vb_pile *p, unsigned int max_order, struct vb_block *ret_blk);
unsigned long vb_pile_release(struct vb_pile *p, unsigned long want);

/* reported.c */
void vb_reported_init(struct vballoon *vb);
unsigned long vb_reported_pages(struct vballoon *vb);
bool vb_reported_due(struct vballoon *vb);
void vb_reported_add(struct vballoon *vb, const struct vb_block *blk);
bool vb_reported_take(struct vballoon *vb, struct vb_block *ret_blk);
unsigned long vb_reported_release(struct vballoon *vb, unsigned long want);
