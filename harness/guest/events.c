// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest tells unasked: the agent's events, the monitor's, changes of state. Kernel log records are kept (the last KMSG_MAX),
 * so that whoever subscribes later still hears the whole boot. When another boot announces itself, calls under way to the old one
 * are ended and the kernel log of the new one is asked for.
 */

#include <errno.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/journal.h"
#include "../base/patience.h"
#include "../base/units.h"
#include "../pin/pin.h"
#include "channel.h"
#include "guest.h"
#include "private.h"

#define KMSG_MAX 16384
#define GREET_AGAIN_NS (5 * PN_NS_PER_S)

struct ear {
	pn_guest_event_fn *fn;
	void *data;
};

static void keep_kmsg(struct pn_guest *guest, const json_t *event, uint64_t host_ns)
{
	struct pn_guest_heard *heard = g_new(struct pn_guest_heard, 1);

	*heard = (struct pn_guest_heard){ .event = json_deep_copy(event), .host_ns = host_ns };
	if (guest->kmsg->len == KMSG_MAX)
		g_ptr_array_remove_index(guest->kmsg, 0);
	g_ptr_array_add(guest->kmsg, heard);
	guest->kmsg_seq = json_integer_value(json_object_get(event, "seq"));
}

void pn_guest_tell(struct pn_guest *guest, const json_t *event, uint64_t host_ns)
{
	bool kmsg = g_strcmp0(json_string_value(json_object_get(event, "ev")), "kmsg") == 0;

	g_mutex_lock(&guest->ears_lock);
	/* An agent that begins its stream again repeats what is known. */
	if (kmsg && json_integer_value(json_object_get(event, "seq")) <= guest->kmsg_seq) {
		g_mutex_unlock(&guest->ears_lock);
		return;
	}
	if (kmsg)
		keep_kmsg(guest, event, host_ns);
	for (guint i = 0; i < guest->ears->len; i++) {
		struct ear *ear = guest->ears->pdata[i];

		ear->fn(event, host_ns, ear->data);
	}
	g_mutex_unlock(&guest->ears_lock);
}

/* Return: true when this hello is of another boot than the last one. */
static bool note_boot(struct pn_guest *guest, const json_t *hello)
{
	const char *boot_id = json_string_value(json_object_get(hello, "boot_id"));
	bool known, other;

	g_mutex_lock(&guest->ears_lock);
	known = guest->boot_id != NULL;
	other = boot_id && g_strcmp0(boot_id, guest->boot_id) != 0;
	if (other) {
		g_free(guest->boot_id);
		guest->boot_id = g_strdup(boot_id);
		if (known)
			guest->kmsg_seq = -1;
	}
	g_mutex_unlock(&guest->ears_lock);
	return known && other;
}

static json_t *hello_request(struct pn_guest *guest)
{
	int64_t seq;

	g_mutex_lock(&guest->ears_lock);
	seq = guest->kmsg_seq + 1;
	g_mutex_unlock(&guest->ears_lock);
	return json_pack("{s:s,s:i,s:I}", "op", "hello", "host_version", 1, "kmsg_seq", (json_int_t)seq);
}

static void on_agent(const json_t *event, uint64_t host_ns, void *data)
{
	struct pn_guest *guest = data;

	if (strcmp(json_string_value(json_object_get(event, "ev")), "hello") == 0 && note_boot(guest, event)) {
		json_t *request = hello_request(guest);

		pn_channel_abort(guest->channel, -ECONNRESET, "the guest has booted again");
		pn_channel_post(guest->channel, request);
		json_decref(request);
	}
	pn_guest_tell(guest, event, host_ns);
}

static void on_gone(void *data)
{
	pn_guest_state_set(data, PN_GUEST_GONE);
}

int pn_guest_connect(struct pn_guest *guest, int fd, struct pn_diag *diag)
{
	/* The thread may call on_agent() before the assignment below, but a boot is only "another" after pn_guest_greet(). */
	int err = pn_channel_new(fd, on_agent, on_gone, guest, &guest->channel);

	return err ? pn_diag_set(diag, err, "can't talk to the agent: %s", g_strerror(-err)) : 0;
}

int pn_guest_greet(struct pn_guest *guest, uint64_t timeout_ns, json_t **ret_hello, struct pn_diag *diag)
{
	uint64_t again_ns = guest->exact ? timeout_ns : GREET_AGAIN_NS, left_ns;
	struct pn_patience patience;
	json_t *hello = NULL;
	int err = -ETIMEDOUT;

	pn_patience_begin(&patience, guest->ops->pid(guest), timeout_ns);

	/*
	 * QEMU keeps the request until the guest has opened the port, so once is enough unless a guest resets while it boots. Each hello makes
	 * the agent begin anew: on a busy machine, asking faster than it can answer would never end, hence the doubling.
	 */
	while (err == -ETIMEDOUT && (left_ns = pn_patience_left_ns(&patience))) {
		json_t *request = hello_request(guest);

		err = pn_channel_call(guest->channel, request, NULL, MIN(left_ns, again_ns), &hello, diag);
		json_decref(request);
		again_ns *= 2;
	}
	if (err == -ETIMEDOUT) {
		g_autofree char *waited = pn_patience_text(&patience);

		return pn_diag_set(diag, err, "guest '%s': the agent did not answer within %s", guest->name, waited);
	}
	if (err)
		return err;
	note_boot(guest, hello);
	if (json_integer_value(json_object_get(hello, "version")) != 1)
		err = pn_diag_set(diag, -EPROTONOSUPPORT, "guest '%s': the agent speaks version %lld of the protocol; expected 1", guest->name,
				  (long long)json_integer_value(json_object_get(hello, "version")));
	if (!err && ret_hello)
		*ret_hello = json_incref(hello);
	json_decref(hello);
	return err;
}

