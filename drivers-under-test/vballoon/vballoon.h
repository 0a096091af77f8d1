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
 *   vb_held.lock, vb_pile.lock, balloon_dev_info.pages_lock, vb_tells.lock,
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

#include "batch.h"
#include "compat.h"
#include "held.h"
#include "helper.h"
#include "oom.h"
#include "queue.h"
#include "tells.h"

#define VB_NAME			"vballoon"

/* What woke the worker (bits of vballoon.events). */
enum vb_event {
	VB_EV_CONFIG,		/* the device changed its configuration */
	VB_EV_ACK,		/* the device used a buffer */
	VB_EV_OOM,		/* pages left the balloon behind the worker's back */
	VB_EV_STOP,
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
	VB_C_OOM_LOCKOUTS,
	VB_C_OOM_RELAPSES,
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
	VB_C_HELPED_PAGES,
	VB_C_COUNT,
};

/**
 * struct vballoon - one device
 */
struct vballoon {
	struct virtio_device *vdev;
	unsigned int index;
	struct vb_queue q[VB_Q_COUNT];
	u64 quiet_until_ns;		/* no notification of the balloon before */
	bool held_back;			/* one was due in this step; lock */

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
	struct vb_helpers helpers;
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

	struct vb_oom oom;

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
extern unsigned int vb_knob_ahead_ms;
extern unsigned int vb_knob_pause_us;
extern unsigned int vb_knob_ack_timeout_ms;
extern unsigned int vb_knob_floor_mib;
extern unsigned int vb_knob_backoff_min_ms;
extern unsigned int vb_knob_backoff_max_ms;
extern unsigned int vb_knob_oom_quota_mib;
extern unsigned int vb_knob_oom_lockout_ms;
extern unsigned int vb_knob_oom_lockout_max_ms;
extern unsigned int vb_knob_pfn_chain;
extern unsigned int vb_knob_max_order;
extern unsigned int vb_knob_helpers;
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

/* inflate.c */
void vb_inflate_advance(struct vballoon *vb);
unsigned long vb_inflate_pending(struct vballoon *vb);
long vb_inflate_step(struct vballoon *vb, unsigned long want);
bool vb_inflate_allowed(struct vballoon *vb, unsigned long nr);
long vb_inflate_submit(struct vballoon *vb);
void vb_inflate_drop_excess(struct vballoon *vb, unsigned long excess);
void vb_inflate_drop_all(struct vballoon *vb);
void vb_inflate_calm(struct vballoon *vb);

/* deflate.c */
long vb_deflate_step(struct vballoon *vb, unsigned long excess);
unsigned long vb_deflate_release(struct vballoon *vb, unsigned long want, bool whole);
void vb_deflate_advance(struct vballoon *vb);
bool vb_deflate_all(struct vballoon *vb);

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
