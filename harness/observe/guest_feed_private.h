/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "../base/units.h"
#include "guest_feed.h"
#include "guest_time.h"
#include "probe.h"

/* Between the feed (guest_feed.c) and its marks (guest_mark.c). */

#define AGENT_TIMEOUT_NS (5 * PN_NS_PER_S)

/** struct pn_feed - the guest's half of sampling */
struct pn_feed {
	struct pn_probe_context *context;
	GMutex lock; /* of @clock, @boot_id, @missing and @seen */
	struct pn_guest_time clock;
	char *boot_id;
	GHashTable *missing; /* key to reason: said by the agent to be missing, and not seen so far */
	GHashTable *seen;    /* keys that were missing once and came later */
	int rebooted;	    /* atomic: set on the connection's thread, taken by pn_feed_revive() */
	GAsyncQueue *queue; /* of struct arrival */
	uint64_t interval_ns;
	bool started;
};

/** pn_feed_set_names() - names of sample sets, up to a NULL, as the agent takes them; json_decref() by the caller */
json_t *pn_feed_set_names(const char *const names[]);

/** pn_feed_take_keys() - put the values of a sample under their names ("guest.mem.free") into a record; what it lacks is remembered */
void pn_feed_take_keys(struct pn_feed *feed, const json_t *sample, json_t *into);
