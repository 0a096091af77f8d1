// SPDX-License-Identifier: GPL-2.0-only
/*
 * The worker: a kernel thread that moves the balloon towards its target.
 *
 * One step does a little of whatever is due and never waits; between steps the
 * thread sleeps until something happens or a time has come. So a device that
 * does not answer, a failing allocation or a lockout is just a longer sleep,
 * and a new target, an OOM event or removal is noticed at once.
 */
#include <linux/delay.h>
#include <linux/freezer.h>
#include <linux/kthread.h>

#include "trace.h"
#include "vballoon.h"

/* While pages move, `actual` is written at most so often (D15). */
#define ACTUAL_INTERVAL	max(HZ / 100, 1)
#define FLOOR_MIN_MIB	16
#define FLOOR_SHARE	32

static const char * const state_names[] = {
	[VB_S_IDLE] = "idle",
	[VB_S_INFLATING] = "inflating",
	[VB_S_DEFLATING] = "deflating",
	[VB_S_TELLING] = "telling",
	[VB_S_BACKOFF] = "backoff",
	[VB_S_FLOOR] = "floor",
	[VB_S_LOCKOUT] = "lockout",
	[VB_S_STALLED] = "stalled",
	[VB_S_FROZEN] = "frozen",
	[VB_S_STOPPING] = "stopping",
};

/**
 * vb_worker_state_name - the word for a state
 * @state: the state
 */
const char *vb_worker_state_name(enum vb_state state)
{
	return state_names[state];
}

/**
 * vb_worker_wake - something happened
 * @vb: device; any context
 * @ev: what
 */
void vb_worker_wake(struct vballoon *vb, enum vb_event ev)
{
	set_bit(ev, &vb->events);
	wake_up(&vb->wake);
}

static unsigned long total_pages(struct vballoon *vb)
{
	return totalram_pages() + vb_held_pages(vb);
}

/**
 * vb_worker_floor_pages - what the guest keeps whatever the target says
 * @vb: device
 */
unsigned long vb_worker_floor_pages(struct vballoon *vb)
{
	unsigned long least = (unsigned long)FLOOR_MIN_MIB << (20 - PAGE_SHIFT);

	if (VB_MUTANT(FLOOR))
		return 0;
	if (VB_MUTANT(CAUTIOUS))
		return total_pages(vb) / 10 * 9;
	if (vb_knob_floor_mib)
		return (unsigned long)vb_knob_floor_mib << (20 - PAGE_SHIFT);
	return max(total_pages(vb) / FLOOR_SHARE, least);
}

static void read_target(struct vballoon *vb)
{
	unsigned long target;
	u32 num_pages;

	virtio_cread_le(vb->vdev, struct virtio_balloon_config, num_pages, &num_pages);
	/* Up: with larger guest pages, rounding down would never be enough. */
	target = DIV_ROUND_UP((unsigned long)num_pages, VB_UNITS_PER_PAGE);
	if (VB_MUTANT(ROUND_DOWN))
		target &= ~511UL;
	if (target == vb->target_pages)
		return;
	vb->target_pages = target;
	vb_inflate_calm(vb);
	vb_mutant_target(target, vb);
	trace_vballoon_target(vb->index, target, vb_held_pages(vb));
}

/**
 * vb_worker_write_actual - tell the device how large the balloon is (D14)
 * @vb: device; vballoon.lock held
 */
void vb_worker_write_actual(struct vballoon *vb)
{
	unsigned long held = vb_held_pages(vb);
	u32 actual = (VB_MUTANT(ACTUAL_AHEAD) ? vb->goal_pages : held) * VB_UNITS_PER_PAGE;

	virtio_cwrite_le(vb->vdev, struct virtio_balloon_config, actual, &actual);
	vb->actual_pages = held;
	vb->actual_jiffies = jiffies;
	vb_count(vb, VB_C_ACTUAL_WRITES, 1);
}

static void update_actual(struct vballoon *vb, bool resting)
{
	if (vb_held_pages(vb) == vb->actual_pages ||
	    (VB_MUTANT(ACTUAL_STALE) && vb_held_pages(vb) < vb->actual_pages))
		return;
	if (resting || time_after_eq(jiffies, vb->actual_jiffies + ACTUAL_INTERVAL))
		vb_worker_write_actual(vb);
}

/* Is any flight overdue? @in_vain: the last sleep ended without an event. */
static bool check_overdue(struct vballoon *vb, bool in_vain)
{
	struct vb_flight *f[] = {
		vb->flying ? &vb->flying->flight : NULL,
		&vb->tells.flight,
		&vb->retire.flight,
	};
	bool stalled = false;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(f); i++)
		if (f[i] && !vb_flight_landed(f[i]))
			stalled |= f[i]->lost || (in_vain && vb_flight_overdue(vb, f[i]));
	return stalled;
}

/* Nothing to move: what are we waiting for? */
static long rest(struct vballoon *vb)
{
	if (vb->flying || vb->retire.stage == VB_STAGE_PFNS) {
		vb->state = vb->flying ? VB_S_INFLATING : VB_S_DEFLATING;
		return vb_flight_slice();
	}
	if (vb_tells_busy(vb)) {
		vb->state = VB_S_TELLING;
		return vb_flight_slice();
	}
	vb->state = vb->goal_pages < vb->target_pages ? VB_S_FLOOR : VB_S_IDLE;
	if (VB_MUTANT(SPIN_AT_REST) || VB_MUTANT(UNALIGNED))
		return VB_MUTANT(UNALIGNED) ? HZ / 4 : 0;
	return MAX_SCHEDULE_TIMEOUT;
}

