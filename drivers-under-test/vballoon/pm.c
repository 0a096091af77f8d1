// SPDX-License-Identifier: GPL-2.0-only
/*
 * Coming to rest and back: removal, suspend and hibernation.
 *
 * A reset device knows of no balloon, so all pages go back to the guest first,
 * `actual` says so, and after resume the balloon is inflated anew. The same
 * road serves unbinding. Every step is bounded: what a silent device keeps is
 * taken from it by the reset, and only then freed.
 */
#include "vballoon.h"

/* Bring the batch at the device to its end, if the device plays along. */
static void land_flying(struct vballoon *vb)
{
	struct vb_queue *q;

	while (vb->flying) {
		q = &vb->q[vb->flying->stage == VB_STAGE_REPORT ? VB_Q_REPORT : VB_Q_INFLATE];
		if (!vb_queue_wait(q, &vb->flying->flight, vb_knob_ack_timeout_ms))
			break;
		vb_inflate_advance(vb);
	}
	vb_inflate_drop_excess(vb, ULONG_MAX);
}

/**
 * vb_pm_quiesce - give everything back and reset the device
 * @vb: device; its worker is frozen or gone. Sleeps
 *
 * On return the balloon is empty, the queues are deleted and nothing of this
 * driver runs on the device's behalf.
 */
void vb_pm_quiesce(struct vballoon *vb)
{
	unsigned int i;

	mutex_lock(&vb->lock);
	WRITE_ONCE(vb->frozen, true);
	vb->state = VB_S_FROZEN;
	land_flying(vb);
	if (!VB_MUTANT(UNBIND_LEAK) && !vb->flying && vb_deflate_all(vb))
		vb_tells_drain(vb, vb_knob_ack_timeout_ms);
	vb_worker_write_actual(vb);
	vb_hint_stop(vb);

	virtio_reset_device(vb->vdev);
	WRITE_ONCE(vb->dead, true);
	for (i = 0; i < VB_Q_COUNT; i++)
		wake_up_all(&vb->q[i].wait);
	vb_report_unregister(vb);
	vb_stats_stop(vb);
	vb_hint_release(vb);

	vb_inflate_drop_all(vb);
	if (!VB_MUTANT(UNBIND_LEAK))
		vb_deflate_all(vb);
	vb_tells_clear(vb);
	vb_migrate_reset(vb);
	vb_queue_forget(vb);
	mutex_unlock(&vb->lock);
}

/**
 * vb_pm_freeze - virtio driver callback
 * @vdev: device
 */
int vb_pm_freeze(struct virtio_device *vdev)
{
	vb_pm_quiesce(vdev->priv);
	return 0;
}

/**
 * vb_pm_restore - virtio driver callback, after reset and feature negotiation
 * @vdev: device
 *
 * Return: 0 or an error of the transport.
 */
int vb_pm_restore(struct virtio_device *vdev)
{
	return vb_main_start(vdev->priv);
}
