/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>

#include "key.h"

struct pn_diag;
struct pn_doc;

/** struct pn_args - arguments read by a table of records, defaults filled in; opaque, freed with pn_args_free() */
struct pn_args;

/**
 * pn_args_read() - read the arguments of a pattern, an event or a fault
 * @doc: document, checked by pn_check_doc() before
 * @node: mapping that holds them; other keys in it are left alone; 0: all defaults
 * @table: records, ends with a NULL name; NULL: none
 * @memory_bytes: size of the guest for percentages
 * @path: dotted path of @node for error texts
 *
 * Return: 0, or -EINVAL for a required argument that is missing or a value that is not accepted.
 */
int pn_args_read(struct pn_doc *doc, int node, const struct pn_key_info *table, uint64_t memory_bytes, const char *path,
		 struct pn_args **ret_args, struct pn_diag *diag);
void pn_args_free(struct pn_args *args);

/** pn_args_number() - value in the unit it is held in; 0 when there is none */
uint64_t pn_args_number(const struct pn_args *args, const char *name);

/** pn_args_text() - text as written; NULL when there is none; borrowed */
const char *pn_args_text(const struct pn_args *args, const char *name);

/** pn_args_json() - all values as a JSON object, see struct pn_fault_info; json_decref() by the caller */
json_t *pn_args_json(const struct pn_args *args);
