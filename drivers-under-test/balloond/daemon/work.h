/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>
#include <libvirt/libvirt.h>
#include <stdbool.h>
#include <stdint.h>

#include "../policy.h"

/*
 * What workers do: calls of libvirt that may never return. A task owns all it touches, so whoever asked may have gone when it ends.
 */

/** struct pn_sample - one domain as libvirt told of it */
struct pn_sample {
	char uuid[VIR_UUID_STRING_BUFLEN];
	char *name;
	virDomainPtr domain; /* a reference */
	bool answered;	     /* @max_bytes and @observation are filled */
	uint64_t max_bytes;
	struct pn_observation observation; /* boots: not known here */
};

/** struct pn_task - one piece of work; what it is decides which fields count */
struct pn_work {
	enum pn_work_kind { PN_WORK_CONNECT, PN_WORK_LOOK, PN_WORK_GREET, PN_WORK_ORDER } kind;
	GAsyncQueue *done; /* a reference; where the task goes when it has ended */
	uint64_t serial;   /* of the asker */
	int err;
	char *words; /* libvirt's, where err is set */
	virConnectPtr conn;
	/* CONNECT */
	char *uri;
	bool read_only;
	uint64_t host_bytes;
	virConnectCloseFunc closed;
	void *closed_data;
	/* LOOK: one domain, or all that run but for the statistics of those in @skip (UUIDs) */
	virDomainPtr domain;
	GHashTable *skip;
	GArray *samples;
	/* GREET: the period of its statistics, 0: left; its metadata */
	char uuid[VIR_UUID_STRING_BUFLEN];
	int period_s;
	char *metadata; /* NULL: it has none of ours */
	/* ORDER: either may be PN_UNSET */
	uint64_t target_bytes;
	uint64_t bound_bytes;
	bool bound_first; /* a bound that rises must not come after the target that needs it */
	bool bound_refused;
};

/** pn_work_new() - a task for @conn (NULL for CONNECT); a reference of it is taken */
struct pn_work *pn_work_new(enum pn_work_kind kind, virConnectPtr conn, GAsyncQueue *done, uint64_t serial);
void pn_work_free(struct pn_work *work);

/** pn_work_begin() - hand it to a thread; it comes back through its queue */
void pn_work_begin(struct pn_work *work);
