// SPDX-License-Identifier: GPL-2.0-only
/* libcyaml's tables and the records of the keys describe the same files; every default is one that its own record accepts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "../base/units.h"
#include "event.h"
#include "fault.h"
#include "pattern.h"
#include "schema.h"

static unsigned int count_fields(const struct pn_schema *schema, const cyaml_schema_field_t *fields, const char *prefix)
{
	unsigned int count = 0;

	for (; fields->key; fields++) {
		g_autofree char *path = *prefix ? g_strconcat(prefix, ".", fields->key, NULL) : g_strdup(fields->key);
		g_autofree char *items = g_strconcat(path, "[]", NULL);
		const struct pn_key_info *key = pn_key_find(schema->keys, path);

		if (!key)
			fail_msg("%s: no record for '%s'", schema->name, path);
		count++;
		if (fields->value.type != CYAML_IGNORE) /* any type: read by code of its own */
			assert_int_equal(key->type == PN_KEY_MAP, fields->value.type == CYAML_MAPPING);
		assert_int_equal(key->type == PN_KEY_FLAG, fields->value.type == CYAML_BOOL);
		assert_int_equal(key->type == PN_KEY_COUNT, fields->value.type == CYAML_UINT);
		assert_true((fields->value.flags & CYAML_FLAG_OPTIONAL) != 0); /* required keys are told with a line, by their records */
		if (fields->value.type == CYAML_MAPPING)
			count += count_fields(schema, fields->value.mapping.fields, path);
		if (fields->value.type == CYAML_SEQUENCE && fields->value.sequence.entry->type == CYAML_MAPPING)
			count += count_fields(schema, fields->value.sequence.entry->mapping.fields, items);
	}
	return count;
}

static void tables_and_records_agree(void **state)
{
	static const struct pn_schema *const schemas[] = {&pn_scenario_schema, &pn_suite_schema, &pn_load_schema};

	for (size_t i = 0; i < G_N_ELEMENTS(schemas); i++) {
		unsigned int records = 0;

		while (schemas[i]->keys[records].name)
			records++;
		assert_int_equal(count_fields(schemas[i], schemas[i]->root->mapping.fields, ""), records);
	}
}

static void check_table(const struct pn_key_info *table)
{
	for (; table && table->name; table++) {
		struct pn_key_value value;
		g_autofree char *accepted = pn_key_accepted(table);

		assert_non_null(accepted);
		assert_true(table->help && *table->help);
		assert_true(table->type == PN_KEY_CHOICE ? table->choices != NULL : !table->choices || table->type == PN_KEY_NAMES);
		assert_false(table->required && table->fallback);
		if (table->fallback && pn_key_parse(table, table->fallback, PN_GIB, &value) < 0)
			fail_msg("default of %s: %s", table->name, table->fallback);
	}
}

static void defaults_are_accepted(void **state)
{
	check_table(pn_scenario_schema.keys);
	check_table(pn_suite_schema.keys);
	check_table(pn_load_schema.keys);
	for (const struct pn_pattern *pattern = pn_patterns; pattern->name; pattern++)
		check_table(pattern->params);
	for (const struct pn_event_kind *kind = pn_event_kinds; kind->name; kind++)
		check_table(kind->args);
	for (const struct pn_fault_info *fault = pn_fault_infos; fault->name; fault++)
		check_table(fault->args);
}

/* An argument of a kind must not have the name of a key that every such mapping has, or it would never be read. */
static void arguments_hide_no_keys(void **state)
{
	static const char *const event_keys[] = {"at", "after", "do", "phase", NULL};
	static const char *const fault_keys[] = {"fault", "at", "during", "for", "after", "do", "phase", NULL};

	for (const struct pn_event_kind *kind = pn_event_kinds; kind->name; kind++)
		for (const struct pn_key_info *key = kind->args; key->name; key++)
			assert_false(g_strv_contains(event_keys, key->name));
	for (const struct pn_fault_info *fault = pn_fault_infos; fault->name; fault++)
		for (const struct pn_key_info *key = fault->args; key && key->name; key++)
			assert_false(g_strv_contains(fault_keys, key->name));
	for (const struct pn_pattern *pattern = pn_patterns; pattern->name; pattern++)
		for (const struct pn_key_info *key = pattern->params; key->name; key++)
			assert_string_not_equal(key->name, "kind");
}

static void numbers_are_quoted_as_they_are_read(void **state)
{
	static const uint64_t numbers[] = {
	    0, 1, 999, 4096, 65536, 3 * PN_MIB, PN_GIB, PN_GIB + 1, 5 * PN_NS_PER_S, 1500 * PN_NS_PER_MS, 3600 * PN_NS_PER_S};
	static const enum pn_key_type types[] = {PN_KEY_BYTES, PN_KEY_DURATION, PN_KEY_COUNT};

	for (size_t t = 0; t < G_N_ELEMENTS(types); t++)
		for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
			struct pn_key_info key = {.type = types[t]};
			g_autofree char *text = pn_key_quote(types[t], numbers[i]);
			struct pn_key_value value;

			assert_int_equal(pn_key_parse(&key, text, 0, &value), 0);
			assert_true(value.number == numbers[i]);
		}
}

static void percentages_are_whole_pages(void **state)
{
	static const struct pn_key_info key = {.type = PN_KEY_SHARE, .percent_max = 100};
	struct pn_key_value value;

	assert_int_equal(pn_key_parse(&key, "33.3%", 512 * PN_MIB, &value), 0);
	assert_int_equal(value.number % PN_PAGE_BYTES, 0);
	assert_in_range(value.number, 512 * PN_MIB / 3 - PN_MIB, 512 * PN_MIB / 3);
	assert_int_equal(pn_key_parse(&key, "100%", 512 * PN_MIB, &value), 0);
	assert_int_equal(value.number, 512 * PN_MIB);
	for (const char *const *bad = (const char *const[]){"%", "-1%", "nan%", "inf%", "101%", "1 %", "0x10%", "512", "", NULL}; *bad;
	     bad++)
		assert_int_not_equal(pn_key_parse(&key, *bad, PN_GIB, &value), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tables_and_records_agree),	   cmocka_unit_test(defaults_are_accepted),
	    cmocka_unit_test(arguments_hide_no_keys),	   cmocka_unit_test(numbers_are_quoted_as_they_are_read),
	    cmocka_unit_test(percentages_are_whole_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
