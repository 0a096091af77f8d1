// SPDX-License-Identifier: GPL-2.0-only
/*
 * Overrides: the one way by which matrix axes, suites, --set and the other options of the command line change a scenario, all by editing
 * its document before it is loaded.
 */
#include <errno.h>
#include <string.h>

#include "../base/diag.h"
#include "doc.h"
#include "matrix.h"
#include "schema.h"

static const struct {
	const char *name, *key;
} aliases[] = {
    {"memory", "guest.memory"},
    {"vcpus", "guest.vcpus"},
    {"backing", "guest.backing"},
    {"image", "guest.image"},
    {"kernel", "guest.kernel"},
    {"modules", "guest.modules"},
    {"qemu", "guest.qemu"},
    {"swap", "guest.swap"},
    {"disk", "guest.disk"},
    {"kernel-args", "guest.kernel-args"},
    {"init_on_alloc", "guest.init-on-alloc"},
    {"mode", "driver.mode"},
    {"deflate-on-oom", "guest.balloon.deflate-on-oom"},
    {"free-page-reporting", "guest.balloon.free-page-reporting"},
    {"free-page-hint", "guest.balloon.free-page-hint"},
    {"page-poison", "guest.balloon.page-poison"},
    {"packed", "guest.balloon.packed"},
    {"hotplug", "guest.balloon.hotplug"},
    {"iommu", "guest.balloon.iommu"},
    {"direct", "guest.balloon.direct"},
    {"model", "guest.balloon.model"},
    {"stats-interval", "guest.balloon.stats-interval"},
};

const char *pn_matrix_key(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(aliases); i++)
		if (strcmp(aliases[i].name, name) == 0)
			return aliases[i].key;
	return name;
}

const char *pn_matrix_label(const char *key)
{
	for (size_t i = 0; i < G_N_ELEMENTS(aliases); i++)
		if (strcmp(aliases[i].key, key) == 0)
			return aliases[i].name;
	return key;
}

static int refuse(const char *name, struct pn_doc *doc, int node, const char *value, const char *accepted, struct pn_diag *diag)
{
	g_autofree char *where = pn_doc_where(doc, node);

	return pn_diag_value(diag, where, name, value, accepted);
}

/* The first word of a dotted key must be a key of scenarios, so that a slip in a short name is told with the short names. */
static int check_first(const char *name, const char *key, struct pn_doc *doc, int node, struct pn_diag *diag)
{
	g_autofree char *first = g_strndup(key, strcspn(key, ".["));
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_autofree char *nearest = NULL;
	g_autofree char *accepted = NULL;

	if (pn_key_find(pn_scenario_schema.keys, first))
		return 0;
	for (size_t i = 0; i < G_N_ELEMENTS(aliases); i++)
		g_ptr_array_add(names, (gpointer)aliases[i].name);
	for (const struct pn_key_info *record = pn_scenario_schema.keys; record->name; record++)
		if (!strpbrk(record->name, ".["))
			g_ptr_array_add(names, (gpointer)record->name);
	g_ptr_array_add(names, NULL);
	nearest = pn_key_nearest(first, (const char *const *)names->pdata);
	accepted = g_strdup_printf("a key such as %s", nearest);
	return refuse(name, doc, node, first, accepted, diag);
}

int pn_setting_init(struct pn_setting *setting, const char *name, struct pn_doc *doc, int node, struct pn_diag *diag)
{
	const char *key = pn_matrix_key(name);
	yaml_node_t *yaml = pn_doc_node(doc, node);
	g_autoptr(GString) text = g_string_new(pn_doc_text(doc, node));

	if (!*name || strchr(name, '/') || strcmp(key, "matrix") == 0 || strcmp(key, "name") == 0)
		return refuse(name, doc, node, text->str, "a dotted key of a scenario, such as guest.backing, pattern.amount or load",
			      diag);
	if (check_first(name, key, doc, node, diag) < 0)
		return -EINVAL;
	if (yaml->type == YAML_MAPPING_NODE)
		return refuse(name, doc, node, "(a mapping)", "a value or a list of values", diag);
	if (yaml->type == YAML_SEQUENCE_NODE)
		for (yaml_node_item_t *item = yaml->data.sequence.items.start; item < yaml->data.sequence.items.top; item++) {
			const char *word = pn_doc_text(doc, *item);

			if (!word)
				return refuse(name, doc, *item, "(not a word)", "a list of words", diag);
			g_string_append_printf(text, "%s%s", text->len ? "+" : "", word);
		}
	*setting = (struct pn_setting){
	    .key = g_strdup(key),
	    .label = g_strdup(pn_matrix_label(key)),
	    .text = g_strdup(text->len || strcmp(key, "load") != 0 ? text->str : "idle"),
	    .doc = doc,
	    .node = node,
	};
	return 0;
}

void pn_setting_clear(struct pn_setting *setting)
{
	g_free(setting->key);
	g_free(setting->label);
	g_free(setting->text);
	*setting = (struct pn_setting){};
}

/* Another driver takes the place of the scenario's name only: what it is loaded with stays, `own-params` and `mode` are said for any that knows them. */
static const char *place_of(const struct pn_setting *setting)
{
	bool name_alone = strcmp(setting->key, "driver") == 0 && pn_doc_node(setting->doc, setting->node)->type == YAML_SCALAR_NODE;

	return name_alone ? "driver.name" : setting->key;
}

int pn_setting_apply(const struct pn_setting *setting, struct pn_doc *doc, struct pn_diag *diag)
{
	int node = pn_doc_graft(doc, setting->doc, setting->node);

	pn_schema_normalise(&pn_scenario_schema, doc);
	if (pn_doc_set(doc, place_of(setting), node) < 0)
		return refuse(setting->key, setting->doc, setting->node, setting->text, "a dotted key of a scenario, list elements as [0]",
			      diag);
	return 0;
}
