/* SPDX-License-Identifier: GPL-2.0-only */
/* The balloon's set: the driver's own counters, as the reader brought them, and what the driver costs. */
#include "sample_balloon.h"

#include "balloon_cpu.h"
#include "parse.h"
#include "procfile.h"
#include "sample.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct pn_reader_answer counters;
static int counters_err = -ENOENT;
static char asked_module[64];
static unsigned int asked_epoch;

void pn_sample_balloon_counters(const struct pn_reader_answer *answer, int err)
{
	if (answer)
		counters = *answer;
	counters_err = err ? err : counters.err;
}

bool pn_sample_balloon_wants_counters(const char *module)
{
	/* A driver without counters has none until another one, or itself anew, takes the balloon. */
	bool same = strcmp(asked_module, module) == 0 && asked_epoch == pn_balloon_cpu_epoch();

	snprintf(asked_module, sizeof(asked_module), "%s", module);
	asked_epoch = pn_balloon_cpu_epoch();
	return !same || counters_err != -ENOENT;
}

uint64_t pn_sample_balloon_reader_ns(void)
{
	return counters.cpu_ns;
}

/*
 * Pages in the balloon as the memory manager counted them: events since boot, which migration of a ballooned page does not change in
 * kernels that count it apart (balloon_migrate). Drivers that do not use its balloon pages do not show here.
 */
static void write_vmstat_pages(struct pn_out *out, bool vmstat_is_fresh)
{
	const char *text = pn_procfile_vmstat(!vmstat_is_fresh);
	uint64_t in, back;

	if (text && pn_parse_value(text, "balloon_inflate", &in) == 0 && pn_parse_value(text, "balloon_deflate", &back) == 0 && in >= back)
		pn_out_u64(out, "driver.vmstat_pages", in - back);
	else
		pn_sample_missing("driver.vmstat_pages", "this kernel does not count balloon pages in /proc/vmstat");
}

static void write_counters(struct pn_out *out)
{
	const char *at = counters.text;
	struct pn_parse_line line;

	/* a guest without memory, or a driver that holds on to a lock, may answer the next time */
	if (counters_err < 0) {
		pn_sample_missing("driver.held_pages",
				  counters_err == -ENOENT ? "the driver has no counters in debugfs" : "the driver's counters do not answer");
		return;
	}
	while (pn_parse_next(&at, &line))
		pn_out_number(out, "driver.", line.name, line.name_len, line.value);
}

/* The set of vmstat comes before this one, so its text is the same moment's when both are wanted. */
void pn_sample_balloon(struct pn_out *out, bool vmstat_is_fresh)
{
	struct pn_balloon_cpu cpu;

	write_counters(out);
	write_vmstat_pages(out, vmstat_is_fresh);
	pn_balloon_cpu_read(&cpu);
	if (cpu.work_missing) {
		pn_sample_missing(cpu.threads ? "driver.work_ns" : "driver.cpu_ns", cpu.work_missing);
		if (!cpu.threads)
			return;
	} else {
		pn_out_u64(out, "driver.work_ns", cpu.work_ns);
		pn_out_u64(out, "driver.work_runs", cpu.work_runs);
	}
	pn_out_u64(out, "driver.cpu_ns", cpu.threads_ns + cpu.work_ns);
	pn_out_u64(out, "driver.threads", cpu.threads);
	if (!cpu.threads)
		return;
	pn_out_u64(out, "driver.wait_ns", cpu.threads_wait_ns);
	pn_out_u64(out, "driver.switches", cpu.threads_switches);
	for (unsigned int i = 0; i < PN_BALLOON_PERF_COUNT; i++) {
		if (cpu.counts_missing[i])
			pn_sample_missing(pn_balloon_perf_keys[i], cpu.counts_missing[i]);
		else
			pn_out_u64(out, pn_balloon_perf_keys[i], cpu.counts[i]);
	}
}
