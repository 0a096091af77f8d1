// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of metrics. Few of them decide: every further one that is judged raises what all need to be told apart from noise, so
 * figures that say the same as another one, or that measure the host more than the subject, are shown only.
 */
#include "metric.h"

#include <glib.h>
#include <string.h>

const struct pn_tier_rule pn_tiers[] = {
    [PN_TIER_INVARIANT] = {"invariant", 0, 0, false, true, "must not get worse at all"},
    [PN_TIER_COUNT] = {"count", 0.01, 0.01, false, true, "near-exact; changes by more than 1 % block from one run"},
    [PN_TIER_WALL] = {"wall", 0.1, 0.2, true, false, "judged in pairs; 20 % must be seen, under 10 % is not called a change"},
    [PN_TIER_TAIL] = {"tail", 0.1, 0.2, true, false, "as wall, of the slow end of a distribution"},
    [PN_TIER_INFO] = {"info", 0, 0, false, false, "shown, not judged"},
};

#define HIGHER true
#define LOWER false
#define DECIDES true
#define WATCHED false

const struct pn_metric_info pn_metric_table[] = {
    {"case.failed", PN_TIER_INVARIANT, LOWER, DECIDES, "cases whose verdict is FAIL"},
    {"balloon.settled_targets", PN_TIER_INVARIANT, HIGHER, DECIDES, "targets that were reached and held"},
    {"guest.oom_kills", PN_TIER_INVARIANT, LOWER, WATCHED, "processes that the guest's OOM killer took"},

    {"driver.host_cpu_ns_per_page", PN_TIER_INFO, LOWER, WATCHED, "time of the host's CPUs per page; a time, no count"},
    {"exact.driver_instructions_per_page", PN_TIER_COUNT, LOWER, DECIDES, "instructions of the driver per page moved, exact mode"},
    {"exact.*", PN_TIER_INFO, LOWER, WATCHED, "instructions of parts of the guest, exact mode"},
    {"driver.instructions_per_page.*", PN_TIER_INFO, LOWER, WATCHED, "instructions of the driver per page, of one direction"},
    {"driver.*_per_page", PN_TIER_COUNT, LOWER, DECIDES, "work of the driver per page moved: instructions, kicks"},
    {"driver.config_interrupts", PN_TIER_COUNT, LOWER, WATCHED, "interrupts by which the device told of a new configuration"},
    {"qemu.peak_resident_pages", PN_TIER_COUNT, LOWER, WATCHED, "pages of QEMU that were resident at most"},
    {"kernel.*", PN_TIER_INFO, LOWER, WATCHED, "instructions of the guest's kernel outside the driver"},

    {"balloon.inflate.bytes_per_s", PN_TIER_WALL, HIGHER, DECIDES, "rate of inflation by bytes really moved"},
    {"balloon.deflate.bytes_per_s", PN_TIER_WALL, HIGHER, DECIDES, "rate of deflation by bytes really moved"},
    {"guest.balloon.cpu_s", PN_TIER_WALL, LOWER, DECIDES, "CPU time of the driver's worker in the guest"},
    {"qemu.vcpu.cpu_s", PN_TIER_WALL, LOWER, DECIDES, "CPU time of the vCPUs; what neighbours take of the CPUs is not in it"},
    {"guest.touch_ns.p50", PN_TIER_WALL, LOWER, DECIDES, "latency of touching a page, median"},
    {"load.ops_per_s", PN_TIER_WALL, HIGHER, WATCHED, "throughput of the load"},
    {"load.ops_per_s.p1", PN_TIER_TAIL, HIGHER, WATCHED, "throughput of the load in its worst hundredth"},
    {"balloon.settle_s", PN_TIER_WALL, LOWER, WATCHED, "time from a target to rest, median"},
    {"balloon.settle_s.max", PN_TIER_TAIL, LOWER, WATCHED, "time from a target to rest, longest"},
    {"guest.touch_ns.p99", PN_TIER_TAIL, LOWER, WATCHED, "latency of touching a page"},
    {"guest.touch_ns.p999", PN_TIER_TAIL, LOWER, WATCHED, "latency of touching a page"},
    {"fio.*.p99_ns", PN_TIER_TAIL, LOWER, WATCHED, "completion latency of disk I/O"},
    {"fio.*.p999_ns", PN_TIER_TAIL, LOWER, WATCHED, "completion latency of disk I/O"},
    {"monitor_ns.p99", PN_TIER_TAIL, LOWER, WATCHED, "how long QEMU's monitor takes to answer"},

    {"case.start_s", PN_TIER_INFO, LOWER, WATCHED, "from the wish to start a guest to the agent's first answer"},
    {"fio.*", PN_TIER_INFO, LOWER, WATCHED, "completion latency of disk I/O"},
    {"load.*.ops_per_s", PN_TIER_INFO, HIGHER, WATCHED, "throughput of one load"},
    {"phase.*.bytes_per_s", PN_TIER_INFO, HIGHER, WATCHED, "rate of one phase"},
    {"host.*_bytes", PN_TIER_INFO, HIGHER, WATCHED, "memory that the host got back"},
    {"host.psi.*", PN_TIER_INFO, LOWER, WATCHED, "pressure on the host"},
    {"guest.*", PN_TIER_INFO, LOWER, WATCHED, "state of the guest"},
    {"swapdev.*", PN_TIER_INFO, LOWER, WATCHED, "I/O of the swap device"},
    {"datadev.*", PN_TIER_INFO, HIGHER, WATCHED, "I/O of the data disk"},
    {"qemu.*", PN_TIER_INFO, LOWER, WATCHED, "cost of QEMU's threads"},
    {"balloon.change_events", PN_TIER_INFO, HIGHER, WATCHED, "BALLOON_CHANGE events; QEMU sends one a second at most"},
    {"monitor_ns.*", PN_TIER_INFO, LOWER, WATCHED, "how long QEMU's monitor takes to answer"},
    {"device.held*", PN_TIER_INFO, LOWER, WATCHED, "how long a notification holds QEMU's big lock"},
    {"monitor.timeouts", PN_TIER_INFO, LOWER, WATCHED, "questions that QEMU's monitor did not answer in time"},
    {"harness.cpu_s", PN_TIER_INFO, LOWER, WATCHED, "cost of measuring"},
    {0},
};

