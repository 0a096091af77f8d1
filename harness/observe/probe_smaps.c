// SPDX-License-Identifier: GPL-2.0-only
/*
 * What QEMU occupies. smaps_rollup walks every page table under mmap_lock, which is the lock that faults and discards of the guest
 * need: 3 ms for 512 MiB in 4 KiB pages (README.md), so it is read every other second, and smaps, which names guest memory alone,
 * at marks only.
 */

#include "probe.h"
#include "procfs.h"

#include "../base/units.h"
#include "../scenario/scenario.h"

static const struct pn_procfs_field fields[] = {
    {"Rss", "qemu.rss_bytes"},
    {"Anonymous", "qemu.anon_bytes"},
    {"AnonHugePages", "qemu.anon_huge_bytes"},
    {"Pss_Shmem", "qemu.shmem_bytes"},
    {"ShmemPmdMapped", "qemu.shmem_huge_bytes"},
    {"Private_Dirty", "qemu.private_dirty_bytes"},
    {"Private_Hugetlb", "qemu.private_hugetlb_bytes"},
    {"Shared_Hugetlb", "qemu.shared_hugetlb_bytes"},
    {"Swap", "qemu.swap_bytes"},
    {NULL},
};

static const struct pn_probe_key smaps_keys[] = {
    {"qemu.rss_bytes", "bytes", "resident, without hugetlb"},
    {"qemu.anon_bytes", "bytes", "anonymous"},
    {"qemu.anon_huge_bytes", "bytes", "in transparent huge pages"},
    {"qemu.shmem_bytes", "bytes", "shared memory, shared out (Pss)"},
    {"qemu.shmem_huge_bytes", "bytes", "shared memory mapped by huge pages"},
    {"qemu.private_dirty_bytes", "bytes", "private and dirty"},
    {"qemu.private_hugetlb_bytes", "bytes", "private hugetlb pages"},
    {"qemu.shared_hugetlb_bytes", "bytes", "shared hugetlb pages"},
    {"qemu.swap_bytes", "bytes", "swapped out by the host"},
    {NULL},
};

static const struct pn_probe_key ram_keys[] = {
    {"qemu.ram.size_bytes", "bytes", "mappings that hold guest memory"},
    {"qemu.ram.rss_bytes", "bytes", "guest memory that is resident, hugetlb counted in"},
    {"qemu.ram.anon_huge_bytes", "bytes", "guest memory in transparent huge pages"},
    {"qemu.ram.swap_bytes", "bytes", "guest memory swapped out by the host"},
    {NULL},
};

struct smaps {
	struct pn_procfs_file file;
	uint64_t memory_bytes;
};

static int open_file(struct pn_probe_context *context, const char *probe, const char *leaf, void **ret_state)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/%s", (int)context->pid, leaf);
	struct smaps *smaps;
	int err;

	if (!context->pid) {
		pn_probe_unsupported(context, probe, "no QEMU process to look at");
		return -ESRCH;
	}
	smaps = g_new0(struct smaps, 1);
	err = pn_procfs_open(&smaps->file, path);
	if (err) {
		pn_probe_unsupported(context, probe, "can't read %s: %s", path, g_strerror(-err));
		g_free(smaps);
		return err;
	}
	smaps->memory_bytes = context->scenario->guest.memory_bytes;
	*ret_state = smaps;
	return 0;
}

static int smaps_open(struct pn_probe_context *context, void **ret_state)
{
	return open_file(context, "smaps", "smaps_rollup", ret_state);
}

static int ram_open(struct pn_probe_context *context, void **ret_state)
{
	return open_file(context, "ram", "smaps", ret_state);
}

static void smaps_sample(void *state, bool mark, json_t *into)
{
	struct smaps *smaps = state;
	const char *text = pn_procfs_read(&smaps->file);

	if (text)
		pn_procfs_fields(text, fields, into);
}

static void ram_sample(void *state, bool mark, json_t *into)
{
	struct smaps *smaps = state;
	struct pn_procfs_ram ram;
	const char *text;

	if (!mark)
		return;
	text = pn_procfs_read(&smaps->file);
	if (!text)
		return;
	pn_procfs_smaps_ram(text, smaps->memory_bytes, &ram);
	if (!ram.size_bytes)
		return;
	pn_probe_set(into, ram.size_bytes, "qemu.ram.size_bytes");
	pn_probe_set(into, ram.rss_bytes, "qemu.ram.rss_bytes");
	pn_probe_set(into, ram.anon_huge_bytes, "qemu.ram.anon_huge_bytes");
	pn_probe_set(into, ram.swap_bytes, "qemu.ram.swap_bytes");
}

static void smaps_close(void *state)
{
	struct smaps *smaps = state;

	pn_procfs_close(&smaps->file);
	g_free(smaps);
}

const struct pn_probe pn_probe_smaps = {
    .name = "smaps",
    .help = "memory that QEMU occupies, every other second",
    .beat = PN_BEAT_HOST,
    .interval_ns = 2 * PN_NS_PER_S,
    .keys = smaps_keys,
    .open = smaps_open,
    .sample = smaps_sample,
    .close = smaps_close,
};

const struct pn_probe pn_probe_ram = {
    .name = "ram",
    .help = "host memory behind guest memory alone, at marks",
    .beat = PN_BEAT_HOST,
    .keys = ram_keys,
    .open = ram_open,
    .sample = ram_sample,
    .close = smaps_close,
};
