// SPDX-License-Identifier: GPL-2.0-only
/*
 * The knobs: every module parameter, with its unit, range and default.
 *
 * All can be changed while the driver works and take effect at its next step.
 * A value out of range is refused with one line in the kernel log.
 */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>

#include "vballoon.h"

/* A ranged unsigned knob: variable, parser and description from one record. */
#define VB_KNOB(_name, _def, _min, _max, _desc)					\
unsigned int vb_knob_##_name = (_def);						\
static int set_##_name(const char *val, const struct kernel_param *kp)		\
{										\
	int rc = param_set_uint_minmax(val, kp, (_min), (_max));		\
										\
	if (rc)									\
		pr_err(VB_NAME ": parameter %s: \"%s\": must be %u to %u\n",	\
		       kp->name, strim((char *)val), (_min), (_max));		\
	return rc;								\
}										\
static const struct kernel_param_ops ops_##_name = {				\
	.set = set_##_name,							\
	.get = param_get_uint,							\
};										\
module_param_cb(_name, &ops_##_name, &vb_knob_##_name, 0644);			\
MODULE_PARM_DESC(_name, _desc)

VB_KNOB(kick_us, 2000, 100, 1000000,
	"device work per notification, microseconds (100..1000000, default 2000)");
VB_KNOB(pause_us, 200, 0, 100000,
	"time between a notification that took longer and the next, for others to get the device's lock, microseconds (0..100000, default 200)");
VB_KNOB(ahead_ms, 25, 0, 60000,
	"strict mode: blocks are reported for so long between two notifications of PFNs, milliseconds (0..60000, default 25)");
VB_KNOB(ack_timeout_ms, 10000, 100, 3600000,
	"silence after which the device counts as stalled, milliseconds (100..3600000, default 10000)");
VB_KNOB(floor_mib, 0, 0, 1048576,
	"memory the guest always keeps, MiB (0 = 1/32 of the guest, at least 16; default 0)");
VB_KNOB(backoff_min_ms, 50, 1, 60000,
	"first pause after a failed allocation, doubled each time, milliseconds (1..60000, default 50)");
VB_KNOB(backoff_max_ms, 10000, 1, 600000,
	"longest pause after failed allocations, milliseconds (1..600000, default 10000)");
VB_KNOB(oom_quota_mib, 64, 1, 1048576,
	"memory given back per OOM event, MiB (1..1048576, default 64)");
VB_KNOB(oom_lockout_ms, 5000, 0, 3600000,
	"no inflation for so long after an OOM event, doubled when another follows soon, milliseconds (0..3600000, default 5000)");
VB_KNOB(oom_lockout_max_ms, 60000, 0, 3600000,
	"longest time without inflation after OOM events, milliseconds (0..3600000, default 60000)");
VB_KNOB(pfn_chain, 2, 1, 2,
	"descriptors of 256 PFNs in one buffer: 2 frees 2 MiB host pages, 1 suits devices that read only the first (1..2, default 2)");
VB_KNOB(max_order, VB_TOP_ORDER, 0, VB_TOP_ORDER,
	"largest block taken at once, page order (0 = single pages; default: the allocator's largest)");

VB_KNOB(helpers, 1, 0, VB_HELPERS_MAX,
	"threads that collect blocks on other CPUs while the balloon grows; looked at when a device appears (0..8, default 1)");

bool vb_knob_free_reporting = true;
module_param_named(free_reporting, vb_knob_free_reporting, bool, 0444);
MODULE_PARM_DESC(free_reporting,
	"report the guest's free pages where the device offers it (default Y)");

unsigned int vb_knob_mode = VB_MODE_STRICT;

static const char * const mode_names[] = {
	[VB_MODE_STRICT] = "strict",
	[VB_MODE_FAST] = "fast",
	[VB_MODE_PFN] = "pfn",
};

/**
 * vb_params_mode_name - the word for a mode, as the parameter takes it
 * @mode: the mode
 */
const char *vb_params_mode_name(enum vb_mode mode)
{
	return mode_names[mode];
}

static int set_mode(const char *val, const struct kernel_param *kp)
{
	int i = sysfs_match_string(mode_names, val);

	if (i < 0) {
		pr_err(VB_NAME ": parameter mode: \"%s\": must be strict, fast or pfn\n",
		       strim((char *)val));
		return i;
	}
	WRITE_ONCE(vb_knob_mode, i);
	return 0;
}

static int get_mode(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n", mode_names[READ_ONCE(vb_knob_mode)]);
}

static const struct kernel_param_ops mode_ops = {
	.set = set_mode,
	.get = get_mode,
};
module_param_cb(mode, &mode_ops, NULL, 0644);
MODULE_PARM_DESC(mode,
	"strict: report a block, then inflate its PFNs; fast: report and hold, no PFNs; pfn: PFNs only (default strict; without reporting always pfn)");
