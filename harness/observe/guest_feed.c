// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's half of sampling. The agent samples by its own timer, so a slow channel delays a sample but does not shift it. Its
 * times are made the host's by an offset measured at the start and again in the end; the journal keeps both, so their difference
 * bounds the drift between.
 */

#include "guest_feed_private.h"

#include <errno.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/journal.h"
#include "../base/units.h"

#define CLOCK_ROUNDS 8
#define INTERVAL_MIN_MS 10
#define INTERVAL_MAX_MS 60000

static const char *const beat_sets[] = {"mem", "vmstat", "psi", "balloon", "cpu", "touch", NULL};

struct arrival {
	json_t *event;
	uint64_t host_ns;
};

static const struct pn_probe_key keys[] = {
    {"guest.mem.*", "bytes", "total, free, available, cached, anon, hugepages_anon"},
    {"guest.swap.*", "bytes", "total, free"},
    {"guest.zone.NAME.*", "pages", "managed_pages, free_pages, at marks"},
    {"guest.vm.*", "count", "pswpin, pswpout, pgfault, pgmajfault, allocstall, oom_kill, balloon_inflate, balloon_deflate, ... since boot"},
    {"guest.psi.*", "us", "pressure stall totals"},
    {"guest.driver.*", "", "counters of the driver: held_pages, cpu_ns and what its debugfs file has"},
    {"guest.cpu.*", "ns", "user, system, idle, steal"},
    {"guest.touch.count", "count", "touches of the latency probe so far"},
    {"guest.touch.*_ns", "ns", "p50, p99 and max of its last whole second"},
    {"guest.agent_cpu_ns", "ns", "CPU time of the agent"},
    {"guest.mem.unaccounted", "bytes", "MemTotal less all that meminfo and zoneinfo say is used or free, at marks"},
    {"guest.kernel.tainted", "bits", "/proc/sys/kernel/tainted, at marks"},
    {NULL},
};

/* The agent says hello whenever the port opens; with another boot id it is a new agent, which samples nothing yet. */
static void hear_hello(struct pn_feed *feed, const json_t *event)
{
	const char *boot_id = json_string_value(json_object_get(event, "boot_id"));

	g_mutex_lock(&feed->lock);
	if (boot_id && g_strcmp0(boot_id, feed->boot_id)) {
		g_free(feed->boot_id);
		feed->boot_id = g_strdup(boot_id);
		g_atomic_int_set(&feed->rebooted, 1);
	}
	g_mutex_unlock(&feed->lock);
}

/* Runs on the connection's thread. */
static void hear(const json_t *event, uint64_t host_ns, void *data)
{
	struct pn_feed *feed = data;
	const char *ev = json_string_value(json_object_get(event, "ev"));
	struct arrival *arrival;

	if (ev && !strcmp(ev, "hello"))
		hear_hello(feed, event);
	if (ev && !strcmp(ev, "moved")) /* the conversation began anew: samples have stopped, and the clock may have jumped */
		g_atomic_int_set(&feed->rebooted, 1);
	if (!ev || strcmp(ev, "sample"))
		return;
	arrival = g_new(struct arrival, 1);
	*arrival = (struct arrival){.event = json_deep_copy(event), .host_ns = host_ns};
	g_async_queue_push(feed->queue, arrival);
}

static void journal_clock(struct pn_feed *feed, const char *when, const struct pn_guest_time *clock)
{
	pn_journal_add(
	    feed->context->journal, "clock",
	    json_pack("{s:s, s:I, s:I}", "when", when, "offset_ns", (json_int_t)clock->offset_ns, "error_ns", (json_int_t)clock->error_ns));
}

