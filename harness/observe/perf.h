/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>
#include <sys/types.h>

/*
 * Counters on one thread. Two implementations, one is linked: perf_libperf.c, and perf_none.c where libperf was not there when this
 * was built.
 */

struct pn_perf;

/** struct pn_perf_event - one kind of event, as perf_event_open(2) numbers it */
struct pn_perf_event {
	const char *name; /* as it ends a key: "task_clock_ns" */
	uint32_t type;
	uint64_t config;
};

/**
 * pn_perf_open() - count an event on a thread from now on
 * @ret_reason: why not, static or valid until the next call on this thread
 *
 * Return: 0 or a negative errno. Freed with pn_perf_close().
 */
int pn_perf_open(const struct pn_perf_event *event, pid_t tid, struct pn_perf **ret_perf, const char **ret_reason);

/** pn_perf_read() - the count so far, scaled up when the counter had to share its hardware. Return: 0 or a negative errno. */
int pn_perf_read(struct pn_perf *perf, uint64_t *ret_count);
void pn_perf_close(struct pn_perf *perf);
