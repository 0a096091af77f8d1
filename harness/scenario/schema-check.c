// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walks a document against libcyaml's tables (which keys there are) and the records (what their values may be), so that every refusal
 * has a file and a line. The document is a tree of bounded depth (doc.c), so is the walk.
 */
#include "schema.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "../base/diag.h"
#include "args.h"
#include "doc.h"
#include "event.h"
#include "fault.h"
#include "pattern.h"

/* Percentages are checked against their own limits before the guest's size is known; ranges in bytes are checked again with it. */
#define ANY_MEMORY (1ULL << 30)

struct check {
	const struct pn_schema *schema;
	struct pn_doc *doc;
	struct pn_diag *diag;
};

/* struct extras - records that hold for one mapping beside the schema's: those of the kind it names */
struct extras {
	const struct pn_key_info *tables[2];
};

static int refuse(const struct check *check, int node, const char *path, const char *value, const char *accepted)
{
	g_autofree char *where = pn_doc_where(check->doc, node);

	return pn_diag_value(check->diag, where, path, value, accepted);
}

static int refuse_type(const struct check *check, int node, const char *path, const struct pn_key_info *key)
{
	yaml_node_t *yaml = pn_doc_node(check->doc, node);
	g_autofree char *accepted = pn_key_accepted(key);
	const char *value = yaml->type == YAML_SCALAR_NODE     ? pn_doc_text(check->doc, node)
			    : yaml->type == YAML_SEQUENCE_NODE ? "(a list)"
							       : "(a mapping)";

	return refuse(check, node, path, value, accepted);
}

static int check_map(const struct check *check, int node, const cyaml_schema_field_t *fields, const char *record_path, const char *path);

static int check_names(const struct check *check, int node, const char *path, const struct pn_key_info *key)
{
	yaml_node_t *yaml = pn_doc_node(check->doc, node);
	struct pn_key_value value;

	if (yaml->type != YAML_SEQUENCE_NODE)
		return refuse_type(check, node, path, key);
	for (yaml_node_item_t *item = yaml->data.sequence.items.start; item < yaml->data.sequence.items.top; item++) {
		const char *text = pn_doc_text(check->doc, *item);

		if (!text || pn_key_parse(key, text, ANY_MEMORY, &value) < 0)
			return refuse_type(check, *item, path, key);
	}
	return 0;
}

static int check_maps(const struct check *check, int node, const cyaml_schema_value_t *entry, const struct pn_key_info *key,
		      const char *path)
{
	g_autofree char *record_path = g_strconcat(key->name, "[]", NULL);
	yaml_node_t *yaml = pn_doc_node(check->doc, node);

	if (yaml->type != YAML_SEQUENCE_NODE)
		return refuse_type(check, node, path, key);
	for (yaml_node_item_t *item = yaml->data.sequence.items.start; item < yaml->data.sequence.items.top; item++) {
		g_autofree char *item_path = g_strdup_printf("%s[%td]", path, item - yaml->data.sequence.items.start);
		int r;

		if (pn_doc_node(check->doc, *item)->type != YAML_MAPPING_NODE)
			return refuse_type(check, *item, item_path, key);
		r = check_map(check, *item, entry->mapping.fields, record_path, item_path);
		if (r < 0)
			return r;
	}
	return 0;
}

static int check_scalar(const struct check *check, int node, const char *path, const struct pn_key_info *key)
{
	const char *text = pn_doc_text(check->doc, node);
	struct pn_key_value value;

	return text && pn_key_parse(key, text, ANY_MEMORY, &value) == 0 ? 0 : refuse_type(check, node, path, key);
}

static int check_value(const struct check *check, int node, const cyaml_schema_field_t *field, const struct pn_key_info *key,
		       const char *path)
{
	if (field->value.type == CYAML_IGNORE && key->type != PN_KEY_MAP) /* of one guest among several: checked in its own document */
		return 0;
	switch (key->type) {
	case PN_KEY_MAP:
		if (pn_doc_node(check->doc, node)->type != YAML_MAPPING_NODE)
			return refuse_type(check, node, path, key);
		if (field->value.type == CYAML_IGNORE) /* matrix, set, and maps of one guest: read by their own code */
			return 0;
		return check_map(check, node, field->value.mapping.fields, key->name, path);
	case PN_KEY_MAPS:
		return check_maps(check, node, field->value.sequence.entry, key, path);
	case PN_KEY_NAMES:
	case PN_KEY_TEXTS:
		return check_names(check, node, path, key);
	default:
		return check_scalar(check, node, path, key);
	}
}

static int unknown_fault(const struct check *check, int node, const char *path, const char *name)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_autofree char *key = g_strconcat(path, ".fault", NULL);
	g_autofree char *accepted = NULL;

	for (const struct pn_fault_info *fault = pn_fault_infos; fault->name; fault++)
		g_ptr_array_add(names, (gpointer)fault->name);
	g_ptr_array_add(names, NULL);
	accepted = pn_key_nearest(name, (const char *const *)names->pdata);
	return refuse(check, node, key, name, accepted);
}

