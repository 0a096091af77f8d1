/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vballoon: a virtio memory balloon driver. Shared state and the contracts
 * between its files. "Dn" in comments is driver requirement n of the
 * conformance checklist (virtio 1.3, "Traditional Memory Balloon Device").
 *
 * Units: page counts are guest pages (PAGE_SIZE) everywhere; only the
 * edges (num_pages, actual, PFN buffers) use the protocol's 4 KiB units.
 *
 * Locks, outermost first:
 *   vballoon.lock	mutex: one step of the balloon's machine at a time
 *			(worker, migration, suspend, removal)
 *   vb_held.lock, vb_reported.lock, balloon_dev_info.pages_lock, vb_tells.lock,
 *   vb_queue.lock	spinlocks, leaves, never nested in one another
 * The OOM path takes leaves only, so it never waits for the worker.
 */
#pragma once

#include <linux/atomic.h>
#include <linux/balloon_compaction.h>
#include <linux/bitmap.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/page_reporting.h>
#include <linux/scatterlist.h>
#include <linux/spinlock.h>
#include <linux/virtio.h>
#include <linux/virtio_balloon.h>
#include <linux/virtio_config.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "queue.h"

#define VB_NAME			"vballoon"

#define VB_BATCH_BLOCKS		PAGE_REPORTING_CAPACITY
#define VB_BULK_PAGES		256
#define VB_TELLS		8192
#define VB_ORDERS		(VB_TOP_ORDER + 1)
/* From here up a block is held whole; below, it is split so that it can move. */
#define VB_BLOCK_ORDER		pageblock_order

/* What woke the worker (bits of vballoon.events). */
enum vb_event {
	VB_EV_CONFIG,		/* the device changed its configuration */
	VB_EV_ACK,		/* the device used a buffer */
	VB_EV_OOM,		/* pages left the balloon behind the worker's back */
	VB_EV_STOP,
};

enum vb_mode {
	VB_MODE_STRICT,		/* report the block, then inflate its PFNs */
	VB_MODE_FAST,		/* report the block and hold it, no PFNs */
	VB_MODE_PFN,		/* PFNs only */
};

enum vb_state {
	VB_S_IDLE,
	VB_S_INFLATING,
	VB_S_DEFLATING,
	VB_S_TELLING,
	VB_S_BACKOFF,
	VB_S_FLOOR,
	VB_S_LOCKOUT,
	VB_S_STALLED,
	VB_S_FROZEN,
	VB_S_STOPPING,
};

/* Counters of debugfs, in the order in which they are printed. */
enum vb_counter {
	VB_C_INFLATE_PAGES,
	VB_C_DEFLATE_PAGES,
	VB_C_KICKS,
	VB_C_WAITS,
	VB_C_ALLOC_RETRIES,
	VB_C_BACKOFFS,
	VB_C_FLOOR_STOPS,
	VB_C_OOM_EVENTS,
	VB_C_OOM_RELEASED_PAGES,
	VB_C_MIGRATED_PAGES,
	VB_C_MIGRATE_REFUSED,
	VB_C_ACKS_LOST,
	VB_C_STATS_SENT,
	VB_C_HINT_PAGES,
	VB_C_HINT_ROUNDS,
	VB_C_REPORTED_PAGES,
	VB_C_FREE_REPORTED_PAGES,
	VB_C_BLOCKS_SPLIT,
	VB_C_ACTUAL_WRITES,
	VB_C_COUNT,
};

enum vb_stage {
	VB_STAGE_FILLING,	/* pages are being collected */
	VB_STAGE_SEALED,	/* waits for its turn at the device */
	VB_STAGE_REPORT,	/* at the device: reporting_vq */
	VB_STAGE_PFNS,		/* at the device: inflateq or deflateq */
};

struct vb_block {
	struct page *page;
	unsigned int order;
};

/**
 * struct vb_batch - pages on their way into the balloon (or, with
 * MUST_TELL_HOST, out of it): allocated, but neither the guest's nor held
 */
struct vb_batch {
	enum vb_stage stage;
	enum vb_mode mode;
	struct vb_block blk[VB_BATCH_BLOCKS];
	unsigned int nr_blks;
	unsigned long blk_pages;
	struct list_head singles;
	unsigned long nr_singles;
	bool reported;		/* its blocks have been reported: PFNs are what is left */
	unsigned int try_order;	/* largest order that has not failed yet */
	struct vb_pfns pfns;
	struct vb_flight flight;
};

/**
 * struct vb_held - the ledger: every page that is in the balloon
 * @lock:    @blocks and @nr_blocks
 * @blocks:  whole blocks by order, head page's lru
 * @singles: single pages, movable
 * @pages:   all of them, in guest pages
 */
struct vb_held {
	spinlock_t lock;
	struct list_head blocks[VB_ORDERS];
	unsigned long nr_blocks[VB_ORDERS];
	struct balloon_dev_info singles;
	atomic_long_t pages;
	atomic_long_t nr_singles;
};

