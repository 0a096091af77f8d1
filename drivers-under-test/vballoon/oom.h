/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Relief when the guest runs out of memory, and the time after it in which the
 * balloon does not grow. Implemented by oom.c.
 */
#pragma once

#include <linux/atomic.h>
#include <linux/notifier.h>
#include <linux/types.h>
#include <linux/wait.h>

struct vballoon;

/**
 * struct vb_oom - relief and lockout
 * @nb:         the kernel's notifiers of out of memory, which run one at a time
 * @registered: @nb is among them
 * @lockout_ms: length of the last lockout, 0 before the first; the notifier's
 * @until:      its end in jiffies, valid while @lockout_ms
 * @slowest_ns: the longest that one relief took, by the notifier
 * @wanted:     must_tell only: pages that the notifier waits for
 * @wait:       where it waits
 */
struct vb_oom {
	struct notifier_block nb;
	bool registered;
	unsigned int lockout_ms;
	unsigned long until;
	u64 slowest_ns;
	atomic_long_t wanted;
	wait_queue_head_t wait;
};

/* oom.c */
int vb_oom_register(struct vballoon *vb);
void vb_oom_unregister(struct vballoon *vb);
bool vb_oom_lockout(struct vballoon *vb, long *ret_sleep);
void vb_oom_settle(struct vballoon *vb, unsigned long released);
