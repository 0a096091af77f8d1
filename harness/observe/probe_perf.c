// SPDX-License-Identifier: GPL-2.0-only
/* Counters on QEMU's threads by role. Threads that come and go (the workers of the I/O pool) are left to probe_sched.c's total. */

#include "perf.h"
#include "probe.h"

#include <linux/perf_event.h>

static const struct pn_perf_event events[] = {
    {"task_clock_ns", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK},
    {"context_switches", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES},
    {"cpu_migrations", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_MIGRATIONS},
    {"page_faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS},
    {"cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES},
    {"instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS},
};

static const struct pn_probe_key keys[] = {
    {"qemu.ROLE.task_clock_ns", "ns", "CPU time of the thread"},
    {"qemu.ROLE.context_switches", "count", "times it was switched out"},
    {"qemu.ROLE.cpu_migrations", "count", "times it moved to another CPU"},
    {"qemu.ROLE.page_faults", "count", "page faults, minor and major"},
    {"qemu.ROLE.cycles", "count", "CPU cycles, where there is a PMU"},
    {"qemu.ROLE.instructions", "count", "instructions retired, where there is a PMU"},
    {NULL},
};

struct counter {
	char name[64];
	struct pn_perf *perf;
};

static void clear_counter(void *data)
{
	pn_perf_close(((struct counter *)data)->perf);
}

static int perf_open(struct pn_probe_context *context, void **ret_state)
{
	GArray *counters = g_array_new(FALSE, TRUE, sizeof(struct counter));

	g_array_set_clear_func(counters, clear_counter);
	for (unsigned int t = 0; t < context->thread_count; t++) {
		const struct pn_guest_thread *thread = &context->threads[t];

		for (size_t e = 0; e < G_N_ELEMENTS(events); e++) {
			struct counter counter = {0};
			const char *reason = "";

			g_snprintf(counter.name, sizeof(counter.name), "qemu.%s.%s", thread->role, events[e].name);
			if (pn_perf_open(&events[e], thread->tid, &counter.perf, &reason))
				pn_probe_unsupported(context, counter.name, "%s", reason);
			else
				g_array_append_val(counters, counter);
		}
	}
	if (!context->thread_count)
		pn_probe_unsupported(context, "perf", "no QEMU process to count on");
	*ret_state = counters;
	return 0;
}

static void perf_sample(void *state, bool mark, json_t *into)
{
	GArray *counters = state;

	for (guint i = 0; i < counters->len; i++) {
		const struct counter *counter = &g_array_index(counters, struct counter, i);
		uint64_t count;

		if (!pn_perf_read(counter->perf, &count))
			pn_probe_set(into, count, "%s", counter->name);
	}
}

static void perf_close(void *state)
{
	g_array_free(state, TRUE);
}

const struct pn_probe pn_probe_perf = {
    .name = "perf",
    .help = "counters on QEMU's threads by role, through libperf",
    .beat = PN_BEAT_HOST,
    .keys = keys,
    .open = perf_open,
    .sample = perf_sample,
    .close = perf_close,
};
