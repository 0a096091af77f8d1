// SPDX-License-Identifier: GPL-2.0-only
/* Twin of perf_libperf.c for a build without libperf: says so for each counter. */

#include "perf.h"

#include <errno.h>

int pn_perf_open(const struct pn_perf_event *event, pid_t tid, struct pn_perf **ret_perf, const char **ret_reason)
{
	*ret_reason = "built without libperf";
	return -ENOSYS;
}

int pn_perf_read(struct pn_perf *perf, uint64_t *ret_count)
{
	return -ENOSYS;
}

void pn_perf_close(struct pn_perf *perf)
{
}
