// SPDX-License-Identifier: GPL-2.0-only
/*
 * Blocks between the two halves of a strict inflation: reported, so that the
 * host has their memory, but not yet inflated by PFN.
 *
 * The host's memory is what a balloon is for, and a report frees it many times
 * faster than PFNs do: so blocks are reported as long as there are any, and of
 * PFNs one kick's worth goes out each `ahead_ms`, so that `actual` tells how it
 * goes (D14); the rest follows when there is no more to report. Until then the
 * device knows nothing of these blocks, and the guest may have any of them back
 * at once (D42: as uninitialised pages).
 */
#include <linux/jiffies.h>

#include "vballoon.h"

/**
 * vb_reported_init - none
 * @vb: device
 */
void vb_reported_init(struct vballoon *vb)
{
	spin_lock_init(&vb->reported.lock);
	INIT_LIST_HEAD(&vb->reported.blocks);
}

/**
 * vb_reported_pages - guest pages that wait for their PFNs to be sent
 * @vb: device
 */
unsigned long vb_reported_pages(struct vballoon *vb)
{
	return READ_ONCE(vb->reported.pages);
}

/**
 * vb_reported_due - is it time to send PFNs, though there may be more to report?
 * @vb: device; vballoon.lock held
 */
bool vb_reported_due(struct vballoon *vb)
{
	return vb_reported_pages(vb) &&
	       time_after_eq(jiffies, READ_ONCE(vb->reported.since) +
				       msecs_to_jiffies(vb_knob_ahead_ms));
}

/**
 * vb_reported_add - a report was acknowledged
 * @vb: device
 * @blk: block, marked offline
 */
void vb_reported_add(struct vballoon *vb, struct vb_block *blk)
{
	struct vb_reported *r = &vb->reported;

	set_page_private(blk->page, blk->order);
	spin_lock(&r->lock);
	if (!r->pages)
		WRITE_ONCE(r->since, jiffies);
	list_add_tail(&blk->page->lru, &r->blocks);
	WRITE_ONCE(r->pages, r->pages + (1UL << blk->order));
	spin_unlock(&r->lock);
}

/**
 * vb_reported_sending - some of them are about to be inflated
 * @vb: device; vballoon.lock held
 */
void vb_reported_sending(struct vballoon *vb)
{
	WRITE_ONCE(vb->reported.since, jiffies);
}

/**
 * vb_reported_take - the block that has waited longest
 * @vb: device; any context that may take a spinlock
 * @ret_blk: the block, marked offline
 *
 * Return: false if there is none.
 */
bool vb_reported_take(struct vballoon *vb, struct vb_block *ret_blk)
{
	struct vb_reported *r = &vb->reported;
	struct page *page;

	spin_lock(&r->lock);
	page = list_first_entry_or_null(&r->blocks, struct page, lru);
	if (page) {
		list_del(&page->lru);
		ret_blk->page = page;
		ret_blk->order = page_private(page);
		WRITE_ONCE(r->pages, r->pages - (1UL << ret_blk->order));
	}
	spin_unlock(&r->lock);
	if (page)
		set_page_private(page, 0);
	return page;
}

/**
 * vb_reported_release - give blocks back to the guest
 * @vb: device; any context that may take a spinlock
 * @want: pages wanted, exceeded by less than a block
 *
 * Nobody needs telling, and nothing was accounted for. Return: pages freed.
 */
unsigned long vb_reported_release(struct vballoon *vb, unsigned long want)
{
	unsigned long done = 0;
	struct vb_block blk;

	while (done < want && vb_reported_take(vb, &blk)) {
		vb_held_unmark_offline(blk.page, blk.order);
		__free_pages(blk.page, blk.order);
		done += 1UL << blk.order;
	}
	return done;
}
