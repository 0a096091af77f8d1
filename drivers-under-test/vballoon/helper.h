/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Help from the guest's other CPUs while the balloon inflates. Implemented by
 * helper.c.
 */
#pragma once

#include <linux/wait.h>

#include "held.h"

#define VB_HELPERS_MAX	8

struct task_struct;

/**
 * struct vb_helpers - threads that collect blocks for the worker
 * @thread: the threads
 * @nr:     how many there are; none on a guest with one CPU
 * @wake:   where they wait
 * @pile:   blocks that the worker has not taken yet; takes none while nothing is wanted
 * @order:  of the blocks wanted, 0 = none
 * @dry:    there were none of this order, 0 = not known
 */
struct vb_helpers {
	struct task_struct *thread[VB_HELPERS_MAX];
	unsigned int nr;
	wait_queue_head_t wake;
	struct vb_pile pile;
	unsigned int order;
	unsigned int dry;
};

/* helper.c */
void vb_helper_init(struct vballoon *vb);
void vb_helper_start(struct vballoon *vb);
void vb_helper_stop(struct vballoon *vb);
void vb_helper_want(struct vballoon *vb, unsigned long want);
bool vb_helper_take(struct vballoon *vb, unsigned int max_order, struct vb_block *ret_blk);
unsigned long vb_helper_release(struct vballoon *vb);
