// SPDX-License-Identifier: GPL-2.0-only
/*
 * What QEMU occupies. statm is counters, next to free, and read at every beat. smaps and its rollup walk every page table under mmap_lock,
 * which is the lock that faults and discards of the guest need: 3 ms for 512 MiB in 4 KiB pages (README.md), so they are read at marks
 * only, and with them what huge pages with holes still hold (pages.h).
 */

#include "pages.h"
#include "probe.h"
#include "procfs.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "../scenario/scenario.h"

static const struct pn_procfs_field fields[] = {
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
    {"qemu.rss_bytes", "bytes", "resident, without hugetlb; to within 256 KiB a thread"},
    {"qemu.anon_bytes", "bytes", "anonymous; this and the rest at marks"},
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
    {"qemu.ram.held_bytes", "bytes", "given back by QEMU, held by huge pages of which the rest is in use"},
    {NULL},
};

struct smaps {
	struct pn_probe_context *context;
	pid_t pid; /* whose files they are: a guest that moves has another QEMU */
	struct pn_procfs_file rollup, statm;
};

struct ram {
	struct pn_probe_context *context;
	pid_t pid;
	struct pn_procfs_file smaps;
	struct pn_pages pages;
	bool has_pages;
	uint64_t memory_bytes;
};

static int open_file(struct pn_probe_context *context, const char *probe, const char *leaf, struct pn_procfs_file *ret_file)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/%s", (int)context->pid, leaf);
	int err;

	if (!context->pid) {
		pn_probe_unsupported(context, probe, "no QEMU process to look at");
		return -ESRCH;
	}
	err = pn_procfs_open(ret_file, path);
	if (err)
		pn_probe_unsupported(context, probe, "can't read %s: %s", path, g_strerror(-err));
	return err;
}

static bool reopen(pid_t pid, const char *leaf, struct pn_procfs_file *file)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/%s", (int)pid, leaf);
	struct pn_procfs_file fresh;

	if (pn_procfs_open(&fresh, path))
		return false;
	pn_procfs_close(file);
	*file = fresh;
	return true;
}

static void smaps_follow(struct smaps *smaps)
{
	pid_t pid = pn_guest_pid(smaps->context->guest);

	if (pid && pid != smaps->pid && reopen(pid, "statm", &smaps->statm) && reopen(pid, "smaps_rollup", &smaps->rollup))
		smaps->pid = pid;
}

static void ram_follow(struct ram *ram)
{
	pid_t pid = pn_guest_pid(ram->context->guest);

	if (!pid || pid == ram->pid || !reopen(pid, "smaps", &ram->smaps))
		return;
	ram->pid = pid;
	if (ram->has_pages)
		pn_pages_close(&ram->pages);
	ram->has_pages = !pn_pages_open(pid, &ram->pages);
}

static int smaps_open(struct pn_probe_context *context, void **ret_state)
{
	struct smaps *smaps = g_new0(struct smaps, 1);
	int err = open_file(context, "smaps", "statm", &smaps->statm);

	if (!err) {
		err = open_file(context, "smaps", "smaps_rollup", &smaps->rollup);
		if (err)
			pn_procfs_close(&smaps->statm);
	}
	smaps->context = context;
	smaps->pid = context->pid;
	if (err)
		g_free(smaps);
	else
		*ret_state = smaps;
	return err;
}

static void smaps_sample(void *state, bool mark, json_t *into)
{
	struct smaps *smaps = state;
	const char *text;
	uint64_t pages;

	smaps_follow(smaps);
	text = pn_procfs_read(&smaps->statm);
	if (text && sscanf(text, "%*u %" SCNu64, &pages) == 1)
		pn_probe_set(into, pages * (uint64_t)sysconf(_SC_PAGESIZE), "qemu.rss_bytes");
	text = mark ? pn_procfs_read(&smaps->rollup) : NULL;
	if (text)
		pn_procfs_fields(text, fields, into);
}

static void smaps_close(void *state)
{
	struct smaps *smaps = state;

	pn_procfs_close(&smaps->rollup);
	pn_procfs_close(&smaps->statm);
	g_free(smaps);
}

static int ram_open(struct pn_probe_context *context, void **ret_state)
{
	struct ram *ram = g_new0(struct ram, 1);
	int err = open_file(context, "ram", "smaps", &ram->smaps), pages_err;

	if (err) {
		g_free(ram);
		return err;
	}
	pages_err = pn_pages_open(context->pid, &ram->pages);
	if (pages_err)
		pn_probe_unsupported(context, "qemu.ram.held_bytes", "can't read the page tables of QEMU: %s", g_strerror(-pages_err));
	ram->has_pages = !pages_err;
	ram->context = context;
	ram->pid = context->pid;
	ram->memory_bytes = context->scenario->guest.memory_bytes;
	*ret_state = ram;
	return 0;
}

static void ram_sample(void *state, bool mark, json_t *into)
{
	struct ram *ram = state;
	struct pn_procfs_ram use;
	uint64_t held_bytes;
	const char *text;

	if (!mark)
		return;
	ram_follow(ram);
	text = pn_procfs_read(&ram->smaps);
	if (!text)
		return;
	pn_procfs_smaps_ram(text, ram->memory_bytes, &use);
	if (!use.size_bytes)
		return;
	pn_probe_set(into, use.size_bytes, "qemu.ram.size_bytes");
	pn_probe_set(into, use.rss_bytes, "qemu.ram.rss_bytes");
	pn_probe_set(into, use.anon_huge_bytes, "qemu.ram.anon_huge_bytes");
	pn_probe_set(into, use.swap_bytes, "qemu.ram.swap_bytes");
	if (ram->has_pages && !pn_pages_held(&ram->pages, use.from, use.from + use.size_bytes, &held_bytes))
		pn_probe_set(into, held_bytes, "qemu.ram.held_bytes");
}

static void ram_close(void *state)
{
	struct ram *ram = state;

	pn_procfs_close(&ram->smaps);
	if (ram->has_pages)
		pn_pages_close(&ram->pages);
	g_free(ram);
}

const struct pn_probe pn_probe_smaps = {
    .name = "smaps",
    .help = "memory that QEMU occupies",
    .beat = PN_BEAT_HOST,
    .eager = true,
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
    .close = ram_close,
};
