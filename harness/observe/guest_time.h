/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>

/** struct pn_guest_time - the guest's clock on the host's; plain value */
struct pn_guest_time {
	int64_t offset_ns; /* host = guest + offset */
	uint64_t error_ns;
	int64_t late_offset_ns; /* least offset that would explain the latest run of late samples */
	unsigned int late;	/* samples in that run */
};

/**
 * pn_guest_time_shift() - put a guest time on the host's clock
 * @guest_ns: of the sample
 * @host_ns: when it came
 * @ret_host_ns: when it was taken, at most @host_ns
 *
 * A guest that was paused has lost that time for good: when five samples in a row come late by more than 250 ms, the offset steps
 * by the least of them. Return: 1 when it stepped, else 0.
 */
int pn_guest_time_shift(struct pn_guest_time *clock, uint64_t guest_ns, uint64_t host_ns, uint64_t *ret_host_ns);
