/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * How the harness asks for the traffic between driver and device to be tampered with: fixed records over a unix socket (SOCK_SEQPACKET) that the
 * watcher listens on. One order at a time; an order that is answered is in force. Who hangs up takes the order back with it.
 */

#define PN_TAMPER_VERSION 1
#define PN_TAMPER_ANY_QUEUE UINT32_MAX

/** enum pn_tamper_word - what is asked */
enum pn_tamper_word {
	PN_TAMPER_SET = 1, /* an order from now on */
	PN_TAMPER_CLEAR,   /* no order any more: interrupts held back are raised, the true configuration is announced */
	PN_TAMPER_ASK,	   /* what has happened so far */
};

/** enum pn_tamper_what - what is done to the traffic */
enum pn_tamper_what {
	/* to the driver */
	PN_TAMPER_IRQ_LOST = 1, /* an interrupt of a queue is not raised, until CLEAR */
	PN_TAMPER_IRQ_LATE,	 /* raised @value ns later */
	PN_TAMPER_IRQ_TWICE,	 /* raised, and again @value ns later */
	PN_TAMPER_IRQ_SPURIOUS,	 /* raised every @value ns with nothing to tell */
	PN_TAMPER_USED_LENGTH,	 /* the used ring says that @value bytes were written */
	PN_TAMPER_USED_ID,	 /* the used ring says the descriptor @value, whatever it was */
	PN_TAMPER_USED_ORDER,	 /* buffers used together stand in the used ring in reverse order */
	PN_TAMPER_CONFIG_TARGET, /* num_pages reads as @value */
	PN_TAMPER_CONFIG_RANDOM, /* num_pages reads as something else each time */
	/* to the device */
	PN_TAMPER_CHAIN_PFN,	/* the first PFN of a buffer is @value */
	PN_TAMPER_CHAIN_LENGTH, /* the first descriptor of a chain says @value bytes */
	PN_TAMPER_CHAIN_LOOP,	/* the first descriptor of a chain is followed by itself */
	PN_TAMPER_WHATS,
};

/** struct pn_tamper_order - harness to watcher; @space, @interval, @times, @probability as in the kernel's fault injection */
struct pn_tamper_order {
	uint32_t version, word, what;
	uint32_t queue; /* index, or PN_TAMPER_ANY_QUEUE */
	uint64_t value, space, interval, times, seed;
	uint32_t probability; /* percent */
	uint32_t unused;
};

/** struct pn_tamper_answer - watcher to harness */
struct pn_tamper_answer {
	uint32_t version;
	int32_t err; /* 0 or a negative errno: -ENODEV no device watched, -ENOTSUP not with packed rings, interrupts of a legacy device, -EINVAL */
	uint64_t seen, struck; /* since SET: what could have been hit, what was */
};
