// SPDX-License-Identifier: GPL-2.0-only
/*
 * The list of known bugs that subjects of ours can be built with. The bugs themselves are in the subject's mutant.h.
 */
#include "mutants.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

#include "paths.h"
#include "yaml.h"

#define TEXT(field, flags) CYAML_FIELD_STRING_PTR(#field, CYAML_FLAG_POINTER | (flags), struct pn_mutant, field, 1, CYAML_UNLIMITED)
#define TEXTS(field) \
	CYAML_FIELD_SEQUENCE(#field, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct pn_mutant, field, &text_entry, 0, CYAML_UNLIMITED)

static const cyaml_schema_value_t text_entry = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, CYAML_UNLIMITED)};

static const cyaml_schema_field_t mutant_fields[] = {
    TEXT(name, 0),	TEXT(base, 0),	 TEXT(mutant, 0), TEXT(cflags, CYAML_FLAG_OPTIONAL),   TEXTS(files),   TEXT(summary, 0),
    TEXT(bugs, CYAML_FLAG_OPTIONAL), TEXT(family, CYAML_FLAG_OPTIONAL), TEXT(scenario, CYAML_FLAG_OPTIONAL), TEXT(stock, CYAML_FLAG_OPTIONAL),
    TEXTS(oracles), CYAML_FIELD_END,
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

static bool stock_is_known(const struct pn_mutants *mutants, const char *scenario)
{
	for (unsigned int i = 0; i < mutants->count; i++) {
		if (mutants->list[i].scenario && !strcmp(mutants->list[i].scenario, scenario) && mutants->list[i].stock)
			return true;
	}
	return false;
}

static char *suite_of(const struct pn_mutants *mutants, const char *scenario, bool controls)
{
	GString *text = g_string_new(NULL);

	g_string_append_printf(text, "name: mutants\nsummary: mutants\nscenarios: [%s]\nmatrix:\n  driver: [vballoon%s]\n", scenario,
			       controls && !stock_is_known(mutants, scenario) ? ", stock" : "");
	if (!controls)
		g_string_append(text, "  include:\n");
	for (unsigned int i = 0; i < mutants->count; i++) {
		const struct pn_mutant *mutant = &mutants->list[i];

		if (!controls && mutant->oracles_count && mutant->scenario && !strcmp(mutant->scenario, scenario))
			g_string_append_printf(text, "    - {driver: %s, expect: \"%s%s\"}\n", mutant->name,
					       g_str_has_prefix(mutant->oracles[0], "brok:") ? "" : "fail:", mutant->oracles[0]);
	}
	return g_string_free(text, FALSE);
}

static char **suites(bool controls)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	GPtrArray *texts = g_ptr_array_new();
	struct pn_mutants mutants = {};

	if (pn_mutants_read(&mutants, NULL) >= 0) {
		for (unsigned int i = 0; i < mutants.count; i++) {
			if (mutants.list[i].scenario && g_hash_table_add(seen, mutants.list[i].scenario))
				g_ptr_array_add(texts, suite_of(&mutants, mutants.list[i].scenario, controls));
		}
	}
	g_ptr_array_add(texts, NULL);
	g_hash_table_remove_all(seen);
	pn_mutants_free(&mutants);
	return (char **)g_ptr_array_free(texts, FALSE);
}

char **pn_mutants_suites(void)
{
	return suites(false);
}

char **pn_mutants_controls(void)
{
	return suites(true);
}
