// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ledger of held pages.
 *
 * Invariant: a page is in the ledger from the acknowledgement of its inflation
 * (D12) to the moment it is taken out to be given back, and its zone's managed
 * count is lower by one for exactly as long as it is outside the allocator's
 * hands because of us: managed + held = what the zone had at boot.
 * Whole blocks are marked by page_private of their head (told or not); single
 * pages are on the kernel's balloon list, so compaction can move them.
 */
#include <linux/pagemap.h>
#include <linux/swap.h>
#include <linux/vmstat.h>

#include "vballoon.h"

#define BLOCK_TOLD	1UL	/* page_private: PFNs went through inflateq */

/**
 * vb_held_init - an empty ledger
 * @vb: device
 */
void vb_held_init(struct vballoon *vb)
{
	struct vb_held *h = &vb->held;
	unsigned int i;

	spin_lock_init(&h->lock);
	for (i = 0; i < VB_ORDERS; i++)
		INIT_LIST_HEAD(&h->blocks[i]);
	balloon_devinfo_init(&h->singles);
}

/**
 * vb_held_pages - guest pages in the balloon
 * @vb: device
 */
unsigned long vb_held_pages(struct vballoon *vb)
{
	return atomic_long_read(&vb->held.pages);
}

/**
 * vb_held_order_pages - guest pages held in blocks of one order
 * @vb: device
 * @order: 0 for single pages
 */
unsigned long vb_held_order_pages(struct vballoon *vb, unsigned int order)
{
	if (!order)
		return atomic_long_read(&vb->held.nr_singles);
	return READ_ONCE(vb->held.nr_blocks[order]) << order;
}

/**
 * vb_held_mark_offline - say that the content of a block is nobody's business
 * @page: head
 * @order: size
 *
 * Memory dumps and hibernation skip such pages, one by one.
 */
void vb_held_mark_offline(struct page *page, unsigned int order)
{
	unsigned int i;

	for (i = 0; i < 1U << order; i++)
		__SetPageOffline(page + i);
}

/**
 * vb_held_unmark_offline - undo vb_held_mark_offline()
 * @page: head
 * @order: size
 */
void vb_held_unmark_offline(struct page *page, unsigned int order)
{
	unsigned int i = VB_MUTANT(STILL_OFFLINE) && vb_mutant_first();

	for (; i < 1U << order; i++)
		__ClearPageOffline(page + i);
}

/**
 * vb_held_add_block - take an acknowledged block into the ledger
 * @vb: device
 * @page: head, marked offline
 * @order: size
 * @told: its PFNs went through inflateq, so deflateq must hear of them
 */
void vb_held_add_block(struct vballoon *vb, struct page *page,
		       unsigned int order, bool told)
{
	struct vb_held *h = &vb->held;
	long nr = 1L << order;

	vb_mutant_write_late();
	set_page_private(page, told ? BLOCK_TOLD : 0);
	if (!VB_MUTANT(UNMANAGED))
		adjust_managed_page_count(page, -nr);
	count_vm_events(BALLOON_INFLATE, nr);
	spin_lock(&h->lock);
	list_add(&page->lru, &h->blocks[order]);
	h->nr_blocks[order]++;
	atomic_long_add(nr, &h->pages);
	spin_unlock(&h->lock);
}

/* One atomic per run of pages of the same zone, not one per page. */
static void adjust_managed(struct list_head *pages, long each)
{
	struct page *page, *first = NULL;
	long nr = 0;

	list_for_each_entry(page, pages, lru) {
		if (first && page_zone(first) != page_zone(page)) {
			adjust_managed_page_count(first, nr);
			nr = 0;
		}
		first = page;
		nr += each;
	}
	if (first)
		adjust_managed_page_count(first, nr);
}

/**
 * vb_held_add_singles - take acknowledged single pages into the ledger
 * @vb: device
 * @pages: the pages; emptied
 * @nr: their number
 */
void vb_held_add_singles(struct vballoon *vb, struct list_head *pages,
			 unsigned long nr)
{
	vb_mutant_write_late();
	adjust_managed(pages, -1);
	balloon_page_list_enqueue(&vb->held.singles, pages);
	atomic_long_add(nr, &vb->held.nr_singles);
	atomic_long_add(nr, &vb->held.pages);
}

/**
 * vb_held_take_block - take a block out of the ledger
 * @vb: device
 * @max_order: largest order wanted
 * @ret_blk: the block
 * @ret_told: the device must be told before or after it is given back
 *
 * The largest that fits comes first. Any context that may take a spinlock.
 * Return: false if there is none.
 */
