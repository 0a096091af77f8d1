/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* What the parts of virt.h share; for this folder only. */

#include "virt.h"
#include "work.h"

/** struct known - one domain between looks; of this thread, but for what is said to be atomic */
struct known {
	char uuid[VIR_UUID_STRING_BUFLEN];
	char *name;
	virDomainPtr domain;
	struct pn_limits limits;
	gint boots;	     /* atomic */
	gint metadata_stale; /* atomic */
	uint64_t max_bytes;  /* 0: never answered */
	struct pn_observation observation;
	bool listed, answered; /* by the present look */
	bool suspect;	       /* asked by itself */
	bool looking, ordering, greeting;
	bool greeted;
	uint64_t bound_bytes; /* as set; 0: none */
	bool controlled;
};

struct pn_virt_host {
	void (*log)(void *data, const char *event, json_t *fields);
	void *data;
	GAsyncQueue *done;
	virConnectPtr conn;
	gint *lost; /* atomic; outlives this struct in callbacks of libvirt */
	bool connecting;
	uint64_t serial; /* of the present common call */
	uint64_t host_bytes;
	bool common_done;    /* it has come back */
	int events[2];	     /* of libvirt, registered */
	GMutex lock;	     /* @known against libvirt's event thread */
	GHashTable *known;   /* uuid -> struct known */
	struct pn_controller *controller; /* during pn_virt_host_apply() */
	int failure;
	char *failure_words;
};

/** pn_virt_say() - log an event; @guest and @words may be NULL */
void pn_virt_say(struct pn_virt_host *host, const char *event, const char *guest, const char *words);

/** pn_virt_begin() - hand a task to a worker; @known: the domain it is of, or NULL */
void pn_virt_begin(struct pn_work *work, const struct known *known);

/** pn_virt_wait() - until @count tasks of @serial have come back, or the time is over; whatever comes back is taken in */
void pn_virt_wait(struct pn_virt_host *host, unsigned int count, uint64_t serial, uint64_t timeout_ns);

/** pn_virt_looked(), pn_virt_greeted(), pn_virt_ordered() - take in a task of that kind that has ended */
void pn_virt_looked(struct pn_virt_host *host, struct pn_work *work);
void pn_virt_greeted(struct pn_virt_host *host, struct pn_work *work);
void pn_virt_ordered(struct pn_virt_host *host, struct pn_work *work);
