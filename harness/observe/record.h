/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "observe.h"

/* Looking things up in a record. Pure; nothing here keeps state. Borrowed pointers live as long as the record. */

/** struct pn_point - one value of one key */
struct pn_point {
	uint64_t t_ns;
	int64_t value;
};

/** struct pn_span - a stretch of time, both ends counted in */
struct pn_span {
	uint64_t from_ns;
	uint64_t to_ns;
};

/** pn_field() - an integer of a line. Return: false when it is absent or no number. */
bool pn_field(const json_t *line, const char *key, int64_t *ret_value);

/** pn_field_or() - an integer of a line, @fallback when absent */
int64_t pn_field_or(const json_t *line, const char *key, int64_t fallback);

/** pn_text() - a string of a line, "" when absent */
const char *pn_text(const json_t *line, const char *key);

/** pn_is() - is the string of a line this one? */
bool pn_is(const json_t *line, const char *key, const char *text);

/** pn_record_mark() - the last mark of a label, NULL when there is none */
const json_t *pn_record_mark(const struct pn_record *record, const char *label);

/** pn_record_window() - from the timeline's start to its end, by the journal. Return: 0 or -ENODATA. */
int pn_record_window(const struct pn_record *record, struct pn_span *ret_span);

/**
 * pn_record_measured() - the part of the window that is measured: all of it, or, of a timeline that begins with a phase that is not
 * measured (setup, warm-up), from its first measured phase on
 *
 * Return: 0, or -ENODATA when there is no window, or nothing in it is measured.
 */
int pn_record_measured(const struct pn_record *record, struct pn_span *ret_span);

/** pn_record_sharpen() - from the mark "start" to the mark "end", by the clock of the guest where it has one: what was sampled at the very ends is in it */
void pn_record_sharpen(const struct pn_record *record, struct pn_span *window);

/** struct pn_phase - where a phase begins; name "": where the timeline has ended */
struct pn_phase {
	uint64_t from_ns;
	const char *name; /* borrowed from the record */
};

/** pn_record_phases() - the phases of the journal (struct pn_phase) in their order, for many instants; g_array_unref() by the caller */
GArray *pn_record_phases(const struct pn_record *record);

/** pn_phases_at() - name of the phase an instant lies in, "" when in none */
const char *pn_phases_at(const GArray *phases, uint64_t t_ns);

/** pn_record_phase() - the same for one instant: looks through the journal */
const char *pn_record_phase(const struct pn_record *record, uint64_t t_ns);

/** pn_record_unsupported() - reason why something was not measured; NULL when the journal gives none */
const char *pn_record_unsupported(const struct pn_record *record, const char *name);

/** pn_record_provokes_oom() - does the scenario run the guest out of memory on purpose? */
bool pn_record_provokes_oom(const struct pn_record *record);

/** pn_record_refuses_memory() - does a fault of the scenario refuse the driver what it asks for? */
bool pn_record_refuses_memory(const struct pn_record *record);

/** pn_record_held() - did a fault or a lifecycle action hold the guest, or its driver, at some time in a span? */
bool pn_record_held(const struct pn_record *record, struct pn_span span);

/**
 * pn_record_series() - all values of a key in a span, sorted by time
 *
 * The values of a mark count at the instants at which each beat's part was taken. Return: array of struct pn_point, maybe empty; g_array_unref() by the
 * caller.
 */
GArray *pn_record_series(const struct pn_record *record, const char *key, struct pn_span span);

/**
 * pn_record_delta() - how far a counter went in a span
 *
 * From the last value before the span (or the first in it) to the last value in it. A counter that falls was started anew (a reboot): what
 * it shows then counts from 0. Return: 0, or -ENODATA when fewer than two values show it.
 */
int pn_record_delta(const struct pn_record *record, const char *key, struct pn_span span, int64_t *ret_delta);

/** PN_SPAN_ALL - any time */
#define PN_SPAN_ALL ((struct pn_span){0, UINT64_MAX})
