/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPU time of the balloon's driver: its kernel threads, which are those whose name begins with the module's, by /proc/PID/schedstat; and
 * its work items, by balloon_bpf.c. Both together hold for any driver, whichever way it works. Not in it: what the driver does in other
 * processes' context (OOM notifier, page migration, interrupts) and free page reporting, which is the kernel's own work item; and what a
 * thread did between the last look at it and its end. In it twice: work done by a workqueue's rescuer, a thread that bears the driver's
 * name too and works only when no kworker can be made.
 */
#include "balloon_cpu.h"

#include "agent.h"
#include "balloon_bpf.h"
#include "parse.h"
#include "procfile.h"
#include "virtio_balloon.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREADS_MAX 32
#define RESCAN_NS 5000000000ull

static struct thread {
	int fd; /* of its schedstat */
	pid_t pid;
	struct pn_parse_schedstat now;
	struct pn_balloon_perf *perf; /* NULL: none */
	uint64_t counts[PN_BALLOON_PERF_COUNT];
} threads[THREADS_MAX];
static unsigned int threads_count;
static struct pn_parse_schedstat gone; /* sums of those that are no more */
static uint64_t gone_counts[PN_BALLOON_PERF_COUNT];
static const char *counts_missing[PN_BALLOON_PERF_COUNT];

const char *const pn_balloon_perf_keys[PN_BALLOON_PERF_COUNT] = {
	[PN_PERF_TASK_CLOCK] = "driver.perf.task_clock_ns",
	[PN_PERF_SWITCHES] = "driver.perf.context_switches",
	[PN_PERF_MIGRATIONS] = "driver.perf.migrations",
	[PN_PERF_FAULTS] = "driver.perf.page_faults",
	[PN_PERF_CYCLES] = "driver.perf.cycles",
	[PN_PERF_INSTRUCTIONS] = "driver.perf.instructions",
};
static struct pn_virtio_balloon device;
static uint64_t watched_base, scanned_ns;
static char work_missing[96] = "no driver has had the balloon yet";
static bool work_known;
static unsigned int epoch;

static void forget(struct thread *thread)
{
	gone.cpu_ns += thread->now.cpu_ns;
	gone.wait_ns += thread->now.wait_ns;
	gone.slices += thread->now.slices;
	for (unsigned int i = 0; i < PN_BALLOON_PERF_COUNT; i++)
		gone_counts[i] += thread->counts[i];
	pn_balloon_perf_close(thread->perf);
	close(thread->fd);
	*thread = threads[--threads_count];
}

static bool known(pid_t pid)
{
	for (unsigned int i = 0; i < threads_count; i++) {
		if (threads[i].pid == pid)
			return true;
	}
	return false;
}

/* The name of a kernel thread has at most 15 characters, and so has what it is compared with. */
static bool is_drivers(pid_t pid)
{
	char path[64], name[64];

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	return pn_agent_read(path, name, sizeof(name)) > 0 && strncmp(name, device.module, strnlen(device.module, 15)) == 0;
}

static void scan_threads(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;

	scanned_ns = pn_now_ns();
	while (dir && (entry = readdir(dir))) {
		pid_t pid = atoi(entry->d_name);
		char path[64];
		int fd;

		if (pid <= 2 || threads_count == THREADS_MAX || known(pid) || !is_drivers(pid))
			continue;
		snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0)
			threads[threads_count++] = (struct thread){.fd = fd, .pid = pid, .perf = pn_balloon_perf_open(pid)};
	}
	if (dir)
		closedir(dir);
}

/* Where the module's code is now; it moves with each load. Return: whether that changed. */
static bool find_code(void)
{
	static struct pn_procfile modules = {"/proc/modules", -1};
	const char *text = pn_procfile_read(&modules);
	uint64_t base = 0, size = 0;
	int r = text ? pn_parse_module(text, device.module, &base, &size) : -1;

	if (r < 0) {
		snprintf(work_missing, sizeof(work_missing), "the code of %.40s is not found in /proc/modules", device.module);
		work_known = watched_base != 0;
		return false;
	}
	if (base == watched_base)
		return false;
	if (pn_balloon_bpf_open(work_missing, sizeof(work_missing)) < 0)
		return true;
	work_known = pn_balloon_bpf_watch(base, size) == 0;
	watched_base = base;
	return true;
}

unsigned int pn_balloon_cpu_epoch(void)
{
	return epoch;
}

void pn_balloon_cpu_refresh(void)
{
	epoch++;
	if (pn_virtio_balloon_find(&device) < 0) {
		device.driver[0] = 0; /* unplugged: a driver that takes it when it is back takes it anew */
		return;
	}
	if (!device.module[0])
		return; /* the old one's threads and work still count until they are gone */
	find_code();
	scan_threads();
}

const char *pn_balloon_cpu_module(void)
{
	char path[96], target[256];
	const char *driver;
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/bus/virtio/devices/%s/driver", device.device);
	n = readlink(path, target, sizeof(target) - 1);
	target[n < 0 ? 0 : n] = 0;
	driver = strrchr(target, '/');
	driver = driver ? driver + 1 : "";
	if (!device.device[0] || strcmp(driver, device.driver) != 0)
		pn_balloon_cpu_refresh();
	return device.driver[0] ? device.module : "";
}

static void read_counters(struct pn_balloon_cpu *cpu)
{
	memcpy(cpu->counts, gone_counts, sizeof(cpu->counts));
	for (unsigned int i = 0; i < PN_BALLOON_PERF_COUNT; i++)
		counts_missing[i] = NULL;
	for (unsigned int t = 0; t < threads_count; t++) {
		struct thread *thread = &threads[t];

		if (thread->perf)
			pn_balloon_perf_read(thread->perf, thread->counts, counts_missing);
		for (unsigned int i = 0; i < PN_BALLOON_PERF_COUNT; i++) {
			cpu->counts[i] += thread->counts[i];
			if (!thread->perf)
				counts_missing[i] = "the agent was built without libperf";
		}
	}
	cpu->counts_missing = counts_missing;
}

void pn_balloon_cpu_read(struct pn_balloon_cpu *ret_cpu)
{
	struct pn_balloon_bpf_count work = {0};

	if (device.module[0] && (find_code() || pn_now_ns() - scanned_ns > RESCAN_NS))
		scan_threads();
	*ret_cpu = (struct pn_balloon_cpu){0};
	for (unsigned int i = threads_count; i-- > 0;) {
		char text[96];
		ssize_t n = pread(threads[i].fd, text, sizeof(text) - 1, 0);

		text[n < 0 ? 0 : n] = 0;
		if (n <= 0 || pn_parse_schedstat(text, &threads[i].now) < 0) {
			forget(&threads[i]);
			continue;
		}
		ret_cpu->threads_ns += threads[i].now.cpu_ns;
		ret_cpu->threads_wait_ns += threads[i].now.wait_ns;
		ret_cpu->threads_switches += threads[i].now.slices;
	}
	ret_cpu->threads = threads_count;
	read_counters(ret_cpu);
	ret_cpu->threads_ns += gone.cpu_ns;
	ret_cpu->threads_wait_ns += gone.wait_ns;
	ret_cpu->threads_switches += gone.slices;
	if (work_known && pn_balloon_bpf_read(&work) == 0) {
		ret_cpu->work_ns = work.cpu_ns;
		ret_cpu->work_runs = work.runs;
	} else {
		ret_cpu->work_missing = work_missing;
	}
}
