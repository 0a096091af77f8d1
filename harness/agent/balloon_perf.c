/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One event source a counter, so that one that this kernel or processor lacks (under TCG there is no PMU) takes no other with it. The agent is
 * real-time and must not wait: a read copies numbers that the kernel keeps.
 */
#include "balloon_perf.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <perf/core.h>
#include <perf/cpumap.h>
#include <perf/evsel.h>
#include <perf/threadmap.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>

static const struct {
	uint32_t type;
	uint64_t config;
} events[PN_BALLOON_PERF_COUNT] = {
	[PN_PERF_TASK_CLOCK] = {PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK},
	[PN_PERF_SWITCHES] = {PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES},
	[PN_PERF_MIGRATIONS] = {PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_MIGRATIONS},
	[PN_PERF_FAULTS] = {PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS},
	[PN_PERF_CYCLES] = {PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES},
	[PN_PERF_INSTRUCTIONS] = {PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS},
};

struct pn_balloon_perf {
	struct perf_thread_map *threads;
	struct perf_evsel *evsels[PN_BALLOON_PERF_COUNT]; /* NULL: not counted */
	int errors[PN_BALLOON_PERF_COUNT];
};

static int quiet(enum libperf_print_level level, const char *format, va_list args)
{
	return 0;
}

static int start(struct pn_balloon_perf *perf, unsigned int event)
{
	struct perf_event_attr attr = {.size = sizeof(attr), .type = events[event].type, .config = events[event].config};
	struct perf_evsel *evsel = perf_evsel__new(&attr);
	int err;

	if (!evsel)
		return -ENOMEM;
	err = perf_evsel__open(evsel, NULL, perf->threads);
	if (err)
		perf_evsel__delete(evsel);
	else
		perf->evsels[event] = evsel;
	return err;
}

struct pn_balloon_perf *pn_balloon_perf_open(pid_t tid)
{
	static bool ready;
	struct pn_balloon_perf *perf = calloc(1, sizeof(*perf));

	if (!perf)
		return NULL;
	if (!ready)
		libperf_init(quiet);
	ready = true;
	perf->threads = perf_thread_map__new_array(1, &tid);
	for (unsigned int i = 0; i < PN_BALLOON_PERF_COUNT; i++)
		perf->errors[i] = perf->threads ? start(perf, i) : -ENOMEM;
	return perf;
}

static const char *reason(int err)
{
	switch (-err) {
	case ENOENT:
	case EOPNOTSUPP:
	case ENODEV:
		return "this guest has no such counter (no PMU?)";
	case ESRCH:
		return "the thread has gone";
	default:
		return "the kernel refuses the counter";
	}
}

void pn_balloon_perf_read(struct pn_balloon_perf *perf, uint64_t ret_counts[PN_BALLOON_PERF_COUNT], const char *missing[PN_BALLOON_PERF_COUNT])
{
	for (unsigned int i = 0; i < PN_BALLOON_PERF_COUNT; i++) {
		struct perf_counts_values counts = {.val = 0};
		int err = perf->evsels[i] ? perf_evsel__read(perf->evsels[i], 0, 0, &counts) : perf->errors[i];

		ret_counts[i] = err ? 0 : counts.val;
		if (err)
			missing[i] = reason(err);
	}
}

void pn_balloon_perf_close(struct pn_balloon_perf *perf)
{
	for (unsigned int i = 0; perf && i < PN_BALLOON_PERF_COUNT; i++) {
		if (!perf->evsels[i])
			continue;
		perf_evsel__close(perf->evsels[i]);
		perf_evsel__delete(perf->evsels[i]);
	}
	if (perf)
		perf_thread_map__put(perf->threads);
	free(perf);
}