/**
 * struct vb_reported - blocks that the device has dropped, but not yet inflated
 * @lock:   everything below
 * @blocks: head page's lru; page_private of the head is the order
 * @pages:  all of them, in guest pages
 * @since:  when there was none before, in jiffies
 *
 * They are neither the device's nor in the balloon: whoever is short of memory
 * may have them back without telling anybody.
 */
struct vb_reported {
	spinlock_t lock;
	struct list_head blocks;
	unsigned long pages;
	unsigned long since;
};

struct vb_range {
	u32 pfn;		/* guest page number */
	u32 nr;
};

/**
 * struct vb_tells - pages freed already which the device has yet to be told of
 * @lock:     everything below except @pfns and @flight (vballoon.lock)
 * @ring:     VB_TELLS ranges
 * @head:     next to write
 * @tail:     next to read
 * @reserved: promised to releasers that hold no entry yet
 */
struct vb_tells {
	spinlock_t lock;
	struct vb_range *ring;
	unsigned int head, tail;
	unsigned int reserved;
	struct vb_pfns pfns;
	struct vb_flight flight;
	struct vb_pace pace;
	unsigned long told;	/* pages in @flight */
};

/**
 * struct vballoon - one device
 */
struct vballoon {
	struct virtio_device *vdev;
	unsigned int index;
	struct vb_queue q[VB_Q_COUNT];

	/* the worker */
	struct task_struct *worker;
	wait_queue_head_t wake;
	unsigned long events;
	enum vb_state state;
	struct mutex lock;

	/* target and what the device was told; vballoon.lock */
	unsigned long target_pages;
	unsigned long goal_pages;	/* target after the floor */
	unsigned long actual_pages;	/* last value written to `actual` */
	unsigned long actual_jiffies;
	bool frozen;			/* no work: suspended or going away */
	bool dead;			/* the device was reset, nothing comes back */
	bool must_tell;
	bool deflate_on_oom;

	struct vb_held held;
	struct vb_reported reported;
	struct vb_tells tells;

	/* inflate; vballoon.lock */
	struct vb_batch batch[2];
	struct vb_batch *filling;
	struct vb_batch *flying;
	struct vb_pace inflate_pace;
	struct vb_pace report_pace;
	struct page **bulk;		/* VB_BULK_PAGES, scratch */
	unsigned int backoff_ms;
	unsigned long backoff_until;	/* jiffies, valid while backoff_ms */
	enum vb_state backoff_state;

	/* deflate with MUST_TELL_HOST */
	struct vb_batch retire;

	/* reporting */
	bool reporting;			/* reporting_vq is there and trusted */
	u32 poison_val;
	struct scatterlist report_sg[VB_BATCH_BLOCKS];
	struct page_reporting_dev_info pr_dev;
	bool pr_registered;
	atomic_t pr_running;
	bool pr_paused;			/* refuse reports just now */
	bool pr_refused;		/* one was refused since the last start */

	/* migration; vballoon.lock */
	__virtio32 *migrate_pfns;
	struct vb_flight migrate_flight[2];
	struct page *migrate_limbo;	/* told, never acknowledged */

	/* stats and hints */
	struct workqueue_struct *aux;
	struct work_struct stats_work;
	struct virtio_balloon_stat *stats;
	struct work_struct hint_work;
	struct vb_hint *hint;

	/* OOM */
	struct notifier_block oom_nb;
	bool oom_registered;
	unsigned long oom_jiffies;	/* end of the lockout, valid if oom_locked */
	bool oom_locked;
	u64 oom_slowest_ns;		/* one relief, by the notifier */
	atomic_long_t oom_wanted;	/* must_tell only: what the notifier waits for */
	wait_queue_head_t oom_wait;

	atomic_long_t counter[VB_C_COUNT];
	struct dentry *debugfs;
};

static inline void vb_count(struct vballoon *vb, enum vb_counter c, long n)
{
	atomic_long_add(n, &vb->counter[c]);
}

/* params.c */
extern unsigned int vb_knob_mode;
extern unsigned int vb_knob_kick_us;
extern unsigned int vb_knob_ack_timeout_ms;
extern unsigned int vb_knob_floor_mib;
extern unsigned int vb_knob_backoff_min_ms;
extern unsigned int vb_knob_backoff_max_ms;
extern unsigned int vb_knob_oom_quota_mib;
extern unsigned int vb_knob_oom_lockout_ms;
extern unsigned int vb_knob_pfn_chain;
extern unsigned int vb_knob_max_order;
extern bool vb_knob_free_reporting;
const char *vb_params_mode_name(enum vb_mode mode);

/* main.c */
int vb_main_start(struct vballoon *vb);
void vb_main_stop(struct vballoon *vb);

/* worker.c */
int vb_worker_start(struct vballoon *vb);
void vb_worker_stop(struct vballoon *vb);
void vb_worker_wake(struct vballoon *vb, enum vb_event ev);
void vb_worker_write_actual(struct vballoon *vb);
const char *vb_worker_state_name(enum vb_state state);
unsigned long vb_worker_floor_pages(struct vballoon *vb);

/* held.c */
void vb_held_init(struct vballoon *vb);
unsigned long vb_held_pages(struct vballoon *vb);
unsigned long vb_held_order_pages(struct vballoon *vb, unsigned int order);
void vb_held_add_block(struct vballoon *vb, struct page *page,
		       unsigned int order, bool told);