bool vb_held_take_block(struct vballoon *vb, unsigned int max_order,
			struct vb_block *ret_blk, bool *ret_told)
{
	struct vb_held *h = &vb->held;
	struct page *page = NULL;
	int order;

	spin_lock(&h->lock);
	for (order = min_t(unsigned int, max_order, VB_TOP_ORDER); order > 0; order--) {
		page = list_first_entry_or_null(&h->blocks[order], struct page, lru);
		if (page)
			break;
	}
	if (page) {
		list_del(&page->lru);
		h->nr_blocks[order]--;
		atomic_long_sub(1L << order, &h->pages);
	}
	spin_unlock(&h->lock);
	if (!page)
		return false;

	ret_blk->page = page;
	ret_blk->order = order;
	*ret_told = page_private(page) & BLOCK_TOLD;
	return true;
}

/**
 * vb_held_take_singles - take single pages out of the ledger
 * @vb: device
 * @pages: receives them
 * @nr: how many are wanted
 *
 * Return: how many were free to go; pages being migrated are not.
 */
unsigned long vb_held_take_singles(struct vballoon *vb, struct list_head *pages,
				   unsigned long nr)
{
	/* The kernel's function walks all pages it has to skip: ask for no more than there are. */
	nr = min_t(unsigned long, nr, max(atomic_long_read(&vb->held.nr_singles), 0L));
	if (!nr)
		return 0;
	nr = balloon_page_list_dequeue(&vb->held.singles, pages, nr);
	atomic_long_sub(nr, &vb->held.nr_singles);
	atomic_long_sub(nr - VB_MUTANT(MISCOUNT), &vb->held.pages);
	return nr;
}

static struct page *told_block(struct vb_held *h, unsigned int order)
{
	struct page *page;

	list_for_each_entry(page, &h->blocks[order], lru)
		if (page_private(page) & BLOCK_TOLD)
			return page;
	return NULL;
}

/**
 * vb_held_split_block - turn one block into movable single pages
 * @vb: device; vballoon.lock held
 *
 * For a deflation smaller than any block. The smallest block goes, and only
 * one whose PFNs the device knows: single pages are told when they leave, and
 * the device must not hear of a page that it was never given.
 * Return: false if there is no such block.
 */
bool vb_held_split_block(struct vballoon *vb)
{
	struct vb_held *h = &vb->held;
	struct page *page = NULL;
	unsigned long flags;
	unsigned int order, i;

	spin_lock(&h->lock);
	for (order = 1; order <= VB_TOP_ORDER; order++) {
		page = told_block(h, order);
		if (page)
			break;
	}
	if (page) {
		list_del(&page->lru);
		h->nr_blocks[order]--;
	}
	spin_unlock(&h->lock);
	if (!page)
		return false;

	vb_held_unmark_offline(page, order);
	set_page_private(page, 0);
	split_page(page, order);
	for (i = 0; i < 1U << order; i++) {
		lock_page(page + i);
		spin_lock_irqsave(&h->singles.pages_lock, flags);
		balloon_page_insert(&h->singles, page + i);
		spin_unlock_irqrestore(&h->singles.pages_lock, flags);
		unlock_page(page + i);
	}
	atomic_long_add(1L << order, &h->nr_singles);
	vb_count(vb, VB_C_BLOCKS_SPLIT, 1);
	return true;
}

/**
 * vb_held_give_back_block - return a block to the guest
 * @page: head, already out of the ledger
 * @order: size
 */
void vb_held_give_back_block(struct page *page, unsigned int order)
{
	vb_held_unmark_offline(page, order);
	set_page_private(page, 0);
	count_vm_events(BALLOON_DEFLATE, 1L << order);
	vb_mutant_gave_back(page, 1U << order);
	if (vb_mutant_release(page, order))
		return;
	adjust_managed_page_count(VB_MUTANT(ZONE) ? pfn_to_page(1) : page, 1L << order);
	__free_pages(page, order);
}

/**
 * vb_held_give_back_singles - return single pages to the guest
 * @pages: pages already out of the ledger; emptied
 */
void vb_held_give_back_singles(struct list_head *pages)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, pages, lru) {
		vb_mutant_gave_back(page, 1);
		if (vb_mutant_release(page, 0))
			list_del(&page->lru);
	}
	adjust_managed(pages, 1);
	list_for_each_entry_safe(page, next, pages, lru) {
		list_del(&page->lru);
		if (VB_MUTANT(MAPPING) && page_to_pfn(page) % 16 == 0)
			page->mapping = (void *)8;
		/* Not __free_page(): compaction may hold a reference for a moment. */
		put_page(page);
	}
}
