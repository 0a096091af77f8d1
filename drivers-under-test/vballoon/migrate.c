// SPDX-License-Identifier: GPL-2.0-only
/*
 * Migration of held single pages, so that a balloon does not stand in the way
 * of compaction and memory offlining.
 *
 * The new page is inflated and acknowledged before the old one is deflated and
 * given back, so the balloon never shrinks below its target on the way. It is
 * refused (-EAGAIN, the kernel tries again) while the balloon itself moves.
 * All of it happens under the locks of both pages, which the caller holds.
 */
#include <linux/slab.h>
#include <linux/mm.h>

#include "trace.h"
#include "vballoon.h"

/* The caller holds page locks: a device that is slower than this is refused. */
#define MIGRATE_WAIT_MS	1000

static bool tell(struct vballoon *vb, struct page *page, enum vb_queue_id id)
{
	struct vb_queue *q = &vb->q[id];
	struct vb_flight *f = &vb->migrate_flight[id];
	__virtio32 *pfns = vb->migrate_pfns + id * VB_UNITS_PER_PAGE;
	struct scatterlist sg;
	unsigned int i;

	for (i = 0; i < VB_UNITS_PER_PAGE; i++)
		pfns[i] = cpu_to_virtio32(vb->vdev,
					  page_to_pfn(page) * VB_UNITS_PER_PAGE + i);
	sg_init_one(&sg, pfns, VB_UNITS_PER_PAGE * sizeof(*pfns));
	if (vb_queue_add(q, &sg, 1, true, f))
		return false;
	vb_queue_kick(q, f);
	return vb_queue_wait(q, f, MIGRATE_WAIT_MS);
}

/* May this page enter and that one leave just now? vballoon.lock held. */
static bool ready(struct vballoon *vb)
{
	if (vb->frozen || vb->dead || vb->retire.stage == VB_STAGE_PFNS)
		return false;
	vb_queue_reap(&vb->q[VB_Q_INFLATE]);
	vb_queue_reap(&vb->q[VB_Q_DEFLATE]);
	if (vb->migrate_limbo && vb_flight_landed(&vb->migrate_flight[VB_Q_INFLATE])) {
		/* A late acknowledgement: the page was never held, let it go. */
		put_page(vb->migrate_limbo);
		vb->migrate_limbo = NULL;
	}
	return vb_flight_landed(&vb->migrate_flight[VB_Q_INFLATE]) &&
	       vb_flight_landed(&vb->migrate_flight[VB_Q_DEFLATE]) &&
	       !vb_tells_busy(vb);
}

static void swap_entries(struct balloon_dev_info *singles, struct page *newpage,
			 struct page *page)
{
	unsigned long flags;

	get_page(newpage);
	if (page_zone(page) != page_zone(newpage)) {
		adjust_managed_page_count(page, 1);
		adjust_managed_page_count(newpage, -1);
	}
	spin_lock_irqsave(&singles->pages_lock, flags);
	balloon_page_insert(singles, newpage);
	singles->isolated_pages--;
	if (VB_MUTANT(MIGRATE_COUNT))
		atomic_long_dec(&container_of(singles, struct vb_held, singles)->pages);
	__count_vm_event(BALLOON_MIGRATE);
	spin_unlock_irqrestore(&singles->pages_lock, flags);
}

static int migrate_page_cb(struct balloon_dev_info *singles, struct page *newpage,
			   struct page *page, enum migrate_mode mode)
{
	struct vballoon *vb = container_of(singles, struct vballoon, held.singles);
	int rc = -EAGAIN;

	if (!mutex_trylock(&vb->lock)) {
		vb_count(vb, VB_C_MIGRATE_REFUSED, 1);
		return -EAGAIN;
	}
	if (!ready(vb))
		goto unlock;
	if (!tell(vb, newpage, VB_Q_INFLATE)) {
		/* The device may have it: keep it from being used (D12). */
		if (!vb_flight_landed(&vb->migrate_flight[VB_Q_INFLATE])) {
			get_page(newpage);
			vb->migrate_limbo = newpage;
		}
		goto unlock;
	}
	/*
	 * From here on the old page is on its way out. If the device takes its
	 * time, the guest has it all the same unless MUST_TELL_HOST forbids.
	 */
	if (!tell(vb, page, VB_Q_DEFLATE) && vb->must_tell)
		dev_warn_ratelimited(&vb->vdev->dev, "migration: deflate not acknowledged\n");

	swap_entries(singles, newpage, page);
	balloon_page_finalize(page);
	put_page(page);
	vb_count(vb, VB_C_MIGRATED_PAGES, 1);
	rc = MIGRATEPAGE_SUCCESS;
unlock:
	if (rc)
		vb_count(vb, VB_C_MIGRATE_REFUSED, 1);
	mutex_unlock(&vb->lock);
	return rc;
}

/**
 * vb_migrate_init - let compaction move our single pages
 * @vb: device; its ledger is empty
 *
 * Return: 0 or -ENOMEM.
 */
int vb_migrate_init(struct vballoon *vb)
{
	vb->migrate_pfns = kmalloc_array(2 * VB_UNITS_PER_PAGE,
					 sizeof(*vb->migrate_pfns), GFP_KERNEL);
	if (!vb->migrate_pfns)
		return -ENOMEM;
	if (IS_ENABLED(CONFIG_BALLOON_COMPACTION))
		vb->held.singles.migratepage = migrate_page_cb;
	return 0;
}

/**
 * vb_migrate_reset - the device was reset: nothing of ours is with it
 * @vb: device; vballoon.lock held
 */
void vb_migrate_reset(struct vballoon *vb)
{
	if (vb->migrate_limbo)
		put_page(vb->migrate_limbo);
	vb->migrate_limbo = NULL;
	memset(vb->migrate_flight, 0, sizeof(vb->migrate_flight));
}

/**
 * vb_migrate_deinit - undo vb_migrate_init()
 * @vb: device after its reset, ledger empty
 */
void vb_migrate_deinit(struct vballoon *vb)
{
	kfree(vb->migrate_pfns);
}
