/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct pn_diag;
struct pn_rundir;

/**
 * pn_techniques_json() - ways to get memory back, over all cases of a run with one: techniques.json
 *
 * A list with an object for each technique in each scenario (and its further axes), repeats taken together as medians:
 * {"technique", "scenario", "axes": {...}, "unaware", "asked_bytes", "returned_bytes", "t50_s", "t90_s", "t99_s", "giveback_s", "host_cpu_s_per_gib", "guest_cpu_s",
 * "touch_ns": {"p50", "p99", "p999"}, "ops_per_s", "guest_swap_bytes", "host_swap_bytes", "huge_before_bytes", "huge_after_bytes", "need_s", "guest_oom_kills",
 * "needs_guest_driver": by a case of the same technique in which nothing in the guest plays along, "verdict": "all", "part" or "nothing" (of what was asked for),
 * or SKIP, BROK, FAIL, "why", "repeats", "range": {key: [smallest, largest]} of more than one}. What was not measured is absent.
 *
 * Return: a new array, or NULL when no case has a technique.
 */
json_t *pn_techniques_json(const struct pn_rundir *run);

/** struct pn_techniques_key - a number of an entry */
struct pn_techniques_key {
	const char *path;   /* in the entry: "t90_s", "touch_ns.p99" */
	const char *metric; /* of the case */
	const char *title;  /* for people */
	bool more;	    /* is better */
};

/** pn_techniques_keys - all of them; ends with a NULL path */
extern const struct pn_techniques_key pn_techniques_keys[];

/** pn_techniques_value() - a number of an entry by its path, or one end of its range (@end 0 or 1; -1: the number itself). Return: false when it is absent. */
bool pn_techniques_value(const json_t *entry, const char *path, int end, double *ret_value);

/**
 * pn_techniques_concordance() - do repeats rank techniques alike? Kendall's W over all techniques of one scenario that have the metric in every repeat
 * @ret_w: 0 (no agreement) to 1 (the same ranking in each)
 *
 * Return: how many repeats; less than 2 or fewer than 3 techniques: -ENODATA.
 */
int pn_techniques_concordance(const struct pn_rundir *run, const char *scenario, const char *metric, double *ret_w);

/** pn_techniques_text() - as a table */
void pn_techniques_text(const struct pn_rundir *run, const json_t *techniques, FILE *out);

/** pn_techniques_write() - write techniques.json into the run directory, where a case has a technique. Return: 0 or a negative errno. */
int pn_techniques_write(const struct pn_rundir *run, struct pn_diag *diag);
