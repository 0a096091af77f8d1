// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtqueues: finding them, handing buffers to the device, taking them back,
 * and judging how long it took.
 *
 * Invariant: the pages and PFN buffers of a flight belong to the device until
 * the flight has landed (pending == 0) or the device was reset.
 * Nothing here sleeps except vb_queue_wait().
 */
#include <linux/ktime.h>
#include <linux/module.h>

#include "trace.h"
#include "vballoon.h"

/* A device that answers this late is written off in so many equal slices. */
#define LOST_SLICES	8
/* However slow the device, a kick may carry one host huge page. */
#define LEAST_KICK	(2 * VB_CHUNK_PFNS / VB_UNITS_PER_PAGE)

static const struct {
	const char *name;
	int feature;		/* -1: always there */
} queue_defs[VB_Q_COUNT] = {
	[VB_Q_INFLATE] = { "inflate", -1 },
	[VB_Q_DEFLATE] = { "deflate", -1 },
	[VB_Q_STATS] = { "stats", VIRTIO_BALLOON_F_STATS_VQ },
	[VB_Q_HINT] = { "free_page_vq", VIRTIO_BALLOON_F_FREE_PAGE_HINT },
	[VB_Q_REPORT] = { "reporting_vq", VIRTIO_BALLOON_F_REPORTING },
};

/* Interrupt: note the time and let somebody with a context do the rest. */
static void queue_used(struct virtqueue *vq)
{
	struct vballoon *vb = vq->vdev->priv;
	unsigned int i;

	for (i = 0; i < VB_Q_COUNT; i++)
		if (vb->q[i].vq == vq)
			break;
	if (i == VB_Q_COUNT)
		return;
	if (i == VB_Q_STATS) {
		vb_stats_requested(vb);
		return;
	}
	WRITE_ONCE(vb->q[i].irq_ns, ktime_get_ns());
	wake_up_all(&vb->q[i].wait);
	vb_worker_wake(vb, VB_EV_ACK);
}

/**
 * vb_queue_find - create the virtqueues of the negotiated features
 * @vb: device, before DRIVER_OK
 *
 * An optional queue exists only with its feature, and the ones after it move
 * up; the transport does that numbering for entries without a name.
 * Return: 0 or the transport's error.
 */
int vb_queue_find(struct vballoon *vb)
{
	struct virtqueue *vqs[VB_Q_COUNT] = {};
	vq_callback_t *callbacks[VB_Q_COUNT] = {};
	const char *names[VB_Q_COUNT] = {};
	unsigned int i;
	int rc;

	for (i = 0; i < VB_Q_COUNT; i++) {
		if (queue_defs[i].feature >= 0 &&
		    !virtio_has_feature(vb->vdev, queue_defs[i].feature))
			continue;
		names[i] = queue_defs[i].name;
		callbacks[i] = queue_used;
	}
	rc = vb_compat_find_vqs(vb->vdev, VB_Q_COUNT, vqs, callbacks, names);
	if (rc)
		return rc;
	for (i = 0; i < VB_Q_COUNT; i++)
		vb->q[i].vq = vqs[i];
	return 0;
}

/**
 * vb_queue_forget - delete the virtqueues
 * @vb: device, after its reset
 */
void vb_queue_forget(struct vballoon *vb)
{
	unsigned int i;

	for (i = 0; i < VB_Q_COUNT; i++) {
		spin_lock(&vb->q[i].lock);
		/* Undo the DMA mappings of what the device never used. */
		while (vb->q[i].vq && virtqueue_detach_unused_buf(vb->q[i].vq))
			;
		vb->q[i].vq = NULL;
		spin_unlock(&vb->q[i].lock);
	}
	vb->vdev->config->del_vqs(vb->vdev);
}

/**
 * vb_queue_add - make one buffer available, without notifying
 * @q: queue
 * @sg: pieces of the buffer; not kept
 * @nents: number of pieces
 * @to_device: the device reads it
 * @f: flight that the buffer joins
 *
 * Return: 0, -ENOSPC when the ring is full, -EIO when the device is gone.
 */
int vb_queue_add(struct vb_queue *q, struct scatterlist *sg, unsigned int nents,
		 bool to_device, struct vb_flight *f)
{
	int rc = -EIO;

	spin_lock(&q->lock);
	if (q->vq && !q->vb->dead) {
		if (to_device)
			rc = virtqueue_add_outbuf(q->vq, sg, nents, f, GFP_NOWAIT);
		else
			rc = virtqueue_add_inbuf(q->vq, sg, nents, f, GFP_NOWAIT);
		if (!rc)
			f->pending++;
	}
	spin_unlock(&q->lock);
	return rc;
}

/* Notify, and call for a pause if the device has worked meanwhile. */
static void notify_device(struct vballoon *vb, struct virtqueue *vq)
{
	u64 pause_ns = (u64)vb_knob_pause_us * NSEC_PER_USEC, began_ns = ktime_get_ns(), now_ns;

	virtqueue_notify(vq);
	now_ns = ktime_get_ns();
	if (now_ns - began_ns > pause_ns)
		WRITE_ONCE(vb->quiet_until_ns, now_ns + pause_ns);
}

/**
 * vb_queue_kick - notify the device of what was added
 * @q: queue
 * @f: the flight that starts
 */
void vb_queue_kick(struct vb_queue *q, struct vb_flight *f)
{
	struct virtqueue *vq;
	bool notify = false;

	spin_lock(&q->lock);
	vq = q->vq;
	if (vq && !q->vb->dead) {
		/* One interrupt near the end of the flight is enough. */
		virtqueue_enable_cb_delayed(vq);
		notify = virtqueue_kick_prepare(vq);
	}
	f->kicked_ns = ktime_get_ns();
	f->slices = 0;
	f->lost = false;
	spin_unlock(&q->lock);

	if (notify) {
		notify_device(q->vb, vq);
		vb_count(q->vb, VB_C_KICKS, 1);
	}
}

