/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdint.h>

struct pn_diag;
struct pn_guest;

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
