// SPDX-License-Identifier: GPL-2.0-only
/*
 * Relief when the guest runs out of memory (DEFLATE_ON_OOM, D8).
 *
 * The notifier frees held pages at once, blocks first, up to a quota. It takes
 * spinlocks only, allocates nothing and waits for neither worker nor device;
 * the worker tells the device afterwards. With MUST_TELL_HOST that order is
 * forbidden (D10): then it asks the worker and waits a short, bounded time.
 * After each event the balloon does not grow for a while, and for longer when
 * that did not help: under a target that the guest can't afford it would
 * otherwise grow and make the guest run out of memory again for ever.
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/oom.h>

#include "trace.h"
#include "vballoon.h"

#define MUST_TELL_WAIT_MS	200

static unsigned long relieve_by_worker(struct vballoon *vb, unsigned long quota)
{
	unsigned long unheld = vb_reported_release(vb, quota);
	unsigned long before = vb_held_pages(vb), after;

	if (unheld >= quota || !before || current == vb->worker)
		return unheld;
	atomic_long_set(&vb->oom.wanted, quota - unheld);
	vb_worker_wake(vb, VB_EV_OOM);
	wait_event_timeout(vb->oom.wait, atomic_long_read(&vb->oom.wanted) <= 0,
			   msecs_to_jiffies(MUST_TELL_WAIT_MS));
	after = vb_held_pages(vb);
	return unheld + (before > after ? before - after : 0);
}

/*
 * No growth from here on. An event within a lockout, one of several that a
 * burst of allocations causes, starts it anew. One that follows its end within
 * as long as it was is a relapse, and the next is twice as long.
 */
static void lock_out(struct vballoon *vb)
{
	struct vb_oom *oom = &vb->oom;
	unsigned int ms = oom->lockout_ms, base_ms = VB_MUTANT(EAGER) ? 0 : vb_knob_oom_lockout_ms;

	if (!ms || time_after_eq(jiffies, oom->until + msecs_to_jiffies(ms))) {
		ms = base_ms;
		vb_count(vb, VB_C_OOM_LOCKOUTS, 1);
	} else if (time_after_eq(jiffies, oom->until)) {
		ms = clamp(2 * ms, base_ms, max(base_ms, vb_knob_oom_lockout_max_ms));
		vb_count(vb, VB_C_OOM_LOCKOUTS, 1);
		vb_count(vb, VB_C_OOM_RELAPSES, 1);
	}
	WRITE_ONCE(oom->until, jiffies + msecs_to_jiffies(ms));
	WRITE_ONCE(oom->lockout_ms, ms);
}

static int out_of_memory_cb(struct notifier_block *nb, unsigned long unused, void *freed)
{
	struct vballoon *vb = container_of(nb, struct vballoon, oom.nb);
	unsigned long quota = (unsigned long)vb_knob_oom_quota_mib << (20 - PAGE_SHIFT);
	u64 began_ns = ktime_get_ns();
	unsigned long pages, unheld;

	lock_out(vb);
	if (VB_MUTANT(OOM_IGNORED))
		return NOTIFY_OK;
	unheld = vb_helper_release(vb);
	quota -= min(quota, unheld);
	if (vb->must_tell)
		pages = relieve_by_worker(vb, quota);
	else
		pages = vb_deflate_release(vb, min(quota, vb_held_pages(vb) + vb_reported_pages(vb)), true);
	pages += unheld;

	if (VB_MUTANT(OOM_UNCOUNTED))
		atomic_long_add(pages / 2, &vb->held.pages);
	vb_count(vb, VB_C_OOM_EVENTS, 1);
	vb_count(vb, VB_C_OOM_RELEASED_PAGES, pages);
	trace_vballoon_oom(vb->index, pages, vb_held_pages(vb));
	vb_worker_wake(vb, VB_EV_OOM);
	*(unsigned long *)freed += pages;
	/* notifiers of out of memory run one at a time */
	WRITE_ONCE(vb->oom.slowest_ns, max(vb->oom.slowest_ns, ktime_get_ns() - began_ns));
	return NOTIFY_OK;
}

/**
 * vb_oom_register - start to listen, if the device allows it
 * @vb: device
 *
 * Return: 0 or a notifier error.
 */
int vb_oom_register(struct vballoon *vb)
{
	int rc;

	if (!vb->deflate_on_oom)
		return 0;
	vb->oom.nb.notifier_call = out_of_memory_cb;
	rc = register_oom_notifier(&vb->oom.nb);
	vb->oom.registered = !rc;
	return rc;
}

/**
 * vb_oom_unregister - stop listening; on return no call is running
 * @vb: device; vballoon.lock not held
 */
void vb_oom_unregister(struct vballoon *vb)
{
	if (vb->oom.registered)
		unregister_oom_notifier(&vb->oom.nb);
	vb->oom.registered = false;
}

/**
 * vb_oom_lockout - is growing forbidden because of a recent OOM event?
 * @vb: device
 * @ret_sleep: jiffies until it is allowed again
 */
bool vb_oom_lockout(struct vballoon *vb, long *ret_sleep)
{
	long left = READ_ONCE(vb->oom.until) - jiffies;

	if (!READ_ONCE(vb->oom.lockout_ms) || left <= 0)
		return false;
	*ret_sleep = left;
	return true;
}

/**
 * vb_oom_settle - the worker has freed pages (MUST_TELL_HOST)
 * @vb: device
 * @released: pages
 */
void vb_oom_settle(struct vballoon *vb, unsigned long released)
{
	if (atomic_long_read(&vb->oom.wanted) <= 0)
		return;
	if (atomic_long_sub_return(released, &vb->oom.wanted) <= 0)
		wake_up_all(&vb->oom.wait);
}
