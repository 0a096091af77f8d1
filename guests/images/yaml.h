/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <cyaml/cyaml.h>

struct pn_diag;

/**
 * pn_yaml_load() - read a YAML file by a libcyaml schema
 * @path: file
 * @schema: of its top value
 * @ret_data: what was read; freed with pn_yaml_free(); for a top-level sequence see pn_yaml_load_list()
 *
 * Return: 0; -EINVAL with one line "FILE:LINE: what is wrong (in 'KEY'); expected KEYS"; or another negative errno.
 */
int pn_yaml_load(const char *path, const cyaml_schema_value_t *schema, void **ret_data, struct pn_diag *diag);
void pn_yaml_free(const cyaml_schema_value_t *schema, void *data);

/** pn_yaml_load_list() - the same for a top-level sequence of @ret_count entries; freed with pn_yaml_free_list() */
int pn_yaml_load_list(const char *path, const cyaml_schema_value_t *schema, void **ret_data, unsigned int *ret_count, struct pn_diag *diag);
void pn_yaml_free_list(const cyaml_schema_value_t *schema, void *data, unsigned int count);
