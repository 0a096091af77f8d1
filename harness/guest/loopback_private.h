/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* The peer's model, shared by its monitor (loopback.c) and its agent (loopback_agent.c). */

#include <glib.h>

#include "loopback.h"

struct pn_loopback {
	struct pn_guest *guest;
	int fd; /* the peer's end */
	GThread *agent;

	GMutex lock; /* all below */
	GCond changed;
	struct pn_loopback_script script;
	bool running;
	bool stopped; /* SIGSTOP */
	bool dead;
	bool bound; /* a balloon driver is loaded */
	char *driver;
	unsigned int boots;
	int64_t kmsg_seq;
	uint64_t memory_bytes;
	uint64_t target_bytes;
	uint64_t from_bytes; /* in the balloon when the target came */
	uint64_t from_ns;
	GHashTable *loads; /* ids */
};

/** pn_loopback_balloon() - bytes in the balloon now; lock held */
uint64_t pn_loopback_balloon(struct pn_loopback *peer);

/** pn_loopback_rebase() - let the balloon move on from where it is now; lock held, before anything that changes its course */
void pn_loopback_rebase(struct pn_loopback *peer);

/** pn_loopback_agent() - the agent's thread */
void *pn_loopback_agent(void *peer);

/** pn_loopback_send_event() - one event to the host; stolen; takes no lock */
void pn_loopback_send_event(struct pn_loopback *peer, json_t *event);

/** pn_loopback_hello() - {"boot_id", ...}; lock held */
json_t *pn_loopback_hello(struct pn_loopback *peer);
