// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest without QEMU: the balloon's model, the monitor and the ways to die. The balloon moves only while the guest runs, is not
 * stopped by a signal and has a driver; where it is now is computed from when it last changed course, so no thread has to tick.
 */

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/units.h"
#include "calls.h"
#include "channel.h"
#include "loopback_private.h"
#include "private.h"

#define HELLO_TIMEOUT_NS (2 * PN_NS_PER_S)

static struct pn_loopback_script default_script;

void pn_loopback_default(const struct pn_loopback_script *script)
{
	default_script = script ? *script : (struct pn_loopback_script){ 0 };
}

static bool moves(const struct pn_loopback *peer)
{
	return peer->running && !peer->stopped && peer->bound && !peer->script.stuck;
}

uint64_t pn_loopback_balloon(struct pn_loopback *peer)
{
	uint64_t limit = peer->script.stall_bytes ? MIN(peer->target_bytes, peer->script.stall_bytes) : peer->target_bytes;
	uint64_t way = limit > peer->from_bytes ? limit - peer->from_bytes : peer->from_bytes - limit;
	uint64_t done = way;

	if (!moves(peer))
		return peer->from_bytes;
	if (peer->script.bytes_per_s) {
		double s = (double)(pn_clock_now_ns() - peer->from_ns) / (double)PN_NS_PER_S;

		done = MIN(way, (uint64_t)(s * (double)peer->script.bytes_per_s) / PN_PAGE_BYTES * PN_PAGE_BYTES);
	}
	return limit > peer->from_bytes ? peer->from_bytes + done : peer->from_bytes - done;
}

void pn_loopback_rebase(struct pn_loopback *peer)
{
	peer->from_bytes = pn_loopback_balloon(peer);
	peer->from_ns = pn_clock_now_ns();
}

/* The monitor's events of a command are told after the lock is left: whoever hears may look at the peer. */
struct told {
	const char *events[2];
	bool hello;
};

static json_t *qmp_balloon(struct pn_loopback *peer, const json_t *arguments, struct told *told, const char **ret_error)
{
	json_int_t value = json_integer_value(json_object_get(arguments, "value"));

	if (value <= 0) {
		*ret_error = "Parameter 'target' expects a size";
		return NULL;
	}
	pn_loopback_rebase(peer);
	peer->target_bytes = (uint64_t)value >= peer->memory_bytes ? 0 : (peer->memory_bytes - (uint64_t)value) / PN_PAGE_BYTES * PN_PAGE_BYTES;
	return json_object();
}

static json_t *qmp_query_balloon(struct pn_loopback *peer, const json_t *arguments, struct told *told, const char **ret_error)
{
	int64_t inside = (int64_t)pn_loopback_balloon(peer) + peer->script.lie_bytes;

	return json_pack("{s:I}", "actual", (json_int_t)((int64_t)peer->memory_bytes - inside));
}

static json_t *qmp_query_status(struct pn_loopback *peer, const json_t *arguments, struct told *told, const char **ret_error)
{
	return json_pack("{s:b,s:b,s:s}", "running", peer->running, "singlestep", 0, "status", peer->running ? "running" : "paused");
}

static json_t *qmp_stop(struct pn_loopback *peer, const json_t *arguments, struct told *told, const char **ret_error)
{
	pn_loopback_rebase(peer);
	told->events[0] = peer->running ? "STOP" : NULL;
	peer->running = false;
	return json_object();
}

static json_t *qmp_cont(struct pn_loopback *peer, const json_t *arguments, struct told *told, const char **ret_error)
{
	pn_loopback_rebase(peer);
	told->events[0] = peer->running ? NULL : "RESUME";
	peer->running = true;
	g_cond_broadcast(&peer->changed);
	return json_object();
}

static json_t *qmp_reset(struct pn_loopback *peer, const json_t *arguments, struct told *told, const char **ret_error)
{
	peer->boots++;
	peer->bound = false;
	peer->from_bytes = 0;
	peer->kmsg_seq = 0;
	g_hash_table_remove_all(peer->loads);
	told->events[0] = "RESET";
	told->hello = !peer->script.no_hello && !peer->script.agent_silent;
	return json_object();
}

