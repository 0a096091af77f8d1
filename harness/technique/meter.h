/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct pn_cgroup;
struct pn_guest;

/*
 * How much host memory a guest holds, whatever took it away. Held is what would be free if the guest ended now:
 * the pages of its memory, a page that several guests share divided among them (Pss: merged pages); what huge pages hold whose part was given back
 * (observe/pages.h); and, where the host compresses, the part of zswap's pool that its pages take.
 */

/** struct pn_held - one look at it */
struct pn_held {
	uint64_t held_bytes; /* the sum of the next three */
	uint64_t pss_bytes, holes_bytes, pool_bytes;
	uint64_t rss_bytes, swap_bytes, anon_huge_bytes;
};

/** struct pn_point_held - of the curve */
struct pn_point_held {
	uint64_t t_ns, held_bytes;
};

/** struct pn_meter - reads one guest's; a plain value, zeroed before pn_meter_open() */
struct pn_meter {
	pid_t pid;
	bool pool;	      /* zswap's pool counts */
	bool holes;	      /* huge pages may have holes */
	GThread *thread;
	int stop; /* atomic */
	GMutex lock;
	GArray *points; /* struct pn_point_held */
	uint64_t latest_bytes;
};

/** pn_meter_open() - for the QEMU of a guest. Return: 0, or -ENOTSUP for one without a process. */
int pn_meter_open(struct pn_meter *meter, struct pn_guest *guest, bool pool, bool holes);
void pn_meter_close(struct pn_meter *meter);

/** pn_meter_read() - look now; walks page tables for some ms. Return: 0 or a negative errno. */
int pn_meter_read(const struct pn_meter *meter, struct pn_held *ret_held);

/** pn_meter_sample() - look now and add it to the curve at @t_ns, for whoever needs no thread. Return: 0 or a negative errno. */
int pn_meter_sample(struct pn_meter *meter, uint64_t t_ns);

/** pn_meter_start(), pn_meter_stop() - a thread that looks every 20 to 100 ms; the curve is pn_meter.points, complete after stop */
void pn_meter_start(struct pn_meter *meter);
void pn_meter_stop(struct pn_meter *meter);

/** pn_meter_latest() - the last look of the curve */
uint64_t pn_meter_latest(struct pn_meter *meter);

/**
 * pn_meter_figures() - everything for the record: {"held_bytes","rss_bytes","swap_bytes","anon_huge_bytes","holes_bytes","pool_bytes","host_free_bytes",
 * "cgroup_bytes","qemu_cpu_ns","kernel_cpu_ns" (kswapd and ksmd), "host_swap_in","host_swap_out","host_zswap_in","host_zswap_out" (pages, of the whole
 * host), "host_swap_others" (bytes in swap areas other than @swap), "guest": {"pswpin","pswpout","oom_kill","cpu_ns","mono_ns"}}. What can't be read is absent.
 */
json_t *pn_meter_figures(const struct pn_meter *meter, struct pn_guest *guest, const struct pn_cgroup *cgroup, const char *swap);

/** pn_meter_sum_smaps() - the mappings of guest memory out of /proc/PID/smaps: readable, writable, not code, of at least 16 MiB. For the test too. */
void pn_meter_sum_smaps(const char *text, struct pn_held *ret_held, GArray *ranges);