/* Pages between the goal and all that has been collected for it. */
static unsigned long missing(struct vballoon *vb)
{
	unsigned long have = vb_held_pages(vb) + vb_inflate_pending(vb);

	return vb->goal_pages > have ? vb->goal_pages - have : 0;
}

static long move(struct vballoon *vb)
{
	unsigned long held = vb_held_pages(vb), pending = vb_inflate_pending(vb);
	unsigned long goal = vb->goal_pages;
	unsigned long rescue = max(atomic_long_read(&vb->oom.wanted), 0L);

	if (VB_MUTANT(UNALIGNED) && goal % 16)
		goal = goal / 16 * 16 + (jiffies / HZ % 2) * 16;
	if ((held > goal && !VB_MUTANT(NO_DEFLATE)) || (rescue && held)) {
		vb_inflate_drop_excess(vb, ULONG_MAX);
		return vb_deflate_step(vb, max(held > goal ? held - goal : 0,
					       min(rescue, held)));
	}
	if (held + pending > goal) {
		vb_inflate_drop_excess(vb, held + pending - goal);
		return vb->flying ? rest(vb) : 0;
	}
	if (held + pending < goal || vb_batch_pages(vb->filling) || vb_reported_pages(vb))
		return vb_inflate_step(vb, goal - held - pending);
	return rest(vb);
}

/* One step. Return: jiffies to sleep, 0 = at once again. */
static long step(struct vballoon *vb, bool in_vain)
{
	unsigned long events = xchg(&vb->events, 0);
	unsigned long total, floor;
	bool stalled;
	long sleep;

	vb->held_back = false;
	if (vb->frozen) {
		vb->state = VB_S_FROZEN;
		return MAX_SCHEDULE_TIMEOUT;
	}
	vb_queue_reap(&vb->q[VB_Q_INFLATE]);
	vb_queue_reap(&vb->q[VB_Q_DEFLATE]);
	vb_queue_reap(&vb->q[VB_Q_REPORT]);
	if (events & BIT(VB_EV_CONFIG) && !(VB_MUTANT(FLIP_LOST) && vb->flying))
		read_target(vb);
	vb_inflate_advance(vb);
	vb_deflate_advance(vb);
	stalled = check_overdue(vb, in_vain);

	total = total_pages(vb);
	floor = vb_worker_floor_pages(vb);
	vb->goal_pages = min(vb->target_pages, total > floor ? total - floor : 0);

	sleep = move(vb);
	if (sleep && stalled)
		vb->state = VB_S_STALLED;
	update_actual(vb, sleep && !vb->flying && vb->retire.stage != VB_STAGE_PFNS);
	/* The guest's memory first: telling keeps the device from all else. */
	if (sleep || vb->state != VB_S_DEFLATING || vb_tells_crowded(vb))
		vb_tells_advance(vb);
	vb_report_pause(vb, vb->state == VB_S_INFLATING);
	vb_helper_want(vb, vb->state == VB_S_INFLATING ? missing(vb) : 0);
	return sleep;
}

/* A pause between notifications is shorter than a jiffy. */
static void sit_out_pause(struct vballoon *vb)
{
	s64 left_ns = READ_ONCE(vb->quiet_until_ns) - ktime_get_ns();
	unsigned long left_us;

	if (left_ns <= 0)
		return;
	left_us = div_u64(left_ns, NSEC_PER_USEC) + 1;
	usleep_range(left_us, left_us + left_us / 4);
}

static int worker(void *data)
{
	struct vballoon *vb = data;
	bool in_vain = false;
	long sleep;

	set_freezable();
	while (!kthread_should_stop()) {
		mutex_lock(&vb->lock);
		sleep = step(vb, in_vain);
		mutex_unlock(&vb->lock);
		vb_mutant_drag(sleep == MAX_SCHEDULE_TIMEOUT);
		in_vain = false;
		if (!sleep || vb->held_back) {
			try_to_freeze();
			if (sleep)
				sit_out_pause(vb);
			cond_resched();
			continue;
		}
		if (vb->flying)
			vb_count(vb, VB_C_WAITS, 1);
		in_vain = !wait_event_freezable_timeout(vb->wake,
				READ_ONCE(vb->events) || kthread_should_stop(), sleep);
	}
	return 0;
}

/**
 * vb_worker_start - create and start the thread
 * @vb: device, ready
 *
 * Return: 0 or an error.
 */
int vb_worker_start(struct vballoon *vb)
{
	vb->worker = kthread_create(worker, vb, VB_NAME "/%u", vb->index);
	if (IS_ERR(vb->worker))
		return PTR_ERR(vb->worker);
	wake_up_process(vb->worker);
	return 0;
}

/**
 * vb_worker_stop - end the thread
 * @vb: device; sleeps for one step at most
 */
void vb_worker_stop(struct vballoon *vb)
{
	kthread_stop(vb->worker);
	vb->state = VB_S_STOPPING;
}
