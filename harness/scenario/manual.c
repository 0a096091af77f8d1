// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reference of the YAML form, written from the records that check it, so it can't be wrong about a range or a default.
 */
#include "manual.h"

#include <glib.h>
#include <string.h>

#include "event.h"
#include "fault.h"
#include "pattern.h"
#include "require.h"
#include "schema.h"

static void add_row(GString *text, const struct pn_key_info *key)
{
	g_autofree char *accepted = pn_key_accepted(key);

	g_string_append_printf(text, "| `%s` | %s | %s | %s |\n", key->name, accepted,
			       key->required   ? "required"
			       : key->fallback ? key->fallback
					       : "",
			       key->help);
}

static void add_table(GString *text, const struct pn_key_info *keys)
{
	if (!keys) {
		g_string_append(text, "Takes no arguments.\n\n");
		return;
	}
	g_string_append(text, "| key | accepts | default | meaning |\n|---|---|---|---|\n");
	for (; keys->name; keys++)
		add_row(text, keys);
	g_string_append_c(text, '\n');
}

static void add_schema(GString *text, const struct pn_schema *schema, const char *title)
{
	g_string_append_printf(text, "### %s\n\n", title);
	add_table(text, schema->keys);
}

static void add_patterns(GString *text)
{
	for (const struct pn_pattern *pattern = pn_patterns; pattern->name; pattern++) {
		g_string_append_printf(text, "### pattern %s\n\n%s. Ends %s.\n\n", pattern->name, pattern->help, pattern->ends);
		add_table(text, pattern->params);
	}
}

static void add_events(GString *text)
{
	for (const struct pn_event_kind *kind = pn_event_kinds; kind->name; kind++) {
		g_string_append_printf(text, "### do: %s\n\n%s.\n\n", kind->name, kind->help);
		add_table(text, kind->args);
	}
}

static void add_faults(GString *text)
{
	static const char *const spans[] = {
	    [PN_FAULT_LASTS] = "Lasts for `for`, or to the end of the timeline",
	    [PN_FAULT_INSTANT] = "Over when it has happened",
	    [PN_FAULT_FATAL] = "Over when it has happened; nothing after it can work",
	};

	for (const struct pn_fault_info *fault = pn_fault_infos; fault->name; fault++) {
		g_string_append_printf(text, "### fault: %s\n\n%s. %s%s%s.\n\n", fault->name, fault->help, spans[fault->span],
				       fault->undo ? "; then: " : "", fault->undo ? fault->undo : "");
		add_table(text, fault->args);
	}
}

static void add_requirements(GString *text)
{
	g_string_append(text, "### requires\n\n| name | what the host must have |\n|---|---|\n");
	for (const struct pn_requirement *requirement = pn_requirements; requirement->name; requirement++)
		g_string_append_printf(text, "| `%s` | %s%s |\n", requirement->name, requirement->help,
				       requirement->implied ? " (checked without being said)" : "");
	g_string_append_c(text, '\n');
}

char *pn_manual_keys(void)
{
	GString *text = g_string_new(NULL);

	add_schema(text, &pn_scenario_schema, "Scenario");
	add_patterns(text);
	add_events(text);
	add_faults(text);
	add_requirements(text);
	add_schema(text, &pn_suite_schema, "Suite");
	add_schema(text, &pn_load_schema, "Load");
	g_string_truncate(text, text->len - 1);
	return g_string_free(text, FALSE);
}
