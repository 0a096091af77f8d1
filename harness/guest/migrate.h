/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdint.h>

struct pn_diag;
struct pn_guest;

/** enum pn_migrate_by - what a guest moves through into another QEMU of this host */
enum pn_migrate_by {
	PN_MIGRATE_BY_FILE,   /* save and restore: stopped, written to a file, read by a new QEMU */
	PN_MIGRATE_BY_SOCKET, /* live, through a socket pair */
	PN_MIGRATE_BY_POSTCOPY, /* through a socket pair; the guest runs in the new QEMU before it has its memory */
};

/** PN_MIGRATE_STATUS_MAX - room for QEMU's longest word for the state of a migration */
#define PN_MIGRATE_STATUS_MAX 32

/** pn_migrate_status() - QEMU's word for the state of the migration; "none" when there was none. Return: as pn_guest_act(). */
int pn_migrate_status(struct pn_guest *guest, char status[PN_MIGRATE_STATUS_MAX], struct pn_diag *diag);

/**
 * pn_migrate_begin() - hand QEMU a descriptor and start a migration over it
 * @command: "migrate" or "migrate-incoming"
 * @fd: borrowed
 * @bytes_per_s: limit; 0: as it is
 *
 * Does not wait. Return: as pn_guest_act().
 */
int pn_migrate_begin(struct pn_guest *guest, const char *command, int fd, uint64_t bytes_per_s, struct pn_diag *diag);

/** pn_migrate_act_nowhere() - verb "migrate-nowhere" {"bytes_per_s"}: a migration to /dev/null begins */
int pn_migrate_act_nowhere(struct pn_guest *guest, json_t *args, uint64_t timeout_ns, json_t **ret_reply, struct pn_diag *diag);

/** pn_migrate_act_cancel() - verb "migrate-cancel" {}: the migration under way, if any, is cancelled; waits. Reply {"status"} */
int pn_migrate_act_cancel(struct pn_guest *guest, json_t *args, uint64_t timeout_ns, json_t **ret_reply, struct pn_diag *diag);

/** pn_migrate_wait() - wait until a migration is over. @status: how it ended. Return: 0, -ETIMEDOUT, or as pn_guest_act(). */
int pn_migrate_wait(struct pn_guest *guest, uint64_t timeout_ns, char status[PN_MIGRATE_STATUS_MAX], struct pn_diag *diag);

/**
 * pn_migrate_act_move() - verb "move" {"by": "file", "socket" or "postcopy"}: the guest goes on in another QEMU
 *
 * By "postcopy", "bytes_per_s" is how fast its memory follows; until "move-end" the old QEMU lives for that.
 * A migration under way is cancelled first. Disks, console log and agent's conversation stay; what was asked of the agent meanwhile returns
 * -ECONNRESET. Subscribers get {"ev":"moved"}. When it fails before the other QEMU has everything, the guest goes on where it was.
 */
int pn_migrate_act_move(struct pn_guest *guest, json_t *args, uint64_t timeout_ns, json_t **ret_reply, struct pn_diag *diag);

/** pn_migrate_act_move_ahead() - verb "move-ahead" {}: the QEMU that the next move goes into is started, and waits. Once is enough. */
int pn_migrate_act_move_ahead(struct pn_guest *guest, json_t *args, uint64_t timeout_ns, json_t **ret_reply, struct pn_diag *diag);

/** pn_migrate_act_move_end() - verb "move-end" {}: all memory that a postcopy has left behind comes now, as fast as it can; the old QEMU is ended. Waits. */
int pn_migrate_act_move_end(struct pn_guest *guest, json_t *args, uint64_t timeout_ns, json_t **ret_reply, struct pn_diag *diag);

/** pn_migrate_limit() - set a limit of the migration's speed. @parameter: QEMU's name for it. Return: as pn_guest_act(). */
int pn_migrate_limit(struct pn_guest *guest, const char *parameter, uint64_t bytes_per_s, struct pn_diag *diag);