static int measure_clock(struct pn_feed *feed, const char *when)
{
	struct pn_guest_clock clock;
	struct pn_diag diag = {""};
	int err = pn_guest_clock(feed->context->guest, CLOCK_ROUNDS, &clock, &diag);

	if (err) {
		pn_probe_unsupported(feed->context, "clock", "can't measure the guest's clock (%s): %s", when, diag.text);
		return err;
	}
	g_mutex_lock(&feed->lock);
	feed->clock = (struct pn_guest_time){.offset_ns = clock.offset_ns, .error_ns = clock.error_ns};
	g_mutex_unlock(&feed->lock);
	journal_clock(feed, when, &feed->clock);
	return 0;
}

json_t *pn_feed_set_names(const char *const names[])
{
	json_t *sets = json_array();

	for (size_t i = 0; names[i]; i++)
		json_array_append_new(sets, json_string(names[i]));
	return sets;
}

static void start_sampling(struct pn_feed *feed)
{
	json_int_t interval_ms = CLAMP((json_int_t)(feed->interval_ns / PN_NS_PER_MS), INTERVAL_MIN_MS, INTERVAL_MAX_MS);
	struct pn_diag diag = {""};
	int err = pn_guest_agent(feed->context->guest,
				 json_pack("{s:s, s:I, s:o}", "op", "sample.start", "interval_ms", interval_ms, "sets", pn_feed_set_names(beat_sets)),
				 AGENT_TIMEOUT_NS, NULL, &diag);

	if (err)
		pn_probe_unsupported(feed->context, "guest", "the agent does not sample: %s", diag.text);
	feed->started = !err;
}

static void free_feed(struct pn_feed *feed)
{
	struct arrival *arrival;

	while ((arrival = g_async_queue_try_pop(feed->queue))) {
		json_decref(arrival->event);
		g_free(arrival);
	}
	g_async_queue_unref(feed->queue);
	g_hash_table_unref(feed->missing);
	g_hash_table_unref(feed->seen);
	g_mutex_clear(&feed->lock);
	g_free(feed->boot_id);
	g_free(feed);
}

/* Text of a file of the guest; NULL when it can't be had. Freed by the caller with g_free(). */
static char *ask_file(struct pn_feed *feed, const char *path, const char *name)
{
	struct pn_diag diag = {""};
	json_t *reply = NULL;
	char *text;
	int err =
	    pn_guest_agent(feed->context->guest, json_pack("{s:s, s:s}", "op", "read", "path", path), AGENT_TIMEOUT_NS, &reply, &diag);

	text = err ? NULL : g_strdup(json_string_value(json_object_get(reply, "text")));
	if (!text)
		pn_probe_unsupported(feed->context, name, "can't read %s in the guest: %s", path, err ? diag.text : "no text");
	json_decref(reply);
	return text;
}

/* Which boot this is: the hello of another one means another agent. */
static void learn_boot_id(struct pn_feed *feed)
{
	g_autofree char *text = ask_file(feed, "/proc/sys/kernel/random/boot_id", "guest.boot_id");

	g_mutex_lock(&feed->lock);
	feed->boot_id = text ? g_strdup(g_strchomp(text)) : NULL;
	g_mutex_unlock(&feed->lock);
}

int pn_feed_open(struct pn_probe_context *context, uint64_t interval_ns, struct pn_feed **ret_feed)
{
	struct pn_feed *feed = g_new0(struct pn_feed, 1);
	int err;

	feed->context = context;
	feed->interval_ns = interval_ns;
	feed->queue = g_async_queue_new();
	feed->missing = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	feed->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_mutex_init(&feed->lock);
	err = measure_clock(feed, "start");
	if (!err) {
		learn_boot_id(feed);
		err = pn_guest_subscribe(context->guest, hear, feed);
	}
	if (err) {
		free_feed(feed);
		return err;
	}
	if (!pn_guest_machine(context->guest)->exact)
		start_sampling(feed);
	*ret_feed = feed;
	return 0;
}

void pn_feed_revive(struct pn_feed *feed)
{
	if (!g_atomic_int_compare_and_exchange(&feed->rebooted, 1, 0))
		return;
	measure_clock(feed, "reboot");
	start_sampling(feed);
}

