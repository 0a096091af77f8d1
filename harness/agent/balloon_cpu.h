/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>

#include "balloon_perf.h"

/** struct pn_balloon_cpu - what the driver that has the balloon has cost */
struct pn_balloon_cpu {
	uint64_t threads_ns;	   /* its kernel threads, those that are gone included */
	uint64_t threads_wait_ns;  /* they were runnable and did not run */
	uint64_t threads_switches; /* times that one of them was switched to */
	unsigned int threads;	   /* alive */
	uint64_t work_ns;	   /* its work items */
	uint64_t work_runs;
	uint64_t counts[PN_BALLOON_PERF_COUNT]; /* of its threads */
	const char *const *counts_missing;	/* of each, why it is not counted, or NULL; as long as the next read */
	const char *work_missing;  /* why work items can't be measured; NULL when they are */
};

/** pn_balloon_cpu_refresh() - look again which driver has the balloon, where its code lies, and which threads it has */
void pn_balloon_cpu_refresh(void);

/** pn_balloon_cpu_module() - module of the driver that has the balloon; "" for none. Cheap: notices a change since the last call. */
const char *pn_balloon_cpu_module(void);

/** pn_balloon_cpu_read() - sums since the agent started. Never blocks on the driver. */
void pn_balloon_cpu_read(struct pn_balloon_cpu *ret_cpu);

/** pn_balloon_cpu_epoch() - changes whenever pn_balloon_cpu_refresh() has looked again */
unsigned int pn_balloon_cpu_epoch(void);
