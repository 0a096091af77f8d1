/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

struct pn_diag;
struct pn_qmp;

/*
 * A monitor of our own beside libvirt's, for queries: libvirt's way to QEMU costs a core 2 ms a command in its event loop and in
 * parsing, this one a write and a read. Nothing that changes a guest goes this way: libvirt must not be surprised.
 */

/**
 * pn_qmp_open() - connect to QEMU's socket and agree on the protocol (QEMU, docs/interop/qmp-spec: greeting, qmp_capabilities)
 *
 * Blocks until QEMU answers. Return: 0; -ECONNREFUSED or another negative errno; -EPROTO when the other side does not speak QMP.
 */
int pn_qmp_open(const char *path, struct pn_qmp **ret_qmp, struct pn_diag *diag);

/** pn_qmp_close() - hang up; nobody may be in pn_qmp_run(). NULL is fine. */
void pn_qmp_close(struct pn_qmp *qmp);

/**
 * pn_qmp_run() - one command; blocks until its answer, or until QEMU has gone
 * @line: the command, JSON without a line's end
 * @ret_reply: the answer's text, with "return" or "error"; free()
 *
 * Events on the way are passed over: they come through libvirt. One caller at a time. Return: 0, -ENOTCONN when QEMU has gone, or another
 * negative errno.
 */
int pn_qmp_run(struct pn_qmp *qmp, const char *line, char **ret_reply, struct pn_diag *diag);
