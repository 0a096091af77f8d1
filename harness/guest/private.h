/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* What the files of this folder share about hosts and guests. */

#include <glib.h>

#include "guest.h"
#include "migrate.h"

struct pn_calls;
struct pn_channel;
struct pn_exact;
struct pn_nbd;

/**
 * struct pn_guest_ops - one way to have guests: libvirt (virt.c) or the scripted peer (loopback.c)
 * @open, @close: the host's side; @host->backend is theirs
 * @again: connect again after what guests are run by has gone and come back; NULL: can't
 * @prepare: make the warm snapshot; 0 made, 1 there
 * @start: bring the guest up to where its channel is connected and the guest runs; @guest->backend is theirs
 * @stop: end it, whatever state it is in; called once, also after a failed @start
 * @monitor: one QMP command, blocking; called on the guest's monitor thread only
 * @query: the same for a command that changes nothing, on a thread of its own; may be @monitor itself
 * @pid: of QEMU, 0 for none
 * @grow: plug the machine's plug_bytes; NULL: can't
 * @move: into another QEMU (migrate.h); NULL: can't
 */
struct pn_guest_ops {
	const char *name;
	int (*open)(struct pn_host *host, const struct pn_host_config *config, struct pn_diag *diag);
	void (*close)(struct pn_host *host);
	int (*again)(struct pn_host *host, struct pn_diag *diag);
	int (*prepare)(struct pn_host *host, const struct pn_machine *machine, struct pn_diag *diag);
	int (*start)(struct pn_guest *guest, const struct pn_guest_config *config, struct pn_diag *diag);
	int (*stop)(struct pn_guest *guest, struct pn_diag *diag);
	int (*monitor)(void *guest, const char *line, int fd, char **ret_reply, struct pn_diag *diag);
	int (*query)(void *guest, const char *line, int fd, char **ret_reply, struct pn_diag *diag);
	int (*signal)(struct pn_guest *guest, int number, struct pn_diag *diag);
	pid_t (*pid)(const struct pn_guest *guest);
	int (*grow)(struct pn_guest *guest, struct pn_diag *diag);
	int (*move_ahead)(struct pn_guest *guest, struct pn_diag *diag);
	int (*move)(struct pn_guest *guest, enum pn_migrate_by by, uint64_t bytes_per_s, struct pn_diag *diag);
};

extern const struct pn_guest_ops pn_guest_ops_virt;
extern const struct pn_guest_ops pn_guest_ops_loopback;

struct pn_host {
	const struct pn_guest_ops *ops;
	char *uri;
	char *run_dir;
	void *backend;
};

/** struct heard - a kernel log record kept for later subscribers */
struct pn_guest_heard {
	json_t *event;
	uint64_t host_ns;
};

struct pn_guest {
	struct pn_host *host;
	const struct pn_guest_ops *ops;
	char *name;
	char *dir;
	struct pn_machine machine;
	struct pn_journal *journal;
	struct pn_channel *channel; /* NULL until connected */
	struct pn_calls *calls;	  /* commands */
	struct pn_calls *queries; /* what changes nothing */
	struct pn_pin *pin;	  /* NULL: none */
	struct pn_exact *exact; /* NULL: not in exact mode */
	void *backend;
	char *swap_path, *data_path; /* NULL: none */
	char *swap_socket;	     /* nbdkit serves the swap disk there; NULL: QEMU has the file itself */
	struct pn_nbd *nbd;	     /* NULL: none, or another guest's */
	struct pn_guest *ahead;	     /* the QEMU that waits for it to move in; NULL: none */
	struct pn_guest *behind;     /* the QEMU that it came from and that has a part of its memory still; NULL: none */
	char *watch_path;	     /* NULL: the queues are not watched */
	uint64_t plugged_bytes; /* atomic: of memory, while it runs */
	char *tamper_path;	     /* where the watcher takes orders; NULL: nowhere */
	GMutex tamper_lock;	     /* the next two */
	int tamper_fd;		     /* -1: not connected */
	bool tampered;		     /* an order is in force */
	unsigned int actions; /* atomic: number of the last action */

	GMutex query_lock; /* held while a query is under way: what stands behind the guest does not change meanwhile */

	GMutex lock; /* until the next comment */
	GCond changed;
	enum pn_guest_state state;
	char *migration; /* last status of the MIGRATION event */
	bool reset_seen;

	GMutex ears_lock; /* the rest; held while subscribers are called */
	GPtrArray *ears;
	GPtrArray *kmsg; /* struct pn_guest_heard, oldest first */
	int64_t kmsg_seq; /* of the last record of this boot; -1: none */
	char *boot_id;
};

/** pn_guest_tell() - hand an event to every subscriber; follows what it says about the guest. */
void pn_guest_tell(struct pn_guest *guest, const json_t *event, uint64_t host_ns);

/** pn_guest_state_set() - the guest is in another state now; wakes whoever waits and tells subscribers. GONE is final. */
void pn_guest_state_set(struct pn_guest *guest, enum pn_guest_state state);

/** pn_guest_qmp_event() - an event of the monitor came (libvirt's thread, or the scripted peer's) */
void pn_guest_qmp_event(struct pn_guest *guest, const char *name, json_t *data);

/** pn_guest_connect() - talk over a connected socket, stolen. Return: 0 or a negative errno. */
int pn_guest_connect(struct pn_guest *guest, int fd, struct pn_diag *diag);

/**
 * pn_guest_greet() - ask the agent for its hello, again and again until it comes
 * @timeout_ns: how long at most, in CPU time of its QEMU (patience.h)
 * @ret_hello: its reply; may be NULL
 *
 * Return: as pn_guest_act().
 */
int pn_guest_greet(struct pn_guest *guest, uint64_t timeout_ns, json_t **ret_hello, struct pn_diag *diag);

/**
 * pn_guest_monitor() - one QMP command, not journalled: for this folder's own use while a guest starts
 * @arguments: object or NULL; borrowed
 * @fd: passed along, or -1
 * @ret_reply: the "return" value; may be NULL
 *
 * Return: as pn_guest_act().
 */
int pn_guest_monitor(struct pn_guest *guest, const char *command, json_t *arguments, int fd, uint64_t timeout_ns, json_t **ret_reply,
		     uint64_t *ret_latency_ns, struct pn_diag *diag);

/** pn_guest_migration_wait() - wait for the end of a migration. Return: 0, -EREMOTEIO when it failed, -ETIMEDOUT, -ENOTCONN. */
int pn_guest_migration_wait(struct pn_guest *guest, uint64_t timeout_ns, struct pn_diag *diag);

/** pn_guest_hush() - end the monitor's threads; what they may wait for must have gone, what they use must not. For the ops' stop. */
void pn_guest_hush(struct pn_guest *guest);

/** pn_guest_new() and pn_guest_free() - the value and the monitor's threads; start and stop are ops */
struct pn_guest *pn_guest_new(struct pn_host *host, const struct pn_guest_config *config);
void pn_guest_free(struct pn_guest *guest);
