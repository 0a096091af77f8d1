/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Talking to the device: queues, flights of buffers, PFN buffers and the pace
 * of kicks. Implemented by queue.c and pfns.c; locks are described in
 * vballoon.h.
 */
#pragma once

#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/spinlock.h>
#include <linux/virtio.h>
#include <linux/virtio_balloon.h>
#include <linux/wait.h>

#define VB_UNITS_PER_PAGE	(PAGE_SIZE >> VIRTIO_BALLOON_PFN_SHIFT)

/* PFNs per descriptor: other VMMs skip longer ones, and a host huge page of 2 MiB is two. */
#define VB_CHUNK_PFNS		256
#define VB_CHUNKS		64

struct vballoon;

enum vb_queue_id {
	VB_Q_INFLATE,
	VB_Q_DEFLATE,
	VB_Q_STATS,
	VB_Q_HINT,
	VB_Q_REPORT,
	VB_Q_COUNT,
};

/**
 * struct vb_queue - one virtqueue
 * @vb:     owner
 * @vq:     NULL if the feature was not negotiated; under @lock
 * @lock:   adding, kicking and reaping
 * @wait:   those who wait for a flight on this queue
 * @irq_ns: time of the last interrupt
 */
struct vb_queue {
	struct vballoon *vb;
	struct virtqueue *vq;
	spinlock_t lock;
	wait_queue_head_t wait;
	u64 irq_ns;
};

/**
 * struct vb_flight - buffers handed to the device that are waited for together
 * @pending:   buffers not yet used by the device; queue lock
 * @kicked_ns: when the device was told
 * @done_ns:   when the last buffer came back
 * @slices:    times its owner slept in vain for it (see vb_flight_overdue)
 * @lost:      declared lost, counted once
 */
struct vb_flight {
	unsigned int pending;
	u64 kicked_ns;
	u64 done_ns;
	unsigned int slices;
	bool lost;
};

/**
 * struct vb_pfns - PFN buffers for inflateq and deflateq
 * @chunk:   VB_CHUNK_PFNS entries each
 * @len:     entries used
 * @chained: chunk belongs to the element of the chunk before it
 * @used:    chunks used
 * @sent:    chunks handed to the device
 * @cap:     chunks usable, from the ring's size
 * @flying:  entries of the last submission, 0 once they are accounted for
 */
struct vb_pfns {
	__virtio32 *chunk[VB_CHUNKS];
	u16 len[VB_CHUNKS];
	DECLARE_BITMAP(chained, VB_CHUNKS);
	unsigned int used;
	unsigned int sent;
	unsigned int cap;
	unsigned int flying;
};

/**
 * struct vb_pace - how many pages make one kick's worth of device work
 * @ns_per_page: cost: a dearer kick counts at once, cheaper ones little by little; 0 = not yet known
 * @pages:       limit for the next kick
 */
struct vb_pace {
	u32 ns_per_page;
	u32 pages;
};

/* queue.c */
int vb_queue_find(struct vballoon *vb);
void vb_queue_forget(struct vballoon *vb);
int vb_queue_add(struct vb_queue *q, struct scatterlist *sg, unsigned int nents,
		 bool to_device, struct vb_flight *f);
void vb_queue_kick(struct vb_queue *q, struct vb_flight *f);
void vb_queue_reap(struct vb_queue *q);
bool vb_queue_wait(struct vb_queue *q, struct vb_flight *f, unsigned int timeout_ms);
bool vb_queue_wait_idle(struct vb_queue *q, struct vb_flight *f);
bool vb_queue_quiet(struct vballoon *vb);
bool vb_flight_landed(struct vb_flight *f);
bool vb_flight_overdue(struct vballoon *vb, struct vb_flight *f);
long vb_flight_slice(void);
void vb_pace_init(struct vb_pace *p, unsigned long cap);
void vb_pace_update(struct vb_pace *p, unsigned long pages,
		    const struct vb_flight *f, unsigned long cap);

/* pfns.c */
int vb_pfns_init(struct vb_pfns *p);
void vb_pfns_deinit(struct vb_pfns *p);
void vb_pfns_reset(struct vb_pfns *p);
unsigned long vb_pfns_room(const struct vb_pfns *p);
unsigned long vb_pfns_add(struct vballoon *vb, struct vb_pfns *p,
			  unsigned long pfn, unsigned long nr, bool aligned);
int vb_pfns_submit(struct vballoon *vb, struct vb_pfns *p, struct vb_queue *q,
		   const struct vb_pace *pace, struct vb_flight *f);
void vb_pfns_landed(struct vballoon *vb, struct vb_pfns *p, struct vb_pace *pace,
		    const struct vb_flight *f, bool inflate);
bool vb_pfns_sent(const struct vb_pfns *p);
