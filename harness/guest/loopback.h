/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct pn_guest;

/*
 * The guest of unit tests: no QEMU, a scripted peer in this process behind the same calls (host URI "loopback"). It speaks the agent
 * protocol over a socket pair and answers the monitor commands that the harness uses. Its balloon moves on the wall clock.
 */

/** struct pn_loopback_script - how the peer behaves; all zero: a good guest whose balloon is at its target at once */
struct pn_loopback_script {
	uint64_t bytes_per_s;	   /* how fast the balloon moves; 0: at once */
	uint64_t stall_bytes;	   /* it never holds more than this; 0: no such limit */
	int64_t lie_bytes;	   /* added to what the device says is in the balloon */
	bool stuck;		   /* it does not move at all */
	bool agent_silent;	   /* the agent answers nothing */
	bool agent_garbage;	   /* the agent answers with bytes that are no frame */
	bool agent_flood;	   /* the agent sends events without end, and answers */
	bool no_hello;		   /* it never answered since its start: for failing starts */
	uint64_t monitor_delay_ns; /* added to each monitor command */
	const char *refuse_op;	   /* this agent operation is refused with EIO; borrowed */
};

/** pn_loopback_default() - how guests started from now on behave; NULL: well */
void pn_loopback_default(const struct pn_loopback_script *script);

/** pn_loopback_set() - change a running guest's behaviour */
void pn_loopback_set(struct pn_guest *guest, const struct pn_loopback_script *script);

/** pn_loopback_panic() - as if the guest's kernel had panicked: a last kernel log record, GUEST_PANICKED, STOP */
void pn_loopback_panic(struct pn_guest *guest, const char *text);

/** pn_loopback_event() - let the agent send an event; stolen */
void pn_loopback_event(struct pn_guest *guest, json_t *event);
