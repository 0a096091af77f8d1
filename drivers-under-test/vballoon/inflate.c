// SPDX-License-Identifier: GPL-2.0-only
/*
 * Inflation: pages are collected into a batch while the device works on the
 * batch before it.
 *
 *   FILLING -> SEALED -> [REPORT ->] [PFNS ->] held
 *
 * A batch holds as much as the device can swallow within one kick's budget.
 * Blocks of the highest order come first, then lower ones, then single pages
 * in bulk. Orders below a page block are split on arrival, so that only memory
 * which leaves no hole in a page block is held immovable.
 *
 * Invariant: between SEALED and held a page is the device's; nobody frees it,
 * not even when the device never answers (D12), until the device is reset.
 */
#include <linux/jiffies.h>
#include <linux/list_sort.h>
#include <linux/swap.h>

#include "trace.h"
#include "vballoon.h"

#define GFP_GENTLE	(__GFP_NORETRY | __GFP_NOWARN | __GFP_NOMEMALLOC)
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

/* Pages of the batch that go through inflateq. */
static unsigned long batch_told_pages(const struct vb_batch *b)
{
	return b->nr_singles + (b->mode == VB_MODE_FAST ? 0 : b->blk_pages);
}

/* Give pages of a batch that the device never saw back to the guest. */
static void batch_free_unsent(struct vb_batch *b)
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
 * vb_inflate_pending - pages between the allocator and the ledger
 * @vb: device; vballoon.lock held
 */
unsigned long vb_inflate_pending(struct vballoon *vb)
{
	return vb_batch_pages(vb->filling) +
	       (vb->flying ? vb_batch_pages(vb->flying) : 0);
}

/**
 * vb_inflate_drop_filling - let go of pages that were not yet sent
 * @vb: device; vballoon.lock held
 */
void vb_inflate_drop_filling(struct vballoon *vb)
{
	if (vb_batch_pages(vb->filling))
		batch_free_unsent(vb->filling);
}

/**
 * vb_inflate_drop_all - let go of everything, after the device was reset
 * @vb: device; vballoon.lock held
 */
void vb_inflate_drop_all(struct vballoon *vb)
{
	vb_inflate_drop_filling(vb);
	if (vb->flying)
		batch_free_unsent(vb->flying);
	vb->flying = NULL;
}

/**
 * vb_inflate_calm - forget earlier failures
 * @vb: device; vballoon.lock held
 */
void vb_inflate_calm(struct vballoon *vb)
{
	vb->backoff_ms = 0;
}

static void back_off(struct vballoon *vb, enum vb_state why)
{
	vb->backoff_ms = clamp(vb->backoff_ms * 2, vb_knob_backoff_min_ms,
			       max(vb_knob_backoff_min_ms, vb_knob_backoff_max_ms));
	vb->backoff_until = jiffies + msecs_to_jiffies(vb->backoff_ms);
	vb->backoff_state = why;
	vb_count(vb, why == VB_S_FLOOR ? VB_C_FLOOR_STOPS : VB_C_BACKOFFS, 1);
	trace_vballoon_backoff(vb->index, why == VB_S_FLOOR, vb->backoff_ms);
}

/* What the guest would have left must stay above the floor, swap included. */
static bool floor_allows(struct vballoon *vb, unsigned long nr)
{
	unsigned long left = max(si_mem_available(), 0L) + get_nr_swap_pages();

	return left >= nr + vb_worker_floor_pages(vb);
}

static struct page *alloc_block(unsigned int order)
{
	gfp_t gfp = order >= VB_BLOCK_ORDER ? GFP_HIGHUSER : balloon_mapping_gfp_mask();

	/* A large block is worth having only if it costs nobody any reclaim. */
	return alloc_pages((gfp & ~__GFP_RECLAIM) | GFP_GENTLE, order);
}

static void add_block(struct vb_batch *b, struct page *page, unsigned int order)
{
	unsigned int i;

	if (order >= VB_BLOCK_ORDER) {
		vb_held_mark_offline(page, order);
		b->blk[b->nr_blks].page = page;
		b->blk[b->nr_blks++].order = order;
		b->blk_pages += 1UL << order;
		return;
	}
	split_page(page, order);
	for (i = 0; i < 1U << order; i++)
		list_add_tail(&page[i].lru, &b->singles);
	b->nr_singles += 1UL << order;
}

