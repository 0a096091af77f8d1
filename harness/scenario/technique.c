// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of techniques, and what each makes of a scenario. A technique is a combination of mechanisms, so a new mix of known ones is one record.
 */
#include "technique.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "../base/diag.h"
#include "../base/units.h"
#include "doc.h"
#include "key.h"
#include "scenario.h"
#include "schema.h"

#define OURS "vballoon"
#define STOCK "stock"

const struct pn_technique_info pn_techniques[] = {
    {.name = "control", .help = "nothing is done: what the load and the host do by themselves"},
    {.name = "balloon-stock", .mechanisms = PN_MECHANISM_BALLOON, .driver = STOCK, .balloon_percent = 100, .help = "the kernel's own balloon driver"},
    {.name = "balloon-strict",
     .mechanisms = PN_MECHANISM_BALLOON,
     .driver = OURS,
     .params = "mode=strict free_reporting=N",
     .device_reports = true,
     .balloon_percent = 100,
     .help = "vballoon: blocks reported, then put into the balloon"},
    {.name = "balloon-fast",
     .mechanisms = PN_MECHANISM_BALLOON,
     .driver = OURS,
     .params = "mode=fast free_reporting=N",
     .device_reports = true,
     .balloon_percent = 100,
     .help = "vballoon: blocks reported and held"},
    {.name = "reporting", .mechanisms = PN_MECHANISM_REPORTING, .driver = STOCK, .help = "the guest reports what it does not use"},
    {.name = "overcommit-v1", .mechanisms = PN_MECHANISM_SWAP_V1, .help = "the host swaps QEMU: memory cgroup, version 1"},
    {.name = "overcommit-v2", .mechanisms = PN_MECHANISM_SWAP_V2, .help = "the host swaps QEMU: memory cgroup, version 2"},
    {.name = "zswap",
     .mechanisms = PN_MECHANISM_SWAP_V1 | PN_MECHANISM_ZSWAP,
     .help = "the host compresses QEMU: zswap before its swap, memory cgroup, version 1"},
    {.name = "ksm", .mechanisms = PN_MECHANISM_KSM, .help = "the host merges pages that are alike"},
    {.name = "virtio-mem", .mechanisms = PN_MECHANISM_VMEM, .help = "half of the guest's memory is a virtio-mem device, which gives it up"},
    {.name = "guest-reclaim",
     .mechanisms = PN_MECHANISM_RECLAIM | PN_MECHANISM_REPORTING,
     .driver = STOCK,
     .help = "the guest reclaims (memory.reclaim) to its swap disk, and reports what is free then"},
    {.name = "guest-zram",
     .mechanisms = PN_MECHANISM_RECLAIM | PN_MECHANISM_REPORTING | PN_MECHANISM_ZRAM,
     .driver = STOCK,
     .help = "as guest-reclaim, its swap is zram"},
    {.name = "guest-zswap",
     .mechanisms = PN_MECHANISM_RECLAIM | PN_MECHANISM_REPORTING | PN_MECHANISM_GUEST_ZSWAP,
     .driver = STOCK,
     .image = "generic",
     .help = "as guest-reclaim, with zswap before its swap disk; generic kernel"},
    {.name = "balloon+zswap",
     .mechanisms = PN_MECHANISM_BALLOON | PN_MECHANISM_SWAP_V1 | PN_MECHANISM_ZSWAP,
     .driver = OURS,
     .params = "mode=strict free_reporting=N",
     .device_reports = true,
     .balloon_percent = 50,
     .help = "half by vballoon strict, the rest by the host's zswap"},
    {.name = "balloon+ksm",
     .mechanisms = PN_MECHANISM_BALLOON | PN_MECHANISM_KSM,
     .driver = OURS,
     .params = "mode=strict free_reporting=N",
     .device_reports = true,
     .balloon_percent = 50,
     .help = "half by vballoon strict, the rest by merging"},
    {},
};

