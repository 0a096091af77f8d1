/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>

#include "scenario.h"

struct pn_combination;
struct pn_diag;
struct pn_doc;

/** struct pn_planner - a plan in the making */
struct pn_planner {
	const struct pn_plan_config *config;
	struct pn_diag *diag;
	GPtrArray *docs; /* of the command line's settings */
	GArray *fixed;	 /* struct pn_setting of the command line */
	GArray *cases;	 /* struct pn_case */
	GHashTable *ids; /* of @cases, borrowed */
};

/** struct pn_source - one scenario on its way to cases; all borrowed */
struct pn_source {
	struct pn_doc *doc;
	const char *name;     /* of its file */
	struct pn_doc *suite; /* NULL: asked for by itself */
	const char *suite_name;
	GArray *sets; /* struct pn_setting of the suite; may be NULL */
};

/**
 * pn_case_add() - make the case of one combination of axis values and append it to the plan
 * @repeat: from 0
 *
 * A case whose id is there already is left out. Return: 0 or -EINVAL with one line.
 */
int pn_case_add(struct pn_planner *planner, const struct pn_source *source, const struct pn_combination *combination, unsigned int repeat);

/** pn_case_clear() - free what a case owns */
void pn_case_clear(struct pn_case *one);

/** pn_case_path() - a path made absolute, so that the case can be run again from anywhere; a plain name as it is; freed with g_free() */
char *pn_case_path(const char *value);
