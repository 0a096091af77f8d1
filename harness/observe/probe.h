/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "../guest/guest.h"
#include "beat.h"

struct pn_scenario;

/** struct pn_probe_key - one key that a probe writes; ROLE stands for vcpu0, main, iothread0, ... */
struct pn_probe_key {
	const char *name;
	const char *unit;
	const char *help;
};

/**
 * struct pn_probe_context - what probes open on; alive as long as the sampler
 * @threads: QEMU's threads at the start, without the short-lived workers
 */
struct pn_probe_context {
	struct pn_guest *guest;
	const struct pn_scenario *scenario;
	struct pn_journal *journal;
	pid_t pid; /* of QEMU; 0: none (loopback) */
	struct pn_guest_thread *threads;
	unsigned int thread_count;
	GMutex lock;		 /* of @unsupported */
	GHashTable *unsupported; /* names that have been journalled */
};

/**
 * pn_probe_unsupported() - journal once per name why something is not measured
 * @name: key or family of keys
 */
void pn_probe_unsupported(struct pn_probe_context *context, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/**
 * struct pn_probe - one probe
 * @interval_ns: sampled at most this often, for what is dear; 0: at the scenario's pace. A mark always samples.
 * @eager: sampled on every beat, also where that is faster than the scenario's pace (sample-free, sample-monitor)
 * @open: prepare. Return: 0 with @ret_state (may be NULL), or a negative errno when the probe can't work here at all: it has journalled
 * why.
 * @sample: set what can be read now; @mark is true outside the beat. NULL for a probe of the guest's beat, which is fed by the agent.
 * @close: release @state
 */
struct pn_probe {
	const char *name;
	const char *help;
	enum pn_beat beat;
	uint64_t interval_ns;
	bool eager;
	const struct pn_probe_key *keys; /* ends with a NULL name */
	int (*open)(struct pn_probe_context *context, void **ret_state);
	void (*sample)(void *state, bool mark, json_t *into);
	void (*close)(void *state);
};

/** pn_probe_table - all probes; ends with a NULL entry */
extern const struct pn_probe *const pn_probe_table[];

extern const struct pn_probe pn_probe_perf;
extern const struct pn_probe pn_probe_sched;
extern const struct pn_probe pn_probe_smaps;
extern const struct pn_probe pn_probe_ram;
extern const struct pn_probe pn_probe_meminfo;
extern const struct pn_probe pn_probe_free;
extern const struct pn_probe pn_probe_psi;
extern const struct pn_probe pn_probe_harness;
extern const struct pn_probe pn_probe_balloon;
extern const struct pn_probe pn_probe_stats;
extern const struct pn_probe pn_probe_block;
extern const struct pn_probe pn_probe_pin;
extern const struct pn_probe pn_probe_guest;

/** pn_probe_set() - set an integer in a sample, its name put together by printf */
void pn_probe_set(json_t *into, uint64_t value, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
