// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deflation: pages go back to the guest.
 *
 * Normally a page is freed at once and the device told later (D11; tells.c
 * keeps the account). With MUST_TELL_HOST the order is reversed (D10): a batch
 * is taken out of the ledger, told, and freed on acknowledgement.
 *
 * Blocks go first, the largest that fits: that is fastest, and gives the guest
 * memory that it can use for huge pages.
 */
#include <linux/delay.h>

#include "trace.h"
#include "vballoon.h"

/* Pages released before the worker looks around again: 64 MiB. */
#define STEP_PAGES	(64UL << (20 - PAGE_SHIFT))

/* Free one block, after writing down that the device has to hear of it. */
static void release_block(struct vballoon *vb, struct vb_block *blk, bool told)
{
	if (told)
		vb_tells_push(vb, page_to_pfn(blk->page), 1UL << blk->order);
	else
		vb_tells_unreserve(vb, 1);
	vb_held_give_back_block(blk->page, blk->order);
}

static unsigned long release_singles(struct vballoon *vb, unsigned long want)
{
	unsigned int room = vb_tells_reserve(vb, min(want, (unsigned long)VB_BULK_PAGES));
	unsigned long nr;
	struct page *page;
	LIST_HEAD(pages);

	nr = vb_held_take_singles(vb, &pages, room);
	list_for_each_entry(page, &pages, lru)
		vb_tells_push(vb, page_to_pfn(page), 1);
	vb_tells_unreserve(vb, room - nr);
	vb_held_give_back_singles(&pages);
	return nr;
}

static unsigned long release_some(struct vballoon *vb, unsigned int max_order,
				  unsigned long want)
{
	struct vb_block blk;
	bool told;

	if (max_order && vb_tells_reserve(vb, 1)) {
		if (vb_held_take_block(vb, max_order, &blk, &told)) {
			release_block(vb, &blk, told);
			return 1UL << blk.order;
		}
		vb_tells_unreserve(vb, 1);
	}
	return release_singles(vb, want);
}

/**
 * vb_deflate_release - free pages now, tell the device later
 * @vb: device without MUST_TELL_HOST
 * @want: pages wanted
 * @whole: do not split a block for the last few pages, exceed @want instead
 *
 * What waits for its PFNs goes first, which nobody need be told of.
 * Allocates nothing and waits for nobody; with @whole any context of an OOM
 * notifier will do, without it vballoon.lock must be held.
 * Return: pages freed; fewer when the account of untold pages is full.
 */
unsigned long vb_deflate_release(struct vballoon *vb, unsigned long want, bool whole)
{
	unsigned long unheld = vb_reported_release(vb, want), done = 0, nr;

	want -= min(want, unheld);
	while (done < want) {
		nr = release_some(vb, whole ? VB_TOP_ORDER : fls_long(want - done) - 1,
				  want - done);
		if (!nr && !whole) {
			if (vb_held_split_block(vb))
				continue;
			/* Only untold blocks: give one, what was too much returns. */
			nr = release_some(vb, VB_TOP_ORDER, 0);
		}
		if (!nr)
			break;
		done += nr;
	}
	vb_count(vb, VB_C_DEFLATE_PAGES, done);
	trace_vballoon_deflate(vb->index, done, vb_held_pages(vb));
	return unheld + done;
}

/* Put a block of at most this order into the batch that leaves. */
static bool retire_block(struct vballoon *vb, unsigned int max_order)
{
	struct vb_batch *b = &vb->retire;
	struct vb_block *blk = &b->blk[b->nr_blks];
	bool told;

	if (b->nr_blks == VB_BATCH_BLOCKS || !vb_held_take_block(vb, max_order, blk, &told))
		return false;
	b->nr_blks++;
	b->blk_pages += 1UL << blk->order;
	if (told)
		vb_pfns_add(vb, &b->pfns, page_to_pfn(blk->page), 1UL << blk->order, true);
	return true;
}

