// SPDX-License-Identifier: GPL-2.0-only
/* The host around the guest: free memory, pressure, and what the harness itself costs. Other guests and users count in here. */

#include "probe.h"
#include "procfs.h"

#include <time.h>

#include "../base/units.h"
#include "../scenario/scenario.h"

static const struct pn_procfs_field meminfo_fields[] = {
    {"MemTotal", "host.mem.total_bytes"},
    {"MemFree", "host.mem.free_bytes"},
    {"MemAvailable", "host.mem.available_bytes"},
    {"AnonHugePages", "host.mem.anon_huge_bytes"},
    {"Shmem", "host.mem.shmem_bytes"},
    {"SwapFree", "host.swap.free_bytes"},
    {"HugePages_Free", "host.hugetlb.free_pages"},
    {NULL},
};

static const struct pn_probe_key meminfo_keys[] = {
    {"host.mem.total_bytes", "bytes", "memory of the host"},
    {"host.mem.free_bytes", "bytes", "free"},
    {"host.mem.available_bytes", "bytes", "available without swapping"},
    {"host.mem.anon_huge_bytes", "bytes", "in transparent huge pages"},
    {"host.mem.shmem_bytes", "bytes", "shared memory"},
    {"host.swap.free_bytes", "bytes", "free swap"},
    {"host.hugetlb.free_pages", "count", "free pages of the hugetlb pool"},
    {NULL},
};

static const struct pn_probe_key free_keys[] = {
    {"host.free_bytes", "bytes", "free, with the free pages of the hugetlb pool; as often as the scenario's sample-free says"},
    {NULL},
};

static const struct pn_probe_key psi_keys[] = {
    {"host.psi.cpu.some_us", "us", "some task waited for a CPU, total"},
    {"host.psi.cpu.full_us", "us", "all tasks waited for a CPU, total"},
    {"host.psi.memory.some_us", "us", "some task waited for memory, total"},
    {"host.psi.memory.full_us", "us", "all tasks waited for memory, total"},
    {"host.psi.io.some_us", "us", "some task waited for I/O, total"},
    {"host.psi.io.full_us", "us", "all tasks waited for I/O, total"},
    {NULL},
};

static const struct pn_probe_key harness_keys[] = {
    {"harness.cpu_ns", "ns", "CPU time of the process that conducts the case, sampling counted in"},
    {NULL},
};

static const char *const psi_names[] = {"cpu", "memory", "io"};

struct psi {
	struct pn_procfs_file files[G_N_ELEMENTS(psi_names)];
};

static int meminfo_open(struct pn_probe_context *context, void **ret_state)
{
	struct pn_procfs_file *file = g_new0(struct pn_procfs_file, 1);
	int err = pn_procfs_open(file, "/proc/meminfo");

	if (err) {
		pn_probe_unsupported(context, "meminfo", "can't read /proc/meminfo: %s", g_strerror(-err));
		g_free(file);
		return err;
	}
	*ret_state = file;
	return 0;
}

static void meminfo_sample(void *state, bool mark, json_t *into)
{
	const char *text = pn_procfs_read(state);

	if (text)
		pn_procfs_fields(text, meminfo_fields, into);
}

static void meminfo_close(void *state)
{
	pn_procfs_close(state);
	g_free(state);
}

static int free_open(struct pn_probe_context *context, void **ret_state)
{
	return context->scenario->sample_free_ns ? meminfo_open(context, ret_state) : -ENODEV;
}

static void free_sample(void *state, bool mark, json_t *into)
{
	const char *text = pn_procfs_read(state);
	json_t *fields = json_object();

	if (text)
		pn_procfs_fields(text, meminfo_fields, fields);
	if (json_object_get(fields, "host.mem.free_bytes"))
		pn_probe_set(into,
			     (uint64_t)json_integer_value(json_object_get(fields, "host.mem.free_bytes")) +
				     (uint64_t)json_integer_value(json_object_get(fields, "host.hugetlb.free_pages")) * 2 * PN_MIB,
			     "host.free_bytes");
	json_decref(fields);
}

static int psi_open(struct pn_probe_context *context, void **ret_state)
{
	struct psi *psi = g_new0(struct psi, 1);
	unsigned int opened = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(psi_names); i++) {
		g_autofree char *path = g_strdup_printf("/proc/pressure/%s", psi_names[i]);
		g_autofree char *name = g_strdup_printf("host.psi.%s", psi_names[i]);
		int err = pn_procfs_open(&psi->files[i], path);

		/* Opens but does not read when the kernel was booted with psi=0. */
		if (!err && !pn_procfs_read(&psi->files[i])) {
			err = -errno;
			pn_procfs_close(&psi->files[i]);
		}
		if (err)
			pn_probe_unsupported(context, name, "can't read %s: %s", path, g_strerror(-err));
		else
			opened++;
	}
	if (!opened) {
		g_free(psi);
		return -ENOENT;
	}
	*ret_state = psi;
	return 0;
}

static void psi_sample(void *state, bool mark, json_t *into)
{
	struct psi *psi = state;

	for (size_t i = 0; i < G_N_ELEMENTS(psi_names); i++) {
		const char *text = psi->files[i].buf ? pn_procfs_read(&psi->files[i]) : NULL;
		char prefix[32];

		g_snprintf(prefix, sizeof(prefix), "host.psi.%s", psi_names[i]);
		if (text)
			pn_procfs_psi(text, prefix, into);
	}
}

static void psi_close(void *state)
{
	struct psi *psi = state;

	for (size_t i = 0; i < G_N_ELEMENTS(psi_names); i++)
		pn_procfs_close(&psi->files[i]);
	g_free(psi);
}

static int harness_open(struct pn_probe_context *context, void **ret_state)
{
	*ret_state = NULL;
	return 0;
}

static void harness_sample(void *state, bool mark, json_t *into)
{
	struct timespec ts;

	if (!clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts))
		pn_probe_set(into, (uint64_t)ts.tv_sec * PN_NS_PER_S + (uint64_t)ts.tv_nsec, "harness.cpu_ns");
}

static void harness_close(void *state)
{
}

const struct pn_probe pn_probe_meminfo = {
    .name = "meminfo",
    .help = "the host's free, available and huge-page memory",
    .beat = PN_BEAT_HOST,
    .keys = meminfo_keys,
    .open = meminfo_open,
    .sample = meminfo_sample,
    .close = meminfo_close,
};

const struct pn_probe pn_probe_free = {
    .name = "free",
    .help = "the host's free memory at a pace of its own",
    .beat = PN_BEAT_HOST,
    .eager = true,
    .keys = free_keys,
    .open = free_open,
    .sample = free_sample,
    .close = meminfo_close,
};

const struct pn_probe pn_probe_psi = {
    .name = "psi",
    .help = "the host's pressure stall totals",
    .beat = PN_BEAT_HOST,
    .keys = psi_keys,
    .open = psi_open,
    .sample = psi_sample,
    .close = psi_close,
};

const struct pn_probe pn_probe_harness = {
    .name = "harness",
    .help = "CPU time of the harness itself",
    .beat = PN_BEAT_HOST,
    .keys = harness_keys,
    .open = harness_open,
    .sample = harness_sample,
    .close = harness_close,
};
