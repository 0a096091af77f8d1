// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading what a guest holds. Its memory is every mapping of QEMU of at least 16 MiB that can be read and written and holds no code: TCG's buffer for
 * translated code is executable, heaps are reserved without access. Limit: swap and zswap are counted for the whole host, since the kernel does not
 * count them by process; the swap file is ours alone where the host has no other.
 */
#include "meter.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../base/cgroup.h"
#include "../base/clock.h"
#include "../base/fs.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "../observe/pages.h"

#define RAM_MIN_BYTES (16 * PN_MIB)
#define QUICK_NS (2 * PN_NS_PER_S) /* what is fast is over by then */
#define QUICK_GAP_NS (20 * PN_NS_PER_MS)
#define GAP_NS (100 * PN_NS_PER_MS)
#define AGENT_NS (10 * PN_NS_PER_S)

struct range {
	uint64_t from, to;
};

static bool header(const char *line, struct range *ret_range, bool *ret_ram)
{
	char mode[5];

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &ret_range->from, &ret_range->to, mode) != 3)
		return false;
	*ret_ram = !strncmp(mode, "rw-", 3) && ret_range->to - ret_range->from >= RAM_MIN_BYTES;
	return true;
}

static void field(const char *line, struct pn_held *held)
{
	const struct {
		const char *name;
		uint64_t *bytes;
	} fields[] = {{"Pss:", &held->pss_bytes}, {"Rss:", &held->rss_bytes}, {"Swap:", &held->swap_bytes}, {"AnonHugePages:", &held->anon_huge_bytes}};

	for (size_t i = 0; i < G_N_ELEMENTS(fields); i++)
		if (g_str_has_prefix(line, fields[i].name))
			*fields[i].bytes += strtoull(line + strlen(fields[i].name), NULL, 10) * 1024;
}

void pn_meter_sum_smaps(const char *text, struct pn_held *ret_held, GArray *ranges)
{
	struct pn_held held = {0};
	bool ram = false;

	while (*text) {
		struct range range;
		const char *end = strchr(text, '\n');

		/* Fields begin with a capital, mappings with a small hexadecimal number. */
		if (isupper((unsigned char)*text)) {
			if (ram)
				field(text, &held);
		} else if (header(text, &range, &ram) && ram && ranges) {
			g_array_append_val(ranges, range);
		}
		if (!end)
			break;
		text = end + 1;
	}
	*ret_held = held;
}

/* "KEY:   123 kB" of meminfo, "KEY 123" of vmstat */
static bool line_value(const char *text, const char *key, uint64_t *ret_value)
{
	g_autofree char *wanted = g_strconcat("\n", key, NULL);
	const char *at = g_str_has_prefix(text, key) ? text : strstr(text, wanted);

	if (!at)
		return false;
	at += at == text ? strlen(key) : strlen(wanted);
	*ret_value = strtoull(at, NULL, 10);
	return true;
}

static bool proc_value(const char *path, const char *key, uint64_t *ret_value)
{
	g_autofree char *text = NULL;

	return pn_fs_read(path, &text, NULL, NULL) == 0 && line_value(text, key, ret_value);
}

/* What zswap's pool takes for so many bytes of a guest: by how well everything in it compresses, since the kernel does not say whose a page is. */
static uint64_t pool_bytes(uint64_t swapped_bytes)
{
	uint64_t pool = 0, stored = 0;

	if (!proc_value("/proc/meminfo", "Zswap:", &pool) || !proc_value("/proc/meminfo", "Zswapped:", &stored) || !stored)
		return 0;
	return (uint64_t)((double)pool / (double)stored * (double)MIN(swapped_bytes, stored * 1024));
}

int pn_meter_open(struct pn_meter *meter, struct pn_guest *guest, bool pool, bool holes)
{
	*meter = (struct pn_meter){.pid = pn_guest_pid(guest), .pool = pool, .holes = holes};
	g_mutex_init(&meter->lock);
	meter->points = g_array_new(FALSE, FALSE, sizeof(struct pn_point_held));
	return meter->pid > 0 ? 0 : -ENOTSUP;
}

