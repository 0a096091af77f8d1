/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* What the libvirt files share. */

#include <glib.h>
#include <libvirt/libvirt.h>
#include <stdbool.h>

#include "../../guests/images/image.h"
#include "private.h"

/** struct pn_virt - a connection to libvirt */
struct pn_virt {
	virConnectPtr conn;
	bool embedded;
	char *dir;	 /* of this host: sockets, and libvirt's root when embedded */
	char *logs;	 /* libvirt's QEMU logs; NULL when they are the daemon's */
	int dir_id;	 /* owner record of @dir; 0 when embedded: embed.c's */
	int callback_id; /* monitor events */
	GMutex lock;
	GHashTable *guests; /* uuid -> struct pn_guest, for events */
	GHashTable *probed; /* emulators whose capabilities are known */
};

/** struct pn_virt_boot - what a guest is started from */
struct pn_virt_boot {
	bool joins; /* takes a guest over from another QEMU: its disks and console log are there, the agent is spoken to later */
	struct pn_image *image;
	char *emulator;
	char emulator_hash[65];
	char *cmdline;
	char *plugin; /* TCG plugin; NULL: the guest has none */
	char *watcher; /* what QEMU loads to record the balloon's queues; NULL: they are not watched */
};

/** struct pn_virt_guest - the libvirt side of a guest */
struct pn_virt_guest {
	virDomainPtr domain;
	char uuid[37];
	char *domain_name;
	char *agent_path;
	char *query_path;
	struct pn_qmp *queries;
	pid_t pid;
	int pidfd;
	int memory_id;	  /* owner record of reserved huge pages; 0: none */
	char *pin_counters, *pin_socket; /* NULL: no plugin */
	int process_id, swap_id, data_id, agent_id, query_id, counters_id, socket_id, tamper_id;
};

/** pn_virt_error() - say what libvirt said last. Return: @err. */
int pn_virt_error(struct pn_diag *diag, int err, const char *what);

/** pn_virt_qemu_conf - qemu.conf of the embedded driver; right for a libvirtd on a host without its usual company, too */
extern const char pn_virt_qemu_conf[];

/**
 * pn_virt_embed() - make a root directory for the embedded driver
 * @wanted_dir: taken if this process has none yet
 * @ret_dir: this process's root; g_free()
 *
 * pn_virt_embedded() follows once libvirt is open, pn_virt_unembed() when it is closed. Return: 0; -EDEADLK in a process whose parent had
 * opened one before the fork; or another negative errno.
 */
int pn_virt_embed(const char *wanted_dir, char **ret_dir, struct pn_diag *diag);
void pn_virt_embedded(void);
void pn_virt_unembed(void);

/** pn_virt_probe() - see that libvirt knows an emulator, from the cache where it can. Return: 0 or a negative errno. */
int pn_virt_probe(struct pn_virt *virt, const struct pn_machine *machine, const struct pn_virt_boot *boot, struct pn_diag *diag);

/** pn_virt_boot_get() - image, emulator and kernel arguments of a machine; pn_virt_boot_clear() after use. Return: 0 or a negative errno. */
int pn_virt_boot_get(const struct pn_machine *machine, struct pn_virt_boot *ret_boot, struct pn_diag *diag);
void pn_virt_boot_clear(struct pn_virt_boot *boot);

/**
 * pn_virt_create() - create a guest, stopped before its first instruction, and connect to its agent's socket
 * @incoming: it waits for migrate-incoming
 *
 * Return: 0 or a negative errno; pn_virt_stop() ends it in either case.
 */
int pn_virt_create(struct pn_guest *guest, const struct pn_virt_boot *boot, bool incoming, struct pn_diag *diag);

/** pn_virt_again() - the ops' again */
int pn_virt_again(struct pn_host *host, struct pn_diag *diag);

/** pn_virt_grow() - the ops' grow */
int pn_virt_grow(struct pn_guest *guest, struct pn_diag *diag);

/** pn_virt_move_ahead(), pn_virt_move() - the ops' moves */
int pn_virt_move_ahead(struct pn_guest *guest, struct pn_diag *diag);
int pn_virt_move(struct pn_guest *guest, enum pn_migrate_by by, uint64_t bytes_per_s, struct pn_diag *diag);

/** pn_virt_stop() - the ops' stop */
int pn_virt_stop(struct pn_guest *guest, struct pn_diag *diag);

/** pn_virt_monitor() - the ops' monitor */
int pn_virt_monitor(void *guest, const char *line, int fd, char **ret_reply, struct pn_diag *diag);

/** pn_virt_query() - the ops' query: past libvirt, by a monitor of our own */
int pn_virt_query(void *guest, const char *line, int fd, char **ret_reply, struct pn_diag *diag);

/** pn_virt_listen() - have monitor events delivered to the guests of @virt. Return: 0 or a negative errno. */
int pn_virt_listen(struct pn_virt *virt, struct pn_diag *diag);

/** pn_virt_explain() - add what QEMU said last to a failure's words, if it said anything: it is the reason, whatever libvirt made of it */
void pn_virt_explain(struct pn_guest *guest, struct pn_diag *diag);

/**
 * pn_snapshot_get() - the warm snapshot of a machine, made first if there is none
 * @ret_dir: its cache entry; g_free()
 *
 * Return: 0, 1 when it was there, or a negative errno.
 */
int pn_snapshot_get(struct pn_host *host, const struct pn_machine *machine, const struct pn_virt_boot *boot, char **ret_dir,
		    struct pn_diag *diag);

/** pn_snapshot_load() - fill a guest that waits for it. Return: 0 or a negative errno. */
int pn_snapshot_load(struct pn_guest *guest, const char *dir, struct pn_diag *diag);
