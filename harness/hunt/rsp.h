/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>

/*
 * Packets of gdb's remote protocol ("GDB Remote Serial Protocol", appendix of gdb's manual) on a socket that loses nothing: acknowledged, never
 * asked for again. Bodies are passed on as they came, escapes and all.
 */

/** struct pn_rsp - one end; plain value, pn_rsp_deinit() */
struct pn_rsp {
	int fd; /* owned */
	GString *in; /* read, not yet looked at */
};

/** pn_rsp_init() - @fd: a connected stream socket, taken over */
void pn_rsp_init(struct pn_rsp *rsp, int fd);
void pn_rsp_deinit(struct pn_rsp *rsp);

/** enum pn_rsp_event - what pn_rsp_next() has read */
enum pn_rsp_event { PN_RSP_PACKET, PN_RSP_BREAK, PN_RSP_NOTHING };

/**
 * pn_rsp_next() - the next packet, acknowledged, or Ctrl-C
 * @timeout_ms: -1: wait for ever
 * @body: of a packet; replaced
 *
 * Return: enum pn_rsp_event (NOTHING: none within the time), -ECONNRESET when the other end has gone, -EPROTO for a broken packet.
 */
int pn_rsp_next(struct pn_rsp *rsp, int timeout_ms, GString *body);

/** pn_rsp_send() - a packet. Blocks. Return: 0 or a negative errno. */
int pn_rsp_send(struct pn_rsp *rsp, const char *body, gsize bytes);

/** pn_rsp_break() - Ctrl-C. Return: 0 or a negative errno. */
int pn_rsp_break(struct pn_rsp *rsp);

/** pn_rsp_ask() - send and wait for the next packet. @body: replaced; may be NULL. Return: 0; -ETIMEDOUT after 60 s; or a negative errno. */
int pn_rsp_ask(struct pn_rsp *rsp, const char *request, GString *body);
