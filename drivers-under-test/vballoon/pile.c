// SPDX-License-Identifier: GPL-2.0-only
/*
 * Piles of blocks: allocated and marked offline, but not in the balloon. The
 * guest may have any of them back at once, without a word to the device.
 */
#include "vballoon.h"

/**
 * vb_pile_init - an empty pile
 * @p: pile
 * @most: pages that it takes
 */
void vb_pile_init(struct vb_pile *p, unsigned long most)
{
	p->most = most;
	spin_lock_init(&p->lock);
	INIT_LIST_HEAD(&p->blocks);
}

/**
 * vb_pile_pages - guest pages in a pile
 * @p: pile
 */
unsigned long vb_pile_pages(const struct vb_pile *p)
{
	return READ_ONCE(p->pages);
}

/**
 * vb_pile_has_room - would a pile take so much more?
 * @p: pile
 * @nr: pages
 */
bool vb_pile_has_room(const struct vb_pile *p, unsigned long nr)
{
	return vb_pile_pages(p) + nr <= READ_ONCE(p->most);
}

/**
 * vb_pile_limit - say how much a pile takes, and let go of what is beyond
 * @p: pile; any context that may take a spinlock
 * @most: pages; 0 empties it, and it stays so
 *
 * Return: pages freed.
 */
unsigned long vb_pile_limit(struct vb_pile *p, unsigned long most)
{
	unsigned long pages;

	spin_lock(&p->lock);
	WRITE_ONCE(p->most, most);
	pages = p->pages;
	spin_unlock(&p->lock);
	return pages > most ? vb_pile_release(p, pages - most) : 0;
}

/**
 * vb_pile_put - lay a block onto a pile
 * @p: pile; any context that may take a spinlock
 * @blk: block, marked offline
 *
 * Return: false if there is no room for it; the block is the caller's then.
 */
bool vb_pile_put(struct vb_pile *p, const struct vb_block *blk)
{
	unsigned long nr = 1UL << blk->order;
	bool fits;

	set_page_private(blk->page, blk->order);
	spin_lock(&p->lock);
	fits = vb_pile_has_room(p, nr);
	if (fits) {
		list_add_tail(&blk->page->lru, &p->blocks);
		WRITE_ONCE(p->pages, p->pages + nr);
	}
	spin_unlock(&p->lock);
	if (!fits)
		set_page_private(blk->page, 0);
	return fits;
}

/**
 * vb_pile_take - the block that has waited longest
 * @p: pile; any context that may take a spinlock
 * @max_order: largest order wanted
 * @ret_blk: the block, marked offline
 *
 * Return: false if there is none, or if it is too large.
 */
bool vb_pile_take(struct vb_pile *p, unsigned int max_order, struct vb_block *ret_blk)
{
	struct page *page;

	spin_lock(&p->lock);
	page = list_first_entry_or_null(&p->blocks, struct page, lru);
	if (page && page_private(page) > max_order)
		page = NULL;
	if (page) {
		list_del(&page->lru);
		ret_blk->page = page;
		ret_blk->order = page_private(page);
		WRITE_ONCE(p->pages, p->pages - (1UL << ret_blk->order));
	}
	spin_unlock(&p->lock);
	if (page)
		set_page_private(page, 0);
	return page;
}

/**
 * vb_pile_release - give blocks back to the guest
 * @p: pile; any context that may take a spinlock
 * @want: pages wanted, exceeded by less than a block
 *
 * Nobody needs telling, and nothing was accounted for. Return: pages freed.
 */
unsigned long vb_pile_release(struct vb_pile *p, unsigned long want)
{
	unsigned long done = 0;
	struct vb_block blk;

	while (done < want && vb_pile_take(p, VB_TOP_ORDER, &blk)) {
		vb_held_unmark_offline(blk.page, blk.order);
		__free_pages(blk.page, blk.order);
		done += 1UL << blk.order;
	}
	return done;
}