static unsigned long fill_singles(struct vballoon *vb, struct vb_batch *b,
				  unsigned long want)
{
	unsigned long nr = 0, got, i;
	int round;

	for (round = 0; round < BULK_ROUNDS && nr < want; round++) {
		got = vb_compat_alloc_bulk(balloon_mapping_gfp_mask() | GFP_GENTLE,
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

/* Pages that fit one kick's budget, for the slowest stage of this batch. */
static unsigned long batch_limit(struct vballoon *vb, const struct vb_batch *b)
{
	unsigned long by_pfns = min_t(unsigned long, vb->inflate_pace.pages, pfn_capacity(b));

	switch (b->mode) {
	case VB_MODE_FAST:
		return b->nr_singles ? by_pfns : vb->report_pace.pages;
	case VB_MODE_STRICT:
		return min_t(unsigned long, by_pfns, vb->report_pace.pages);
	default:
		return by_pfns;
	}
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
	/* In fast mode blocks and single pages travel apart. */
	if (b->mode == VB_MODE_FAST && (block ? b->nr_singles : b->nr_blks))
		return false;
	return !block || b->nr_blks < VB_BATCH_BLOCKS;
}

static int largest_order(const struct vb_batch *b, unsigned long want)
{
	unsigned long most = min3((unsigned long)b->try_order,
				  (unsigned long)vb_knob_max_order, fls_long(want) - 1UL);

	if (b->mode != VB_MODE_FAST)
		most = min(most, fls_long(pfn_capacity(b)) - 1UL);
	return most;
}

/*
 * Add one block, or some single pages, of at most @want pages. Sets *ret_full
 * if the batch should go to the device first. Return: pages added.
 */
static unsigned long fill(struct vballoon *vb, struct vb_batch *b,
			  unsigned long want, bool *ret_full)
{
	unsigned long nr;
	struct page *page;
	int order;

	if (!vb_batch_pages(b))
		b->mode = vb_report_usable(vb) ? READ_ONCE(vb_knob_mode) : VB_MODE_PFN;
	for (order = largest_order(b, want); order > 0; order--) {
		nr = 1UL << order;
		if (!batch_takes(vb, b, order, nr)) {
			*ret_full = true;
			return 0;
		}
		page = alloc_block(order);
		if (page) {
			add_block(b, page, order);
			return nr;
		}
		b->try_order = order - 1;
	}
	nr = min(want, (unsigned long)VB_BULK_PAGES);
	if (!batch_takes(vb, b, 0, nr)) {
		*ret_full = true;
		return 0;
	}
	return fill_singles(vb, b, nr);
}

static int by_pfn(void *priv, const struct list_head *a, const struct list_head *b)
{
	unsigned long x = page_to_pfn(list_entry(a, struct page, lru));
	unsigned long y = page_to_pfn(list_entry(b, struct page, lru));

	return x < y ? -1 : x > y;
}

/* No more pages: write the PFNs, ascending. */
static void seal(struct vballoon *vb, struct vb_batch *b)
{
	struct page *page;
	unsigned int i;

	if (b->mode != VB_MODE_FAST)
		for (i = 0; i < b->nr_blks; i++)
			vb_pfns_add(vb, &b->pfns, page_to_pfn(b->blk[i].page),
				    1UL << b->blk[i].order, true);
	list_sort(NULL, &b->singles, by_pfn);
	list_for_each_entry(page, &b->singles, lru)
		vb_pfns_add(vb, &b->pfns, page_to_pfn(page), 1, false);
	b->stage = VB_STAGE_SEALED;
}

/**
 * vb_inflate_step - collect a little more, or send what was collected
 * @vb: device; vballoon.lock held
 * @want: pages missing beyond held and pending, 0 = just finish
 *
 * May reclaim memory, never for long. Return: jiffies to sleep, 0 = go on.
 */
long vb_inflate_step(struct vballoon *vb, unsigned long want)
{
	struct vb_batch *b = vb->filling;
	bool full = false;
	long sleep;

	if (vb_oom_lockout(vb, &sleep)) {
		vb_inflate_drop_filling(vb);
		vb->state = VB_S_LOCKOUT;
		return sleep;
	}
	vb->state = VB_S_INFLATING;
	if (b->stage == VB_STAGE_SEALED)
		return vb_inflate_submit(vb);
	if (want && vb->backoff_ms && time_before(jiffies, vb->backoff_until)) {
		vb->state = vb->backoff_state;
		want = 0;
	}
	if (want && !floor_allows(vb, 1UL << min(fls_long(want) - 1, VB_TOP_ORDER))) {
		back_off(vb, VB_S_FLOOR);
		return 0;
	}
	if (want) {
		if (fill(vb, b, want, &full)) {
			vb_inflate_calm(vb);	/* pauses grow only without success */
			return 0;
		}
		if (!full) {
			vb_count(vb, VB_C_ALLOC_RETRIES, 1);
			back_off(vb, VB_S_BACKOFF);
		}
	}
	if (vb_batch_pages(b)) {
		seal(vb, b);
		return 0;
	}
	if (vb->flying || !vb->backoff_ms)
		return vb_flight_slice();
	return max_t(long, vb->backoff_until - jiffies, 1);
}

static void start_pfns(struct vballoon *vb, struct vb_batch *b)
{
	b->stage = VB_STAGE_PFNS;
	vb_pfns_submit(vb, &b->pfns, &vb->q[VB_Q_INFLATE], &b->flight);
}

/**
 * vb_inflate_submit - send the sealed batch if the device is free
 * @vb: device; vballoon.lock held
 *
 * Only one batch is at the device, and only after it has heard of everything
 * that was taken back: such a page may be in this batch again.
 * Return: jiffies to sleep, 0 = go on.
 */
long vb_inflate_submit(struct vballoon *vb)
{
	struct vb_batch *b = vb->filling;
	int rc;

	if (vb->flying || vb_tells_busy(vb))
		return vb_flight_slice();
	if (b->mode != VB_MODE_PFN && b->nr_blks) {
		rc = vb_report_submit(vb, b);
		if (rc == -ENOSPC)	/* the guest's own reports fill the ring */
			return 1;
		if (rc) {		/* this device can't: go on without */
			batch_free_unsent(b);
			return 0;
		}
		b->stage = VB_STAGE_REPORT;
	} else {
		start_pfns(vb, b);
	}
	vb->flying = b;
	vb->filling = b == &vb->batch[0] ? &vb->batch[1] : &vb->batch[0];
	return 0;
}

/* The device has acknowledged all of it: it is in the balloon now. */
static void commit(struct vballoon *vb, struct vb_batch *b)
{
	unsigned long pages = vb_batch_pages(b);
	unsigned int i;

	for (i = 0; i < b->nr_blks; i++)
		vb_held_add_block(vb, b->blk[i].page, b->blk[i].order,
				  b->mode != VB_MODE_FAST);
	if (b->nr_singles)
		vb_held_add_singles(vb, &b->singles, b->nr_singles);
	vb_count(vb, VB_C_INFLATE_PAGES, pages);
	trace_vballoon_inflate(vb->index, pages, b->nr_blks, b->nr_singles,
			       vb_params_mode_name(b->mode));
	vb_batch_reset(b);
	vb->flying = NULL;
}

/**
 * vb_inflate_advance - move the batch at the device to its next stage
 * @vb: device; vballoon.lock held; queues reaped
 */
void vb_inflate_advance(struct vballoon *vb)
{
	struct vb_batch *b = vb->flying;
	unsigned long told;

	if (!b || !vb_flight_landed(&b->flight))
		return;
	told = batch_told_pages(b);
	if (b->stage == VB_STAGE_REPORT) {
		vb_pace_update(&vb->report_pace, b->blk_pages, &b->flight,
			       VB_BATCH_BLOCKS << VB_TOP_ORDER);
		vb_count(vb, VB_C_REPORTED_PAGES, b->blk_pages);
		trace_vballoon_report(vb->index, b->nr_blks, b->blk_pages,
				      b->flight.done_ns - b->flight.kicked_ns);
		if (told) {
			start_pfns(vb, b);
			return;
		}
	} else if (!vb_pfns_sent(&b->pfns)) {
		start_pfns(vb, b);
		return;
	} else {
		vb_pace_update(&vb->inflate_pace, told, &b->flight,
			       VB_CHUNKS * VB_CHUNK_PFNS / VB_UNITS_PER_PAGE);
		trace_vballoon_tell(vb->index, true, told,
				    b->flight.done_ns - b->flight.kicked_ns);
	}
	commit(vb, b);
}
