/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdint.h>

struct pn_diag;
struct pn_guest;
struct pn_nbd;

/*
 * A disk of the guest served by nbdkit instead of QEMU's own block layer, so that it can fail, be slow, or hang (nbdkit-error-filter(1),
 * nbdkit-rate-filter(1), nbdkit-pause-filter(1)), or have no space left (nbdkit's limit of file size). A good disk until told otherwise.
 */

/**
 * pn_nbd_start() - serve a file
 * @path: raw file
 * @prefix: of the socket and the files that steer it; short, since a socket's path has 107 bytes
 *
 * Blocks until it listens. Process and files are owned. Return: 0; -ENOENT when nbdkit is not there; or another negative errno.
 */
int pn_nbd_start(const char *path, const char *prefix, struct pn_nbd **ret_nbd, struct pn_diag *diag);

/** pn_nbd_stop() - end it and remove its files. NULL is fine. Return: 0 or a negative errno. */
int pn_nbd_stop(struct pn_nbd *nbd, struct pn_diag *diag);

/** pn_nbd_socket() - the unix socket that it listens on. Borrowed. */
const char *pn_nbd_socket(const struct pn_nbd *nbd);

/**
 * pn_nbd_act() - verb "disk" {"error": bool} or {"bytes_per_s": N, 0: no limit} or {"hang": bool} or {"full": bool}: how the swap disk behaves from now on
 *
 * Return: 0; -ENOTSUP when the swap disk is not of this kind; or another negative errno.
 */
int pn_nbd_act(struct pn_guest *guest, json_t *args, uint64_t timeout_ns, json_t **ret_reply, struct pn_diag *diag);
