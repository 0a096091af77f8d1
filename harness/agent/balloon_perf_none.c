/* SPDX-License-Identifier: GPL-2.0-only */
/* The counters of an agent that was built where libperf was not: none, with that reason. */
#include "balloon_perf.h"

#include <string.h>

struct pn_balloon_perf *pn_balloon_perf_open(pid_t tid)
{
	return NULL;
}

void pn_balloon_perf_read(struct pn_balloon_perf *perf, uint64_t ret_counts[PN_BALLOON_PERF_COUNT], const char *missing[PN_BALLOON_PERF_COUNT])
{
	memset(ret_counts, 0, PN_BALLOON_PERF_COUNT * sizeof(ret_counts[0]));
}

void pn_balloon_perf_close(struct pn_balloon_perf *perf)
{
}