/* Which further keys a mapping takes. What it names is looked up before the walk over its keys, whatever their order. */
static int find_extras(const struct check *check, int node, const char *record_path, const char *path, struct extras *ret_extras)
{
	int kind = pn_doc_get(check->doc, node, g_str_equal(record_path, "pattern") ? "kind" : "do");
	int fault = pn_doc_get(check->doc, node, "fault");
	const char *kind_name = pn_doc_text(check->doc, kind), *fault_name = pn_doc_text(check->doc, fault);
	bool takes_fault = g_str_equal(record_path, "faults[]");
	struct extras extras = {};

	if (g_str_equal(record_path, "pattern") && kind_name) {
		const struct pn_pattern *pattern = pn_pattern_find(kind_name);

		extras.tables[0] = pattern ? pattern->params : NULL;
	} else if (g_str_equal(record_path, "timeline[]") && kind_name) {
		const struct pn_event_kind *event = pn_event_kind_find(kind_name);

		extras.tables[0] = event ? event->args : NULL;
		takes_fault = event && event->action == PN_DO_FAULT;
	}
	if (takes_fault && fault_name) {
		const struct pn_fault_info *info = pn_fault_find(fault_name);

		if (!info)
			return unknown_fault(check, fault, path, fault_name);
		if (info->span != PN_FAULT_LASTS && pn_doc_get(check->doc, node, "for")) {
			g_autofree char *key = g_strconcat(path, ".for", NULL);
			int value = pn_doc_get(check->doc, node, "for");
			const char *text = pn_doc_text(check->doc, value);

			return refuse(check, value, key, text ? text : "", "no `for`: this fault is over when it has happened");
		}
		if (pn_doc_get(check->doc, node, "for") && pn_doc_get(check->doc, node, "lasts")) {
			g_autofree char *key = g_strconcat(path, ".lasts", NULL);
			int value = pn_doc_get(check->doc, node, "lasts");
			const char *text = pn_doc_text(check->doc, value);

			return refuse(check, value, key, text ? text : "", "either `for` or `lasts`, not both");
		}
		extras.tables[1] = info->args;
	}
	*ret_extras = extras;
	return 0;
}

static int refuse_unknown(const struct check *check, int key_node, const char *key, const char *path, const cyaml_schema_field_t *fields,
			  const struct extras *extras)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_autofree char *nearest = NULL;
	g_autofree char *accepted = NULL;
	g_autofree char *where = pn_doc_where(check->doc, key_node);

	for (; fields->key; fields++)
		g_ptr_array_add(names, (gpointer)fields->key);
	for (size_t i = 0; i < G_N_ELEMENTS(extras->tables); i++)
		for (const struct pn_key_info *extra = extras->tables[i]; extra && extra->name; extra++)
			g_ptr_array_add(names, (gpointer)extra->name);
	g_ptr_array_add(names, NULL);
	nearest = pn_key_nearest(key, (const char *const *)names->pdata);
	accepted = g_strdup_printf("a key such as %s", nearest);
	return pn_diag_value(check->diag, where, path, key, accepted);
}

static int check_key(const struct check *check, yaml_node_pair_t pair, const cyaml_schema_field_t *fields, const struct extras *extras,
		     const char *record_path, const char *path)
{
	const char *key = pn_doc_text(check->doc, pair.key);
	g_autofree char *record_key = *record_path ? g_strconcat(record_path, ".", key, NULL) : g_strdup(key);
	g_autofree char *key_path = *path ? g_strconcat(path, ".", key, NULL) : g_strdup(key);

	for (const cyaml_schema_field_t *field = fields; field->key; field++)
		if (strcmp(field->key, key) == 0)
			return check_value(check, pair.value, field, pn_key_find(check->schema->keys, record_key), key_path);
	for (size_t i = 0; i < G_N_ELEMENTS(extras->tables); i++) {
		const struct pn_key_info *extra = pn_key_find(extras->tables[i], key);

		if (extra)
			return check_scalar(check, pair.value, key_path, extra);
	}
	return refuse_unknown(check, pair.key, key, key_path, fields, extras);
}

static int check_required(const struct check *check, int node, const char *record_path, const char *path, const struct extras *extras)
{
	size_t prefix = strlen(record_path);

	for (const struct pn_key_info *key = check->schema->keys; key->name; key++) {
		const char *last = strrchr(key->name, '.') ? strrchr(key->name, '.') + 1 : key->name;
		size_t parent = last == key->name ? 0 : last - key->name - 1;

		if (!key->required || parent != prefix || strncmp(key->name, record_path, prefix) != 0 ||
		    pn_doc_get(check->doc, node, last))
			continue;
		g_autofree char *key_path = *path ? g_strconcat(path, ".", last, NULL) : g_strdup(last);
		g_autofree char *accepted = pn_key_accepted(key);

		return refuse(check, node, key_path, "(nothing)", accepted);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(extras->tables); i++)
		for (const struct pn_key_info *extra = extras->tables[i]; extra && extra->name; extra++)
			if (extra->required && !pn_doc_get(check->doc, node, extra->name)) {
				g_autofree char *key_path = g_strconcat(path, ".", extra->name, NULL);
				g_autofree char *accepted = pn_key_accepted(extra);

				return refuse(check, node, key_path, "(nothing)", accepted);
			}
	return 0;
}

static int check_map(const struct check *check, int node, const cyaml_schema_field_t *fields, const char *record_path, const char *path)
{
	yaml_node_t *yaml = pn_doc_node(check->doc, node);
	struct extras extras;
	int r = find_extras(check, node, record_path, path, &extras);

	if (r < 0)
		return r;
	for (yaml_node_pair_t *pair = yaml->data.mapping.pairs.start; pair < yaml->data.mapping.pairs.top; pair++) {
		r = check_key(check, *pair, fields, &extras, record_path, path);
		if (r < 0)
			return r;
	}
	return check_required(check, node, record_path, path, &extras);
}

int pn_schema_check(const struct pn_schema *schema, struct pn_doc *doc, struct pn_diag *diag)
{
	struct check check = {.schema = schema, .doc = doc, .diag = diag};

	return check_map(&check, pn_doc_root(doc), schema->root->mapping.fields, "", "");
}
