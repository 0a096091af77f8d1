/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>

/*
 * CPU time of work items (workqueues) whose function lies within a module: what a driver that has no thread of its own costs.
 */

/** pn_balloon_bpf_open() - load and attach the programs, once. Return: 0 or a negative errno; what the kernel lacks is in @why. */
int pn_balloon_bpf_open(char *why, unsigned int size);

/** pn_balloon_bpf_watch() - count for functions in [base, base + size) from now on; 0, 0 for none. Return: 0 or a negative errno. */
int pn_balloon_bpf_watch(uint64_t base, uint64_t size);

/** struct pn_balloon_bpf_count - sums since the programs were attached */
struct pn_balloon_bpf_count {
	uint64_t cpu_ns; /* on a CPU within such a work item, that of a running one included */
	uint64_t runs;	 /* work items begun */
};

/** pn_balloon_bpf_read() - Return: 0 or a negative errno. */
int pn_balloon_bpf_read(struct pn_balloon_bpf_count *ret_count);
