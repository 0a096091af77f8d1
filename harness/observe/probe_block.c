// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the device saw of the swap disk and the data disk. The other side of swap is counted by the guest (guest.vm.pswpin and
 * pswpout): a case that swaps must show on both.
 */

#include "monitor.h"
#include "probe.h"

#include "../base/diag.h"
#include "../base/units.h"

static const struct pn_probe_key keys[] = {
    {"DISK.read_bytes", "bytes", "read by the guest; DISK is swapdev or datadev"},
    {"DISK.write_bytes", "bytes", "written by the guest"},
    {"DISK.read_ops", "count", "reads"},
    {"DISK.write_ops", "count", "writes"},
    {"DISK.flush_ops", "count", "flushes"},
    {"DISK.read_ns", "ns", "time spent in reads, summed"},
    {"DISK.write_ns", "ns", "time spent in writes, summed"},
    {"DISK.read_errors", "count", "failed reads"},
    {"DISK.write_errors", "count", "failed writes"},
    {NULL},
};

static const struct {
	const char *which, *prefix;
} disks[] = {{"swap", "swapdev"}, {"data", "datadev"}};

struct block {
	struct pn_probe_context *context;
	char *qdevs[G_N_ELEMENTS(disks)];
};

static void block_close(void *state)
{
	struct block *block = state;

	for (size_t d = 0; d < G_N_ELEMENTS(disks); d++)
		g_free(block->qdevs[d]);
	g_free(block);
}

static int block_open(struct pn_probe_context *context, void **ret_state)
{
	struct block *block = g_new0(struct block, 1);
	struct pn_diag diag = {""};
	json_t *blocks = NULL;
	unsigned int found = 0;

	block->context = context;
	for (size_t d = 0; d < G_N_ELEMENTS(disks); d++) {
		const char *path = pn_guest_disk(context->guest, disks[d].which), *qdev;

		if (!path) {
			pn_probe_unsupported(context, disks[d].prefix, "the guest has no %s disk", disks[d].which);
			continue;
		}
		if (!blocks && pn_monitor_query(context, "query-block", NULL, &blocks, NULL, &diag)) {
			pn_probe_unsupported(context, disks[d].prefix, "query-block: %s", diag.text);
			continue;
		}
		qdev = pn_block_of(blocks, path);
		if (!qdev) {
			pn_probe_unsupported(context, disks[d].prefix, "QEMU knows no disk with the image %s", path);
			continue;
		}
		block->qdevs[d] = g_strdup(qdev);
		found++;
	}
	json_decref(blocks);
	if (!found) {
		block_close(block);
		return -ENODEV;
	}
	*ret_state = block;
	return 0;
}

static void block_sample(void *state, bool mark, json_t *into)
{
	struct block *block = state;
	json_t *reply = NULL;

	if (pn_monitor_query(block->context, "query-blockstats", NULL, &reply, NULL, NULL))
		return;
	for (size_t d = 0; d < G_N_ELEMENTS(disks); d++) {
		if (block->qdevs[d] && pn_block_take(reply, block->qdevs[d], disks[d].prefix, into))
			pn_probe_unsupported(block->context, disks[d].prefix, "query-blockstats no longer lists %s", block->qdevs[d]);
	}
	json_decref(reply);
}

const struct pn_probe pn_probe_block = {
    .name = "block",
    .help = "bytes, operations and time at the swap disk and the data disk, once a second",
    .beat = PN_BEAT_MONITOR,
    .interval_ns = PN_NS_PER_S,
    .keys = keys,
    .open = block_open,
    .sample = block_sample,
    .close = block_close,
};
