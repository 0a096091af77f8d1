// SPDX-License-Identifier: GPL-2.0-only
/*
 * Can this host do what a technique needs? Only looks. Each refusal names what is missing and what mends it.
 */
#include "technique.h"

#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "../base/cgroup.h"
#include "../base/fs.h"
#include "../base/swapfile.h"
#include "scenario.h"

/* The memory controller belongs to one version or the other, never to both. */
static char *refuse_cgroup(bool wanted_v2)
{
	g_autofree char *mounts = NULL, *self = NULL, *dir = NULL;
	bool v2 = false;

	if (pn_fs_read("/proc/self/mounts", &mounts, NULL, NULL) || pn_fs_read("/proc/self/cgroup", &self, NULL, NULL))
		return g_strdup("no memory cgroups: /proc is not there");
	dir = pn_cgroup_locate(mounts, self, "memory", &v2);
	if (!dir)
		return g_strdup("no memory cgroups: mount them (mount -t cgroup2 none /sys/fs/cgroup), with a kernel that has CONFIG_MEMCG");
	if (v2 == wanted_v2)
		return NULL;
	return g_strdup(wanted_v2 ? "the memory controller is in version 1 here: boot with cgroup_no_v1=memory (or systemd.unified_cgroup_hierarchy=1)"
				  : "the memory controller is in version 2 here, where the same is overcommit-v2: boot with systemd.unified_cgroup_hierarchy=0");
}

static char *refuse_v1(const struct pn_scenario *scenario)
{
	char *refusal = pn_swapfile_refusal(pn_swapfile_dir(), 2 * scenario->guest.memory_bytes);

	return refusal ? refusal : refuse_cgroup(false);
}

static char *refuse_v2(const struct pn_scenario *scenario)
{
	char *refusal = pn_swapfile_refusal(pn_swapfile_dir(), 2 * scenario->guest.memory_bytes);

	return refusal ? refusal : refuse_cgroup(true);
}

static char *refuse_zswap(const struct pn_scenario *scenario)
{
	return access("/sys/module/zswap/parameters/enabled", W_OK) == 0
		   ? NULL
		   : g_strdup("no zswap: needs root and a host kernel with CONFIG_ZSWAP (Debian: linux-image-amd64, not the cloud flavour)");
}

static char *refuse_ksm(const struct pn_scenario *scenario)
{
	return access("/sys/kernel/mm/ksm/run", W_OK) == 0 ? NULL : g_strdup("no KSM: needs root and a host kernel with CONFIG_KSM");
}

static char *refuse_reclaim(const struct pn_scenario *scenario)
{
	return scenario->guest.swap_bytes || pn_technique_find(scenario->technique)->mechanisms & PN_MECHANISM_ZRAM
		   ? NULL
		   : g_strdup("the guest has no swap to reclaim to: give it guest.swap");
}

static char *refuse_generic(const struct pn_scenario *scenario)
{
	return scenario->guest.kernel || g_strcmp0(scenario->guest.image, "cloud")
		   ? NULL
		   : g_strdup("the guest's kernel has no zswap: run with --image generic");
}

static const struct {
	enum pn_mechanism mechanism;
	char *(*refuse)(const struct pn_scenario *scenario);
} needs[] = {
    {PN_MECHANISM_SWAP_V1, refuse_v1}, {PN_MECHANISM_SWAP_V2, refuse_v2},	     {PN_MECHANISM_ZSWAP, refuse_zswap},
    {PN_MECHANISM_KSM, refuse_ksm},    {PN_MECHANISM_RECLAIM, refuse_reclaim}, {PN_MECHANISM_GUEST_ZSWAP, refuse_generic},
};

char *pn_technique_refusal(const struct pn_scenario *scenario)
{
	const struct pn_technique_info *info = pn_technique_find(scenario->technique);
	char *refusal = NULL;

	if (info && scenario->guest.exact && info->mechanisms & ~(unsigned int)PN_MECHANISM_BALLOON)
		return g_strdup("exact mode: this technique works in the host's time, in which that guest stands still; balloons alone can be counted exactly");
	for (size_t i = 0; info && !refusal && i < G_N_ELEMENTS(needs); i++)
		if (info->mechanisms & needs[i].mechanism)
			refusal = needs[i].refuse(scenario);
	return refusal;
}