int pn_guest_subscribe(struct pn_guest *guest, pn_guest_event_fn *fn, void *data)
{
	struct ear *ear = g_new(struct ear, 1);

	*ear = (struct ear){ .fn = fn, .data = data };
	g_mutex_lock(&guest->ears_lock);
	for (guint i = 0; i < guest->kmsg->len; i++) {
		struct pn_guest_heard *heard = guest->kmsg->pdata[i];

		fn(heard->event, heard->host_ns, data);
	}
	g_ptr_array_add(guest->ears, ear);
	g_mutex_unlock(&guest->ears_lock);
	return 0;
}

void pn_guest_unsubscribe(struct pn_guest *guest, pn_guest_event_fn *fn, void *data)
{
	g_mutex_lock(&guest->ears_lock);
	for (guint i = 0; i < guest->ears->len; i++) {
		struct ear *ear = guest->ears->pdata[i];

		if (ear->fn == fn && ear->data == data) {
			g_ptr_array_remove_index(guest->ears, i);
			break;
		}
	}
	g_mutex_unlock(&guest->ears_lock);
}

static void on_stop(struct pn_guest *guest, const json_t *data)
{
	/* A guest that panicked is stopped by QEMU after it said so. */
	if (pn_guest_state(guest) != PN_GUEST_CRASHED)
		pn_guest_state_set(guest, PN_GUEST_PAUSED);
}

static void on_resume(struct pn_guest *guest, const json_t *data)
{
	pn_guest_state_set(guest, PN_GUEST_RUNNING);
}

static void on_panicked(struct pn_guest *guest, const json_t *data)
{
	pn_guest_state_set(guest, PN_GUEST_CRASHED);
}

static void on_reset(struct pn_guest *guest, const json_t *data)
{
	if (guest->pin)
		pn_pin_driver_gone(guest->pin);
	if (guest->channel)
		pn_channel_abort(guest->channel, -ECONNRESET, "the guest was reset");
}

static void on_migration(struct pn_guest *guest, const json_t *data)
{
	g_mutex_lock(&guest->lock);
	g_free(guest->migration);
	guest->migration = g_strdup(json_string_value(json_object_get(data, "status")));
	g_cond_broadcast(&guest->changed);
	g_mutex_unlock(&guest->lock);
}

/* What monitor events mean for the guest's state; all others are only told. */
static const struct {
	const char *name;
	void (*follow)(struct pn_guest *guest, const json_t *data);
} monitor_events[] = {
	{ "STOP", on_stop },
	{ "RESUME", on_resume },
	{ "GUEST_PANICKED", on_panicked },
	{ "RESET", on_reset },
	{ "MIGRATION", on_migration },
};

void pn_guest_qmp_event(struct pn_guest *guest, const char *name, json_t *data)
{
	json_t *event = json_pack("{s:s,s:s,s:O*}", "ev", "qmp", "event", name, "data", data);

	for (size_t i = 0; i < G_N_ELEMENTS(monitor_events); i++) {
		if (strcmp(monitor_events[i].name, name) == 0)
			monitor_events[i].follow(guest, data);
	}
	pn_guest_tell(guest, event, pn_clock_now_ns());
	json_decref(event);
}

int pn_guest_migration_wait(struct pn_guest *guest, uint64_t timeout_ns, struct pn_diag *diag)
{
	gint64 deadline_us = g_get_monotonic_time() + (gint64)(timeout_ns / PN_NS_PER_US);
	int err = -EINPROGRESS;

	g_mutex_lock(&guest->lock);
	while (err == -EINPROGRESS) {
		if (g_strcmp0(guest->migration, "completed") == 0)
			err = 0;
		else if (g_strcmp0(guest->migration, "failed") == 0)
			err = pn_diag_set(diag, -EREMOTEIO, "guest '%s': QEMU could not move the snapshot", guest->name);
		else if (guest->state == PN_GUEST_GONE)
			err = pn_diag_set(diag, -ENOTCONN, "guest '%s': QEMU ended while it moved the snapshot", guest->name);
		else if (!g_cond_wait_until(&guest->changed, &guest->lock, deadline_us))
			err = pn_diag_set(diag, -ETIMEDOUT, "guest '%s': the snapshot did not move within %llu s", guest->name,
					  (unsigned long long)(timeout_ns / PN_NS_PER_S));
	}
	g_mutex_unlock(&guest->lock);
	return err;
}
