// SPDX-License-Identifier: GPL-2.0-only
/*
 * The account of pages that were freed before the device was told.
 *
 * A ring of page ranges of fixed size: writing to it never allocates, so it
 * serves the OOM path. Room is reserved before pages leave the ledger, and an
 * entry is written before its page is free: whoever finds the account empty
 * knows that the device has heard of every page the allocator can hand out.
 */
#include <linux/vmalloc.h>

#include "trace.h"
#include "vballoon.h"

/**
 * vb_tells_init - an empty account
 * @vb: device
 *
 * Return: 0 or -ENOMEM; vb_tells_deinit() is due in both cases.
 */
int vb_tells_init(struct vballoon *vb)
{
	struct vb_tells *t = &vb->tells;

	spin_lock_init(&t->lock);
	vb_pace_init(&t->pace, VB_CHUNKS * VB_CHUNK_PFNS / VB_UNITS_PER_PAGE);
	t->ring = vmalloc_array(VB_TELLS, sizeof(*t->ring));
	if (!t->ring)
		return -ENOMEM;
	return vb_pfns_init(&t->pfns);
}

/**
 * vb_tells_deinit - free the account
 * @vb: device after its reset
 */
void vb_tells_deinit(struct vballoon *vb)
{
	vb_pfns_deinit(&vb->tells.pfns);
	vfree(vb->tells.ring);
}

/**
 * vb_tells_reserve - claim room for entries
 * @vb: device
 * @nr: entries wanted
 *
 * Return: entries granted; each is due to vb_tells_push() or _unreserve().
 */
unsigned int vb_tells_reserve(struct vballoon *vb, unsigned int nr)
{
	struct vb_tells *t = &vb->tells;

	spin_lock(&t->lock);
	nr = min(nr, VB_TELLS - (t->head - t->tail) - t->reserved);
	t->reserved += nr;
	spin_unlock(&t->lock);
	return nr;
}

/**
 * vb_tells_unreserve - return room that was not needed
 * @vb: device
 * @nr: entries
 */
void vb_tells_unreserve(struct vballoon *vb, unsigned int nr)
{
	spin_lock(&vb->tells.lock);
	vb->tells.reserved -= nr;
	spin_unlock(&vb->tells.lock);
}

/**
 * vb_tells_push - write down a range, using one reserved entry
 * @vb: device
 * @pfn: first guest page number
 * @nr: guest pages
 */
void vb_tells_push(struct vballoon *vb, unsigned long pfn, unsigned long nr)
{
	struct vb_tells *t = &vb->tells;
	struct vb_range *last;

	spin_lock(&t->lock);
	t->reserved--;
	last = &t->ring[(t->head - 1) % VB_TELLS];
	if (t->head != t->tail && last->pfn + last->nr == pfn) {
		last->nr += nr;
	} else {
		last = &t->ring[t->head++ % VB_TELLS];
		last->pfn = pfn;
		last->nr = nr;
	}
	spin_unlock(&t->lock);
}

/**
 * vb_tells_busy - does the device have things to hear or to acknowledge?
 * @vb: device; vballoon.lock held
 */
bool vb_tells_busy(struct vballoon *vb)
{
	struct vb_tells *t = &vb->tells;
	bool some;

	spin_lock(&t->lock);
	some = t->head != t->tail;
	spin_unlock(&t->lock);
	return some || !vb_flight_landed(&t->flight) || !vb_pfns_sent(&t->pfns);
}

/**
 * vb_tells_crowded - is the account more than half full?
 * @vb: device
 */
bool vb_tells_crowded(struct vballoon *vb)
{
	struct vb_tells *t = &vb->tells;
	bool crowded;

	spin_lock(&t->lock);
	crowded = t->head - t->tail + t->reserved > VB_TELLS / 2;
	spin_unlock(&t->lock);
	return crowded;
}

/* Move ranges from the account into the PFN buffers, one kick's worth. */
static unsigned long collect(struct vballoon *vb)
{
	struct vb_tells *t = &vb->tells;
	unsigned long nr, pages = 0;
	struct vb_range *r;

	spin_lock(&t->lock);
	if (VB_MUTANT(NEVER_TOLD))
		t->tail = t->head;
	while (t->head != t->tail && pages < t->pace.pages) {
		r = &t->ring[t->tail % VB_TELLS];
		nr = min_t(unsigned long, r->nr, t->pace.pages - pages);
		nr = vb_pfns_add(vb, &t->pfns, r->pfn, nr, false);
		if (!nr)
			break;
		pages += nr;
		r->pfn += nr;
		r->nr -= nr;
		if (!r->nr)
			t->tail++;
	}
	spin_unlock(&t->lock);
	return pages;
}

/**
 * vb_tells_advance - tell the device the next part
 * @vb: device; vballoon.lock held; queues reaped
 */
void vb_tells_advance(struct vballoon *vb)
{
	struct vb_tells *t = &vb->tells;
	struct vb_queue *q = &vb->q[VB_MUTANT(WRONG_QUEUE) ? VB_Q_INFLATE : VB_Q_DEFLATE];

	if (!vb_flight_landed(&t->flight))
		return;
	vb_pfns_landed(vb, &t->pfns, &t->pace, &t->flight, false);
	if (vb_queue_quiet(vb))
		return;
	if (vb_pfns_sent(&t->pfns)) {
		vb_pfns_reset(&t->pfns);
		if (!collect(vb))
			return;
	}
	vb_pfns_submit(vb, &t->pfns, q, &t->pace, &t->flight);
}

/**
 * vb_tells_drain - tell everything and wait for the acknowledgement
 * @vb: device; vballoon.lock held
 * @timeout_ms: longest wait for one buffer
 *
 * Sleeps. Return: false if the device did not answer.
 */
bool vb_tells_drain(struct vballoon *vb, unsigned int timeout_ms)
{
	while (vb_tells_busy(vb)) {
		vb_tells_advance(vb);
		if (!vb_queue_wait(&vb->q[VB_Q_DEFLATE], &vb->tells.flight, timeout_ms) ||
		    vb->dead)
			return false;
	}
	return true;
}

/**
 * vb_tells_clear - forget the account: a reset device knows of no balloon
 * @vb: device; vballoon.lock held
 */
void vb_tells_clear(struct vballoon *vb)
{
	struct vb_tells *t = &vb->tells;

	spin_lock(&t->lock);
	t->tail = t->head;
	spin_unlock(&t->lock);
	memset(&t->flight, 0, sizeof(t->flight));
	vb_pfns_reset(&t->pfns);
}
