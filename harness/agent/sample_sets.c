/* SPDX-License-Identifier: GPL-2.0-only */
/* The sets of a sample that come out of procfs. The balloon's own is in sample_balloon.c. */
#include "sample.h"

#include "parse.h"
#include "procfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/** struct wanted - a name of the kernel's and ours; a name that ends in '*' stands for the sum of all that begin so */
struct wanted {
	const char *theirs, *ours;
};

#define WANTED_MAX 16

static bool matches(const struct wanted *wanted, const struct pn_parse_line *line)
{
	size_t len = strlen(wanted->theirs);

	if (wanted->theirs[len - 1] == '*')
		return line->name_len >= len - 1 && memcmp(line->name, wanted->theirs, len - 1) == 0;
	return line->name_len == len && memcmp(line->name, wanted->theirs, len) == 0;
}

/* One pass over the text for all wanted names. */
static void write_wanted(struct pn_out *out, const char *text, const struct wanted *wanted, size_t count)
{
	uint64_t sums[WANTED_MAX] = {0};
	bool found[WANTED_MAX] = {false};
	struct pn_parse_line line;

	while (pn_parse_next(&text, &line)) {
		for (size_t i = 0; i < count; i++) {
			if (wanted[i].theirs[0] != line.name[0] || !matches(&wanted[i], &line))
				continue;
			sums[i] += line.value;
			found[i] = true;
			break;
		}
	}
	for (size_t i = 0; i < count; i++) {
		if (found[i])
			pn_out_u64(out, wanted[i].ours, sums[i]);
	}
}

static void write_mem(struct pn_out *out)
{
	static const struct wanted wanted[] = {
		{"MemTotal", "mem.total"},	 {"MemFree", "mem.free"},     {"MemAvailable", "mem.available"},
		{"Cached", "mem.cached"},	 {"AnonPages", "mem.anon"},   {"AnonHugePages", "mem.hugepages_anon"},
		{"SwapTotal", "swap.total"},	 {"SwapFree", "swap.free"},   {"Unevictable", "mem.unevictable"},
	};
	static struct pn_procfile file = {"/proc/meminfo", -1};
	const char *text = pn_procfile_read(&file);

	if (text)
		write_wanted(out, text, wanted, COUNT(wanted));
	else
		pn_sample_missing("mem", strerror(errno));
}

static void write_vmstat(struct pn_out *out)
{
	static const struct wanted wanted[] = {
		{"pswpin", "vm.pswpin"},
		{"pswpout", "vm.pswpout"},
		{"pgfault", "vm.pgfault"},
		{"pgmajfault", "vm.pgmajfault"},
		{"allocstall*", "vm.allocstall"},
		{"oom_kill", "vm.oom_kill"},
		{"balloon_inflate", "vm.balloon_inflate"},
		{"balloon_deflate", "vm.balloon_deflate"},
		{"balloon_migrate", "vm.balloon_migrate"},
		{"compact_stall", "vm.compact_stall"},
	};
	const char *text = pn_procfile_vmstat(true);

	if (text)
		write_wanted(out, text, wanted, COUNT(wanted));
	else
		pn_sample_missing("vmstat", strerror(errno));
}

/* Zones of the same name on several nodes are told apart by the node: "zone.Normal.1.". */
static void write_zones(struct pn_out *out)
{
	static struct pn_procfile file = {"/proc/zoneinfo", -1};
	const char *text = pn_procfile_read(&file);
	struct pn_parse_zone zone;
	char key[64];

	if (!text) {
		pn_sample_missing("zones", strerror(errno));
		return;
	}
	while (pn_parse_zone_next(&text, &zone)) {
		char node[16] = "";

		if (zone.present_pages == 0)
			continue;
		if (zone.node > 0)
			snprintf(node, sizeof(node), ".%u", zone.node);
		snprintf(key, sizeof(key), "zone.%s%s.managed_pages", zone.name, node);
		pn_out_u64(out, key, zone.managed_pages);
		snprintf(key, sizeof(key), "zone.%s%s.free_pages", zone.name, node);
		pn_out_u64(out, key, zone.free_pages);
	}
}

static void write_psi(struct pn_out *out)
{
	static struct {
		struct pn_procfile file;
		const char *some, *full;
	} files[] = {
		{{"/proc/pressure/cpu", -1}, "psi.cpu.some_us", NULL},
		{{"/proc/pressure/memory", -1}, "psi.memory.some_us", "psi.memory.full_us"},
		{{"/proc/pressure/io", -1}, "psi.io.some_us", "psi.io.full_us"},
	};

	for (size_t i = 0; i < COUNT(files); i++) {
		const char *text = pn_procfile_read(&files[i].file);
		struct pn_parse_psi psi;

		if (!text || pn_parse_psi(text, &psi) < 0) {
			pn_sample_missing(files[i].some, text ? "not in the form of psi.rst" : strerror(errno));
			continue;
		}
		if (psi.has_some)
			pn_out_u64(out, files[i].some, psi.some_us);
		if (psi.has_full && files[i].full)
			pn_out_u64(out, files[i].full, psi.full_us);
	}
}

static void write_cpu(struct pn_out *out)
{
	static struct pn_procfile file = {"/proc/stat", -1};
	const uint64_t tick_ns = 1000000000ull / sysconf(_SC_CLK_TCK);
	const char *text = pn_procfile_read(&file);
	struct pn_parse_cpu cpu;

	if (!text || pn_parse_cpu(text, &cpu) < 0) {
		pn_sample_missing("cpu", text ? "not in the form of proc(5)" : strerror(errno));
		return;
	}
	pn_out_u64(out, "cpu.user_ns", (cpu.user + cpu.nice) * tick_ns);
	pn_out_u64(out, "cpu.system_ns", (cpu.system + cpu.irq + cpu.softirq) * tick_ns);
	pn_out_u64(out, "cpu.idle_ns", (cpu.idle + cpu.iowait) * tick_ns);
	pn_out_u64(out, "cpu.steal_ns", cpu.steal * tick_ns);
}

/*
 * The latency probe counts its touches in the first word of a file that it maps (workloads/native), the next three are p50, p99 and maximum of its
 * last whole second, 0 before there is one. Opened anew, as each run makes its own.
 */
static void write_touch(struct pn_out *out)
{
	int fd = open("/run/pn-touch.count", O_RDONLY | O_CLOEXEC);
	static const char *const keys[] = {"touch.count", "touch.p50_ns", "touch.p99_ns", "touch.max_ns"};
	uint64_t words[4] = {0};
	ssize_t got = fd < 0 ? -1 : read(fd, words, sizeof(words));

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && got >= (ssize_t)((i + 1) * sizeof(words[0])); i++)
		if (!i || words[3])
			pn_out_u64(out, keys[i], words[i]);
	if (got < (ssize_t)sizeof(words[0]))
		pn_sample_missing("touch.count", "the latency probe does not run");
	if (fd >= 0)
		close(fd);
}

const struct pn_sample_set pn_sample_sets[] = {
	{"mem", "memory and swap, bytes", write_mem},
	{"zones", "managed and free pages of each zone", write_zones},
	{"vmstat", "counts of swap, faults, stalls, OOM kills, balloon", write_vmstat},
	{"psi", "pressure, microseconds stalled", write_psi},
	{"balloon", "the driver's counters and CPU time", NULL},
	{"cpu", "CPU time of the guest", write_cpu},
	{"touch", "progress of the latency probe", write_touch},
	{0},
};
