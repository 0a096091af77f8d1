// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host gives QEMU less than it wants: CPU time (throttle), memory with swap behind it (host-pressure), memory without (host-oom: the
 * kernel kills QEMU).
 *
 * Evidence is the kernel's count: periods throttled, charges that hit the limit, kills. Limit: only memory that QEMU takes from then on is
 * charged to the group (kernels since 6.x move no charges), so the guest has to take some: a deflate, a load.
 */
#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/swap.h>
#include <unistd.h>

#include "../base/cgroup.h"
#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/swapfile.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "timeline.h"

#define PERIOD_US 100000

/** struct host - the faults' own */
struct host {
	struct pn_cgroup cgroup;
	struct pn_swapfile swap;
};

static int prepare(struct pn_fault_run *run, struct pn_diag *diag)
{
	run->data = g_new0(struct host, 1);
	return pn_guest_pid(run->conductor->timeline->guest) > 0 ? 0 : pn_diag_set(diag, -ENOTSUP, "this guest has no process on the host");
}

static json_int_t number(const struct pn_fault_run *run, const char *key)
{
	return json_integer_value(json_object_get(run->args, key));
}

static int enter_vcpus(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct host *host = run->data;
	struct pn_guest *guest = run->conductor->timeline->guest;
	g_autofree struct pn_guest_thread *threads = NULL;
	unsigned int count = 0;
	int r = pn_guest_threads(guest, &threads, &count, diag);

	/* The unified hierarchy has no groups of threads that could be made just so: there the whole process is throttled. */
	if (r == 0 && host->cgroup.v2)
		return pn_cgroup_enter(&host->cgroup, pn_guest_pid(guest), false, diag);
	for (unsigned int i = 0; r == 0 && i < count; i++)
		if (g_str_has_prefix(threads[i].role, "vcpu"))
			r = pn_cgroup_enter(&host->cgroup, threads[i].tid, true, diag);
	return r;
}

static int arm_throttle(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct host *host = run->data;
	json_int_t quota_us = number(run, "percent") * PERIOD_US / 100;
	g_autofree char *v1 = g_strdup_printf("%lld", (long long)quota_us);
	g_autofree char *v2 = g_strdup_printf("%lld %d", (long long)quota_us, PERIOD_US);
	int r = pn_cgroup_make(&host->cgroup, "cpu", diag);

	if (r == 0)
		r = pn_cgroup_set(&host->cgroup, "cpu.cfs_quota_us", "cpu.max", host->cgroup.v2 ? v2 : v1, diag);
	return r < 0 ? r : enter_vcpus(run, diag);
}

static int fired_throttle(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct host *host = run->data;
	uint64_t throttled = 0;
	int r = pn_cgroup_count(&host->cgroup, "cpu.stat", "nr_throttled", &throttled, diag);

	if (r < 0)
		return r;
	json_object_set_new(run->evidence, "periods_throttled", json_integer((json_int_t)throttled));
	return throttled > 0;
}

static int disarm(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct host *host = run->data;
	int r, first;

	if (!host)
		return 0;
	first = pn_cgroup_remove(&host->cgroup, diag);
	r = pn_swapfile_remove(&host->swap, first ? NULL : diag);
	return first ? first : r;
}

/* A swap file of our own: the host may have none. */
static int add_swap(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct host *host = run->data;
	g_autofree char *name = g_strdup_printf("host-swap-%u", run->event);
	g_autofree char *path = g_build_filename(run->conductor->timeline->case_dir, name, NULL);

	return pn_swapfile_make(path, (uint64_t)number(run, "swap"), &host->swap, diag);
}

static int limit_memory(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct host *host = run->data;
	g_autofree char *limit = g_strdup_printf("%lld", (long long)number(run, "limit"));
	int r = pn_cgroup_make(&host->cgroup, "memory", diag);

	if (r == 0)
		r = pn_cgroup_set(&host->cgroup, "memory.limit_in_bytes", "memory.max", limit, diag);
	return r < 0 ? r : pn_cgroup_enter(&host->cgroup, pn_guest_pid(run->conductor->timeline->guest), false, diag);
}

static int arm_pressure(struct pn_fault_run *run, struct pn_diag *diag)
{
	int r = add_swap(run, diag);

	return r < 0 ? r : limit_memory(run, diag);
}

static int fired_pressure(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct host *host = run->data;
	uint64_t hits = 0;
	int r = host->cgroup.v2 ? pn_cgroup_count(&host->cgroup, "memory.events", "max", &hits, diag) :
				  pn_cgroup_count(&host->cgroup, "memory.failcnt", NULL, &hits, diag);

	if (r < 0)
		return r;
	json_object_set_new(run->evidence, "limit_hits", json_integer((json_int_t)hits));
	return hits > 0;
}

/* No swap for it: version 1 leaves anonymous memory alone at swappiness 0, version 2 has a limit for swap. */
static int arm_oom(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct host *host = run->data;
	int r = limit_memory(run, diag);

	return r < 0 ? r : pn_cgroup_set(&host->cgroup, "memory.swappiness", "memory.swap.max", "0", diag);
}

/* The kernel says that it killed, and QEMU has gone. */
static int fired_oom(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct host *host = run->data;
	uint64_t kills = 0;
	int r = pn_cgroup_count(&host->cgroup, host->cgroup.v2 ? "memory.events" : "memory.oom_control", "oom_kill", &kills, diag);

	if (r < 0)
		return r;
	json_object_set_new(run->evidence, "oom_kills", json_integer((json_int_t)kills));
	if (!kills || pn_guest_state(run->conductor->timeline->guest) != PN_GUEST_GONE)
		return 0;
	return 1;
}

const struct pn_fault_ops pn_fault_throttle = {.name = "throttle", .prepare = prepare, .arm = arm_throttle, .fired = fired_throttle, .disarm = disarm};
const struct pn_fault_ops pn_fault_host_pressure = {.name = "host-pressure", .prepare = prepare, .arm = arm_pressure, .fired = fired_pressure,
						    .disarm = disarm};
const struct pn_fault_ops pn_fault_host_oom = {.name = "host-oom", .prepare = prepare, .arm = arm_oom, .fired = fired_oom, .disarm = disarm};
