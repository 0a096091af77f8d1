/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "../scenario/scenario.h"
#include "oracle.h"

/*
 * A record for tests of oracles and metrics: a 256 MiB guest with one vCPU, 64 MiB into the balloon and out again, sampled at 10 Hz from 0
 *to 6 s, nothing wrong with it. A test then spoils it in one way.
 *
 *	1.0 s timeline starts, phase inflate, target 64 MiB	1.5 s settled (settled:1)
 *	3.0 s phase deflate, target 0				3.25 s settled (settled:2)
 *	4.0 s timeline ends					4.5 s rest, 5.0 s unloaded
 */

#define FIXTURE_MEMORY (256 * 1048576LL)
#define FIXTURE_BALLOON (64 * 1048576LL)
#define FIXTURE_BALLOON_PAGES (FIXTURE_BALLOON / 4096)
#define FIXTURE_MANAGED 60000LL

struct fixture {
	struct pn_scenario scenario;
	struct pn_event events[3]; /* two targets, and room for a third event */
	char *loads[2];
	struct pn_record record;
};

/** fixture_setup() - cmocka set-up: a healthy record */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/** fixture_journal() - append to the journal, keeping it in the order of time; @fields is stolen and may be NULL */
void fixture_journal(struct fixture *fixture, double seconds, const char *ev, json_t *fields);

/** fixture_mark() - a mark of the record, to be spoilt */
json_t *fixture_mark(struct fixture *fixture, const char *label);

/** fixture_set() - set a key in every sample from @from_s to @to_s, marks counted in */
void fixture_set(struct fixture *fixture, double from_s, double to_s, const char *key, int64_t value);

/** fixture_ramp() - the same, rising evenly from one value to another */
void fixture_ramp(struct fixture *fixture, double from_s, double to_s, const char *key, int64_t from, int64_t to);

/** fixture_drop() - remove all lines of a kind ("src" of samples) in a span */
void fixture_drop(struct fixture *fixture, const char *src, double from_s, double to_s);

/** fixture_forget() - remove the journal's records of a kind, with @state if not NULL */
void fixture_forget(struct fixture *fixture, const char *ev, const char *state);

/** fixture_fault() - a third event: this fault, with nothing in the journal about it; @name is borrowed */
void fixture_fault(struct fixture *fixture, const char *name);

/** fixture_kmsg() - append a record to the kernel log */
void fixture_kmsg(struct fixture *fixture, double seconds, const char *text);

/** fixture_judge() - what one oracle says */
struct pn_finding fixture_judge(struct fixture *fixture, const char *oracle);

/** assert_finding() - verdict, and a word that the reason must have */
#define assert_finding(finding, expected, word)                                                                              \
	do {                                                                                                                 \
		struct pn_finding f = (finding);                                                                             \
		if (f.verdict != (expected) || !strstr(f.reason, (word)))                                                    \
			fail_msg("%s says %s: '%s'; expected %s with '%s'", f.oracle, pn_verdict_names[f.verdict], f.reason, \
				 pn_verdict_names[expected], (word));                                                        \
	} while (0)
