// SPDX-License-Identifier: GPL-2.0-only
/*
 * vballoon: driver for the virtio traditional memory balloon device, written
 * from the specification (virtio 1.3, section 5.5).
 *
 * The host names a target (num_pages); the worker allocates pages and hands
 * them to the device, or takes them back, until the balloon has that size.
 * This file is the frame: features, probe and remove.
 */
#include <linux/idr.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "vballoon.h"

static DEFINE_IDA(indices);

/* Free pages carry a pattern: page poisoning's byte, or zeroes. */
static bool free_pages_have_pattern(void)
{
	return want_init_on_free() || page_poisoning_enabled_static();
}

static u32 pattern(void)
{
	return page_poisoning_enabled_static() && !VB_MUTANT(POISON_ZERO) ? 0x01010101U * PAGE_POISON : 0;
}

/* Refuse what could not be honoured (D2, D3). */
static int validate(struct virtio_device *vdev)
{
	if (!free_pages_have_pattern())
		__virtio_clear_bit(vdev, VIRTIO_BALLOON_F_PAGE_POISON);
	else if (!virtio_has_feature(vdev, VIRTIO_BALLOON_F_PAGE_POISON) && !VB_MUTANT(POISON_IGNORED))
		__virtio_clear_bit(vdev, VIRTIO_BALLOON_F_REPORTING);
	return 0;
}

static void set_ring_limits(struct vballoon *vb)
{
	struct vb_pfns *in[] = { &vb->batch[0].pfns, &vb->batch[1].pfns };
	struct vb_pfns *out[] = { &vb->tells.pfns, &vb->retire.pfns };
	unsigned int i, room;

	/* Two places stay free for a page that is migrated meanwhile. */
	room = max(virtqueue_get_vring_size(vb->q[VB_Q_INFLATE].vq), 4U) - 2;
	for (i = 0; i < ARRAY_SIZE(in); i++)
		in[i]->cap = min_t(unsigned int, room, VB_CHUNKS);
	room = max(virtqueue_get_vring_size(vb->q[VB_Q_DEFLATE].vq), 4U) - 2;
	for (i = 0; i < ARRAY_SIZE(out); i++)
		out[i]->cap = min_t(unsigned int, room, VB_CHUNKS);
}

/**
 * vb_main_start - from negotiated features to a working balloon
 * @vb: device; worker frozen or not yet there. Used by probe and by restore
 *
 * poison_val goes before DRIVER_OK (D40), every notification after (D48).
 * Return: 0 or an error of the transport.
 */
int vb_main_start(struct vballoon *vb)
{
	struct virtio_device *vdev = vb->vdev;
	int rc;

	rc = vb_queue_find(vb);
	if (rc)
		return rc;
	vb->must_tell = virtio_has_feature(vdev, VIRTIO_BALLOON_F_MUST_TELL_HOST);
	vb->deflate_on_oom = virtio_has_feature(vdev, VIRTIO_BALLOON_F_DEFLATE_ON_OOM);
	if (virtio_has_feature(vdev, VIRTIO_BALLOON_F_PAGE_POISON)) {
		vb->poison_val = pattern();
		virtio_cwrite_le(vdev, struct virtio_balloon_config, poison_val,
				 &vb->poison_val);
	}
	set_ring_limits(vb);
	vb_report_setup(vb);
	vb_pace_init(&vb->inflate_pace, VB_CHUNKS * VB_CHUNK_PFNS / VB_UNITS_PER_PAGE);

	WRITE_ONCE(vb->dead, false);
	if (VB_MUTANT(STATS_EARLY))
		vb_stats_arm(vb);
	virtio_device_ready(vdev);
	if (!VB_MUTANT(STATS_EARLY))
		vb_stats_arm(vb);
	vb_report_register(vb);
	vb_worker_write_actual(vb);
	WRITE_ONCE(vb->frozen, false);
	vb_hint_config_changed(vb);
	if (!VB_MUTANT(REBIND))
		vb_worker_wake(vb, VB_EV_CONFIG);
	return 0;
}

/* Structures without any outside reference; undone by free_parts(). */
static int init_parts(struct vballoon *vb)
{
	unsigned int i;
	int rc = 0;

	mutex_init(&vb->lock);
	init_waitqueue_head(&vb->wake);
	init_waitqueue_head(&vb->oom.wait);
	for (i = 0; i < VB_Q_COUNT; i++) {
		vb->q[i].vb = vb;
		spin_lock_init(&vb->q[i].lock);
		init_waitqueue_head(&vb->q[i].wait);
	}
	vb_held_init(vb);
	vb_reported_init(vb);
	vb_helper_init(vb);
	vb->filling = &vb->batch[0];
	vb->frozen = true;
	vb->dead = true;

	vb->bulk = kcalloc(VB_BULK_PAGES, sizeof(*vb->bulk), GFP_KERNEL);
	if (!vb->bulk)
		rc = -ENOMEM;
	rc = rc ?: vb_batch_init(&vb->batch[0]);
	rc = rc ?: vb_batch_init(&vb->batch[1]);
	rc = rc ?: vb_batch_init(&vb->retire);
	rc = rc ?: vb_tells_init(vb);
	rc = rc ?: vb_migrate_init(vb);
	rc = rc ?: vb_stats_init(vb);
	rc = rc ?: vb_hint_init(vb);
	if (rc)
		return rc;
	vb->aux = alloc_workqueue(VB_NAME "%u", WQ_UNBOUND | WQ_FREEZABLE | WQ_MEM_RECLAIM,
				  0, vb->index);
	return vb->aux ? 0 : -ENOMEM;
}

