/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>

struct pn_diag;
struct pn_doc;

/** struct pn_setting - one override: a dotted key and the node that it gets */
struct pn_setting {
	char *key;	    /* dotted, aliases resolved */
	char *label;	    /* its short name in case ids and params: "driver", "load", "backing" */
	char *text;	    /* its value in words, list items joined by "+" */
	struct pn_doc *doc; /* borrowed: where the node stands */
	int node;
};

/** struct pn_combination - the axis values of one case, an array of struct pn_setting in the order of the axes */
struct pn_combination {
	GArray *settings;
};

/** pn_matrix_key() - the dotted key of a short name ("backing" is "guest.backing"); any other is its own; borrowed */
const char *pn_matrix_key(const char *name);

/** pn_matrix_label() - the short name of a dotted key, or the key itself; borrowed */
const char *pn_matrix_label(const char *key);

/** pn_setting_init() - an override from a node: a scalar or a list of scalars. Return: 0 or -EINVAL with one line. */
int pn_setting_init(struct pn_setting *setting, const char *name, struct pn_doc *doc, int node, struct pn_diag *diag);
void pn_setting_clear(struct pn_setting *setting);

/** pn_setting_apply() - override a key of a scenario's document. Return: 0 or -EINVAL with one line. */
int pn_setting_apply(const struct pn_setting *setting, struct pn_doc *doc, struct pn_diag *diag);

/**
 * pn_matrix_expand() - all combinations of axis values
 * @scenario: document whose `matrix` counts, may have none
 * @suite: document whose `matrix` goes over it; may be NULL
 * @fixed: settings of the command line (struct pn_setting), or NULL: an axis of that key has that one value, an included combination with another is
 *         left out
 * @ret_combinations: array of struct pn_combination, the first axis varies slowest; at least one, empty, where there is no axis.
 *                    Borrows from the documents and @fixed; g_array_unref() by the caller
 *
 * Return: 0 or -EINVAL with one line.
 */
int pn_matrix_expand(struct pn_doc *scenario, struct pn_doc *suite, GArray *fixed, GArray **ret_combinations, struct pn_diag *diag);