static json_t *qmp_empty_list(struct pn_loopback *peer, const json_t *arguments, struct told *told, const char **ret_error)
{
	return json_array();
}

static const struct {
	const char *name;
	json_t *(*answer)(struct pn_loopback *peer, const json_t *arguments, struct told *told, const char **ret_error);
} commands[] = {
	{ "balloon", qmp_balloon },
	{ "query-balloon", qmp_query_balloon },
	{ "query-status", qmp_query_status },
	{ "stop", qmp_stop },
	{ "cont", qmp_cont },
	{ "system_reset", qmp_reset },
	{ "query-blockstats", qmp_empty_list },
	{ "query-cpus-fast", qmp_empty_list },
};

static void tell(struct pn_loopback *peer, const struct told *told)
{
	for (size_t i = 0; i < G_N_ELEMENTS(told->events); i++) {
		if (told->events[i])
			pn_guest_qmp_event(peer->guest, told->events[i], NULL);
	}
	if (told->hello) {
		json_t *hello;

		g_mutex_lock(&peer->lock);
		hello = pn_loopback_hello(peer);
		g_mutex_unlock(&peer->lock);
		json_object_set_new(hello, "ev", json_string("hello"));
		pn_loopback_send_event(peer, hello);
	}
}

/* Lock held on entry and return. A stopped QEMU answers when it goes on; a dead one never. */
static int wait_turn(struct pn_loopback *peer)
{
	while (peer->stopped && !peer->dead)
		g_cond_wait(&peer->changed, &peer->lock);
	if (peer->script.monitor_delay_ns && !peer->dead) {
		gint64 until_us = g_get_monotonic_time() + (gint64)(peer->script.monitor_delay_ns / PN_NS_PER_US);

		while (!peer->dead && g_cond_wait_until(&peer->changed, &peer->lock, until_us))
			;
	}
	return peer->dead ? -ENOTCONN : 0;
}

static int monitor(void *data, const char *line, int fd, char **ret_reply, struct pn_diag *diag)
{
	struct pn_guest *guest = data;
	struct pn_loopback *peer = guest->backend;
	json_t *request = json_loads(line, 0, NULL), *value = NULL, *envelope;
	const char *name = json_string_value(json_object_get(request, "execute"));
	const char *error = "The command has not been found";
	struct told told = { 0 };
	int err;

	g_mutex_lock(&peer->lock);
	err = wait_turn(peer);
	for (size_t i = 0; !err && name && i < G_N_ELEMENTS(commands); i++) {
		if (strcmp(commands[i].name, name) == 0)
			value = commands[i].answer(peer, json_object_get(request, "arguments"), &told, &error);
	}
	g_mutex_unlock(&peer->lock);
	if (!err) {
		tell(peer, &told);
		envelope = value ? json_pack("{s:o}", "return", value) : json_pack("{s:{s:s,s:s}}", "error", "class", "GenericError", "desc", error);
		*ret_reply = json_dumps(envelope, JSON_COMPACT);
		json_decref(envelope);
	}
	json_decref(request);
	return err ? pn_diag_set(diag, err, "guest '%s' has gone", guest->name) : 0;
}

static void die(struct pn_loopback *peer)
{
	g_mutex_lock(&peer->lock);
	peer->dead = true;
	shutdown(peer->fd, SHUT_RDWR);
	g_cond_broadcast(&peer->changed);
	g_mutex_unlock(&peer->lock);
	pn_guest_state_set(peer->guest, PN_GUEST_GONE);
}

static int signal_peer(struct pn_guest *guest, int number, struct pn_diag *diag)
{
	struct pn_loopback *peer = guest->backend;

	if (pn_guest_state(guest) == PN_GUEST_GONE)
		return pn_diag_set(diag, -ENOTCONN, "signal: guest '%s' has gone", guest->name);
	if (number == SIGKILL) {
		die(peer);
		return 0;
	}
	if (number != SIGSTOP && number != SIGCONT)
		return pn_diag_set(diag, -EINVAL, "signal %d: a loopback guest knows SIGSTOP, SIGCONT and SIGKILL", number);
	g_mutex_lock(&peer->lock);
	pn_loopback_rebase(peer);
	peer->stopped = number == SIGSTOP;
	g_cond_broadcast(&peer->changed);
	g_mutex_unlock(&peer->lock);
	return 0;
}

