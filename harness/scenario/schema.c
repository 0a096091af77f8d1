// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a checked document to a loaded struct. The document is written out and read by libcyaml, so that what a case's scenario.yaml says
 * and what the case does can't differ. libcyaml's own complaints have no line: pn_schema_check() comes first and should leave it none.
 */
#include "schema.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "../base/diag.h"
#include "doc.h"

static const struct {
	const char *key, *member;
} short_forms[] = {{"driver", "name"}, {"pattern", "kind"}};

static void wrap_in_map(struct pn_doc *doc, int parent, const char *key, const char *member)
{
	int value = pn_doc_get(doc, parent, key), map;

	if (!pn_doc_text(doc, value))
		return;
	map = pn_doc_add_map(doc, NULL);
	pn_doc_node(doc, map)->start_mark = pn_doc_node(doc, value)->start_mark;
	pn_doc_put(doc, map, member, value);
	pn_doc_put(doc, parent, key, map);
}

static void wrap_in_list(struct pn_doc *doc, const char *path)
{
	int value = pn_doc_find(doc, path), list;

	if (!pn_doc_text(doc, value))
		return;
	list = pn_doc_add_list(doc, NULL);
	pn_doc_node(doc, list)->start_mark = pn_doc_node(doc, value)->start_mark;
	pn_doc_append(doc, list, value);
	pn_doc_set(doc, path, list);
}

static void drop_idle(struct pn_doc *doc)
{
	yaml_node_t *node = pn_doc_node(doc, pn_doc_get(doc, pn_doc_root(doc), "load"));
	yaml_node_item_t *keep;

	if (!node || node->type != YAML_SEQUENCE_NODE)
		return;
	keep = node->data.sequence.items.start;
	for (yaml_node_item_t *item = keep; item < node->data.sequence.items.top; item++)
		if (g_strcmp0(pn_doc_text(doc, *item), "idle") != 0)
			*keep++ = *item;
	node->data.sequence.items.top = keep;
}

/* `guests: 4` is a list of one kind of guest, of which there are four */
static void normalise_guests(struct pn_doc *doc)
{
	wrap_in_map(doc, pn_doc_root(doc), "guests", "count");
	if (pn_doc_node(doc, pn_doc_find(doc, "guests")) && pn_doc_node(doc, pn_doc_find(doc, "guests"))->type == YAML_MAPPING_NODE) {
		int map = pn_doc_find(doc, "guests"), list = pn_doc_add_list(doc, NULL);

		pn_doc_node(doc, list)->start_mark = pn_doc_node(doc, map)->start_mark;
		pn_doc_append(doc, list, map);
		pn_doc_put(doc, pn_doc_root(doc), "guests", list);
	}
	for (int i = 0;; i++) {
		g_autofree char *path = g_strdup_printf("guests[%d]", i);
		int item = pn_doc_find(doc, path);

		if (!item)
			return;
		for (size_t k = 0; k < G_N_ELEMENTS(short_forms); k++)
			wrap_in_map(doc, item, short_forms[k].key, short_forms[k].member);
	}
}

void pn_schema_normalise(const struct pn_schema *schema, struct pn_doc *doc)
{
	if (schema == &pn_scenario_schema) {
		for (size_t i = 0; i < G_N_ELEMENTS(short_forms); i++)
			wrap_in_map(doc, pn_doc_root(doc), short_forms[i].key, short_forms[i].member);
		normalise_guests(doc);
	}
	for (const struct pn_key_info *key = schema->keys; key->name; key++)
		if ((key->type == PN_KEY_NAMES || key->type == PN_KEY_TEXTS) && !strstr(key->name, "[]"))
			wrap_in_list(doc, key->name);
	if (schema == &pn_scenario_schema)
		drop_idle(doc);
}

/* libcyaml logs several lines an error, the cause first and a backtrace after: keep the first. */
static void keep_first(cyaml_log_t level, void *data, const char *fmt, va_list args)
{
	char **words = data;

	if (level >= CYAML_LOG_ERROR && !*words)
		*words = g_strchomp(g_strdup_vprintf(fmt, args));
}

static cyaml_config_t make_config(char **words)
{
	return (cyaml_config_t){.log_fn = keep_first,
				.log_ctx = words,
				.mem_fn = cyaml_mem,
				.log_level = CYAML_LOG_ERROR,
				.flags = CYAML_CFG_IGNORE_UNKNOWN_KEYS};
}

int pn_schema_load(const struct pn_schema *schema, struct pn_doc *doc, void **ret_raw, struct pn_diag *diag)
{
	g_autofree char *text = pn_doc_emit(doc);
	g_autofree char *words = NULL;
	cyaml_config_t config = make_config(&words);
	cyaml_data_t *raw = NULL;
	cyaml_err_t err = cyaml_load_data((const uint8_t *)text, strlen(text), &config, schema->root, &raw, NULL);

	if (err != CYAML_OK)
		return pn_diag_set(diag, -EINVAL, "%s: %s", pn_doc_file(doc), words ? words : cyaml_strerror(err));
	*ret_raw = raw;
	return 0;
}

void pn_schema_free(const struct pn_schema *schema, void *raw)
{
	g_autofree char *words = NULL;
	cyaml_config_t config = make_config(&words);

	if (raw)
		cyaml_free(&config, schema->root, raw, 0);
}

uint64_t pn_schema_value(const struct pn_schema *schema, const char *key, const char *text, uint64_t memory_bytes)
{
	const struct pn_key_info *record = pn_key_find(schema->keys, key);
	struct pn_key_value value = {};

	g_assert(record);
	if (!text)
		text = record->fallback;
	if (text)
		g_assert(pn_key_parse(record, text, memory_bytes, &value) == 0);
	return value.number;
}
