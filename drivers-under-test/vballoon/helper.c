// SPDX-License-Identifier: GPL-2.0-only
/*
 * Helpers: threads that collect blocks on the guest's other CPUs.
 *
 * A kernel that zeroes what it allocates spends most of an inflation on that
 * (init_on_alloc), and a device without a thread of its own works on the CPU
 * that notified it. Both leave the other CPUs idle, so while the balloon grows
 * helpers allocate blocks there, at the lowest priority, for the worker to
 * take. What they collect is little, and the guest's whenever it is short.
 */
#include <linux/cpumask.h>
#include <linux/freezer.h>
#include <linux/kthread.h>
#include <linux/sched.h>

#include "vballoon.h"

/* Enough for the time that the device takes for one notification. */
#define PILE_PAGES	(32UL << (20 - PAGE_SHIFT))

/**
 * vb_helper_init - no helpers yet
 * @vb: device
 */
void vb_helper_init(struct vballoon *vb)
{
	init_waitqueue_head(&vb->helpers.wake);
	vb_pile_init(&vb->helpers.pile, 0);
}

/* The order of a block that is wanted now, 0 = none. */
static unsigned int wanted_order(const struct vb_helpers *h)
{
	unsigned int order = READ_ONCE(h->order), dry = READ_ONCE(h->dry);

	if (order < VB_BLOCK_ORDER || (dry && order >= dry))
		return 0;
	return vb_pile_has_room(&h->pile, 1UL << order) ? order : 0;
}

/* Add one block to the pile. It may turn out meanwhile that none is wanted. */
static void collect_block(struct vballoon *vb, unsigned int order)
{
	struct vb_helpers *h = &vb->helpers;
	struct vb_block blk;

	if (!vb_inflate_allowed(vb, 1UL << order) || !vb_batch_alloc(order, &blk)) {
		WRITE_ONCE(h->dry, order);
		return;
	}
	if (vb_pile_put(&h->pile, &blk)) {
		vb_count(vb, VB_C_HELPED_PAGES, 1L << order);
		return;
	}
	vb_held_unmark_offline(blk.page, order);
	__free_pages(blk.page, order);
}

static int helper(void *data)
{
	struct vballoon *vb = data;
	struct vb_helpers *h = &vb->helpers;
	unsigned int order;

	set_user_nice(current, MAX_NICE);
	set_freezable();
	while (!kthread_should_stop()) {
		order = wanted_order(h);
		if (order) {
			collect_block(vb, order);
			try_to_freeze();
			cond_resched();
		} else {
			wait_event_freezable(h->wake, wanted_order(h) || kthread_should_stop());
		}
	}
	return 0;
}

/**
 * vb_helper_start - as many threads as are wanted and have a CPU to spare
 * @vb: device, ready
 *
 * One that can't be had is done without.
 */
void vb_helper_start(struct vballoon *vb)
{
	unsigned int nr = min(vb_knob_helpers, num_online_cpus() - 1);
	struct vb_helpers *h = &vb->helpers;
	struct task_struct *t;

	while (h->nr < nr) {
		t = kthread_run(helper, vb, VB_NAME "-help/%u", vb->index);
		if (IS_ERR(t))
			break;
		h->thread[h->nr++] = t;
	}
}

/**
 * vb_helper_stop - end the threads; what they collected stays
 * @vb: device; sleeps for one allocation at most
 */
void vb_helper_stop(struct vballoon *vb)
{
	struct vb_helpers *h = &vb->helpers;

	while (h->nr)
		kthread_stop(h->thread[--h->nr]);
}

/**
 * vb_helper_want - say how much is missing
 * @vb: device; vballoon.lock held
 * @want: pages that the worker would still take; 0 ends it
 *
 * What was collected beyond that goes back to the guest.
 */
void vb_helper_want(struct vballoon *vb, unsigned long want)
{
	struct vb_helpers *h = &vb->helpers;

	if (!h->nr)
		return;
	WRITE_ONCE(h->order, want ? vb_batch_largest(vb->filling, want) : 0);
	vb_pile_limit(&h->pile, min(want, PILE_PAGES));
	if (!want)
		WRITE_ONCE(h->dry, 0);
	else if (wanted_order(h))
		wake_up(&h->wake);
}

/**
 * vb_helper_take - a block that a helper has collected
 * @vb: device; vballoon.lock held
 * @max_order: largest order wanted
 * @ret_blk: the block, marked offline
 *
 * Return: false if there is none.
 */
bool vb_helper_take(struct vballoon *vb, unsigned int max_order, struct vb_block *ret_blk)
{
	struct vb_helpers *h = &vb->helpers;

	return vb_pile_pages(&h->pile) && vb_pile_take(&h->pile, max_order, ret_blk);
}

/**
 * vb_helper_release - give back all that was collected, and collect no more
 * @vb: device; any context that may take a spinlock
 *
 * Until vb_helper_want() asks again. Return: pages freed.
 */
unsigned long vb_helper_release(struct vballoon *vb)
{
	return vb_pile_limit(&vb->helpers.pile, 0);
}
