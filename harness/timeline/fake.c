// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest of fake.h. Its balloon is computed when it is looked at, from the time since then; so it needs no thread.
 */
#include "fake.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/fs.h"
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

static void move(void)
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

static bool is(const char *what, const char *word)
{
	return what && strcmp(what, word) == 0;
}

static json_t *load_list(void)
{
	if (!fake.load_id)
		return json_pack("{s:[]}", "loads");
	return json_pack("{s:[{s:s,s:i,s:b,s:b,s:I}]}", "loads", "id", fake.load_id, "pid", 7, "running", fake.load_running, "oom_killed",
			 fake.load_oom_killed, "cpu_ns", (json_int_t)(fake.load_ready ? 1000 * PN_NS_PER_MS : 0));
}

static json_t *op_bound(const json_t *request)
{
	return json_pack("{s:b,s:s,s:s,s:i}", "bound", fake.bound, "driver", fake.bound ? "vballoon" : "", "device", "virtio2", "status",
			 fake.bound ? 15 : 1);
}

static void struck(void)
{
	if (fake.struck_speed_bytes_per_s)
		fake.speed_bytes_per_s = fake.struck_speed_bytes_per_s;
}

static json_t *op_unbind(const json_t *request)
{
	struck();
	fake.bound = false;
	fake.bytes = 0;
	return json_object();
}

static json_t *op_bind(const json_t *request)
{
	fake.bound = true;
	return json_object();
}

/* The one file of this guest; it has no disks. */
static json_t *op_read(const json_t *request)
{
	g_autofree char *boot_id = g_strdup_printf("boot-%u\n", fake.boots);

	return json_pack("{s:s}", "text", is(json_string_value(json_object_get(request, "path")), "/proc/sys/kernel/random/boot_id") ? boot_id : "");
}

static json_t *op_list(const json_t *request)
{
	return load_list();
}

static json_t *op_start(const json_t *request)
{
	g_free(fake.load_id);
	fake.load_id = g_strdup(json_string_value(json_object_get(request, "id")));
	fake.load_running = true;
	fake.oom_kills += fake.load_kills;
	return json_pack("{s:i}", "pid", 7);
}

static json_t *op_stop(const json_t *request)
{
	fake.load_running = false;
	return json_pack("{s:i}", "exit_code", fake.load_exit_code);
}

static json_t *op_sample(const json_t *request)
{
	return json_pack("{s:i}", "vm.oom_kill", (int)fake.oom_kills);
}

static json_t *op_fetch(const json_t *request)
{
	const char *to = json_string_value(json_object_get(request, "to"));
	const char *stream = json_string_value(json_object_get(request, "stream"));
	const char *text = !stream ? fake.load_file : strcmp(stream, "stdout") == 0 ? fake.load_stdout : "its last words\n";
	size_t offset = (size_t)json_integer_value(json_object_get(request, "offset")), len = text ? strlen(text) : 0, piece;

	/* In small pieces, as the agent does it with larger ones. */
	assert_non_null(to);
	assert_true(offset <= len);
	piece = MIN(len - offset, 1000);
	assert_int_equal(pn_fs_write(to, text ? text + offset : "", piece, NULL), 0);
	return json_pack("{s:I,s:b}", "size", (json_int_t)piece, "eof", offset + piece == len);
}

static json_t *op_run(const json_t *request)
{
	fake.own_ns += (uint64_t)json_integer_value(json_object_get(request, "for_ns"));
	move();
	return json_object();
}

static json_t *op_lifecycle(const json_t *request)
{
	fake.crashed = is(json_string_value(json_object_get(request, "do")), "panic");
	fake.asleep = is(json_string_value(json_object_get(request, "do")), "suspend");
	return json_object();
}

static json_t *op_nothing(const json_t *request)
{
	return json_object();
}

static const struct {
	const char *op;
	bool quiet; /* changes nothing: not logged */
	json_t *(*run)(const json_t *request);
} ops[] = {
	{"driver.bound", true, op_bound}, {"driver.unbind", false, op_unbind}, {"driver.bind", false, op_bind},
	{"module.load", false, op_bind},  {"module.unload", false, op_unbind}, {"read", true, op_read},
	{"load.list", true, op_list},	  {"load.start", false, op_start},     {"load.stop", false, op_stop},
	{"load.output", true, op_fetch},  {"get", true, op_fetch},	       {"sample", true, op_sample},
	{"load.signal", false, op_nothing}, {"clock", true, op_nothing},
	{"lifecycle", false, op_lifecycle}, {"run", true, op_run},
};

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
		struck();
		fake.paused = is(word, "pause");
		fake.crashed &= fake.paused;
	} else if (is(word, "qmp"))
		fake.asleep &= !is(json_string_value(json_object_get(args, "execute")), "system_wakeup");
	else if (is(word, "tamper"))
		g_strlcpy(fake.tampered, json_string_value(json_object_get(args, "what")) ?: "", sizeof(fake.tampered));
	else if (is(word, "move"))
		fake.pid++;
	else if (is(word, "unplug") || is(word, "plug")) {
		struck();
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
		struck();
		fake.boots++;
		fake.bound = false;
		fake.load_running = false;
	}
	return 0;
}

static int agent(const json_t *request, json_t **ret_reply, struct pn_diag *diag)
{
	const char *op = json_string_value(json_object_get(request, "op"));

	for (unsigned int i = 0; i < G_N_ELEMENTS(ops); i++) {
		json_t *reply;

		if (!is(op, ops[i].op))
			continue;
		if (!ops[i].quiet)
			g_string_append_printf(fake.log, "%s ", op);
		if (is(fake.refuse, op))
			return pn_diag_set(diag, -EREMOTEIO, "%s refused", op);
		if (is(fake.boots_at, op)) {
			fake.boots_at = NULL;
			fake.load_running = false;
			g_clear_pointer(&fake.load_id, g_free);
			return pn_diag_set(diag, -ECONNRESET, "the guest has booted again");
		}
		reply = is(fake.drop, op) ? json_object() : ops[i].run(request);
		if (ret_reply)
			*ret_reply = reply;
		else
			json_decref(reply);
		return 0;
	}
	return pn_diag_set(diag, -EREMOTEIO, "no operation '%s'", op);
}

int pn_guest_act(struct pn_guest *guest, const struct pn_action *action, json_t **ret_reply, struct pn_diag *diag)
{
	int r;

	g_mutex_lock(&fake.lock);
	move();
	if (fake.gone)
		r = pn_diag_set(diag, -ENOTCONN, "the guest has gone");
	else if (is(action->verb, "agent")) {
		r = agent(action->args, ret_reply, diag);
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
	move();
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