/* MUST_TELL_HOST: take out what fits one kick and tell the device. */
static unsigned long retire_start(struct vballoon *vb, unsigned long want)
{
	struct vb_batch *b = &vb->retire;
	unsigned long left, nr;
	struct page *page;

	want = min_t(unsigned long, want, vb->tells.pace.pages);
	while (vb_batch_pages(b) < want) {
		left = want - vb_batch_pages(b);
		if (left > 1 && retire_block(vb, fls_long(left) - 1))
			continue;
		nr = vb_held_take_singles(vb, &b->singles, left);
		b->nr_singles += nr;
		if (nr || (!vb_batch_pages(b) && vb_held_split_block(vb)))
			continue;
		/* Only untold blocks: give one, what was too much returns. */
		if (!vb_batch_pages(b))
			retire_block(vb, VB_TOP_ORDER);
		break;
	}
	list_for_each_entry(page, &b->singles, lru)
		vb_pfns_add(vb, &b->pfns, page_to_pfn(page), 1, false);
	if (!vb_batch_pages(b))
		return 0;
	b->stage = VB_STAGE_PFNS;
	vb_pfns_submit(vb, &b->pfns, &vb->q[VB_Q_DEFLATE], &vb->tells.pace, &b->flight);
	return vb_batch_pages(b);
}

/**
 * vb_deflate_advance - free what the device has acknowledged (MUST_TELL_HOST)
 * @vb: device; vballoon.lock held; queues reaped, or the device reset
 */
void vb_deflate_advance(struct vballoon *vb)
{
	struct vb_batch *b = &vb->retire;
	unsigned long pages = vb_batch_pages(b);
	unsigned int i;

	if (b->stage != VB_STAGE_PFNS || (!vb_flight_landed(&b->flight) && !vb->dead))
		return;
	vb_pfns_landed(vb, &b->pfns, &vb->tells.pace, &b->flight, false);
	if (!vb_pfns_sent(&b->pfns) && !vb->dead) {
		if (!vb_queue_quiet(vb))
			vb_pfns_submit(vb, &b->pfns, &vb->q[VB_Q_DEFLATE], &vb->tells.pace,
				       &b->flight);
		return;
	}
	for (i = 0; i < b->nr_blks; i++)
		vb_held_give_back_block(b->blk[i].page, b->blk[i].order);
	vb_held_give_back_singles(&b->singles);
	vb_batch_reset(b);
	vb_count(vb, VB_C_DEFLATE_PAGES, pages);
	trace_vballoon_deflate(vb->index, pages, vb_held_pages(vb));
	vb_oom_settle(vb, pages);
}

/**
 * vb_deflate_step - give back a little
 * @vb: device; vballoon.lock held
 * @excess: pages held beyond the goal
 *
 * Return: jiffies to sleep, 0 = go on.
 */
long vb_deflate_step(struct vballoon *vb, unsigned long excess)
{
	unsigned long nr;

	vb->state = VB_S_DEFLATING;
	if (vb->must_tell) {
		if (vb->retire.stage == VB_STAGE_PFNS || vb_queue_quiet(vb))
			return vb_flight_slice();
		nr = retire_start(vb, excess);
	} else {
		nr = vb_deflate_release(vb, min(excess, STEP_PAGES), false);
	}
	/* Nothing to take: pages are being migrated, or the account is full. */
	return nr ? 0 : max(HZ / 100, 1);
}

/* One round of vb_deflate_all() with a living device; false if it is silent. */
static bool empty_round(struct vballoon *vb)
{
	unsigned long nr = 0;

	if (vb->must_tell) {
		if (vb->retire.stage != VB_STAGE_PFNS)
			nr = retire_start(vb, vb_held_pages(vb));
		if (!vb_queue_wait(&vb->q[VB_Q_DEFLATE], &vb->retire.flight,
				   vb_knob_ack_timeout_ms))
			return false;
		vb_deflate_advance(vb);
	} else {
		nr = vb_deflate_release(vb, vb_held_pages(vb), true);
		if (!vb_tells_drain(vb, vb_knob_ack_timeout_ms))
			return false;
	}
	if (!nr)
		msleep(1);	/* the rest is under migration */
	return true;
}

/**
 * vb_deflate_all - empty the balloon
 * @vb: device, living or reset; vballoon.lock held, worker idle
 *
 * Sleeps. After a reset nobody needs telling, and it returns only when every
 * page is back, those under migration too: they point to this driver.
 * Return: false if the living device stopped answering.
 */
bool vb_deflate_all(struct vballoon *vb)
{
	while (vb_held_pages(vb) || vb->retire.stage == VB_STAGE_PFNS) {
		if (!vb->dead) {
			if (!empty_round(vb))
				return false;
			continue;
		}
		vb_tells_clear(vb);
		vb_deflate_advance(vb);
		if (vb_held_pages(vb) && !vb_deflate_release(vb, vb_held_pages(vb), true))
			msleep(1);
	}
	return true;
}
