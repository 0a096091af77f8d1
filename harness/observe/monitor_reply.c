// SPDX-License-Identifier: GPL-2.0-only
/* Reading replies of the monitor. Pure. A field that is not there is not set. */

#include "monitor.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "probe.h"

#define UNREPORTED 18446744073709551615.0

static const struct {
	const char *qemu, *name;
} counts[] = {
    {"rd_bytes", "read_bytes"},
    {"wr_bytes", "write_bytes"},
    {"rd_operations", "read_ops"},
    {"wr_operations", "write_ops"},
    {"flush_operations", "flush_ops"},
    {"rd_total_time_ns", "read_ns"},
    {"wr_total_time_ns", "write_ns"},
    {"failed_rd_operations", "read_errors"},
    {"failed_wr_operations", "write_errors"},
};

/* Names of the statistics, QEMU's and ours. */
static const struct {
	const char *qemu, *name;
} stats_names[] = {
    {"stat-swap-in", "balloon.stats.swap_in_bytes"},
    {"stat-swap-out", "balloon.stats.swap_out_bytes"},
    {"stat-major-faults", "balloon.stats.major_faults"},
    {"stat-minor-faults", "balloon.stats.minor_faults"},
    {"stat-free-memory", "balloon.stats.free_bytes"},
    {"stat-total-memory", "balloon.stats.total_bytes"},
    {"stat-available-memory", "balloon.stats.available_bytes"},
    {"stat-disk-caches", "balloon.stats.disk_caches_bytes"},
    {"stat-htlb-pgalloc", "balloon.stats.hugetlb_allocs"},
    {"stat-htlb-pgfail", "balloon.stats.hugetlb_failures"},
};

const char *pn_block_of(const json_t *blocks, const char *path)
{
	size_t i;
	const json_t *block;

	json_array_foreach(blocks, i, block) {
		const json_t *inserted = json_object_get(block, "inserted");
		const char *file = json_string_value(json_object_get(inserted, "file"));
		const char *image = json_string_value(json_object_get(json_object_get(inserted, "image"), "filename"));

		/* A node with options is named "json:{...}", the path in it. */
		if ((file && strstr(file, path)) || (image && strstr(image, path)))
			return json_string_value(json_object_get(block, "qdev"));
	}
	return NULL;
}

int pn_block_take(const json_t *blockstats, const char *qdev, const char *prefix, json_t *into)
{
	size_t i;
	const json_t *disk;

	json_array_foreach(blockstats, i, disk) {
		const json_t *stats = json_object_get(disk, "stats");
		const char *name = json_string_value(json_object_get(disk, "qdev"));

		if (!name || strcmp(name, qdev) || !stats)
			continue;
		for (size_t c = 0; c < G_N_ELEMENTS(counts); c++) {
			const json_t *value = json_object_get(stats, counts[c].qemu);

			if (json_is_integer(value))
				pn_probe_set(into, (uint64_t)json_integer_value(value), "%s.%s", prefix, counts[c].name);
		}
		return 0;
	}
	return -ENOENT;
}

void pn_stats_take(const json_t *guest_stats, json_t *into)
{
	const json_t *values = json_object_get(guest_stats, "stats");

	for (size_t i = 0; i < G_N_ELEMENTS(stats_names); i++) {
		const json_t *value = json_object_get(values, stats_names[i].qemu);

		double number = json_number_value(value);

		/* 2^64-1, "never reported", does not fit a JSON integer of ours: a decoder makes -1 or a real of it, and then reals of all. */
		if (!json_is_number(value) || number < 0 || number >= UNREPORTED)
			continue;
		pn_probe_set(into, (uint64_t)number, "%s", stats_names[i].name);
	}
}
