/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

struct pn_diag;

/*
 * What the daemon knows, for those who ask: `balloond status` over a local socket, and OpenMetrics over HTTP. Both get the snapshot of the last
 * decision, so asking never waits for a guest.
 */

struct pn_status;

/** pn_status_new() - nothing to tell yet */
struct pn_status *pn_status_new(void);
void pn_status_free(struct pn_status *status);

/** pn_status_set() - the snapshot from now on; stolen */
void pn_status_set(struct pn_status *status, json_t *snapshot);

/** pn_status_get() - the snapshot; a new reference */
json_t *pn_status_get(struct pn_status *status);

/**
 * pn_status_serve() - listen on a Unix socket, answer each connection with the snapshot as one line of JSON
 * @mode, @group: of the socket; group NULL: as made. Nobody else can connect, not even before they are set
 *
 * A socket left by a dead daemon is replaced, one that answers is not. Return: 0 or a negative errno.
 */
int pn_status_serve(struct pn_status *status, const char *path, mode_t mode, const char *group, struct pn_diag *diag);

/** pn_status_ask() - the other end: the snapshot of a running daemon. Return: 0, -ENOENT or -ECONNREFUSED when none runs, or another errno. */
int pn_status_ask(const char *path, json_t **ret_snapshot, struct pn_diag *diag);

/** pn_status_print() - a snapshot for a person, to stdout */
void pn_status_print(const json_t *snapshot);
