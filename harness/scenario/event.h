/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "key.h"
#include "scenario.h"

struct pn_diag;
struct pn_doc;
struct pn_raw_scenario;

/**
 * struct pn_event_kind - record of one kind of event
 * @name: value of `do`
 * @help: one line
 * @args: what else the event takes beside at, after, phase; a fault takes its own arguments too
 */
struct pn_event_kind {
	const char *name;
	enum pn_event_do action;
	const char *help;
	const struct pn_key_info *args;
};

/** pn_event_kinds - all kinds; ends with a NULL name */
extern const struct pn_event_kind pn_event_kinds[];

/** pn_event_kind_names, pn_lifecycle_names, pn_event_after_names - the words of `do`, `action` and `after`; NULL-terminated */
extern const char *const pn_event_kind_names[];
extern const char *const pn_lifecycle_names[];
extern const char *const pn_event_after_names[];

/** pn_event_kind_find() - record of a kind, NULL when there is none of that name */
const struct pn_event_kind *pn_event_kind_find(const char *name);

/** pn_event_clear() - free what an event owns */
void pn_event_clear(struct pn_event *event);

/**
 * pn_events_reachable() - how much of a guest's memory a balloon can be expected to take
 *
 * All of it but what kernel, initramfs and agent hold: 112 MiB and 1/32 of memory (page structures). A target above it is refused where
 * the timeline waits for it to settle, unless it says may-miss.
 */
uint64_t pn_events_reachable(uint64_t memory_bytes);

/**
 * pn_events_read() - the events of `timeline` and `pattern`, with `faults` merged in
 * @doc: resolved document of one case, checked
 * @raw: what it was loaded to
 * @scenario: guest, loads, settle timeout and seed are filled; gets events and event_count, and runtime_ns where it was 0
 *
 * Refuses timelines that can't happen. Return: 0 or -EINVAL with one line.
 */
int pn_events_read(struct pn_doc *doc, const struct pn_raw_scenario *raw, struct pn_scenario *scenario, struct pn_diag *diag);
