// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest of fake.h. Its balloon is computed when it is looked at, from the time since then; so it needs no thread.
 */
#include "fake_private.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/units.h"
#include "../guest/guest.h"

struct fake fake;

static pn_guest_event_fn *listeners[4];
static void *listener_data[4];

static void tell(json_t *event)
{
	for (unsigned int i = 0; i < G_N_ELEMENTS(listeners); i++)
		if (listeners[i])
			listeners[i](event, pn_clock_now_ns(), listener_data[i]);
	json_decref(event);
}

void fake_move(void)
{
	uint64_t now_ns = fake.machine.exact ? fake.own_ns : pn_clock_now_ns(), step, goal = fake.asked_bytes / PN_PAGE_BYTES * PN_PAGE_BYTES;

	step = (uint64_t)((double)(now_ns - fake.moved_ns) * (double)fake.speed_bytes_per_s / 1e9) / PN_PAGE_BYTES * PN_PAGE_BYTES;
	if (step == 0 && fake.bound && !fake.paused)
		return;
	fake.moved_ns = now_ns;
	if (!fake.bound || fake.paused)
		return;
	if (fake.stuck_at_bytes)
		goal = MIN(goal, fake.stuck_at_bytes);
	if (fake.bytes < goal)
		fake.bytes = MIN(goal, fake.bytes + step);
	else
		fake.bytes = fake.bytes - MIN(fake.bytes - goal, step);
}

/* What the agent tells unasked, after its answer; without the lock, as the real connection does. */
static void aftermath(const char *op)
{
	if (is(op, "load.start") && fake.load_ready)
		tell(json_pack("{s:s,s:s}", "ev", "load.ready", "id", fake.load_id));
	if (is(op, "load.signal") && fake.load_marks)
		tell(json_pack("{s:s,s:s}", "ev", "load.mark", "id", fake.load_id));
	if (is(op, "reset") && !fake.reset_never_boots) {
		g_autofree char *boot_id = g_strdup_printf("boot-%u", fake.boots);

		tell(json_pack("{s:s,s:s}", "ev", "hello", "boot_id", boot_id));
	}
}

static int change(const char *word, const json_t *args, json_t **ret_reply, struct pn_diag *diag)
{
	if (is(fake.refuse, word))
		return pn_diag_set(diag, -EREMOTEIO, "%s refused", word);
	if (is(fake.drop, word))
		return 0;
	if (is(word, "balloon"))
		fake.asked_bytes = (uint64_t)json_integer_value(json_object_get(args, "bytes"));
	else if (is(word, "pause") || is(word, "resume")) {
		fake_struck();
		fake.paused = is(word, "pause");
		fake.crashed &= fake.paused;
	} else if (is(word, "qmp"))
		fake.asleep &= !is(json_string_value(json_object_get(args, "execute")), "system_wakeup");
	else if (is(word, "tamper"))
		g_strlcpy(fake.tampered, json_string_value(json_object_get(args, "what")) ?: "", sizeof(fake.tampered));
	else if (is(word, "move"))
		fake.pid++;
	else if (is(word, "unplug") || is(word, "plug")) {
		fake_struck();
		fake.bound = is(word, "plug");
		fake.bytes = fake.asked_bytes = 0;
	} else if (is(word, "migrate-nowhere"))
		fake.migrating = true;
	else if (is(word, "migrate-cancel")) {
		if (ret_reply)
			*ret_reply = json_pack("{s:s}", "status", fake.migrating ? "cancelled" : "none");
		fake.migrating = false;
	} else if (is(word, "signal"))
		return kill(fake.pid, (int)json_integer_value(json_object_get(args, "signal"))) < 0 ? -errno : 0;
	else if (is(word, "reset")) {
		fake_struck();
		fake.boots++;
		fake.bound = false;
		fake.load_running = false;
	}
	return 0;
}

int pn_guest_act(struct pn_guest *guest, const struct pn_action *action, json_t **ret_reply, struct pn_diag *diag)
{
	int r;

	g_mutex_lock(&fake.lock);
	fake_move();
	if (fake.gone)
		r = pn_diag_set(diag, -ENOTCONN, "the guest has gone");
	else if (is(action->verb, "agent")) {
		r = fake_agent(action->args, ret_reply, diag);
	} else {
		g_string_append_printf(fake.log, "%s ", action->verb);
		r = change(action->verb, action->args, ret_reply, diag);
	}
	g_mutex_unlock(&fake.lock);
	if (r == 0)
		aftermath(is(action->verb, "agent") ? json_string_value(json_object_get(action->args, "op")) : action->verb);
	return r;
}

int pn_guest_agent(struct pn_guest *guest, json_t *request, uint64_t timeout_ns, json_t **ret_reply, struct pn_diag *diag)
{
	int r;

	assert_non_null(request); /* a json_pack() format that does not fit */
	r = pn_guest_act(guest, &(struct pn_action){.verb = "agent", .args = request, .timeout_ns = timeout_ns}, ret_reply, diag);
	json_decref(request);
	return r;
}