static const struct pn_metric_info unknown = {"*", PN_TIER_INFO, false, false, "not in the table of metrics"};

const struct pn_metric_info *pn_metric_find(const char *name)
{
	for (const struct pn_metric_info *info = pn_metric_table; info->pattern; info++)
		if (g_pattern_match_simple(info->pattern, name))
			return info;
	return &unknown;
}

const struct pn_metric_info *pn_metric_find_exact(const char *name)
{
	static const char *const by_the_hosts_clock[] = {"qemu.*cpu_s", "monitor_ns.*"};
	static const struct pn_metric_info of_the_host = {"*", PN_TIER_INFO, LOWER, WATCHED, "time of the host, in exact mode"};

	for (size_t i = 0; i < G_N_ELEMENTS(by_the_hosts_clock); i++)
		if (g_pattern_match_simple(by_the_hosts_clock[i], name))
			return &of_the_host;
	return pn_metric_find(name);
}

bool pn_metric_known(const char *name)
{
	return pn_metric_find(name) != &unknown;
}

const struct pn_metric_info *pn_metric_asked(const char *name)
{
#define ASKED(tier)                                             \
	{                                                       \
		{"*", tier, LOWER, DECIDES, "asked for"},       \
		{                                               \
			"*", tier, HIGHER, DECIDES, "asked for" \
		}                                               \
	}
	static const struct pn_metric_info asked[][2] = {
	    [PN_TIER_INVARIANT] = ASKED(PN_TIER_INVARIANT), [PN_TIER_COUNT] = ASKED(PN_TIER_COUNT), [PN_TIER_WALL] = ASKED(PN_TIER_WALL),
	    [PN_TIER_TAIL] = ASKED(PN_TIER_TAIL),	    [PN_TIER_INFO] = ASKED(PN_TIER_WALL),
	};
	const struct pn_metric_info *info = pn_metric_find(name);

	return &asked[info->tier][info == &unknown ? strstr(name, "per_s") != NULL : info->higher];
}
