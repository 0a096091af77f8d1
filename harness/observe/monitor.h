/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdint.h>

struct pn_diag;
struct pn_probe_context;

/** PN_MONITOR_BALLOON_PATH - the balloon device in QEMU's object tree: libvirt calls it balloon0 */
#define PN_MONITOR_BALLOON_PATH "/machine/peripheral/balloon0"

/**
 * pn_monitor_query() - pn_guest_query() with the sampler's deadline
 * @arguments: stolen; may be NULL
 * @ret_reply: what the command returned; json_decref() by the caller
 *
 * Return: as pn_guest_query().
 */
int pn_monitor_query(struct pn_probe_context *context, const char *command, json_t *arguments, json_t **ret_reply, uint64_t *ret_latency_ns,
		     struct pn_diag *diag);

/** pn_stats_take() - take the statistics that the guest reported out of a guest-stats property; unset ones are left out */
void pn_stats_take(const json_t *guest_stats, json_t *into);

/**
 * pn_block_of() - find a disk in a reply of query-block
 * @path: of its image on the host
 *
 * Return: the "qdev" that names it in query-blockstats, borrowed; NULL when it is not there.
 */
const char *pn_block_of(const json_t *blocks, const char *path);

/** pn_block_take() - take the counts of one disk out of a reply of query-blockstats. Return: 0 or -ENOENT. */
int pn_block_take(const json_t *blockstats, const char *qdev, const char *prefix, json_t *into);
