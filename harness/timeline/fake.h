/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "../base/journal.h"
#include "../scenario/scenario.h"
#include "guests/images/image.h"
#include "timeline.h"

/*
 * A guest for the tests of this folder: pn_guest_*() of its own, with a balloon that moves at a given speed, a driver that can be bound or
 * not, and one load. What the tests want to go wrong is set by fields.
 */

/** struct fake - the one guest; all under @lock */
struct fake {
	GMutex lock;
	struct pn_machine machine;
	/* the balloon */
	uint64_t bytes, asked_bytes, moved_ns, speed_bytes_per_s;
	uint64_t struck_speed_bytes_per_s; /* from pause, unbind, unload or reset on; 0: no other. So that a slow machine can't miss the moment */
	uint64_t own_ns;	 /* in exact mode: the guest's own time, by which the balloon moves then */
	struct pn_pin *pin;	 /* NULL: none */
	uint64_t stuck_at_bytes; /* does not grow beyond; 0: no limit */
	bool bound, paused, gone, deaf, crashed;
	bool migrating, asleep;
	char tampered[32];  /* what of the traffic; empty: nothing */
	uint64_t tampers;   /* how often that has happened, by the watcher */
	uint64_t hinted_bytes; /* by query-migrate, while migrating */
	int (*ask_disk)(const char *command, json_t **ret_reply); /* answers for the swap disk; NULL: there is none */
	/* what goes wrong */
	const char *refuse;	/* verb or op that fails with -EREMOTEIO */
	const char *drop;	/* verb or op that is said to be done and is not */
	const char *boots_at;	/* op in the middle of which the guest boots again, once */
	bool reset_never_boots;
	unsigned int late_news; /* so many looks at its state don't show yet that it has gone */
	/* the kernel */
	unsigned int oom_kills;
	bool load_kills; /* starting a load gets somebody killed for want of memory */
	unsigned int boots;
	unsigned int probe_allocations; /* that binding the driver makes; one that fails leaves it unbound */
	bool probe_never_again; /* after one has failed */
	struct {
		int64_t interval, times, probability, counted;
	} injection; /* the kernel's fault injection, of either kind */
	/* loads */
	char *load_id;
	bool load_running, load_oom_killed, load_ready, load_marks;
	int load_exit_code;
	char *load_stdout; /* what it has printed */
	char *load_file;   /* what "get" gives */
	pid_t pid;	   /* real process for signals; 0: none */
	GString *log;	   /* verbs and ops that change something, one word each */
};

extern struct fake fake;

/** fake_reset() - as at the start of a test: bound, empty, 512 MiB, half a GiB a second */
void fake_reset(void);

/** struct stage - a timeline around the fake */
struct stage {
	struct pn_timeline timeline;
	struct pn_scenario scenario;
	struct pn_module driver;
	struct pn_journal *journal;
	char *dir, *journal_path;
	int stop;
	GString *calls; /* on_settled and on_phase, one word each */
};

/** stage_setup(), stage_teardown() - for cmocka; *state is a struct stage */
int stage_setup(void **state);
int stage_teardown(void **state);

/** stage_records() - the journal's records of a kind; json_decref() by the caller */
json_t *stage_records(struct stage *stage, const char *ev);

/** stage_count() - how many records of a kind have @key equal to @value; @key NULL: all */
unsigned int stage_count(struct stage *stage, const char *ev, const char *key, const char *value);
