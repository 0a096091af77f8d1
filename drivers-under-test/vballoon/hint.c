// SPDX-License-Identifier: GPL-2.0-only
/*
 * Free page hinting: during a migration the device asks which memory is free,
 * so that it need not be sent.
 *
 * A round: the command id, then blocks of free memory, then STOP (D28-D33).
 * Hinted blocks stay allocated until the device says DONE (D37). Memory
 * pressure may have them back earlier, but initialised (D34, D36).
 * Runs on the auxiliary work queue; h->lock guards the list of blocks only.
 */
#include <linux/slab.h>

#include "vballoon.h"

#define NR_HINT_PAGES	(1UL << VB_TOP_ORDER)
#define RING_WAIT_MS	100

/**
 * struct vb_hint - state of hinting
 * @vb:       owner
 * @lock:     guards the list
 * @blocks:   hinted and not yet released
 * @nr_blocks: their number
 * @changes:  configuration changes seen, so that a round notices a new command
 * @round_id: command id of the last round
 * @done:     the device said DONE since
 * @stop:     start nothing, end soon
 * @id_buf:   command ids for the device: the round's, and STOP
 * @flight:   all buffers of the queue
 * @shrinker: gives blocks back under memory pressure
 */
struct vb_hint {
	struct vballoon *vb;
	spinlock_t lock;
	struct list_head blocks;
	unsigned long nr_blocks;
	atomic_t changes;
	u32 round_id;
	bool done;
	bool stop;
	__virtio32 *id_buf;
	struct vb_flight flight;
	struct shrinker *shrinker;
};

static u32 read_command(struct vballoon *vb)
{
	u32 id;

	virtio_cread_le(vb->vdev, struct virtio_balloon_config,
			free_page_hint_cmd_id, &id);
	return id;
}

/* Release up to @nr blocks. Return: pages released. */
static unsigned long release(struct vb_hint *h, unsigned long nr, bool initialise)
{
	unsigned long pages = 0, i;
	struct page *page;

	while (nr--) {
		spin_lock(&h->lock);
		page = list_first_entry_or_null(&h->blocks, struct page, lru);
		if (page) {
			list_del(&page->lru);
			h->nr_blocks--;
		}
		spin_unlock(&h->lock);
		if (!page)
			break;
		for (i = 0; initialise && i < NR_HINT_PAGES; i++)
			clear_highpage(page + i);
		__free_pages(page, VB_TOP_ORDER);
		pages += NR_HINT_PAGES;
	}
	return pages;
}

/* Add one buffer, waiting for room in the ring. Return: 0 or an error. */
static int add(struct vb_hint *h, struct scatterlist *sg, bool to_device)
{
	struct vb_queue *q = &h->vb->q[VB_Q_HINT];
	int rc;

	for (;;) {
		vb_queue_reap(q);
		rc = vb_queue_add(q, sg, 1, to_device, &h->flight);
		if (rc != -ENOSPC || READ_ONCE(h->stop))
			break;
		vb_queue_kick(q, &h->flight);
		wait_event_idle_timeout(q->wait, READ_ONCE(q->irq_ns) > h->flight.kicked_ns ||
					READ_ONCE(h->stop), msecs_to_jiffies(RING_WAIT_MS));
	}
	if (!rc)
		vb_queue_kick(q, &h->flight);
	return rc;
}

static int send_id(struct vb_hint *h, unsigned int slot, u32 id)
{
	struct scatterlist sg;

	h->id_buf[slot] = cpu_to_virtio32(h->vb->vdev, id);
	sg_init_one(&sg, &h->id_buf[slot], sizeof(h->id_buf[slot]));
	return add(h, &sg, true);
}

/* Hint one block. Return: 0, -ENOMEM when there is none to spare, or an error. */
static int hint_block(struct vb_hint *h)
{
	struct scatterlist sg;
	struct page *page;
	int rc;

	page = alloc_pages(__GFP_NORETRY | __GFP_NOWARN | __GFP_NOMEMALLOC, VB_TOP_ORDER);
	if (!page)
		return -ENOMEM;
	sg_init_table(&sg, 1);
	sg_set_page(&sg, page, PAGE_SIZE << VB_TOP_ORDER, 0);
	rc = add(h, &sg, false);
	if (rc) {
		__free_pages(page, VB_TOP_ORDER);
		return rc;
	}
	spin_lock(&h->lock);
	list_add(&page->lru, &h->blocks);
	h->nr_blocks++;
	spin_unlock(&h->lock);
	vb_count(h->vb, VB_C_HINT_PAGES, NR_HINT_PAGES);
	return 0;
}

