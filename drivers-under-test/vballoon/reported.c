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
	vb_pile_init(&vb->reported.pile, ULONG_MAX);
}

/**
 * vb_reported_pages - guest pages that wait for their PFNs to be sent
 * @vb: device
 */
unsigned long vb_reported_pages(struct vballoon *vb)
{
	return vb_pile_pages(&vb->reported.pile);
}

/**
 * vb_reported_due - is it time to send PFNs, though there may be more to report?
 * @vb: device; vballoon.lock held
 */
bool vb_reported_due(struct vballoon *vb)
{
	return vb_reported_pages(vb) &&
	       time_after_eq(jiffies, vb->reported.since + msecs_to_jiffies(vb_knob_ahead_ms));
}

/**
 * vb_reported_add - a report was acknowledged
 * @vb: device; vballoon.lock held
 * @blk: block, marked offline
 */
void vb_reported_add(struct vballoon *vb, const struct vb_block *blk)
{
	if (!vb_reported_pages(vb))
		vb->reported.since = jiffies;
	vb_pile_put(&vb->reported.pile, blk);
}

/**
 * vb_reported_take - the block that has waited longest, about to be inflated
 * @vb: device; vballoon.lock held
 * @ret_blk: the block, marked offline
 *
 * Return: false if there is none.
 */
bool vb_reported_take(struct vballoon *vb, struct vb_block *ret_blk)
{
	if (!vb_pile_take(&vb->reported.pile, VB_TOP_ORDER, ret_blk))
		return false;
	vb->reported.since = jiffies;
	return true;
}

/**
 * vb_reported_release - give blocks back to the guest
 * @vb: device; any context that may take a spinlock
 * @want: pages wanted, exceeded by less than a block
 *
 * Return: pages freed.
 */
unsigned long vb_reported_release(struct vballoon *vb, unsigned long want)
{
	return vb_pile_release(&vb->reported.pile, want);
}
