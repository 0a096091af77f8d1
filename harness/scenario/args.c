// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arguments by record: what libcyaml can't express, keys that depend on the value of another key (the kind of a pattern, the fault).
 */
#include "args.h"

#include <glib.h>
#include <string.h>

#include "../base/diag.h"
#include "doc.h"

struct pn_args {
	const struct pn_key_info *table;
	struct pn_key_value *values; /* one a record; text owned, NULL: absent */
	unsigned int count;
};

static int refuse(struct pn_doc *doc, int node, const char *path, const struct pn_key_info *key, const char *text, struct pn_diag *diag)
{
	g_autofree char *where = pn_doc_where(doc, node);
	g_autofree char *dotted = g_strdup_printf("%s.%s", path, key->name);
	g_autofree char *accepted = pn_key_accepted(key);

	return pn_diag_value(diag, where, dotted, text, accepted);
}

int pn_args_read(struct pn_doc *doc, int node, const struct pn_key_info *table, uint64_t memory_bytes, const char *path,
		 struct pn_args **ret_args, struct pn_diag *diag)
{
	struct pn_args *args = g_new0(struct pn_args, 1);

	args->table = table;
	while (table && table[args->count].name)
		args->count++;
	args->values = g_new0(struct pn_key_value, args->count + 1);
	for (unsigned int i = 0; i < args->count; i++) {
		int value = pn_doc_get(doc, node, table[i].name);
		const char *text = value ? pn_doc_text(doc, value) : table[i].fallback;
		struct pn_key_value parsed;

		if (!text && !value && !table[i].required)
			continue;
		if (!text || pn_key_parse(&table[i], text, memory_bytes, &parsed) < 0) {
			pn_args_free(args);
			return refuse(doc, value ? value : node, path, &table[i], text ? text : "(nothing)", diag);
		}
		parsed.text = g_strdup(table[i].type == PN_KEY_FLAG ? (parsed.number ? "true" : "false") : text);
		args->values[i] = parsed;
	}
	*ret_args = args;
	return 0;
}

void pn_args_free(struct pn_args *args)
{
	if (!args)
		return;
	for (unsigned int i = 0; i < args->count; i++)
		g_free((char *)args->values[i].text);
	g_free(args->values);
	g_free(args);
}

static const struct pn_key_value *find(const struct pn_args *args, const char *name)
{
	for (unsigned int i = 0; i < args->count; i++)
		if (strcmp(args->table[i].name, name) == 0)
			return args->values[i].text ? &args->values[i] : NULL;
	return NULL;
}

uint64_t pn_args_number(const struct pn_args *args, const char *name)
{
	const struct pn_key_value *value = find(args, name);

	return value ? value->number : 0;
}

const char *pn_args_text(const struct pn_args *args, const char *name)
{
	const struct pn_key_value *value = find(args, name);

	return value ? value->text : NULL;
}

json_t *pn_args_json(const struct pn_args *args)
{
	json_t *object = json_object();

	for (unsigned int i = 0; i < args->count; i++) {
		const struct pn_key_value *value = &args->values[i];
		json_t *json;

		if (!value->text)
			continue;
		switch (args->table[i].type) {
		case PN_KEY_FLAG:
			json = json_boolean(value->number);
			break;
		case PN_KEY_CHOICE:
		case PN_KEY_NAME:
		case PN_KEY_TEXT:
			json = json_string(value->text);
			break;
		default:
			json = json_integer((json_int_t)value->number);
		}
		json_object_set_new(object, args->table[i].name, json);
	}
	return object;
}
