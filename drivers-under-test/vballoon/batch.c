// SPDX-License-Identifier: GPL-2.0-only
/*
 * Batches: pages collected for the balloon, as many as the device can swallow
 * within one kick's budget.
 *
 * Blocks of the highest order come first, then lower ones, then single pages
 * in bulk. Orders below a page block are split on arrival, so that only memory
 * which leaves no hole in a page block is held immovable.
 */
#include <linux/list_sort.h>

#include "vballoon.h"

#define GFP_GENTLE	((VB_MUTANT(FLOOR) ? 0 : __GFP_NORETRY | __GFP_NOMEMALLOC) | \
			 (VB_MUTANT(NOISE) ? 0 : __GFP_NOWARN))
#define GFP_SPARED	(VB_MUTANT(NO_RECLAIM) ? __GFP_RECLAIM : 0)
/* Rounds of bulk allocation in one step; under pressure each gives one page. */
#define BULK_ROUNDS	16

/**
 * vb_batch_init - an empty batch with its PFN buffers
 * @b: zeroed
 *
 * Return: 0 or -ENOMEM; vb_batch_deinit() is due in both cases.
 */
int vb_batch_init(struct vb_batch *b)
{
	INIT_LIST_HEAD(&b->singles);
	vb_batch_reset(b);
	return vb_pfns_init(&b->pfns);
}

/**
 * vb_batch_deinit - free what vb_batch_init() allocated
 * @b: empty batch
 */
void vb_batch_deinit(struct vb_batch *b)
{
	vb_pfns_deinit(&b->pfns);
}

/**
 * vb_batch_reset - forget the pages, which live elsewhere by now
 * @b: batch
 */
void vb_batch_reset(struct vb_batch *b)
{
	b->stage = VB_STAGE_FILLING;
	b->nr_blks = 0;
	b->blk_pages = 0;
	b->nr_singles = 0;
	b->reported = false;
	b->try_order = VB_TOP_ORDER;
	memset(&b->flight, 0, sizeof(b->flight));
	vb_pfns_reset(&b->pfns);
}

/**
 * vb_batch_pages - guest pages in a batch
 * @b: batch
 */
unsigned long vb_batch_pages(const struct vb_batch *b)
{
	return b->blk_pages + b->nr_singles;
}

/**
 * vb_batch_free - give the pages back to the guest
 * @b: batch that no device has seen, or whose device was reset
 */
void vb_batch_free(struct vb_batch *b)
{
	struct page *page, *next;
	unsigned int i;

	for (i = 0; i < b->nr_blks; i++) {
		vb_held_unmark_offline(b->blk[i].page, b->blk[i].order);
		__free_pages(b->blk[i].page, b->blk[i].order);
	}
	list_for_each_entry_safe(page, next, &b->singles, lru) {
		list_del(&page->lru);
		__free_page(page);
	}
	vb_batch_reset(b);
}

/**
 * vb_batch_alloc - a block of memory that nobody has to give up for it
 * @order: page order
 * @ret_blk: the block; marked offline from VB_BLOCK_ORDER up
 *
 * Return: false if there is none free.
 */
bool vb_batch_alloc(unsigned int order, struct vb_block *ret_blk)
{
	gfp_t gfp = order >= VB_BLOCK_ORDER ? GFP_HIGHUSER : balloon_mapping_gfp_mask();

	/* A large block is worth having only if it costs nobody any reclaim. */
	ret_blk->page = alloc_pages((gfp & ~__GFP_RECLAIM) | GFP_GENTLE, order);
	ret_blk->order = order;
	if (ret_blk->page && order >= VB_BLOCK_ORDER)
		vb_held_mark_offline(ret_blk->page, order);
	return ret_blk->page;
}

static void add_block(struct vb_batch *b, const struct vb_block *blk)
{
	unsigned int i, nr = 1U << blk->order;

	if (blk->order >= VB_BLOCK_ORDER) {
		b->blk[b->nr_blks++] = *blk;
		b->blk_pages += nr;
		return;
	}
	split_page(blk->page, blk->order);
	for (i = 0; i < nr; i++)
		list_add_tail(&blk->page[i].lru, &b->singles);
	b->nr_singles += nr;
}

static unsigned long fill_singles(struct vballoon *vb, struct vb_batch *b,
				  unsigned long want)
{
	unsigned long nr = 0, got, i;
	int round;

	for (round = 0; round < BULK_ROUNDS && nr < want; round++) {
		got = vb_compat_alloc_bulk((balloon_mapping_gfp_mask() & ~GFP_SPARED) | GFP_GENTLE,
					   want - nr, vb->bulk);
		if (!got)
			break;
		for (i = 0; i < got; i++) {
			list_add_tail(&vb->bulk[i]->lru, &b->singles);
			vb->bulk[i] = NULL;
		}
		nr += got;
		if (READ_ONCE(vb->events))
			break;
	}
	b->nr_singles += nr;
	return nr;
}

/* Pages that the PFN buffers of a batch can name. */
static unsigned long pfn_capacity(const struct vb_batch *b)
{
	return b->pfns.cap * VB_CHUNK_PFNS / VB_UNITS_PER_PAGE;
}

/* Pages whose PFNs go out in so many kicks. */
static unsigned long pfn_limit(struct vballoon *vb, const struct vb_batch *b, unsigned int kicks)
{
	return min_t(unsigned long, (unsigned long)vb->inflate_pace.pages * kicks, pfn_capacity(b));
}

