/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>

#include "args.h"
#include "scenario.h"

struct pn_mix;

/** struct pn_pattern_context - what a pattern may know beside its parameters */
struct pn_pattern_context {
	uint64_t memory_bytes;
	uint64_t seed;
	const struct pn_mix *mix; /* of the scenario; may be NULL */
};

/**
 * struct pn_pattern - record of one pattern: a timeline from a few parameters
 * @name: value of pattern.kind
 * @help: one line
 * @ends: where the balloon rests at the end, one line
 * @reclaims: it is about a technique, not about targets; such ones stand last
 * @params: its parameters, ends with a NULL name
 * @expand: pure: the same parameters and context append the same events to @events (of struct pn_event). Return: NULL, or the name of
 *          the parameter that does not go with the others, @ret_accepted then says what would (freed with g_free()).
 *
 * Events of a pattern follow one another (PN_AFTER_PREVIOUS, PN_AFTER_SETTLED); the last one holds after the balloon has settled.
 */
struct pn_pattern {
	const char *name;
	const char *help;
	const char *ends;
	bool reclaims;
	const struct pn_key_info *params;
	const char *(*expand)(const struct pn_args *args, const struct pn_pattern_context *context, GArray *events, char **ret_accepted);
};

/** pn_patterns - all patterns; ends with a NULL name */
extern const struct pn_pattern pn_patterns[];

/** pn_pattern_names - their names; NULL-terminated */
extern const char *const pn_pattern_names[];

/** pn_pattern_find() - record of a pattern, NULL when there is none of that name */
const struct pn_pattern *pn_pattern_find(const char *name);