static int start(struct pn_guest *guest, const struct pn_guest_config *config, struct pn_diag *diag)
{
	struct pn_loopback *peer = g_new0(struct pn_loopback, 1);
	int fds[2], err;

	guest->backend = peer;
	peer->guest = guest;
	peer->fd = -1;
	peer->script = default_script;
	peer->memory_bytes = guest->machine.memory_bytes;
	peer->running = true;
	peer->boots = 1;
	peer->loads = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_mutex_init(&peer->lock);
	g_cond_init(&peer->changed);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return pn_diag_set(diag, -errno, "loopback: %s", g_strerror(errno));
	peer->fd = fds[1];
	peer->agent = g_thread_new("pn-loopback", pn_loopback_agent, peer);
	err = pn_guest_connect(guest, fds[0], diag);
	if (err)
		return err;
	pn_guest_state_set(guest, PN_GUEST_RUNNING);
	return pn_guest_greet(guest, HELLO_TIMEOUT_NS, NULL, diag);
}

/* The monitor's thread may still be inside the peer: it is freed when that one has ended, with the guest. */
static int stop(struct pn_guest *guest, struct pn_diag *diag)
{
	struct pn_loopback *peer = guest->backend;

	if (!peer)
		return 0;
	die(peer);
	if (peer->agent)
		g_thread_join(peer->agent);
	pn_guest_hush(guest);
	if (peer->fd >= 0)
		close(peer->fd);
	g_hash_table_unref(peer->loads);
	g_free(peer->driver);
	g_cond_clear(&peer->changed);
	g_mutex_clear(&peer->lock);
	g_free(peer);
	guest->backend = NULL;
	return 0;
}

void pn_loopback_set(struct pn_guest *guest, const struct pn_loopback_script *script)
{
	struct pn_loopback *peer = guest->backend;

	g_mutex_lock(&peer->lock);
	pn_loopback_rebase(peer);
	peer->script = *script;
	g_cond_broadcast(&peer->changed);
	g_mutex_unlock(&peer->lock);
}

void pn_loopback_panic(struct pn_guest *guest, const char *text)
{
	struct pn_loopback *peer = guest->backend;
	int64_t seq;

	g_mutex_lock(&peer->lock);
	pn_loopback_rebase(peer);
	peer->running = false;
	seq = peer->kmsg_seq++;
	g_mutex_unlock(&peer->lock);
	pn_loopback_send_event(peer, json_pack("{s:s,s:I,s:i,s:I,s:s}", "ev", "kmsg", "seq", (json_int_t)seq, "level", 0, "time_us",
					       (json_int_t)(pn_clock_now_ns() / PN_NS_PER_US), "text", text));
	pn_guest_qmp_event(guest, "GUEST_PANICKED", NULL);
	pn_guest_qmp_event(guest, "STOP", NULL);
}

void pn_loopback_event(struct pn_guest *guest, json_t *event)
{
	pn_loopback_send_event(guest->backend, event);
}

static int open_host(struct pn_host *host, const struct pn_host_config *config, struct pn_diag *diag)
{
	return 0;
}

static void close_host(struct pn_host *host)
{
}

static int prepare(struct pn_host *host, const struct pn_machine *machine, struct pn_diag *diag)
{
	return 1;
}

static pid_t no_pid(const struct pn_guest *guest)
{
	return 0;
}

const struct pn_guest_ops pn_guest_ops_loopback = {
	.name = "loopback",
	.open = open_host,
	.close = close_host,
	.prepare = prepare,
	.start = start,
	.stop = stop,
	.monitor = monitor,
	.query = monitor,
	.signal = signal_peer,
	.pid = no_pid,
};
