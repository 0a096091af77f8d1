/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>

/*
 * What each metric of run.json is worth in a comparison: which way is better, how it is judged, whether it decides. A metric is judged
 * by its tier, never by its name.
 */

/** enum pn_tier - how a metric is judged; the table pn_tiers has the rule of each */
enum pn_tier {
	PN_TIER_INVARIANT, /* no change for the worse at all */
	PN_TIER_COUNT,	   /* a count of the subject's own work: near-exact on any host */
	PN_TIER_WALL,	   /* time and throughput: only in pairs */
	PN_TIER_TAIL,	   /* the slow end of a distribution: only in pairs */
	PN_TIER_INFO,	   /* shown, never judged */
};

/**
 * struct pn_tier_rule - the rule of a tier
 * @least: smallest effect that is called a change, as a share of the value; 0: any
 * @limit: an effect that is called harmless lies within this, and one of this size is to be found
 * @paired: judged by the ratio within pairs (signed rank); else by the values of both sides (Mann-Whitney)
 * @blocks: can block a merge from a run of its own, without pairs
 */
struct pn_tier_rule {
	const char *name;
	double least;
	double limit;
	bool paired;
	bool blocks;
	const char *help;
};

/** pn_tiers - by enum pn_tier */
extern const struct pn_tier_rule pn_tiers[];

/**
 * struct pn_metric_info - one metric, or a family of them
 * @pattern: its name; "*" stands for any text
 * @higher: more is better
 * @decides: the whole verdict needs an answer on this one; the others can only make it worse
 */
struct pn_metric_info {
	const char *pattern;
	enum pn_tier tier;
	bool higher;
	bool decides;
	const char *help;
};

/** pn_metric_table - all metrics that are known; the first match counts; ends with a NULL pattern */
extern const struct pn_metric_info pn_metric_table[];

/** pn_metric_find() - record of a metric; one that the table does not know is PN_TIER_INFO. Never NULL. */
const struct pn_metric_info *pn_metric_find(const char *name);

/**
 * pn_metric_find_exact() - the same, of a case that ran in exact mode
 *
 * The guest repeats to the instruction there and its own clock with it; how long the host took for it is no property of the subject, and is shown only.
 */
const struct pn_metric_info *pn_metric_find_exact(const char *name);

/** pn_metric_known() - does the table know this metric? */
bool pn_metric_known(const char *name);

/**
 * pn_metric_asked() - record of a metric that the user has named: judged even if the table says PN_TIER_INFO, as wall time, and it decides
 *
 * Return: a static record; what is better of an unknown metric is taken from its unit: rates ("per_s") are better higher.
 */
const struct pn_metric_info *pn_metric_asked(const char *name);
