/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "machine.h"

struct pn_diag;
struct pn_guest;
struct pn_host;
struct pn_journal;
struct pn_pin;

/*
 * A running guest. Every action of the host on it (monitor command, agent request, signal) goes through pn_guest_act(): the one
 * choke point, which journals the action with its time (and instruction count in exact mode) before it is done and its outcome
 * after. Observations (queries) go through pn_guest_query() and are not journalled.
 */

/** struct pn_host_config - where guests run */
struct pn_host_config {
	const char *uri;     /* libvirt URI; NULL: embedded driver; "loopback": no QEMU, a scripted peer (tests) */
	const char *run_dir; /* working directory of this process's guests, short (sockets live below it) */
};

/** pn_host_check_uri() - is this a libvirtd that guests can run in? For what a user wrote. Return: 0 or -EINVAL. */
int pn_host_check_uri(const char *uri, struct pn_diag *diag);

/**
 * pn_host_open() - connect; blocks for tens of ms
 *
 * A process that will fork must not have opened a host before: libvirt's threads do not survive a fork (the child gets -EDEADLK).
 * Return: 0 or a negative errno.
 */
int pn_host_open(const struct pn_host_config *config, struct pn_host **ret_host, struct pn_diag *diag);
void pn_host_close(struct pn_host *host);

/** pn_host_again() - connect again to a libvirtd that has gone and come back; its guests stay ours. Return: 0, -ENOTSUP, or another negative errno. */
int pn_host_again(struct pn_host *host, struct pn_diag *diag);

/** PN_GUEST_RINGS - file in the case's directory with the traffic of the balloon's queues */
#define PN_GUEST_RINGS "rings.jsonl"

/** struct pn_guest_config - one guest to start */
struct pn_guest_config {
	const char *name;	       /* unique in the run; part of the domain's name */
	const struct pn_machine *machine;
	const char *dir;	       /* the case's directory: console.log and disks go here */
	struct pn_journal *journal;    /* of the case */
	bool cold;		       /* boot instead of starting from the warm snapshot */
	/* @loaded: may be NULL; called with @data when the guest is there and has not run. Return: 0, or a negative errno that ends the start. */
	int (*loaded)(struct pn_guest *guest, void *data, struct pn_diag *diag);
	void *data;
	bool watch;		       /* record what passes through the balloon's queues: PN_GUEST_RINGS (harness/rings/stream.h), where QEMU lets us */
};

/**
 * pn_guest_start() - start a guest and wait for its agent
 *
 * From the warm snapshot of (image, machine), made first if there is none (some seconds, once). Everything made is in the owner record.
 * Journals "guest" {state: "started", duration_ns}, which the metric case.start_s is read from.
 * Return: 0 or a negative errno; nothing is left behind on failure.
 */
int pn_guest_start(struct pn_host *host, const struct pn_guest_config *config, struct pn_guest **ret_guest, struct pn_diag *diag);

/** pn_guest_prepare() - make the warm snapshot of a machine if there is none. Return: 0, 1 when it was there, or a negative errno. */
int pn_guest_prepare(struct pn_host *host, const struct pn_machine *machine, struct pn_diag *diag);

/** pn_guest_stop() - end the guest at once, whatever state it is in, release what was made, free @guest. NULL is fine. */
int pn_guest_stop(struct pn_guest *guest, struct pn_diag *diag);

/** enum pn_guest_state */
enum pn_guest_state { PN_GUEST_RUNNING, PN_GUEST_PAUSED, PN_GUEST_CRASHED, PN_GUEST_GONE };

enum pn_guest_state pn_guest_state(struct pn_guest *guest);
const struct pn_machine *pn_guest_machine(const struct pn_guest *guest);

/** pn_guest_memory_bytes() - of the guest now: what it began with, and what has been plugged since */
uint64_t pn_guest_memory_bytes(const struct pn_guest *guest);

/** pn_guest_pin() - the plugin in QEMU: counters and points; NULL where there is none. Borrowed. */
struct pn_pin *pn_guest_pin(const struct pn_guest *guest);

/** pn_guest_insns() - what the guest has executed so far: {"driver","kernel","user"}, instructions; NULL where nobody counts */
json_t *pn_guest_insns(const struct pn_guest *guest);

/** pn_guest_pid() - QEMU's process id; 0 for a loopback guest */
pid_t pn_guest_pid(const struct pn_guest *guest);

/** struct pn_guest_thread - one thread of QEMU and what it is for */
struct pn_guest_thread {
	pid_t tid;
	char role[16]; /* "vcpu0", "main", "iothread0", "worker" */
};

/** pn_guest_threads() - QEMU's threads now. Return: 0 or a negative errno; @ret_threads is freed with g_free(). */
int pn_guest_threads(struct pn_guest *guest, struct pn_guest_thread **ret_threads, unsigned int *ret_count, struct pn_diag *diag);

/** struct pn_action - one action of the host on a guest: the record that the choke point journals */
struct pn_action {
	const char *verb;   /* "qmp", "agent", "signal", "balloon", "reset", ... */
	json_t *args;	    /* object; borrowed */
	uint64_t timeout_ns; /* 0: 10 s */
};