const char *const pn_technique_names[] = {"control",	   "balloon-stock", "balloon-strict", "balloon-fast", "reporting",   "overcommit-v1", "overcommit-v2", "zswap",
					  "ksm",	   "virtio-mem",    "guest-reclaim",  "guest-zram",   "guest-zswap", "balloon+zswap", "balloon+ksm",   NULL};

const struct pn_technique_info *pn_technique_find(const char *name)
{
	for (const struct pn_technique_info *info = pn_techniques; name && info->name; info++)
		if (!strcmp(info->name, name))
			return info;
	return NULL;
}

static uint64_t share(const char *key, const char *text, uint64_t memory_bytes)
{
	return pn_schema_value(&pn_scenario_schema, key, text, memory_bytes) / PN_PAGE_BYTES * PN_PAGE_BYTES;
}

static void fill_mix(struct pn_mix *mix, const struct pn_raw_mix *raw, uint64_t memory_bytes)
{
	*mix = (struct pn_mix){
	    .cache_bytes = share("mix.cache", raw->cache, memory_bytes),
	    .cold_bytes = share("mix.cold", raw->cold, memory_bytes),
	    .hot_bytes = share("mix.hot", raw->hot, memory_bytes),
	    .zero_bytes = share("mix.zero", raw->zero, memory_bytes),
	    .duplicate_bytes = share("mix.duplicate", raw->duplicate, memory_bytes),
	    .incompressible_bytes = share("mix.incompressible", raw->incompressible, memory_bytes),
	    .fresh_bytes = share("mix.fresh", raw->fresh, memory_bytes),
	    .diverge_per_s = raw->diverge,
	};
}

static void replace(char **text, const char *with)
{
	if (!with)
		return;
	g_free(*text);
	*text = g_strdup(with);
}

void pn_technique_fill(struct pn_scenario *scenario, const struct pn_raw_scenario *raw)
{
	const struct pn_technique_info *info = pn_technique_find(raw->technique);
	struct pn_machine *guest = &scenario->guest;

	fill_mix(&scenario->mix, &raw->mix, guest->memory_bytes);
	if (!info)
		return;
	scenario->technique = g_strdup(info->name);
	scenario->unaware = raw->unaware;
	if (info->driver) {
		replace(&scenario->driver.name, info->driver);
		g_clear_pointer(&scenario->driver.params, g_free);
		scenario->driver.params = g_strdup(info->params);
	}
	if (info->image && !guest->image)
		replace((char **)&guest->image, info->image);
	if (info->mechanisms & PN_MECHANISM_REPORTING || info->device_reports)
		guest->balloon.free_page_reporting = true;
	if (info->mechanisms & PN_MECHANISM_VMEM) {
		guest->virtio_mem_bytes = guest->memory_bytes / 2 / (4 * PN_MIB) * (4 * PN_MIB);
		guest->balloon.absent = true; /* QEMU counts a device's memory into the balloon's size */
	}
}

int pn_technique_check(struct pn_doc *doc, const struct pn_scenario *scenario, struct pn_diag *diag)
{
	const struct pn_mix *mix = &scenario->mix;
	uint64_t sum = mix->cache_bytes + mix->cold_bytes + mix->hot_bytes + mix->zero_bytes + mix->duplicate_bytes + mix->incompressible_bytes;
	uint64_t room = scenario->guest.memory_bytes - MIN(scenario->guest.memory_bytes, 96 * PN_MIB);
	int node = pn_doc_find(doc, "mix");
	g_autofree char *where = pn_doc_where(doc, node), *value = NULL, *accepted = NULL;

	if (sum > room) {
		value = pn_key_quote(PN_KEY_BYTES, sum);
		accepted = g_strdup_printf("parts that leave the guest's kernel 96MiB of %" G_GUINT64_FORMAT "MiB", (guint64)(scenario->guest.memory_bytes / PN_MIB));
		return pn_diag_value(diag, where, "mix", value, accepted);
	}
	if (mix->cache_bytes && scenario->guest.disk_bytes < mix->cache_bytes)
		return pn_diag_value(diag, where, "mix.cache", "(a share)", "guest.disk at least as large: the cache is that of the data disk");
	return 0;
}