void pn_meter_close(struct pn_meter *meter)
{
	if (!meter->points)
		return;
	pn_meter_stop(meter);
	g_array_unref(meter->points);
	meter->points = NULL;
	g_mutex_clear(&meter->lock);
}

static void add_holes(const struct pn_meter *meter, const GArray *ranges, struct pn_held *held)
{
	struct pn_pages pages;

	if (!meter->holes || pn_pages_open(meter->pid, &pages))
		return;
	for (guint i = 0; i < ranges->len; i++) {
		const struct range *range = &g_array_index(ranges, struct range, i);
		uint64_t bytes = 0;

		if (pn_pages_held(&pages, range->from, range->to, &bytes) == 0)
			held->holes_bytes += bytes;
	}
	pn_pages_close(&pages);
}

int pn_meter_read(const struct pn_meter *meter, struct pn_held *ret_held)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/smaps", (int)meter->pid), *text = NULL;
	GArray *ranges = g_array_new(FALSE, FALSE, sizeof(struct range));
	struct pn_held held;
	int r = pn_fs_read(path, &text, NULL, NULL);

	if (r == 0) {
		pn_meter_sum_smaps(text, &held, ranges);
		add_holes(meter, ranges, &held);
		held.pool_bytes = meter->pool ? pool_bytes(held.swap_bytes) : 0;
		held.held_bytes = held.pss_bytes + held.holes_bytes + held.pool_bytes;
		r = ranges->len ? 0 : -ESRCH;
		*ret_held = held;
	}
	g_array_unref(ranges);
	return r;
}

static void add(struct pn_meter *meter, uint64_t t_ns, const struct pn_held *held)
{
	struct pn_point_held point = {t_ns, held->held_bytes};

	g_mutex_lock(&meter->lock);
	g_array_append_val(meter->points, point);
	meter->latest_bytes = held->held_bytes;
	g_mutex_unlock(&meter->lock);
}

int pn_meter_sample(struct pn_meter *meter, uint64_t t_ns)
{
	struct pn_held held;
	int r = pn_meter_read(meter, &held);

	if (r == 0)
		add(meter, t_ns, &held);
	return r;
}

static void *run(void *data)
{
	struct pn_meter *meter = data;
	uint64_t began_ns = pn_clock_now_ns();

	while (!g_atomic_int_get(&meter->stop)) {
		uint64_t now_ns = pn_clock_now_ns();
		struct pn_held held;

		if (pn_meter_read(meter, &held) == 0)
			add(meter, now_ns + (pn_clock_now_ns() - now_ns) / 2, &held);
		g_usleep((now_ns - began_ns < QUICK_NS ? QUICK_GAP_NS : GAP_NS) / PN_NS_PER_US);
	}
	return NULL;
}

void pn_meter_start(struct pn_meter *meter)
{
	g_array_set_size(meter->points, 0);
	g_atomic_int_set(&meter->stop, 0);
	meter->thread = g_thread_new("pn-meter", run, meter);
}

void pn_meter_stop(struct pn_meter *meter)
{
	if (!meter->thread)
		return;
	g_atomic_int_set(&meter->stop, 1);
	g_thread_join(meter->thread);
	meter->thread = NULL;
}

uint64_t pn_meter_latest(struct pn_meter *meter)
{
	uint64_t bytes;

	g_mutex_lock(&meter->lock);
	bytes = meter->latest_bytes;
	g_mutex_unlock(&meter->lock);
	return bytes;
}

static void set(json_t *into, const char *key, uint64_t value)
{
	json_object_set_new(into, key, json_integer((json_int_t)value));
}

static void set_cpu(json_t *into, pid_t pid)
{
	struct timespec used;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &used) == 0)
		set(into, "qemu_cpu_ns", (uint64_t)used.tv_sec * PN_NS_PER_S + (uint64_t)used.tv_nsec);
}

