/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* What the channel's thread (channel.c) and its callers (channel_call.c) share. */

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "../agent/proto.h"
#include "channel.h"

/** struct pending - a call that waits for its reply; lives on its caller's stack */
struct pending {
	uint32_t id;
	int to_fd;
	uint64_t got_bytes;
	bool done;
	int err;
	char *why;
	json_t *reply;
};

/** struct pn_channel */
struct pn_channel {
	int fd;
	int wake_fd;
	GThread *thread;
	pn_channel_event_fn *on_event;
	pn_channel_gone_fn *on_gone;
	void *data;
	pn_channel_gate_fn *gate; /* NULL: none */
	void *gate_data;
	struct pn_proto_parser parser; /* thread only */

	GMutex lock; /* all below */
	GCond moved; /* a call ended or the queue got shorter */
	GHashTable *calls; /* id -> struct pending, which lives on its caller's stack */
	GByteArray *out;
	size_t out_sent;
	uint32_t last_id;
	int next_fd; /* takes the place of @fd, -1: none */
	bool held; /* new calls wait until it is not */
	bool corked; /* nothing is sent: a request and its bytes are to leave in one piece */
	bool gone;
	bool quit;
	uint64_t heard_ns;
	uint64_t dropped_bytes;
};
