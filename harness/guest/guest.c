// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a guest, whichever way it is run: started, known by its state, stopped. States come as events (monitor, process end),
 * never by asking; GONE is final.
 */

#include "guest.h"

#include <errno.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/journal.h"
#include "../base/units.h"
#include "../pin/pin.h"
#include "calls.h"
#include "channel.h"
#include "exact.h"
#include "private.h"

static void heard_free(gpointer data)
{
	struct pn_guest_heard *heard = data;

	json_decref(heard->event);
	g_free(heard);
}

struct pn_guest *pn_guest_new(struct pn_host *host, const struct pn_guest_config *config)
{
	struct pn_guest *guest = g_new0(struct pn_guest, 1);

	guest->host = host;
	guest->ops = host->ops;
	guest->name = g_strdup(config->name);
	guest->dir = g_strdup(config->dir);
	guest->machine = *config->machine;
	guest->journal = config->journal;
	if (config->watch)
		guest->watch_path = g_build_filename(config->dir, PN_GUEST_RINGS, NULL);
	guest->state = PN_GUEST_PAUSED;
	guest->kmsg_seq = -1;
	guest->tamper_fd = -1;
	g_mutex_init(&guest->tamper_lock);
	g_mutex_init(&guest->query_lock);
	g_mutex_init(&guest->lock);
	g_cond_init(&guest->changed);
	g_mutex_init(&guest->ears_lock);
	guest->ears = g_ptr_array_new_with_free_func(g_free);
	guest->kmsg = g_ptr_array_new_with_free_func(heard_free);
	guest->calls = pn_calls_new(guest->ops->monitor, guest);
	guest->queries = pn_calls_new(guest->ops->query, guest);
	return guest;
}

void pn_guest_hush(struct pn_guest *guest)
{
	g_clear_pointer(&guest->calls, pn_calls_free);
	g_clear_pointer(&guest->queries, pn_calls_free);
}

void pn_guest_free(struct pn_guest *guest)
{
	g_ptr_array_unref(guest->ears);
	g_ptr_array_unref(guest->kmsg);
	g_mutex_clear(&guest->ears_lock);
	g_mutex_clear(&guest->tamper_lock);
	g_cond_clear(&guest->changed);
	g_mutex_clear(&guest->query_lock);
	g_mutex_clear(&guest->lock);
	g_free(guest->migration);
	g_free(guest->boot_id);
	g_free(guest->swap_path);
	g_free(guest->swap_socket);
	g_free(guest->data_path);
	g_free(guest->watch_path);
	g_free(guest->tamper_path);
	g_free(guest->name);
	g_free(guest->dir);
	g_free(guest);
}

int pn_guest_start(struct pn_host *host, const struct pn_guest_config *config, struct pn_guest **ret_guest, struct pn_diag *diag)
{
	struct pn_guest *guest = pn_guest_new(host, config);
	uint64_t began_ns = pn_clock_now_ns();
	int err;

	err = guest->ops->start(guest, config, diag);
	if (err) {
		pn_guest_stop(guest, NULL);
		return err;
	}
	if (config->journal)
		pn_journal_add(config->journal, "guest",
			       json_pack("{s:s,s:I}", "state", "started", "duration_ns", (json_int_t)(pn_clock_now_ns() - began_ns)));
	*ret_guest = guest;
	return 0;
}

int pn_guest_stop(struct pn_guest *guest, struct pn_diag *diag)
{
	int err;

	if (!guest)
		return 0;
	pn_guest_stop(guest->ahead, NULL);
	pn_guest_stop(guest->behind, NULL);
	err = guest->ops->stop(guest, diag);
	pn_exact_free(guest->exact);
	pn_channel_free(guest->channel);
	pn_guest_hush(guest);
	pn_guest_free(guest);
	return err;
}

enum pn_guest_state pn_guest_state(struct pn_guest *guest)
{
	enum pn_guest_state state;

	g_mutex_lock(&guest->lock);
	state = guest->state;
	g_mutex_unlock(&guest->lock);
	return state;
}

void pn_guest_state_set(struct pn_guest *guest, enum pn_guest_state state)
{
	static const char *const names[] = { "running", "paused", "crashed", "gone" };
	json_t *event;
	bool news;

	g_mutex_lock(&guest->lock);
	news = guest->state != state && guest->state != PN_GUEST_GONE;
	if (news) {
		guest->state = state;
		g_cond_broadcast(&guest->changed);
	}
	g_mutex_unlock(&guest->lock);
	if (!news)
		return;
	event = json_pack("{s:s,s:s}", "ev", "state", "state", names[state]);
	pn_guest_tell(guest, event, pn_clock_now_ns());
	json_decref(event);
}

uint64_t pn_guest_memory_bytes(const struct pn_guest *guest)
{
	return guest->machine.memory_bytes + __atomic_load_n(&guest->plugged_bytes, __ATOMIC_RELAXED);
}

const struct pn_machine *pn_guest_machine(const struct pn_guest *guest)
{
	return &guest->machine;
}

struct pn_pin *pn_guest_pin(const struct pn_guest *guest)
{
	return guest->pin;
}

json_t *pn_guest_insns(const struct pn_guest *guest)
{
	struct pn_pin_counts counts;

	if (!guest->pin || pn_pin_counts(guest->pin, &counts))
		return NULL;
	return json_pack("{s:I,s:I,s:I}", "driver", (json_int_t)counts.driver, "kernel", (json_int_t)counts.kernel, "user", (json_int_t)counts.user);
}

pid_t pn_guest_pid(const struct pn_guest *guest)
{
	return guest->ops->pid(guest);
}

const char *pn_guest_disk(const struct pn_guest *guest, const char *which)
{
	if (strcmp(which, "swap") == 0)
		return guest->swap_socket ?: guest->swap_path;
	return strcmp(which, "data") == 0 ? guest->data_path : NULL;
}

uint64_t pn_guest_heartbeat_ns(const struct pn_guest *guest)
{
	return guest->channel ? pn_channel_heard_ns(guest->channel) : 0;
}

/* A better round trip replaces a worse one: the error is bounded by half of the best. */
int pn_guest_clock(struct pn_guest *guest, unsigned int rounds, struct pn_guest_clock *ret_clock, struct pn_diag *diag)
{
	struct pn_guest_clock best = { .error_ns = UINT64_MAX };
	json_t *request = json_pack("{s:s}", "op", "clock");
	int err = rounds ? 0 : pn_diag_set(diag, -EINVAL, "clock: no rounds asked for");

	for (unsigned int i = 0; i < rounds && !err; i++) {
		uint64_t before_ns = pn_clock_now_ns(), after_ns, half_ns;
		json_t *reply = NULL;

		if (!guest->channel)
			err = pn_diag_set(diag, -ENOTCONN, "clock: the guest has no agent");
		else
			err = pn_channel_call(guest->channel, request, NULL, 10 * PN_NS_PER_S, &reply, diag);
		if (err)
			break;
		after_ns = pn_clock_now_ns();
		half_ns = (after_ns - before_ns) / 2;
		if (!json_is_integer(json_object_get(reply, "mono_ns")))
			err = pn_diag_set(diag, -EPROTO, "agent: clock: the reply has no mono_ns");
		else if (half_ns < best.error_ns)
			best = (struct pn_guest_clock){
				.offset_ns = (int64_t)(before_ns + half_ns) - json_integer_value(json_object_get(reply, "mono_ns")),
				.error_ns = half_ns,
			};
		json_decref(reply);
	}
	json_decref(request);
	if (!err)
		*ret_clock = best;
	return err;
}
