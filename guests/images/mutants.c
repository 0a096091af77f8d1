// SPDX-License-Identifier: GPL-2.0-only
/*
 * The list of known bugs that a driver of ours can be built with. The bugs themselves are in the driver's mutant.h.
 */
#include "mutants.h"

#include <glib.h>

#include "paths.h"
#include "yaml.h"

#define TEXT(field, flags) CYAML_FIELD_STRING_PTR(#field, CYAML_FLAG_POINTER | (flags), struct pn_mutant, field, 1, CYAML_UNLIMITED)

static const cyaml_schema_field_t mutant_fields[] = {
    TEXT(name, 0), TEXT(base, 0), TEXT(mutant, 0), TEXT(cflags, CYAML_FLAG_OPTIONAL), TEXT(summary, 0), CYAML_FIELD_END,
};

static const cyaml_schema_value_t mutant_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct pn_mutant, mutant_fields)};

static const cyaml_schema_value_t mutants_schema = {
    CYAML_VALUE_SEQUENCE(CYAML_FLAG_POINTER, struct pn_mutant, &mutant_schema, 0, CYAML_UNLIMITED)};

int pn_mutants_read(struct pn_mutants *ret_mutants, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(pn_paths_share(), PN_PATHS_DRIVERS, "mutants", "mutants.yaml", NULL);

	return pn_yaml_load_list(path, &mutants_schema, (void **)&ret_mutants->list, &ret_mutants->count, diag);
}

void pn_mutants_free(struct pn_mutants *mutants)
{
	pn_yaml_free_list(&mutants_schema, mutants->list, mutants->count);
	mutants->list = NULL;
	mutants->count = 0;
}
