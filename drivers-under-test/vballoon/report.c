// SPDX-License-Identifier: GPL-2.0-only
/*
 * reporting_vq: telling the device of memory ranges whose content it may drop.
 *
 * Two users share the queue. The balloon reports blocks which it is about to
 * hold, because the device drops a range of any length in one go; and the
 * kernel's free page reporting reports what lies free in the allocator.
 * Neither touches a range before the acknowledgement (D44).
 */
#include "trace.h"
#include "vballoon.h"

/**
 * vb_report_setup - decide whether blocks can be reported
 * @vb: device, queues found, poison value known
 *
 * A device that was told of a non-zero poison value must keep it in reported
 * pages, so it drops nothing: PFNs are the better way then.
 */
void vb_report_setup(struct vballoon *vb)
{
	struct virtqueue *vq = vb->q[VB_Q_REPORT].vq;

	vb->reporting = vq && !vb->poison_val &&
			virtqueue_get_vring_size(vq) >= VB_BATCH_BLOCKS;
	vb_pace_init(&vb->report_pace, VB_REPORT_PAGES);
}

/**
 * vb_report_usable - may the balloon report its blocks?
 * @vb: device
 */
bool vb_report_usable(struct vballoon *vb)
{
	return READ_ONCE(vb->reporting) && READ_ONCE(vb_knob_mode) != VB_MODE_PFN;
}

/**
 * vb_report_submit - report the blocks of a batch
 * @vb: device; vballoon.lock held
 * @b: sealed batch with at least one block
 *
 * Return: 0, -ENOSPC if the ring has no room just now, or an error, after
 * which blocks are no longer reported.
 */
int vb_report_submit(struct vballoon *vb, struct vb_batch *b)
{
	struct vb_queue *q = &vb->q[VB_Q_REPORT];
	unsigned int i;
	int rc;

	sg_init_table(vb->report_sg, b->nr_blks);
	for (i = 0; i < b->nr_blks; i++)
		sg_set_page(&vb->report_sg[i], b->blk[i].page,
			    PAGE_SIZE << b->blk[i].order, 0);
	rc = vb_queue_add(q, vb->report_sg, b->nr_blks, false, &b->flight);
	if (rc && rc != -ENOSPC) {
		dev_warn(&vb->vdev->dev, "cannot report blocks (%d), using PFNs only\n", rc);
		WRITE_ONCE(vb->reporting, false);
	}
	if (!rc)
		vb_queue_kick(q, &b->flight);
	return rc;
}

/* The kernel's framework has isolated free pages and puts them back afterwards. */
static int report_free_pages(struct page_reporting_dev_info *dev,
			     struct scatterlist *sg, unsigned int nents)
{
	struct vballoon *vb = container_of(dev, struct vballoon, pr_dev);
	struct vb_queue *q = &vb->q[VB_Q_REPORT];
	struct vb_flight f = {};
	unsigned long pages = 0;
	struct scatterlist *s;
	unsigned int i;
	int rc;

	if (READ_ONCE(vb->frozen))
		return -EBUSY;
	atomic_inc_return(&vb->pr_running);	/* ordered before pr_paused */
	if (READ_ONCE(vb->pr_paused)) {
		/* What is dropped now would be zeroed, inflated and dropped once more. */
		WRITE_ONCE(vb->pr_refused, true);
		rc = -EBUSY;
		goto out;
	}
	rc = vb_queue_add(q, sg, nents, false, &f);
	if (rc)
		goto out;
	vb_queue_kick(q, &f);
	if (!vb_queue_wait_idle(q, &f)) {
		rc = -ENODEV;
		goto out;
	}
	for_each_sg(sg, s, nents, i)
		pages += s->length >> PAGE_SHIFT;
	vb_count(vb, VB_C_FREE_REPORTED_PAGES, pages);
out:
	atomic_dec_return(&vb->pr_running);
	if (READ_ONCE(vb->pr_refused))
		vb_worker_wake(vb, VB_EV_ACK);	/* see vb_report_pause() */
	return rc;
}

/**
 * vb_report_register - start free page reporting, if wanted and possible
 * @vb: device, after DRIVER_OK
 */
void vb_report_register(struct vballoon *vb)
{
	struct virtqueue *vq = vb->q[VB_Q_REPORT].vq;
	int rc;

	if (!vq || !vb_knob_free_reporting ||
	    virtqueue_get_vring_size(vq) < PAGE_REPORTING_CAPACITY)
		return;
	vb->pr_dev.report = report_free_pages;
	rc = page_reporting_register(&vb->pr_dev);
	if (rc)
		dev_info(&vb->vdev->dev, "no free page reporting (%d)\n", rc);
	vb->pr_registered = !rc;
}

/**
 * vb_report_pause - no free page reporting while the balloon grows
 * @vb: device; vballoon.lock held
 * @pause: the balloon is growing
 *
 * The kernel's framework forgets what was refused until more memory is freed,
 * so it is started anew afterwards: while still refusing, and with no report
 * under way, so that this never waits for the device.
 */
void vb_report_pause(struct vballoon *vb, bool pause)
{
	if (pause || !vb->pr_registered || !READ_ONCE(vb->pr_refused)) {
		WRITE_ONCE(vb->pr_paused, pause);
		return;
	}
	WRITE_ONCE(vb->pr_paused, true);
	smp_mb();	/* pairs with atomic_inc_return() in report_free_pages() */
	if (atomic_read(&vb->pr_running))
		return;	/* it wakes the worker when it ends */
	vb_report_unregister(vb);
	WRITE_ONCE(vb->pr_refused, false);
	WRITE_ONCE(vb->pr_paused, false);
	vb_report_register(vb);
}

/**
 * vb_report_unregister - stop free page reporting
 * @vb: device after its reset; sleeps until a running report has ended
 */
void vb_report_unregister(struct vballoon *vb)
{
	if (vb->pr_registered)
		page_reporting_unregister(&vb->pr_dev);
	vb->pr_registered = false;
}