/* The kernel's threads that do a technique's work on somebody else's account. */
static void set_kernel_cpu(json_t *into)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	uint64_t sum_ns = 0;

	while (dir && (entry = readdir(dir))) {
		g_autofree char *comm = NULL, *sched = NULL, *name_path = NULL, *sched_path = NULL;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		name_path = g_build_filename("/proc", entry->d_name, "comm", NULL);
		sched_path = g_build_filename("/proc", entry->d_name, "schedstat", NULL);
		if (pn_fs_read(name_path, &comm, NULL, NULL) || (!g_str_has_prefix(comm, "kswapd") && !g_str_has_prefix(comm, "ksmd")))
			continue;
		if (pn_fs_read(sched_path, &sched, NULL, NULL) == 0)
			sum_ns += strtoull(sched, NULL, 10);
	}
	if (!dir)
		return;
	closedir(dir);
	set(into, "kernel_cpu_ns", sum_ns);
}

static void set_host(json_t *into)
{
	static const struct {
		const char *file, *key, *name;
		uint64_t scale;
	} counters[] = {
	    {"/proc/meminfo", "MemFree:", "host_free_bytes", 1024}, {"/proc/vmstat", "pswpin ", "host_swap_in", 1},
	    {"/proc/vmstat", "pswpout ", "host_swap_out", 1},	    {"/proc/vmstat", "zswpin ", "host_zswap_in", 1},
	    {"/proc/vmstat", "zswpout ", "host_zswap_out", 1},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(counters); i++) {
		uint64_t value;

		if (proc_value(counters[i].file, counters[i].key, &value))
			set(into, counters[i].name, value * counters[i].scale);
	}
}

/* Swap areas in use that are not ours: then the host's counts of what was swapped are somebody else's too. */
static void set_others(json_t *into, const char *own)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	uint64_t others = 0;

	if (pn_fs_read("/proc/swaps", &text, NULL, NULL))
		return;
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines + (lines[0] ? 1 : 0); *line; line++) {
		char path[256];
		uint64_t used;

		if (sscanf(*line, "%255s %*s %*u %" SCNu64, path, &used) == 2 && g_strcmp0(path, own))
			others += used * 1024;
	}
	set(into, "host_swap_others", others);
}

static void set_guest(json_t *into, struct pn_guest *guest)
{
	json_t *reply = NULL, *seen = json_object();

	if (pn_guest_agent(guest, json_pack("{s:s, s:[s, s]}", "op", "sample", "sets", "vmstat", "cpu"), AGENT_NS, &reply, NULL) == 0) {
		static const char *const keys[] = {"vm.pswpin", "vm.pswpout", "vm.oom_kill"};

		for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
			if (json_object_get(reply, keys[i]))
				json_object_set(seen, keys[i] + strlen("vm."), json_object_get(reply, keys[i]));
		if (json_is_integer(json_object_get(reply, "cpu.user_ns")) && json_is_integer(json_object_get(reply, "cpu.system_ns")))
			json_object_set_new(seen, "cpu_ns", json_integer(json_integer_value(json_object_get(reply, "cpu.user_ns")) +
							      json_integer_value(json_object_get(reply, "cpu.system_ns"))));
		json_object_set(seen, "mono_ns", json_object_get(reply, "mono_ns"));
	}
	json_object_set_new(into, "guest", seen);
	json_decref(reply);
}

json_t *pn_meter_figures(const struct pn_meter *meter, struct pn_guest *guest, const struct pn_cgroup *cgroup, const char *swap)
{
	json_t *figures = json_object();
	struct pn_held held;
	uint64_t used;

	set_cpu(figures, meter->pid);
	set_kernel_cpu(figures);
	set_host(figures);
	set_others(figures, swap);
	if (pn_meter_read(meter, &held) == 0) {
		set(figures, "held_bytes", held.held_bytes);
		set(figures, "rss_bytes", held.rss_bytes);
		set(figures, "swap_bytes", held.swap_bytes);
		set(figures, "anon_huge_bytes", held.anon_huge_bytes);
		set(figures, "holes_bytes", held.holes_bytes);
		set(figures, "pool_bytes", held.pool_bytes);
	}
	if (cgroup->dir && pn_cgroup_count(cgroup, cgroup->v2 ? "memory.current" : "memory.usage_in_bytes", NULL, &used, NULL) == 0)
		set(figures, "cgroup_bytes", used);
	set_guest(figures, guest);
	return figures;
}