/**
 * pn_guest_act() - do one action on a guest; journalled before and after
 * @action: verb and arguments:
 *	"balloon" {"bytes": in the balloon}: new target; sets num_pages = bytes / 4096; clamped by nobody here
 *	"qmp" {"execute","arguments"}; "agent" {"op", ...} (PROTOCOL.md); "put" {"from","path","mode"}: a host file into the guest
 *	("agent" operations that answer with blobs, get and load.output, take "to" besides: the host file that the bytes are written to)
 *	"signal" {"signal": number}: to QEMU (SIGSTOP, SIGCONT, SIGKILL); "pause", "resume", "reset" {}
 *	"migrate-nowhere" {"bytes_per_s"}: begin a migration to /dev/null; "migrate-cancel" {}: end it, reply {"status"};
 *	"disk" {"error": bool}, {"bytes_per_s": N}, {"hang": bool} or {"full": bool}: how the swap disk behaves (machines with swap_nbdkit);
 *	"plug-memory" {}: all of the machine's plug_bytes, of which the guest is not asked;
 *	"unplug", "plug" {}: the balloon device taken away and put back (machines with balloon.hotplug);
 *	"tamper" {"what", ...} or {}: what driver and device tell each other changed on its way (tamper.h);
 *	"move" {"by": "file", "socket" or "postcopy", "bytes_per_s"}: the guest goes on in another QEMU of this host (saved and restored,
 *	migrated live, or without most of its memory until "move-end" {}); "move-ahead" {}: start that QEMU, so that the move itself is quick
 * @ret_reply: what came back, or NULL when not wanted; json_decref() by the caller
 *
 * Thread-safe. Blocks up to the timeout. Return: 0, -ETIMEDOUT, -ENOTCONN when the guest has gone, -EREMOTEIO when the other side refused
 * (@diag has its words), or another negative errno.
 */
int pn_guest_act(struct pn_guest *guest, const struct pn_action *action, json_t **ret_reply, struct pn_diag *diag);

/** pn_guest_agent() - shorthand for an "agent" action; @request {"op", ...} is stolen. Returns as pn_guest_act(). */
int pn_guest_agent(struct pn_guest *guest, json_t *request, uint64_t timeout_ns, json_t **ret_reply, struct pn_diag *diag);

/** pn_guest_balloon() - shorthand for a "balloon" action. Returns as pn_guest_act(). */
int pn_guest_balloon(struct pn_guest *guest, uint64_t bytes, struct pn_diag *diag);

/**
 * pn_guest_query() - ask the monitor something that changes nothing
 * @command: QMP command starting with "query-" or "x-query-", or "qom-get"
 * @ret_latency_ns: how long the monitor took; may be NULL
 *
 * Thread-safe; blocks up to @timeout_ns. Return: as pn_guest_act().
 */
int pn_guest_query(struct pn_guest *guest, const char *command, json_t *arguments, uint64_t timeout_ns, json_t **ret_reply,
		   uint64_t *ret_latency_ns, struct pn_diag *diag);

/**
 * pn_guest_tampered() - what the last "tamper" has come to
 * @ret_seen: what could have been hit since
 * @ret_struck: what was
 *
 * Thread-safe, not journalled. Return: 0; -ENOTSUP where nothing of ours is in QEMU; or another negative errno.
 */
int pn_guest_tampered(struct pn_guest *guest, uint64_t *ret_seen, uint64_t *ret_struck, struct pn_diag *diag);

/** pn_guest_ballooned() - bytes in the balloon as the device has it (memory size less query-balloon's actual). Returns as pn_guest_query(). */
int pn_guest_ballooned(struct pn_guest *guest, uint64_t *ret_bytes, struct pn_diag *diag);

/**
 * typedef pn_guest_event_fn - something that the guest told unasked
 * @event: the agent's event object (PROTOCOL.md), or {"ev":"qmp","event":NAME,"data":...}, or {"ev":"state","state":...}; borrowed
 * @host_ns: when it came, pn_clock_now_ns()
 *
 * Called on the connection's thread: must not block and must not call back into the guest.
 */
typedef void pn_guest_event_fn(const json_t *event, uint64_t host_ns, void *data);

/** pn_guest_subscribe() - hear of every event from now on; kmsg records since boot are replayed to a new subscriber. Return: 0 or -errno. */
int pn_guest_subscribe(struct pn_guest *guest, pn_guest_event_fn *fn, void *data);
void pn_guest_unsubscribe(struct pn_guest *guest, pn_guest_event_fn *fn, void *data);

/** struct pn_guest_clock - how the guest's clock lies to the host's: host = guest + offset, give or take error */
struct pn_guest_clock {
	int64_t offset_ns;
	uint64_t error_ns; /* half of the best round trip */
};

/** pn_guest_clock() - measure the offset by @rounds round trips. Return: 0 or a negative errno. */
int pn_guest_clock(struct pn_guest *guest, unsigned int rounds, struct pn_guest_clock *ret_clock, struct pn_diag *diag);

/** pn_guest_heartbeat_ns() - when the agent was last heard of, pn_clock_now_ns() */
uint64_t pn_guest_heartbeat_ns(const struct pn_guest *guest);

/** pn_guest_disk() - host path of a disk of the guest, or of the socket of its server: "swap" or "data"; NULL when it has none. Borrowed. */
const char *pn_guest_disk(const struct pn_guest *guest, const char *which);
