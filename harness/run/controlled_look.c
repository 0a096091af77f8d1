// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest as its controller sees it: size and statistics from the device, pressure from the agent's samples, and the host memory behind the guest's memory, which
 * no guest can lie about. QEMU's own memory is left out: under TCG it is translated code, and as large as it likes.
 */
#include "controlled_private.h"

#include <string.h>

#include "../guest/guest.h"
#include "../observe/monitor.h"
#include "../observe/probe.h"

static void hear(const json_t *event, uint64_t host_ns, void *data)
{
	struct pn_controlled_guest *guest = data;
	const char *ev = json_string_value(json_object_get(event, "ev"));
	const json_t *psi = json_object_get(event, "psi.memory.some_us");
	const char *boot_id = json_string_value(json_object_get(event, "boot_id"));

	if (!g_strcmp0(ev, "sample") && json_is_integer(psi))
		__atomic_store_n(&guest->psi_us, json_integer_value(psi), __ATOMIC_RELAXED);
	if (g_strcmp0(ev, "hello") != 0 || !boot_id || !g_strcmp0(boot_id, guest->boot_id))
		return;
	g_free(guest->boot_id);
	guest->boot_id = g_strdup(boot_id);
	g_atomic_int_inc(&guest->boots);
	__atomic_store_n(&guest->psi_us, -1, __ATOMIC_RELAXED);
}

void pn_controlled_open(struct pn_controlled_guest *guest, struct pn_guest *real, const struct pn_scenario *scenario)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/smaps", (int)pn_guest_pid(real));

	*guest = (struct pn_controlled_guest){
		.name = scenario->guest_name,
		.guest = real,
		.memory_bytes = scenario->guest.memory_bytes,
		.began_bytes = scenario->guest.memory_bytes,
		.plug_bytes = scenario->guest.plug_bytes,
		.smaps = {.fd = -1},
		.psi_us = -1,
	};
	if (pn_guest_pid(real))
		pn_procfs_open(&guest->smaps, path);
	pn_guest_subscribe(real, hear, guest);
}

void pn_controlled_close(struct pn_controlled_guest *guest)
{
	pn_guest_unsubscribe(guest->guest, hear, guest);
	pn_procfs_close(&guest->smaps);
	g_free(guest->boot_id);
}

static uint64_t figure(const json_t *from, const char *key)
{
	const json_t *value = json_object_get(from, key);

	return json_is_integer(value) ? (uint64_t)json_integer_value(value) : PN_UNSET;
}

static void look_at_host(struct pn_controlled_guest *guest, struct pn_observation *o)
{
	const char *text = guest->smaps.fd >= 0 ? pn_procfs_read(&guest->smaps) : NULL;
	struct pn_procfs_ram ram;

	if (!text)
		return;
	pn_procfs_smaps_ram(text, guest->began_bytes, &ram);
	if (!ram.size_bytes)
		return;
	o->resident_bytes = ram.rss_bytes;
	if (!guest->plug_bytes)
		return;
	pn_procfs_smaps_ram(text, guest->plug_bytes, &ram);
	o->resident_bytes += ram.size_bytes ? ram.rss_bytes : 0;
}

/* By the monitor, after its statistics: what a guest says of its size is never ahead of it. */
static void look_at_size(struct pn_controlled_guest *guest, uint64_t timeout_ns)
{
	json_t *reply = NULL;

	if (!guest->plug_bytes || pn_guest_query(guest->guest, "query-memory-size-summary", NULL, timeout_ns, &reply, NULL, NULL))
		return;
	guest->memory_bytes = guest->began_bytes + (uint64_t)json_integer_value(json_object_get(reply, "plugged-memory"));
	json_decref(reply);
}

static void look_at_statistics(struct pn_controlled_guest *guest, uint64_t timeout_ns, struct pn_observation *o)
{
	json_t *arguments = json_pack("{s:s, s:s}", "path", PN_MONITOR_BALLOON_PATH, "property", "guest-stats"), *reply = NULL, *stats;

	if (!pn_guest_query(guest->guest, "qom-get", arguments, timeout_ns, &reply, NULL, NULL)) {
		stats = json_object();
		pn_stats_take(reply, stats);
		o->stats_ns = (uint64_t)json_number_value(json_object_get(reply, "last-update")) * 1000000000ULL;
		o->total_bytes = figure(stats, "balloon.stats.total_bytes");
		o->available_bytes = figure(stats, "balloon.stats.available_bytes");
		o->free_bytes = figure(stats, "balloon.stats.free_bytes");
		o->swap_in_bytes = figure(stats, "balloon.stats.swap_in_bytes");
		o->major_faults = figure(stats, "balloon.stats.major_faults");
		json_decref(stats);
	}
	json_decref(arguments);
	json_decref(reply);
}

void pn_controlled_look(struct pn_controlled_guest *guest, uint64_t timeout_ns, struct pn_observation *ret_observation)
{
	gint64 psi_us = __atomic_load_n(&guest->psi_us, __ATOMIC_RELAXED);
	struct pn_observation o = {
		.resident_bytes = PN_UNSET, .actual_bytes = PN_UNSET,  .total_bytes = PN_UNSET,	 .available_bytes = PN_UNSET,
		.free_bytes = PN_UNSET,	    .swap_in_bytes = PN_UNSET, .major_faults = PN_UNSET, .psi_some_ns = psi_us < 0 ? PN_UNSET : (uint64_t)psi_us * 1000,
	};
	json_t *reply = NULL;

	o.boots = (unsigned int)g_atomic_int_get(&guest->boots);
	look_at_host(guest, &o);
	if (!pn_guest_query(guest->guest, "query-balloon", NULL, timeout_ns, &reply, NULL, NULL)) {
		o.actual_bytes = figure(reply, "actual");
		look_at_statistics(guest, timeout_ns, &o);
		look_at_size(guest, timeout_ns); /* a monitor that does not answer the first is not asked the second */
	}
	json_decref(reply);
	*ret_observation = o;
}
