/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../base/cgroup.h"
#include "../base/swapfile.h"
#include "../scenario/technique.h"
#include "../timeline/timeline.h"
#include "meter.h"

/* Private to this folder: what a technique is made of. */

struct pn_mechanism_ops;
struct pn_scenario;

/** struct pn_reclaim - a technique at work */
struct pn_reclaim {
	const struct pn_technique_info *info;
	const struct pn_scenario *scenario;
	const char *case_dir;
	struct pn_journal *journal;
	struct pn_guest *guest; /* NULL before it is there and when it has gone */
	struct pn_timeline_technique technique;
	struct pn_meter meter;
	uint64_t asked_bytes, began_ns;
	uint64_t guest_ns;   /* exact mode: of the guest's own time, let pass here */
	uint64_t own_cpu_ns; /* of this thread in the mechanisms */

	struct pn_cgroup cgroup; /* host_swap.c */
	struct pn_swapfile swap;
	bool zswap, ksm; /* shares of host-wide settings that are held */
	uint64_t scans;		 /* ksm.c: that ksmd had made before */
	uint64_t plugged_bytes;	 /* vmem.c */
	uint64_t next_order_ns;	 /* guest_kernel.c */
};

/**
 * struct pn_mechanism_ops - one mechanism; any function may be NULL
 * @enter: before the guest starts
 * @prepare: the guest is there, its loads are not
 * @step: some of @missing_bytes is to come back; called again and again until all is or nothing moves. May block for as long as its part of the work takes
 * @busy: is it known to be at work still, though nothing has come back for a while?
 * @give_back: undo what @step did
 * @end: undo the rest; the guest has gone
 *
 * Each returns 0 or a negative errno; @end tries everything.
 */
struct pn_mechanism_ops {
	enum pn_mechanism mechanism;
	int (*enter)(struct pn_reclaim *reclaim, struct pn_diag *diag);
	int (*prepare)(struct pn_reclaim *reclaim, struct pn_diag *diag);
	int (*step)(struct pn_reclaim *reclaim, uint64_t missing_bytes, struct pn_diag *diag);
	bool (*busy)(struct pn_reclaim *reclaim);
	int (*give_back)(struct pn_reclaim *reclaim, struct pn_diag *diag);
	int (*end)(struct pn_reclaim *reclaim, struct pn_diag *diag);
};

/** pn_vmem_why() - what the guest's driver has not unplugged; g_free(); NULL: nothing, or not known */
char *pn_vmem_why(struct pn_reclaim *reclaim);

extern const struct pn_mechanism_ops pn_mechanism_swap_v1, pn_mechanism_swap_v2, pn_mechanism_zswap, pn_mechanism_ksm, pn_mechanism_vmem, pn_mechanism_zram,
    pn_mechanism_guest_zswap, pn_mechanism_reclaim;