int pn_guest_balloon(struct pn_guest *guest, uint64_t bytes, struct pn_diag *diag)
{
	json_t *args = json_pack("{s:I}", "bytes", (json_int_t)bytes);
	int r = pn_guest_act(guest, &(struct pn_action){.verb = "balloon", .args = args}, NULL, diag);

	json_decref(args);
	return r;
}

int pn_guest_query(struct pn_guest *guest, const char *command, json_t *arguments, uint64_t timeout_ns, json_t **ret_reply,
		   uint64_t *ret_latency_ns, struct pn_diag *diag)
{
	if (is(command, "query-migrate")) {
		json_int_t left = 100 * PN_MIB;

		*ret_reply = json_pack("{s:s,s:{s:I,s:I,s:I,s:I,s:I,s:I,s:I}}", "status", fake.migrating ? "active" : "none", "ram", "total",
				       left + (json_int_t)(fake.hinted_bytes + PN_PAGE_BYTES), "remaining", left, "transferred", (json_int_t)PN_PAGE_BYTES,
				       "normal", (json_int_t)1, "duplicate", (json_int_t)0, "page-size", (json_int_t)PN_PAGE_BYTES, "dirty-sync-count",
				       (json_int_t)1);
		return 0;
	}
	if (fake.ask_disk && !is(command, "query-status"))
		return fake.ask_disk(command, ret_reply);
	assert_string_equal(command, "query-status");
	*ret_reply = json_pack("{s:b,s:s}", "running", !fake.paused && !fake.asleep, "status", fake.asleep ? "suspended" : "running");
	return 0;
}

int pn_guest_tampered(struct pn_guest *guest, uint64_t *ret_seen, uint64_t *ret_struck, struct pn_diag *diag)
{
	*ret_seen = *ret_struck = *fake.tampered ? fake.tampers : 0;
	return 0;
}

int pn_guest_ballooned(struct pn_guest *guest, uint64_t *ret_bytes, struct pn_diag *diag)
{
	int r = 0;

	g_mutex_lock(&fake.lock);
	fake_move();
	if (fake.gone)
		r = pn_diag_set(diag, -ENOTCONN, "the guest has gone");
	else if (fake.deaf)
		r = pn_diag_set(diag, -ETIMEDOUT, "the monitor does not answer");
	else
		*ret_bytes = fake.bytes;
	g_mutex_unlock(&fake.lock);
	return r;
}

enum pn_guest_state pn_guest_state(struct pn_guest *guest)
{
	if (fake.gone && fake.late_news) {
		fake.late_news--;
		return PN_GUEST_RUNNING;
	}
	return fake.gone ? PN_GUEST_GONE : fake.crashed ? PN_GUEST_CRASHED : fake.paused ? PN_GUEST_PAUSED : PN_GUEST_RUNNING;
}

const struct pn_machine *pn_guest_machine(const struct pn_guest *guest)
{
	return &fake.machine;
}

struct pn_pin *pn_guest_pin(const struct pn_guest *g)
{
	return fake.pin;
}

json_t *pn_guest_insns(const struct pn_guest *g)
{
	return NULL;
}

const char *pn_guest_disk(const struct pn_guest *guest, const char *which)
{
	return fake.ask_disk ? which : NULL;
}

int pn_guest_threads(struct pn_guest *guest, struct pn_guest_thread **ret_threads, unsigned int *ret_count, struct pn_diag *diag)
{
	*ret_threads = g_new0(struct pn_guest_thread, 1);
	**ret_threads = (struct pn_guest_thread){.tid = fake.pid, .role = "main"};
	*ret_count = fake.pid ? 1 : 0;
	return 0;
}

pid_t pn_guest_pid(const struct pn_guest *guest)
{
	return fake.pid;
}

int pn_guest_clock(struct pn_guest *guest, unsigned int rounds, struct pn_guest_clock *ret_clock, struct pn_diag *diag)
{
	*ret_clock = (struct pn_guest_clock){.error_ns = 1000};
	return 0;
}

int pn_guest_subscribe(struct pn_guest *guest, pn_guest_event_fn *fn, void *data)
{
	for (unsigned int i = 0; i < G_N_ELEMENTS(listeners); i++) {
		if (listeners[i])
			continue;
		listeners[i] = fn;
		listener_data[i] = data;
		return 0;
	}
	return -ENOSPC;
}

void pn_guest_unsubscribe(struct pn_guest *guest, pn_guest_event_fn *fn, void *data)
{
	for (unsigned int i = 0; i < G_N_ELEMENTS(listeners); i++)
		if (listeners[i] == fn && listener_data[i] == data)
			listeners[i] = NULL;
}

void fake_reset(void)
{
	memset(&fake, 0, sizeof(fake));
	memset(listeners, 0, sizeof(listeners));
	g_mutex_init(&fake.lock);
	fake.machine = (struct pn_machine){.memory_bytes = 512 * PN_MIB, .vcpus = 1};
	fake.speed_bytes_per_s = 512 * PN_MIB;
	fake.moved_ns = pn_clock_now_ns();
	fake.bound = true;
	fake.log = g_string_new("");
}
