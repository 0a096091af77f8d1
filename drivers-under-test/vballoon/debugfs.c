// SPDX-License-Identifier: GPL-2.0-only
/*
 * debugfs: vballoon/<device>/counters, one "name value" per line.
 *
 * A sum of single readings: exact at rest, not a snapshot while pages move.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "vballoon.h"

static struct dentry *root;

static const char * const counter_names[VB_C_COUNT] = {
	[VB_C_INFLATE_PAGES] = "inflate_pages",
	[VB_C_DEFLATE_PAGES] = "deflate_pages",
	[VB_C_KICKS] = "kicks",
	[VB_C_WAITS] = "waits",
	[VB_C_ALLOC_RETRIES] = "alloc_retries",
	[VB_C_BACKOFFS] = "backoffs",
	[VB_C_FLOOR_STOPS] = "floor_stops",
	[VB_C_OOM_EVENTS] = "oom_events",
	[VB_C_OOM_RELEASED_PAGES] = "oom_released_pages",
	[VB_C_OOM_LOCKOUTS] = "oom_lockouts",
	[VB_C_OOM_RELAPSES] = "oom_relapses",
	[VB_C_MIGRATED_PAGES] = "migrated_pages",
	[VB_C_MIGRATE_REFUSED] = "migrate_refused",
	[VB_C_ACKS_LOST] = "acks_lost",
	[VB_C_STATS_SENT] = "stats_sent",
	[VB_C_HINT_PAGES] = "hint_pages",
	[VB_C_HINT_ROUNDS] = "hint_rounds",
	[VB_C_REPORTED_PAGES] = "reported_pages",
	[VB_C_FREE_REPORTED_PAGES] = "free_reported_pages",
	[VB_C_BLOCKS_SPLIT] = "blocks_split",
	[VB_C_ACTUAL_WRITES] = "actual_writes",
	[VB_C_HELPED_PAGES] = "helped_pages",
};

static int counters_show(struct seq_file *m, void *unused)
{
	struct vballoon *vb = m->private;
	unsigned int i;

	seq_printf(m, "held_pages %lu\n", vb_held_pages(vb));
	seq_printf(m, "waiting_pages %lu\n", vb_reported_pages(vb));
	seq_printf(m, "target_pages %lu\n", READ_ONCE(vb->target_pages));
	seq_printf(m, "goal_pages %lu\n", READ_ONCE(vb->goal_pages));
	seq_printf(m, "actual_pages %lu\n", READ_ONCE(vb->actual_pages));
	for (i = 0; i < VB_ORDERS; i++)
		seq_printf(m, "pages_order_%u %lu\n", i, vb_held_order_pages(vb, i));
	for (i = 0; i < VB_C_COUNT; i++)
		seq_printf(m, "%s %ld\n", counter_names[i],
			   atomic_long_read(&vb->counter[i]));
	seq_printf(m, "oom_slowest_ns %llu\n", READ_ONCE(vb->oom.slowest_ns));
	seq_printf(m, "oom_lockout_ms %u\n", READ_ONCE(vb->oom.lockout_ms));
	seq_printf(m, "isolated_pages %lu\n", READ_ONCE(vb->held.singles.isolated_pages));
	seq_printf(m, "inflate_ns_per_page %u\n", READ_ONCE(vb->inflate_pace.ns_per_page));
	seq_printf(m, "report_ns_per_page %u\n", READ_ONCE(vb->report_pace.ns_per_page));
	seq_printf(m, "tell_ns_per_page %u\n", READ_ONCE(vb->tells.pace.ns_per_page));
	seq_printf(m, "mode %s\n", vb_params_mode_name(vb_report_usable(vb) ?
		   READ_ONCE(vb_knob_mode) : VB_MODE_PFN));
	seq_printf(m, "state %s\n", vb_worker_state_name(READ_ONCE(vb->state)));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(counters);

/**
 * vb_debugfs_init - make the module's directory
 */
void vb_debugfs_init(void)
{
	root = debugfs_create_dir(VB_NAME, NULL);
}

/**
 * vb_debugfs_exit - remove the module's directory
 */
void vb_debugfs_exit(void)
{
	debugfs_remove_recursive(root);
}

/**
 * vb_debugfs_add - show a device; failure costs nothing but the view
 * @vb: device
 */
void vb_debugfs_add(struct vballoon *vb)
{
	vb->debugfs = debugfs_create_dir(dev_name(&vb->vdev->dev), root);
	debugfs_create_file("counters", 0444, vb->debugfs, vb, &counters_fops);
}

/**
 * vb_debugfs_remove - show the device no more; waits for readers
 * @vb: device
 */
void vb_debugfs_remove(struct vballoon *vb)
{
	debugfs_remove_recursive(vb->debugfs);
}
