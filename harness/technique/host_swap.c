// SPDX-License-Identifier: GPL-2.0-only
/*
 * Overcommit: QEMU is born in a memory cgroup whose limit is lowered, so that the host swaps it to a file of ours, with zswap before it where that
 * is asked for. The limit follows what has really come back: cache that is charged to the group, or pages that do not compress, are made up for.
 *
 * The order blocks while the kernel reclaims; a kernel that can't reach it (EBUSY) has done what it could.
 */
#include "mechanism.h"

#include <errno.h>
#include <unistd.h>

#include "../base/diag.h"
#include "../base/units.h"
#include "../scenario/scenario.h"
#include "shared.h"

#define STEP_BYTES (32 * PN_MIB) /* so that one order does not block for long */
#define LEAST_BYTES (32 * PN_MIB)

static const struct pn_shared_setting zswap[] = {
    {"/sys/module/zswap/parameters/max_pool_percent", "50"},
    {"/sys/module/zswap/parameters/enabled", "Y"},
};

static int enter(struct pn_reclaim *reclaim, struct pn_diag *diag)
{
	g_autofree char *name = g_strdup_printf("puncture-%d-%p.swap", (int)getpid(), (void *)reclaim);
	g_autofree char *path = g_build_filename(pn_swapfile_dir(), name, NULL);
	int r = pn_swapfile_make(path, 2 * reclaim->scenario->guest.memory_bytes, &reclaim->swap, diag);

	if (r == 0)
		r = pn_cgroup_make(&reclaim->cgroup, "memory", diag);
	/* version 2 has none: there it goes by cost, and the group has little else */
	return r < 0 || reclaim->cgroup.v2 ? r : pn_cgroup_set(&reclaim->cgroup, "memory.swappiness", "", "100", diag);
}

static int set_limit(struct pn_reclaim *reclaim, uint64_t bytes, struct pn_diag *diag)
{
	g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, bytes);
	int r = pn_cgroup_set(&reclaim->cgroup, "memory.limit_in_bytes", "memory.max", text, diag);

	return r == -EBUSY || r == -EINTR ? 0 : r;
}

static int step(struct pn_reclaim *reclaim, uint64_t missing_bytes, struct pn_diag *diag)
{
	uint64_t used = 0;
	int r = pn_cgroup_count(&reclaim->cgroup, reclaim->cgroup.v2 ? "memory.current" : "memory.usage_in_bytes", NULL, &used, diag);

	if (r < 0)
		return r;
	missing_bytes = MIN(missing_bytes, STEP_BYTES);
	return set_limit(reclaim, used > missing_bytes + LEAST_BYTES ? used - missing_bytes : LEAST_BYTES, diag);
}

static int give_back(struct pn_reclaim *reclaim, struct pn_diag *diag)
{
	return pn_cgroup_set(&reclaim->cgroup, "memory.limit_in_bytes", "memory.max", reclaim->cgroup.v2 ? "max" : "-1", diag);
}

static int end(struct pn_reclaim *reclaim, struct pn_diag *diag)
{
	int cgroup = pn_cgroup_remove(&reclaim->cgroup, diag);
	int swap = pn_swapfile_remove(&reclaim->swap, cgroup ? NULL : diag);

	return cgroup ? cgroup : swap;
}

static int enter_zswap(struct pn_reclaim *reclaim, struct pn_diag *diag)
{
	int r = pn_shared_take("zswap", zswap, G_N_ELEMENTS(zswap), diag);

	reclaim->zswap = r == 0;
	return r;
}

static int end_zswap(struct pn_reclaim *reclaim, struct pn_diag *diag)
{
	bool held = reclaim->zswap;

	reclaim->zswap = false;
	return held ? pn_shared_drop("zswap", diag) : 0;
}

const struct pn_mechanism_ops pn_mechanism_swap_v1 = {
    .mechanism = PN_MECHANISM_SWAP_V1, .enter = enter, .step = step, .give_back = give_back, .end = end};
const struct pn_mechanism_ops pn_mechanism_swap_v2 = {
    .mechanism = PN_MECHANISM_SWAP_V2, .enter = enter, .step = step, .give_back = give_back, .end = end};
const struct pn_mechanism_ops pn_mechanism_zswap = {.mechanism = PN_MECHANISM_ZSWAP, .enter = enter_zswap, .end = end_zswap};
