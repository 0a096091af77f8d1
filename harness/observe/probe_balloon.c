// SPDX-License-Identifier: GPL-2.0-only
/*
 * The balloon as the device has it: actual through query-balloon, the guest's statistics through the device's guest-stats property (what
 * libvirt's balloon statistics are made of), and how long the monitor took, which is what a blocked main loop shows in.
 *
 * A statistic that the guest never reported reads as 2^64-1 and is absent here.
 */

#include "monitor.h"
#include "probe.h"

#include <string.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/units.h"
#include "../scenario/scenario.h"

static const struct pn_probe_key balloon_keys[] = {
    {"balloon.bytes", "bytes", "in the balloon: memory size less the device's actual"},
    {"balloon.actual_bytes", "bytes", "left to the guest, as query-balloon says"},
    {"balloon.change_events", "count", "BALLOON_CHANGE events heard since the start"},
    {"monitor_ns", "ns", "how long the monitor took to answer query-balloon"},
    {"monitor.timeouts", "count", "times it did not answer in time"},
    {NULL},
};

struct balloon {
	struct pn_probe_context *context;
	int change_events; /* atomic: written on the connection's thread */
	uint64_t timeouts;
};

static void hear(const json_t *event, uint64_t host_ns, void *data)
{
	struct balloon *balloon = data;
	const char *ev = json_string_value(json_object_get(event, "ev"));
	const char *name = json_string_value(json_object_get(event, "event"));

	if (ev && name && !strcmp(ev, "qmp") && !strcmp(name, "BALLOON_CHANGE"))
		g_atomic_int_inc(&balloon->change_events);
}

static int balloon_open(struct pn_probe_context *context, void **ret_state)
{
	struct balloon *balloon;
	int err;

	if (context->scenario->guest.balloon.absent) {
		pn_probe_unsupported(context, "balloon", "the scenario's guest has no balloon device");
		return -ENODEV;
	}
	balloon = g_new0(struct balloon, 1);
	balloon->context = context;
	err = pn_guest_subscribe(context->guest, hear, balloon);
	if (err) {
		pn_probe_unsupported(context, "balloon", "can't hear the guest's events: %s", g_strerror(-err));
		g_free(balloon);
		return err;
	}
	*ret_state = balloon;
	return 0;
}

static void balloon_sample(void *state, bool mark, json_t *into)
{
	struct balloon *balloon = state;
	uint64_t memory_bytes = pn_guest_memory_bytes(balloon->context->guest), latency_ns, actual;
	struct pn_diag diag = {""};
	json_t *reply = NULL;
	int err = pn_monitor_query(balloon->context, "query-balloon", NULL, &reply, &latency_ns, &diag);

	if (err == -ETIMEDOUT)
		balloon->timeouts++;
	if (err && err != -ETIMEDOUT && err != -ENOTCONN)
		pn_probe_unsupported(balloon->context, "balloon.bytes", "query-balloon: %s", diag.text);
	pn_probe_set(into, balloon->timeouts, "monitor.timeouts");
	pn_probe_set(into, (uint64_t)g_atomic_int_get(&balloon->change_events), "balloon.change_events");
	if (err)
		return;
	pn_probe_set(into, latency_ns, "monitor_ns");
	if (json_is_integer(json_object_get(reply, "actual"))) {
		actual = (uint64_t)json_integer_value(json_object_get(reply, "actual"));
		pn_probe_set(into, actual, "balloon.actual_bytes");
		if (actual <= memory_bytes)
			pn_probe_set(into, memory_bytes - actual, "balloon.bytes");
	}
	json_decref(reply);
}

static void balloon_close(void *state)
{
	struct balloon *balloon = state;

	pn_guest_unsubscribe(balloon->context->guest, hear, balloon);
	g_free(balloon);
}

static const struct pn_probe_key stats_keys[] = {
    {"balloon.stats.swap_in_bytes", "bytes", "swapped in, since the guest's boot"},
    {"balloon.stats.swap_out_bytes", "bytes", "swapped out, since the guest's boot"},
    {"balloon.stats.major_faults", "count", "major faults, since the guest's boot"},
    {"balloon.stats.minor_faults", "count", "minor faults, since the guest's boot"},
    {"balloon.stats.free_bytes", "bytes", "free in the guest"},
    {"balloon.stats.total_bytes", "bytes", "total in the guest"},
    {"balloon.stats.available_bytes", "bytes", "available in the guest"},
    {"balloon.stats.disk_caches_bytes", "bytes", "page cache of the guest"},
    {"balloon.stats.hugetlb_allocs", "count", "hugetlb allocations of the guest"},
    {"balloon.stats.hugetlb_failures", "count", "failed hugetlb allocations of the guest"},
    {"balloon.stats.updates", "count", "reports of the guest seen so far; absent before the first"},
    {"balloon.stats.age_ns", "ns", "since the last report; granularity one second"},
    {NULL},
};

struct stats {
	struct pn_probe_context *context;
	json_int_t last_update_s; /* wall clock; 0: never */
	uint64_t updates;
};

static int stats_open(struct pn_probe_context *context, void **ret_state)
{
	struct stats *stats;

	if (context->scenario->guest.balloon.absent || !context->scenario->guest.balloon.stats_interval_ns) {
		pn_probe_unsupported(context, "stats", "the scenario does not poll the balloon's statistics (stats interval 0)");
		return -ENODEV;
	}
	stats = g_new0(struct stats, 1);
	stats->context = context;
	*ret_state = stats;
	return 0;
}

static void stats_sample(void *state, bool mark, json_t *into)
{
	struct stats *stats = state;
	struct pn_diag diag = {""};
	json_t *reply = NULL;
	json_int_t last_update_s;
	uint64_t now_ns;
	int err =
	    pn_monitor_query(stats->context, "qom-get", json_pack("{s:s, s:s}", "path", PN_MONITOR_BALLOON_PATH, "property", "guest-stats"),
			     &reply, NULL, &diag);

	if (err) {
		if (err != -ETIMEDOUT && err != -ENOTCONN)
			pn_probe_unsupported(stats->context, "stats", "qom-get guest-stats: %s", diag.text);
		return;
	}
	last_update_s = (json_int_t)json_number_value(json_object_get(reply, "last-update"));
	if (last_update_s > 0) {
		if (last_update_s != stats->last_update_s)
			stats->updates++;
		stats->last_update_s = last_update_s;
		pn_stats_take(reply, into);
		now_ns = pn_clock_real_ns();
		pn_probe_set(into, stats->updates, "balloon.stats.updates");
		if (now_ns >= (uint64_t)last_update_s * PN_NS_PER_S)
			pn_probe_set(into, now_ns - (uint64_t)last_update_s * PN_NS_PER_S, "balloon.stats.age_ns");
	}
	json_decref(reply);
}

static void stats_close(void *state)
{
	g_free(state);
}

const struct pn_probe pn_probe_balloon = {
    .name = "balloon",
    .help = "size of the balloon as the device has it, and the monitor's latency",
    .beat = PN_BEAT_MONITOR,
    .eager = true,
    .keys = balloon_keys,
    .open = balloon_open,
    .sample = balloon_sample,
    .close = balloon_close,
};

const struct pn_probe pn_probe_stats = {
    .name = "stats",
    .help = "statistics that the guest reports through the balloon, once a second",
    .beat = PN_BEAT_MONITOR,
    .interval_ns = PN_NS_PER_S,
    .keys = stats_keys,
    .open = stats_open,
    .sample = stats_sample,
    .close = stats_close,
};