/**
 * vb_queue_quiet - is it too early for the next notification?
 * @vb: device; vballoon.lock held
 *
 * A device that works within the notification has its VMM's lock meanwhile,
 * and the one who waits for that lock needs a moment to get it before we do.
 * Return: true if so; the worker comes back when the pause is over.
 */
bool vb_queue_quiet(struct vballoon *vb)
{
	if (vb->frozen || ktime_get_ns() >= READ_ONCE(vb->quiet_until_ns))
		return false;
	vb->held_back = true;
	return true;
}

/**
 * vb_queue_reap - take back what the device has used
 * @q: queue; a missing one is fine
 *
 * Any context that may take a spinlock. Used lengths are ignored (D16).
 */
void vb_queue_reap(struct vb_queue *q)
{
	struct vb_flight *f;
	unsigned int len;
	u64 now = 0;

	spin_lock(&q->lock);
	if (!q->vq)
		goto unlock;
	do {
		while ((f = virtqueue_get_buf(q->vq, &len))) {
			if (--f->pending)
				continue;
			now = now ?: ktime_get_ns();
			/* The reaper may be late, the interrupt is not. */
			f->done_ns = q->irq_ns > f->kicked_ns ? q->irq_ns : now;
		}
	} while (!virtqueue_enable_cb_delayed(q->vq) && !virtqueue_is_broken(q->vq));
unlock:
	spin_unlock(&q->lock);
}

/**
 * vb_flight_landed - has the device given everything back?
 * @f: flight; its queue must have been reaped
 */
bool vb_flight_landed(struct vb_flight *f)
{
	return READ_ONCE(f->pending) == 0;
}

static bool reap_landed(struct vb_queue *q, struct vb_flight *f)
{
	vb_queue_reap(q);
	return vb_flight_landed(f) || READ_ONCE(q->vb->dead);
}

/**
 * vb_queue_wait - wait for a flight
 * @q: its queue
 * @f: the flight
 * @timeout_ms: longest wait
 *
 * Sleeps. Return: true if it landed in time and the queue still works.
 */
bool vb_queue_wait(struct vb_queue *q, struct vb_flight *f, unsigned int timeout_ms)
{
	if (!reap_landed(q, f)) {
		vb_count(q->vb, VB_C_WAITS, 1);
		wait_event_timeout(q->wait, reap_landed(q, f),
				   msecs_to_jiffies(timeout_ms));
	}
	return vb_flight_landed(f) && !virtqueue_is_broken(q->vq);
}

/**
 * vb_queue_wait_idle - wait for a flight, however long, unless the device goes
 * @q: its queue
 * @f: the flight
 *
 * Sleeps without counting as load or as hung.
 * Return: false if the device was reset instead.
 */
bool vb_queue_wait_idle(struct vb_queue *q, struct vb_flight *f)
{
	wait_event_idle(q->wait, reap_landed(q, f));
	return vb_flight_landed(f);
}

/**
 * vb_flight_slice - how long to sleep for the device before looking again
 *
 * Return: jiffies, at least 1.
 */
long vb_flight_slice(void)
{
	return max(msecs_to_jiffies(vb_knob_ack_timeout_ms) / LOST_SLICES, 1UL);
}

/**
 * vb_flight_overdue - account one slice of waiting in vain
 * @vb: device
 * @f: the flight that did not land
 *
 * Time alone would accuse a device that was stopped together with the guest,
 * so both must have passed: the time and as many looks by a running guest.
 * Return: true while the device counts as stalled.
 */
bool vb_flight_overdue(struct vballoon *vb, struct vb_flight *f)
{
	u64 limit_ns = (u64)vb_knob_ack_timeout_ms * NSEC_PER_MSEC;

	if (f->lost)
		return true;
	if (++f->slices < LOST_SLICES || ktime_get_ns() - f->kicked_ns < limit_ns)
		return false;
	f->lost = true;
	vb_count(vb, VB_C_ACKS_LOST, 1);
	dev_warn(&vb->vdev->dev, "device did not acknowledge %u buffers in %u ms\n",
		 f->pending, vb_knob_ack_timeout_ms);
	return true;
}

/**
 * vb_pace_init - start with a modest kick
 * @p: pace
 * @cap: most pages a kick can carry
 */
void vb_pace_init(struct vb_pace *p, unsigned long cap)
{
	p->ns_per_page = 0;
	p->pages = min_t(unsigned long, cap, 2048);
}

/**
 * vb_pace_update - learn from a landed flight
 * @p: pace
 * @pages: pages it carried
 * @f: the flight
 * @cap: most pages a kick can carry
 *
 * The next kick gets as many pages as fit the kick budget, at most twice as
 * many as before, and by the dearest kick of late, so that lucky measurements
 * cannot block the monitor.
 */
void vb_pace_update(struct vb_pace *p, unsigned long pages,
		    const struct vb_flight *f, unsigned long cap)
{
	u64 cost, fit;

	if (!pages || f->done_ns <= f->kicked_ns)
		return;
	cost = div64_ul(f->done_ns - f->kicked_ns, pages) + 1;
	if (p->ns_per_page > cost)
		cost = (3ULL * p->ns_per_page + cost) / 4;
	p->ns_per_page = min_t(u64, cost, U32_MAX);
	fit = div_u64((u64)vb_knob_kick_us * NSEC_PER_USEC, p->ns_per_page);
	fit = min_t(u64, fit, 2ULL * p->pages);
	p->pages = clamp_t(u64, fit, LEAST_KICK, max_t(u64, cap, LEAST_KICK));
}