/* Blocks are reported, where they can be, in one kick; single pages are not. */
static unsigned long batch_limit(struct vballoon *vb, const struct vb_batch *b)
{
	return b->mode == VB_MODE_PFN || b->nr_singles ? pfn_limit(vb, b, VB_BATCH_KICKS) :
							 vb->report_pace.pages;
}

/* May so many pages of that order join? A first piece always may. */
static bool batch_takes(struct vballoon *vb, const struct vb_batch *b,
			unsigned int order, unsigned long nr)
{
	bool block = order >= VB_BLOCK_ORDER;

	if (!vb_batch_pages(b))
		return true;
	if (vb_batch_pages(b) + nr > batch_limit(vb, b))
		return false;
	/* Blocks that are reported and single pages travel apart. */
	if (b->mode != VB_MODE_PFN && (block ? b->nr_singles : b->nr_blks))
		return false;
	return !block || b->nr_blks < VB_BATCH_BLOCKS;
}

/**
 * vb_batch_largest - the order of the next block of a batch, if it can be had
 * @b: batch being collected
 * @want: most pages to add, at least 1
 */
int vb_batch_largest(const struct vb_batch *b, unsigned long want)
{
	unsigned long most = min3((unsigned long)b->try_order,
				  (unsigned long)vb_knob_max_order, fls_long(want) - 1UL);

	if (b->mode != VB_MODE_FAST)
		most = min(most, fls_long(pfn_capacity(b)) - 1UL);
	return most;
}

/* Single pages may take long to get: blocks that wait for nothing but PFNs don't wait for them. */
static bool reported_first(struct vballoon *vb, bool *ret_full)
{
	*ret_full |= vb_reported_pages(vb) > 0;
	return *ret_full;
}

/**
 * vb_batch_fill - add one block, or some single pages
 * @vb: device; vballoon.lock held
 * @b: batch being collected
 * @want: most pages to add
 * @ret_full: set if the batch should go to the device first
 *
 * Single pages may cost reclaim. Return: pages added; none and not full means
 * that the guest has none to spare.
 */
unsigned long vb_batch_fill(struct vballoon *vb, struct vb_batch *b,
			    unsigned long want, bool *ret_full)
{
	struct vb_block blk;
	unsigned long nr;
	int order;

	if (!vb_batch_pages(b))
		b->mode = vb_report_usable(vb) ? READ_ONCE(vb_knob_mode) : VB_MODE_PFN;
	for (order = vb_batch_largest(b, want); order > VB_MUTANT(SPIN) * 8; order--) {
		nr = 1UL << order;
		if (order < VB_BLOCK_ORDER && reported_first(vb, ret_full))
			return 0;
		if (!batch_takes(vb, b, order, nr)) {
			*ret_full = true;
			return 0;
		}
		if (vb_helper_take(vb, order, &blk) || vb_batch_alloc(order, &blk)) {
			add_block(b, &blk);
			return 1UL << blk.order;
		}
		b->try_order = order - 1;
	}
	if (VB_MUTANT(SPIN) || reported_first(vb, ret_full))
		return 0;
	nr = min(want, (unsigned long)VB_BULK_PAGES);
	if (!batch_takes(vb, b, 0, nr)) {
		*ret_full = true;
		return 0;
	}
	return fill_singles(vb, b, nr);
}

/**
 * vb_batch_fill_reported - blocks whose PFNs are due
 * @vb: device; vballoon.lock held
 * @b: empty batch
 * @kicks: notifications that they may take, if they are more than one block
 *
 * Return: false if there are none.
 */
bool vb_batch_fill_reported(struct vballoon *vb, struct vb_batch *b, unsigned int kicks)
{
	unsigned long limit = pfn_limit(vb, b, kicks);

	b->mode = VB_MODE_STRICT;
	b->reported = true;
	while (b->nr_blks < VB_BATCH_BLOCKS &&
	       (!b->nr_blks || b->blk_pages + (1UL << VB_TOP_ORDER) <= limit) &&
	       vb_reported_take(vb, &b->blk[b->nr_blks]))
		b->blk_pages += 1UL << b->blk[b->nr_blks++].order;
	if (!b->nr_blks)
		vb_batch_reset(b);
	return b->nr_blks;
}

static int by_pfn(void *priv, const struct list_head *a, const struct list_head *b)
{
	unsigned long x = page_to_pfn(list_entry(a, struct page, lru));
	unsigned long y = page_to_pfn(list_entry(b, struct page, lru));

	return x < y ? -1 : x > y;
}

/**
 * vb_batch_seal - no more pages: write the PFNs, ascending
 * @vb: device
 * @b: batch with pages
 */
void vb_batch_seal(struct vballoon *vb, struct vb_batch *b)
{
	struct page *page;
	unsigned int i;

	if (b->mode == VB_MODE_PFN || b->reported)
		for (i = 0; i < b->nr_blks; i++)
			vb_pfns_add(vb, &b->pfns, page_to_pfn(b->blk[i].page),
				    1UL << b->blk[i].order, true);
	list_sort(NULL, &b->singles, by_pfn);
	list_for_each_entry(page, &b->singles, lru)
		vb_pfns_add(vb, &b->pfns, page_to_pfn(page), 1, false);
	if (VB_MUTANT(STALE_PFNS))
		vb_mutant_send_again(vb, b);
	b->stage = VB_STAGE_SEALED;
}
