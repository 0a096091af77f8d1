// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counters through the kernel's libperf (tools/lib/perf): an event source per counter and thread, any CPU. One at a time rather than
 * in groups, so that a counter which this host lacks takes no other with it.
 */

#include "perf.h"

#include <errno.h>
#include <glib.h>
#include <linux/perf_event.h>
#include <perf/core.h>
#include <perf/cpumap.h>
#include <perf/evsel.h>
#include <perf/threadmap.h>

struct pn_perf {
	struct perf_evsel *evsel;
	struct perf_thread_map *threads;
};

static int quiet(enum libperf_print_level level, const char *fmt, va_list args)
{
	return 0;
}

static const char *reason_of(int err)
{
	switch (-err) {
	case ENOENT:
	case EOPNOTSUPP:
	case ENODEV:
		return "this host has no such counter (no PMU?)";
	case EACCES:
	case EPERM:
		return "not permitted; see /proc/sys/kernel/perf_event_paranoid";
	case ESRCH:
		return "the thread has gone";
	default:
		return g_strerror(-err);
	}
}

int pn_perf_open(const struct pn_perf_event *event, pid_t tid, struct pn_perf **ret_perf, const char **ret_reason)
{
	struct perf_event_attr attr = {
	    .size = sizeof(attr),
	    .type = event->type,
	    .config = event->config,
	    .read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
	    .inherit = 0, /* each thread has its own counters */
	};
	static gsize once;
	struct pn_perf *perf;
	int err;

	if (g_once_init_enter(&once)) {
		libperf_init(quiet);
		g_once_init_leave(&once, 1);
	}
	perf = g_new0(struct pn_perf, 1);
	perf->threads = perf_thread_map__new_array(1, &tid);
	perf->evsel = perf_evsel__new(&attr);
	err = perf->threads && perf->evsel ? perf_evsel__open(perf->evsel, NULL, perf->threads) : -ENOMEM;
	if (err) {
		*ret_reason = reason_of(err);
		pn_perf_close(perf);
		return err;
	}
	*ret_perf = perf;
	return 0;
}

int pn_perf_read(struct pn_perf *perf, uint64_t *ret_count)
{
	struct perf_counts_values counts = {.val = 0};
	int err = perf_evsel__read(perf->evsel, 0, 0, &counts);

	if (err)
		return err;
	/* Never scheduled while enabled: not a count of 0 but none at all. */
	if (counts.ena && !counts.run && !counts.val)
		return -EAGAIN;
	perf_counts_values__scale(&counts, true, NULL);
	*ret_count = counts.val;
	return 0;
}

void pn_perf_close(struct pn_perf *perf)
{
	if (!perf)
		return;
	if (perf->evsel) {
		perf_evsel__close(perf->evsel);
		perf_evsel__delete(perf->evsel);
	}
	perf_thread_map__put(perf->threads);
	g_free(perf);
}