static void hint_round(struct vb_hint *h, u32 id)
{
	int seen = atomic_read(&h->changes);

	h->round_id = id;
	h->done = false;
	vb_count(h->vb, VB_C_HINT_ROUNDS, 1);
	if (send_id(h, 0, id + VB_MUTANT(HINT_ID)))
		return;
	while (!READ_ONCE(h->stop)) {
		if (atomic_read(&h->changes) != seen) {
			seen = atomic_read(&h->changes);
			if (read_command(h->vb) != id)
				break;
		}
		if (hint_block(h))
			break;
	}
	if (!VB_MUTANT(HINT_STOP))
		send_id(h, 1, VIRTIO_BALLOON_CMD_ID_STOP);
	/* The id buffers are reused by the next round: the device must be through. */
	vb_queue_wait(&h->vb->q[VB_Q_HINT], &h->flight, vb_knob_ack_timeout_ms);
}

static void hint_work(struct work_struct *work)
{
	struct vballoon *vb = container_of(work, struct vballoon, hint_work);
	struct vb_hint *h = vb->hint;
	u32 id;

	if (READ_ONCE(h->stop) || !vb->q[VB_Q_HINT].vq || VB_MUTANT(NEVER_HINTS))
		return;
	id = read_command(vb);
	if (id == VIRTIO_BALLOON_CMD_ID_DONE) {
		h->done = true;
		release(h, ULONG_MAX, false);
	} else if (id != VIRTIO_BALLOON_CMD_ID_STOP && id != h->round_id &&
		   vb_flight_landed(&h->flight)) {
		hint_round(h, id);
	}
}

static unsigned long shrink_count(struct shrinker *s, struct shrink_control *sc)
{
	struct vb_hint *h = vb_compat_shrinker_priv(s);

	return READ_ONCE(h->nr_blocks) * NR_HINT_PAGES;
}

static unsigned long shrink_scan(struct shrinker *s, struct shrink_control *sc)
{
	struct vb_hint *h = vb_compat_shrinker_priv(s);
	unsigned long nr = DIV_ROUND_UP(sc->nr_to_scan, NR_HINT_PAGES);

	return release(h, nr, !READ_ONCE(h->done)) ?: SHRINK_STOP;
}

/**
 * vb_hint_init - prepare for hinting, if it was negotiated
 * @vb: device
 *
 * Return: 0 or an error; vb_hint_deinit() is due in both cases.
 */
int vb_hint_init(struct vballoon *vb)
{
	struct vb_hint *h;

	INIT_WORK(&vb->hint_work, hint_work);
	if (!virtio_has_feature(vb->vdev, VIRTIO_BALLOON_F_FREE_PAGE_HINT))
		return 0;
	h = kzalloc(sizeof(*h), GFP_KERNEL);
	if (!h)
		return -ENOMEM;
	vb->hint = h;
	h->vb = vb;
	spin_lock_init(&h->lock);
	INIT_LIST_HEAD(&h->blocks);
	h->id_buf = kcalloc(2, sizeof(*h->id_buf), GFP_KERNEL);
	h->shrinker = vb_compat_shrinker_new(VB_NAME "-hint");
	if (!h->id_buf || !h->shrinker)
		return -ENOMEM;
	h->shrinker->count_objects = shrink_count;
	h->shrinker->scan_objects = shrink_scan;
	h->shrinker->seeks = DEFAULT_SEEKS;
	return vb_compat_shrinker_register(h->shrinker, VB_NAME "-hint", h);
}

/**
 * vb_hint_deinit - undo vb_hint_init()
 * @vb: device after its reset
 */
void vb_hint_deinit(struct vballoon *vb)
{
	struct vb_hint *h = vb->hint;

	if (!h)
		return;
	if (h->shrinker)
		vb_compat_shrinker_free(h->shrinker);
	kfree(h->id_buf);
	kfree(h);
	vb->hint = NULL;
}

/**
 * vb_hint_config_changed - there may be a new command
 * @vb: device; any context
 */
void vb_hint_config_changed(struct vballoon *vb)
{
	if (!vb->hint || READ_ONCE(vb->frozen))
		return;
	atomic_inc(&vb->hint->changes);
	queue_work(vb->aux, &vb->hint_work);
}

/**
 * vb_hint_stop - end hinting; sleeps until the work is over
 * @vb: device
 */
void vb_hint_stop(struct vballoon *vb)
{
	if (!vb->hint)
		return;
	WRITE_ONCE(vb->hint->stop, true);
	wake_up_all(&vb->q[VB_Q_HINT].wait);
	cancel_work_sync(&vb->hint_work);
}

/**
 * vb_hint_release - give back all hinted memory, ready for a new start
 * @vb: device after its reset
 */
void vb_hint_release(struct vballoon *vb)
{
	struct vb_hint *h = vb->hint;

	if (!h)
		return;
	release(h, ULONG_MAX, !h->done);
	h->round_id = 0;
	memset(&h->flight, 0, sizeof(h->flight));
	WRITE_ONCE(h->stop, false);
}
