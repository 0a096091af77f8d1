/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>
#include <sys/types.h>

/* Counters of one kernel thread by libperf (kernel, tools/lib/perf). An agent built without libperf says so of each. */

/** enum pn_balloon_perf_event - what is counted; the last two need a PMU */
enum pn_balloon_perf_event {
	PN_PERF_TASK_CLOCK, /* ns */
	PN_PERF_SWITCHES,
	PN_PERF_MIGRATIONS,
	PN_PERF_FAULTS,
	PN_PERF_CYCLES,
	PN_PERF_INSTRUCTIONS,
	PN_BALLOON_PERF_COUNT,
};

/** pn_balloon_perf_keys - key of each in a sample */
extern const char *const pn_balloon_perf_keys[PN_BALLOON_PERF_COUNT];

struct pn_balloon_perf;

/** pn_balloon_perf_open() - start to count a thread. Return: NULL when there is no memory; counters that can't be had are left out. */
struct pn_balloon_perf *pn_balloon_perf_open(pid_t tid);

/**
 * pn_balloon_perf_read() - counts since it was opened
 * @ret_counts: of each event; 0 for one that is not counted
 * @missing: of each event, why it is not counted; left alone for one that is
 */
void pn_balloon_perf_read(struct pn_balloon_perf *perf, uint64_t ret_counts[PN_BALLOON_PERF_COUNT], const char *missing[PN_BALLOON_PERF_COUNT]);

/** pn_balloon_perf_close() - NULL is fine */
void pn_balloon_perf_close(struct pn_balloon_perf *perf);
