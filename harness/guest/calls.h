/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct pn_calls;
struct pn_diag;

/*
 * Calls into a library that may block for ever (libvirt asking a QEMU that is stopped), made on a thread of their own so that
 * whoever asked waits no longer than it wanted to. One call at a time, in order.
 */

/**
 * typedef pn_calls_fn - one monitor command, blocking
 * @line: QMP command
 * @fd: passed along with it, or -1
 * @ret_reply: the reply's text, freed with free()
 *
 * Return: 0 or a negative errno.
 */
typedef int pn_calls_fn(void *data, const char *line, int fd, char **ret_reply, struct pn_diag *diag);

struct pn_calls *pn_calls_new(pn_calls_fn *fn, void *data);

/** pn_calls_free() - end the thread; waits for the call under way, so whatever it blocks on must have gone. NULL is fine. */
void pn_calls_free(struct pn_calls *calls);

/**
 * pn_calls_run() - make a call and wait for it
 * @timeout_ns: waiting for its turn included
 * @ret_latency_ns: how long the call itself took; may be NULL
 *
 * A call that has not begun by then is never made; one that has begun is abandoned: it may still take effect.
 * Thread-safe. Return: that of the call, or -ETIMEDOUT.
 */
int pn_calls_run(struct pn_calls *calls, const char *line, int fd, uint64_t timeout_ns, char **ret_reply, uint64_t *ret_latency_ns,
		 struct pn_diag *diag);