void vb_held_add_singles(struct vballoon *vb, struct list_head *pages,
			 unsigned long nr);
bool vb_held_take_block(struct vballoon *vb, unsigned int max_order,
			struct vb_block *ret_blk, bool *ret_told);
unsigned long vb_held_take_singles(struct vballoon *vb, struct list_head *pages,
				   unsigned long nr);
bool vb_held_split_block(struct vballoon *vb);
void vb_held_mark_offline(struct page *page, unsigned int order);
void vb_held_unmark_offline(struct page *page, unsigned int order);
void vb_held_give_back_block(struct page *page, unsigned int order);
void vb_held_give_back_singles(struct list_head *pages);

/* batch.c */
int vb_batch_init(struct vb_batch *b);
void vb_batch_deinit(struct vb_batch *b);
void vb_batch_reset(struct vb_batch *b);
void vb_batch_free(struct vb_batch *b);
unsigned long vb_batch_pages(const struct vb_batch *b);
unsigned long vb_batch_fill(struct vballoon *vb, struct vb_batch *b,
			    unsigned long want, bool *ret_full);
void vb_batch_seal(struct vballoon *vb, struct vb_batch *b);
bool vb_batch_fill_reported(struct vballoon *vb, struct vb_batch *b);

/* inflate.c */
void vb_inflate_advance(struct vballoon *vb);
unsigned long vb_inflate_pending(struct vballoon *vb);
long vb_inflate_step(struct vballoon *vb, unsigned long want);
long vb_inflate_submit(struct vballoon *vb);
void vb_inflate_drop_excess(struct vballoon *vb, unsigned long excess);
void vb_inflate_drop_all(struct vballoon *vb);
void vb_inflate_calm(struct vballoon *vb);

/* reported.c */
void vb_reported_init(struct vballoon *vb);
unsigned long vb_reported_pages(struct vballoon *vb);
bool vb_reported_due(struct vballoon *vb);
void vb_reported_add(struct vballoon *vb, struct vb_block *blk);
bool vb_reported_take(struct vballoon *vb, struct vb_block *ret_blk);
unsigned long vb_reported_release(struct vballoon *vb, unsigned long want);

/* deflate.c */
long vb_deflate_step(struct vballoon *vb, unsigned long excess);
unsigned long vb_deflate_release(struct vballoon *vb, unsigned long want, bool whole);
void vb_deflate_advance(struct vballoon *vb);
bool vb_deflate_all(struct vballoon *vb);

/* tells.c */
int vb_tells_init(struct vballoon *vb);
void vb_tells_deinit(struct vballoon *vb);
unsigned int vb_tells_reserve(struct vballoon *vb, unsigned int nr);
void vb_tells_unreserve(struct vballoon *vb, unsigned int nr);
void vb_tells_push(struct vballoon *vb, unsigned long pfn, unsigned long nr);
bool vb_tells_busy(struct vballoon *vb);
bool vb_tells_crowded(struct vballoon *vb);
void vb_tells_advance(struct vballoon *vb);
bool vb_tells_drain(struct vballoon *vb, unsigned int timeout_ms);
void vb_tells_clear(struct vballoon *vb);

/* migrate.c */
int vb_migrate_init(struct vballoon *vb);
void vb_migrate_reset(struct vballoon *vb);
void vb_migrate_deinit(struct vballoon *vb);

/* report.c */
void vb_report_setup(struct vballoon *vb);
bool vb_report_usable(struct vballoon *vb);
int vb_report_submit(struct vballoon *vb, struct vb_batch *b);
void vb_report_register(struct vballoon *vb);
void vb_report_pause(struct vballoon *vb, bool pause);
void vb_report_unregister(struct vballoon *vb);

/* hint.c */
int vb_hint_init(struct vballoon *vb);
void vb_hint_deinit(struct vballoon *vb);
void vb_hint_config_changed(struct vballoon *vb);
void vb_hint_stop(struct vballoon *vb);
void vb_hint_release(struct vballoon *vb);

/* stats.c */
int vb_stats_init(struct vballoon *vb);
void vb_stats_deinit(struct vballoon *vb);
void vb_stats_arm(struct vballoon *vb);
void vb_stats_requested(struct vballoon *vb);
void vb_stats_stop(struct vballoon *vb);

/* oom.c */
int vb_oom_register(struct vballoon *vb);
void vb_oom_unregister(struct vballoon *vb);
bool vb_oom_lockout(struct vballoon *vb, long *ret_sleep);
void vb_oom_settle(struct vballoon *vb, unsigned long released);

/* pm.c */
void vb_pm_quiesce(struct vballoon *vb);
int vb_pm_freeze(struct virtio_device *vdev);
int vb_pm_restore(struct virtio_device *vdev);

/* debugfs.c */
void vb_debugfs_init(void);
void vb_debugfs_exit(void);
void vb_debugfs_add(struct vballoon *vb);
void vb_debugfs_remove(struct vballoon *vb);

#include "mutant.h"