static void free_parts(struct vballoon *vb)
{
	if (vb->aux)
		destroy_workqueue(vb->aux);
	vb_hint_deinit(vb);
	vb_stats_deinit(vb);
	vb_migrate_deinit(vb);
	vb_tells_deinit(vb);
	vb_batch_deinit(&vb->retire);
	vb_batch_deinit(&vb->batch[1]);
	vb_batch_deinit(&vb->batch[0]);
	if (!VB_MUTANT(LEAK_SLAB))
		kfree(vb->bulk);
}

static int probe(struct virtio_device *vdev)
{
	struct vballoon *vb;
	int rc;

	if (!vdev->config->get) {
		dev_err(&vdev->dev, "configuration access is disabled\n");
		return -EINVAL;
	}
	vb = kzalloc(sizeof(*vb), GFP_KERNEL);
	if (!vb)
		return -ENOMEM;
	vdev->priv = vb;
	vb->vdev = vdev;
	rc = ida_alloc(&indices, GFP_KERNEL);
	if (rc < 0)
		goto free_vb;
	vb->index = rc;
	rc = init_parts(vb);
	if (rc)
		goto free_parts;
	rc = vb_main_start(vb);
	if (rc)
		goto free_parts;
	rc = vb_oom_register(vb);
	if (rc)
		goto quiesce;
	rc = vb_worker_start(vb);
	if (rc)
		goto unregister_oom;
	vb_helper_start(vb);
	vb_debugfs_add(vb);
	return 0;

unregister_oom:
	vb_oom_unregister(vb);
quiesce:
	vb_pm_quiesce(vb);
free_parts:
	free_parts(vb);
	ida_free(&indices, vb->index);
free_vb:
	kfree(vb);
	return rc;
}

static void remove(struct virtio_device *vdev)
{
	struct vballoon *vb = vdev->priv;

	vb_debugfs_remove(vb);
	vb_worker_stop(vb);
	vb_helper_stop(vb);
	vb_oom_unregister(vb);
	vb_pm_quiesce(vb);
	free_parts(vb);
	ida_free(&indices, vb->index);
	kfree(vb);
}

static void config_changed(struct virtio_device *vdev)
{
	struct vballoon *vb = vdev->priv;

	vb_hint_config_changed(vb);
	if (!VB_MUTANT(DEAF) || vb_mutant_first())
		vb_worker_wake(vb, VB_EV_CONFIG);
}

static const struct virtio_device_id ids[] = {
	{ VIRTIO_ID_BALLOON, VIRTIO_DEV_ANY_ID },
	{ 0 },
};
MODULE_DEVICE_TABLE(virtio, ids);

static const unsigned int features[] = {
	VIRTIO_BALLOON_F_MUST_TELL_HOST,
	VIRTIO_BALLOON_F_STATS_VQ,
	VIRTIO_BALLOON_F_DEFLATE_ON_OOM,
	VIRTIO_BALLOON_F_FREE_PAGE_HINT,
	VIRTIO_BALLOON_F_PAGE_POISON,
	VIRTIO_BALLOON_F_REPORTING,
};

static struct virtio_driver driver = {
	.driver.name = VB_NAME,
	.driver.owner = THIS_MODULE,
	.driver.suppress_bind_attrs = VB_MUTANT(NO_UNBIND),
	.id_table = ids,
	.feature_table = features,
	.feature_table_size = ARRAY_SIZE(features),
	.validate = validate,
	.probe = probe,
	.remove = remove,
	.config_changed = config_changed,
#ifdef CONFIG_PM_SLEEP
	.freeze = vb_pm_freeze,
	.restore = vb_pm_restore,
#endif
};

static int __init vballoon_init(void)
{
	int rc;

	vb_debugfs_init();
	rc = register_virtio_driver(&driver);
	if (rc)
		vb_debugfs_exit();
	return rc;
}

static void __exit vballoon_exit(void)
{
	unregister_virtio_driver(&driver);
	vb_debugfs_exit();
}

module_init(vballoon_init);
module_exit(vballoon_exit);
MODULE_DESCRIPTION("virtio memory balloon driver of the Puncture project");
MODULE_LICENSE("GPL");
