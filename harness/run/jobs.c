// SPDX-License-Identifier: GPL-2.0-only
#include "jobs.h"

#include <glib.h>
#include <unistd.h>

#include "../scenario/scenario.h"

void pn_jobs_add(struct pn_jobs_need *need, struct pn_scenario *scenario)
{
	uint64_t memory_bytes = 0;
	unsigned int vcpus = 0;

	for (unsigned int k = 0; k < pn_scenario_guests(scenario); k++) {
		const struct pn_machine *machine = &pn_scenario_guest(scenario, k)->guest;

		vcpus += machine->vcpus;
		memory_bytes += machine->memory_bytes;
	}
	need->vcpus = MAX(need->vcpus, vcpus);
	need->memory_bytes = MAX(need->memory_bytes, memory_bytes);
}

unsigned int pn_jobs_fit(const struct pn_jobs_need *need)
{
	uint64_t pages = (uint64_t)MAX(sysconf(_SC_AVPHYS_PAGES), 1);
	unsigned int cpus = (unsigned int)MAX(sysconf(_SC_NPROCESSORS_ONLN), 1);
	/* a quarter of the free memory stays free, whatever the guests do */
	uint64_t by_memory = pages / 4 * 3 * (uint64_t)sysconf(_SC_PAGESIZE) / MAX(need->memory_bytes, 1);

	return (unsigned int)MAX(1, MIN(cpus / MAX(need->vcpus, 1), by_memory));
}
