/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "out.h"

#include <jansson.h>
#include <stdbool.h>

/**
 * struct pn_sample_set - one set of values of PROTOCOL.md
 * @write: NULL for the balloon's; adds what this kernel has; a value that can't be read is left out, and pn_sample_missing() says why
 */
struct pn_sample_set {
	const char *name;
	const char *help;
	void (*write)(struct pn_out *out);
};

/** pn_sample_sets - all of them; ends with a NULL name */
extern const struct pn_sample_set pn_sample_sets[];

/** pn_sample_missing() - within a set's write(): @key can't be measured, because of @why */
void pn_sample_missing(const char *key, const char *why);

/** pn_sample_stop() - no more sample events */
void pn_sample_stop(void);

/** pn_sample_drained() - there is room again: tell what was dropped */
void pn_sample_drained(void);

/** pn_sample_stuck() - add the reader of drivers' files to the stuck children if it is one */
void pn_sample_stuck(json_t *stuck);

/** pn_sample_balloon() - the balloon's set (sample_balloon.c); @vmstat_is_fresh: /proc/vmstat was read for this sample already */
void pn_sample_balloon(struct pn_out *out, bool vmstat_is_fresh);
