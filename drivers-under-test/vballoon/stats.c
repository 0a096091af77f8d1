// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory statistics: one buffer, always initialised, always the same tags,
 * made available once the device is ready and again each time it was used
 * (D19-D26, D48).
 *
 * D23 wants a size that is a multiple of 6 although entries have 10 bytes; a
 * number of entries divisible by three satisfies every reading. Hence 15 of
 * the 16 known tags: ASYNC_SCAN, the least telling, stays out.
 * Runs on the auxiliary work queue, so that a worker busy with reclaim cannot
 * make the statistics stale.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/swap.h>
#include <linux/vmstat.h>

#include "vballoon.h"

/* Tags that the 6.1 headers do not know yet. */
enum {
	TAG_OOM_KILL = 10,
	TAG_ALLOC_STALL,
	TAG_ASYNC_SCAN,
	TAG_DIRECT_SCAN,
	TAG_ASYNC_RECLAIM,
	TAG_DIRECT_RECLAIM,
};

#define NR_STATS	15
static_assert(NR_STATS * sizeof(struct virtio_balloon_stat) % 6 == 0);

static u64 bytes(u64 pages)
{
	return pages << PAGE_SHIFT;
}

#ifdef CONFIG_VM_EVENT_COUNTERS
static u64 alloc_stalls(const unsigned long *ev)
{
	u64 sum = 0;
	int i;

	/* One counter per zone, in the order of the zones. */
	for (i = ALLOCSTALL_MOVABLE - ZONE_MOVABLE; i <= ALLOCSTALL_MOVABLE; i++)
		sum += ev[i];
	return sum;
}
#endif

static void put(struct vballoon *vb, unsigned int *n, u16 tag, u64 val)
{
	if (WARN_ON_ONCE(*n >= NR_STATS))
		return;
	vb->stats[*n].tag = cpu_to_virtio16(vb->vdev, tag);
	vb->stats[*n].val = cpu_to_virtio64(vb->vdev, val);
	++*n;
}

/* Always the same tags in the same order; a missing counter reads 0. */
static unsigned int collect(struct vballoon *vb)
{
	unsigned long ev[NR_VM_EVENT_ITEMS] = {};
	unsigned int n = 0;
	struct sysinfo si;

	all_vm_events(ev);
	si_meminfo(&si);
	put(vb, &n, VIRTIO_BALLOON_S_MEMFREE, bytes(si.freeram));
	put(vb, &n, VIRTIO_BALLOON_S_MEMTOT, VB_MUTANT(STATS_UNITS) ? si.totalram : bytes(si.totalram));
	put(vb, &n, VIRTIO_BALLOON_S_AVAIL, bytes(max(si_mem_available(), 0L)));
	put(vb, &n, VIRTIO_BALLOON_S_CACHES, bytes(global_node_page_state(NR_FILE_PAGES)));
#ifdef CONFIG_VM_EVENT_COUNTERS
	put(vb, &n, VIRTIO_BALLOON_S_SWAP_IN, bytes(ev[PSWPIN]));
	put(vb, &n, VIRTIO_BALLOON_S_SWAP_OUT, bytes(ev[PSWPOUT]));
	put(vb, &n, VIRTIO_BALLOON_S_MAJFLT, ev[PGMAJFAULT]);
	put(vb, &n, VIRTIO_BALLOON_S_MINFLT, ev[PGFAULT] - ev[PGMAJFAULT]);
	put(vb, &n, TAG_OOM_KILL, ev[OOM_KILL]);
	put(vb, &n, TAG_ALLOC_STALL, alloc_stalls(ev));
	put(vb, &n, TAG_DIRECT_SCAN, ev[PGSCAN_DIRECT]);
	put(vb, &n, TAG_ASYNC_RECLAIM, ev[PGSTEAL_KSWAPD]);
	put(vb, &n, TAG_DIRECT_RECLAIM, ev[PGSTEAL_DIRECT]);
#ifdef CONFIG_HUGETLB_PAGE
	put(vb, &n, VIRTIO_BALLOON_S_HTLB_PGALLOC, ev[HTLB_BUDDY_PGALLOC]);
	put(vb, &n, VIRTIO_BALLOON_S_HTLB_PGFAIL, ev[HTLB_BUDDY_PGALLOC_FAIL]);
#endif
#endif
	if (VB_MUTANT(STATS_SIZE))
		return 10;
	if (VB_MUTANT(STATS_VARY) && atomic_long_read(&vb->counter[VB_C_STATS_SENT]) % 2)
		return n - n % 3 - 3;
	return n - n % 3;	/* D23 */
}

static void send(struct vballoon *vb)
{
	struct vb_queue *q = &vb->q[VB_Q_STATS];
	unsigned int n = collect(vb);
	struct scatterlist sg;
	bool notify = false;

	sg_init_one(&sg, vb->stats, n * sizeof(*vb->stats));
	spin_lock(&q->lock);
	if (q->vq && !vb->dead &&
	    !virtqueue_add_outbuf(q->vq, &sg, 1, vb->stats, GFP_NOWAIT))
		notify = virtqueue_kick_prepare(q->vq);
	spin_unlock(&q->lock);
	if (notify)
		virtqueue_notify(q->vq);
	vb_count(vb, VB_C_STATS_SENT, 1);
}

static void answer_request(struct work_struct *work)
{
	struct vballoon *vb = container_of(work, struct vballoon, stats_work);
	struct vb_queue *q = &vb->q[VB_Q_STATS];
	unsigned int len;
	void *used = NULL;

	spin_lock(&q->lock);
	if (q->vq && !vb->dead)
		used = virtqueue_get_buf(q->vq, &len);
	spin_unlock(&q->lock);
	/* A spurious notification (D52) leaves the one buffer where it is (D19). */
	if (used && !VB_MUTANT(STATS_ONCE))
		send(vb);
}

/**
 * vb_stats_init - allocate the buffer
 * @vb: device
 *
 * Return: 0 or -ENOMEM.
 */
int vb_stats_init(struct vballoon *vb)
{
	INIT_WORK(&vb->stats_work, answer_request);
	vb->stats = kcalloc(NR_STATS, sizeof(*vb->stats), GFP_KERNEL);
	return vb->stats ? 0 : -ENOMEM;
}

/**
 * vb_stats_deinit - free the buffer
 * @vb: device after its reset
 */
void vb_stats_deinit(struct vballoon *vb)
{
	kfree(vb->stats);
}

/**
 * vb_stats_arm - make the first buffer available
 * @vb: device, after DRIVER_OK
 */
void vb_stats_arm(struct vballoon *vb)
{
	if (vb->q[VB_Q_STATS].vq && !VB_MUTANT(STATS_NEVER))
		send(vb);
	if (vb->q[VB_Q_STATS].vq && VB_MUTANT(STATS_TWO))
		send(vb);
}

/**
 * vb_stats_requested - the device used the buffer
 * @vb: device; any context
 */
void vb_stats_requested(struct vballoon *vb)
{
	queue_work(vb->aux, &vb->stats_work);
}

/**
 * vb_stats_stop - answer no more requests
 * @vb: device; sleeps
 */
void vb_stats_stop(struct vballoon *vb)
{
	cancel_work_sync(&vb->stats_work);
}
