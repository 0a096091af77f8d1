// SPDX-License-Identifier: GPL-2.0-only
/*
 * Inflation: pages are collected into a batch while the device works on the
 * batch before it.
 *
 *   FILLING -> SEALED -> [REPORT ->] [PFNS ->] held
 *
 * In strict mode a batch ends with its report; its blocks wait (reported.c),
 * for there may be more to report, and travel in batches of their own.
 *
 * Invariant: between SEALED and held a page is the device's; nobody frees it,
 * not even when the device never answers (D12), until the device is reset.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/swap.h>

#include "trace.h"
#include "vballoon.h"

/**
 * vb_inflate_pending - pages between the allocator and the ledger
 * @vb: device; vballoon.lock held
 */
unsigned long vb_inflate_pending(struct vballoon *vb)
{
	return vb_batch_pages(vb->filling) + vb_reported_pages(vb) +
	       (vb->flying ? vb_batch_pages(vb->flying) : 0);
}

/* Let go of pages that were not yet sent. */
static void drop_filling(struct vballoon *vb)
{
	if (vb_batch_pages(vb->filling))
		vb_batch_free(vb->filling);
}

/**
 * vb_inflate_drop_excess - let go of what the device does not count yet
 * @vb: device; vballoon.lock held
 * @excess: pages, at least; ULONG_MAX for all of it
 */
void vb_inflate_drop_excess(struct vballoon *vb, unsigned long excess)
{
	unsigned long nr = vb_batch_pages(vb->filling);

	drop_filling(vb);
	vb_helper_release(vb);
	if (nr < excess)
		vb_reported_release(vb, excess - nr);
}

/**
 * vb_inflate_drop_all - let go of everything, after the device was reset
 * @vb: device; vballoon.lock held
 */
void vb_inflate_drop_all(struct vballoon *vb)
{
	vb_inflate_drop_excess(vb, ULONG_MAX);
	if (vb->flying)
		vb_batch_free(vb->flying);
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
	if (VB_MUTANT(PUFF)) {
		dev_info(&vb->vdev->dev, "Out of puff! Can't get 1 pages\n");
		vb->backoff_ms = 20;
	}
	vb->backoff_until = jiffies + msecs_to_jiffies(vb->backoff_ms);
	vb->backoff_state = why;
	vb_count(vb, why == VB_S_FLOOR ? VB_C_FLOOR_STOPS : VB_C_BACKOFFS, 1);
	trace_vballoon_backoff(vb->index, why == VB_S_FLOOR, vb->backoff_ms);
}

/**
 * vb_inflate_allowed - may so many more pages be allocated?
 * @vb: device
 * @nr: pages
 *
 * What the guest would have left must stay above the floor, swap included.
 */
bool vb_inflate_allowed(struct vballoon *vb, unsigned long nr)
{
	unsigned long left = max(si_mem_available(), 0L) + get_nr_swap_pages();

	return VB_MUTANT(FLOOR) || left >= nr + vb_worker_floor_pages(vb);
}

/* May the worker take so many more pages? What helpers have is allocated already. */
static bool may_take(struct vballoon *vb, unsigned long nr)
{
	return vb_inflate_allowed(vb, nr - min(nr, vb_pile_pages(&vb->helpers.pile)));
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
	bool full = false, more = want;
	long sleep;

	if (vb_oom_lockout(vb, &sleep)) {
		vb_inflate_drop_excess(vb, ULONG_MAX);
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
	if (vb_reported_due(vb))
		want = 0;
	if (want && !may_take(vb, 1UL << min(fls_long(want) - 1, VB_TOP_ORDER))) {
		back_off(vb, VB_S_FLOOR);
		return 0;
	}
	if (want) {
		if (vb_batch_fill(vb, b, want, &full)) {
			vb_inflate_calm(vb);	/* pauses grow only without success */
			return 0;
		}
		if (VB_MUTANT(SPIN))
			return 0;
		if (!full) {
			vb_count(vb, VB_C_ALLOC_RETRIES, 1);
			back_off(vb, VB_S_BACKOFF);
		}
	}
	if (vb_batch_pages(b) || vb_batch_fill_reported(vb, b, more ? 1 : VB_BATCH_KICKS)) {
		vb_batch_seal(vb, b);
		return 0;
	}
	if (vb->flying || !vb->backoff_ms)
		return vb_flight_slice();
	return max_t(long, vb->backoff_until - jiffies, 1);
}

static void start_pfns(struct vballoon *vb, struct vb_batch *b)
{
	b->stage = VB_STAGE_PFNS;
	vb_pfns_submit(vb, &b->pfns, &vb->q[VB_Q_INFLATE], &vb->inflate_pace, &b->flight);
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

	if (vb->flying || vb_tells_busy(vb) || vb_queue_quiet(vb))
		return vb_flight_slice();
	if (b->mode != VB_MODE_PFN && b->nr_blks && !b->reported) {
		rc = vb_report_submit(vb, b);
		if (rc == -ENOSPC)	/* the guest's own reports fill the ring */
			return 1;
		if (rc) {		/* this device can't: go on without */
			vb_batch_free(b);
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
	if (VB_MUTANT(HALTING))
		msleep(1000);
	if (VB_MUTANT(THRASH) && vb_held_pages(vb) > vb->goal_pages / 2)
		vb_deflate_release(vb, vb_held_pages(vb), true);
}

/* The host has the memory; the device will hear of it by and by. */
static void keep_reported(struct vballoon *vb, struct vb_batch *b)
{
	unsigned int i;

	for (i = 0; i < b->nr_blks; i++)
		vb_reported_add(vb, &b->blk[i]);
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

	if (!b || !vb_flight_landed(&b->flight))
		return;
	if (b->stage == VB_STAGE_REPORT) {
		vb_pace_update(&vb->report_pace, b->blk_pages, &b->flight, VB_REPORT_PAGES);
		vb_count(vb, VB_C_REPORTED_PAGES, b->blk_pages);
		trace_vballoon_report(vb->index, b->nr_blks, b->blk_pages,
				      b->flight.done_ns - b->flight.kicked_ns);
		if (b->mode == VB_MODE_STRICT) {
			keep_reported(vb, b);
			return;
		}
	} else {
		vb_pfns_landed(vb, &b->pfns, &vb->inflate_pace, &b->flight, true);
		if (!vb_pfns_sent(&b->pfns)) {
			if (!vb_queue_quiet(vb))
				start_pfns(vb, b);
			return;
		}
	}
	commit(vb, b);
}