/*
 * What the agent could not read, it says itself. The driver's counters are not there until the driver is, so the reasons are kept, and only
 * what never came is journalled, in the end.
 */
static void take_missing(struct pn_feed *feed, const json_t *sample)
{
	const char *key;
	json_t *why;

	json_object_foreach(json_object_get(sample, "missing"), key, why) {
		const char *words = json_string_value(why);

		if (!g_hash_table_contains(feed->seen, key))
			g_hash_table_insert(feed->missing, g_strdup(key), g_strdup(words ? words : "the agent gives no reason"));
	}
}

void pn_feed_take_keys(struct pn_feed *feed, const json_t *sample, json_t *into)
{
	const char *key;
	json_t *value;

	g_mutex_lock(&feed->lock);
	take_missing(feed, sample);
	json_object_foreach((json_t *)sample, key, value) {
		g_autofree char *name = NULL;

		if (!json_is_number(value) || !strcmp(key, "mono_ns"))
			continue;
		if (g_hash_table_remove(feed->missing, key))
			g_hash_table_add(feed->seen, g_strdup(key));
		name = g_strconcat("guest.", key, NULL);
		json_object_set(into, name, value);
	}
	g_mutex_unlock(&feed->lock);
}

static void journal_missing(struct pn_feed *feed)
{
	GHashTableIter iter;
	gpointer key, why;

	g_hash_table_iter_init(&iter, feed->missing);
	while (g_hash_table_iter_next(&iter, &key, &why)) {
		g_autofree char *name = g_strconcat("guest.", key, NULL);

		pn_probe_unsupported(feed->context, name, "%s", (char *)why);
	}
}

json_t *pn_feed_next(struct pn_feed *feed)
{
	struct arrival *arrival = g_async_queue_try_pop(feed->queue);
	struct pn_guest_time clock;
	json_t *line;
	uint64_t t_ns, guest_ns;
	int stepped;

	if (!arrival)
		return NULL;
	guest_ns = (uint64_t)json_integer_value(json_object_get(arrival->event, "mono_ns"));
	g_mutex_lock(&feed->lock);
	stepped = pn_guest_time_shift(&feed->clock, guest_ns, arrival->host_ns, &t_ns);
	clock = feed->clock;
	g_mutex_unlock(&feed->lock);
	if (stepped)
		journal_clock(feed, "stepped", &clock);
	line =
	    json_pack("{s:I, s:s, s:I}", "t_ns", (json_int_t)t_ns, "src", pn_beat_names[PN_BEAT_GUEST], "guest_ns", (json_int_t)guest_ns);
	pn_feed_take_keys(feed, arrival->event, line);
	json_decref(arrival->event);
	g_free(arrival);
	return line;
}

void pn_feed_close(struct pn_feed *feed)
{
	json_t *reply = NULL;

	if (!feed)
		return;
	/* A guest that has gone can't be asked, and asking would cost a deadline. */
	if (pn_guest_state(feed->context->guest) == PN_GUEST_RUNNING) {
		if (feed->started &&
		    !pn_guest_agent(feed->context->guest, json_pack("{s:s}", "op", "sample.stop"), AGENT_TIMEOUT_NS, &reply, NULL)) {
			pn_journal_add(feed->context->journal, "agent_sampling",
				       json_pack("{s:O?, s:O?}", "samples", json_object_get(reply, "samples"), "cpu_ns",
						 json_object_get(reply, "cpu_ns")));
			json_decref(reply);
		}
		measure_clock(feed, "end");
	}
	pn_guest_unsubscribe(feed->context->guest, hear, feed);
	journal_missing(feed);
	free_feed(feed);
}

/* The feed is opened by the sampler itself, which drains it; the record is here for lists and for switching it on by name. */
const struct pn_probe pn_probe_guest = {
    .name = "guest",
    .help = "memory, zones, vmstat, pressure, driver and CPU of the guest, sampled by the agent",
    .beat = PN_BEAT_GUEST,
    .keys = keys,
};
