/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>

struct pn_scenario;

/** struct pn_jobs_need - what the largest of some cases needs; begins zeroed */
struct pn_jobs_need {
	uint64_t memory_bytes;
	unsigned int vcpus;
};

/** pn_jobs_add() - one more case, with all its guests */
void pn_jobs_add(struct pn_jobs_need *need, struct pn_scenario *scenario);

/** pn_jobs_fit() - how many such cases this host's CPUs and free memory allow at once. Return: at least 1. */
unsigned int pn_jobs_fit(const struct pn_jobs_need *need);
