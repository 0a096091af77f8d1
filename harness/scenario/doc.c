// SPDX-License-Identifier: GPL-2.0-only
/*
 * A libyaml document with an origin per node: parse, look up, describe. The edits are in doc-edit.c.
 *
 * Invariant: the nodes reachable from the root form a tree of mappings with distinct scalar keys, at most MAX_DEPTH deep. It is checked
 * once after parsing and every edit keeps it, so all walks may recurse.
 */
#include "doc.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "../base/diag.h"
#include "../base/fs.h"
#include "doc-private.h"

#define MAX_DEPTH 16
#define MAX_BYTES (1 << 20)

struct tree_check {
	struct pn_doc *doc;
	GHashTable *seen;
	struct pn_diag *diag;
};

static int refuse(struct tree_check *check, int node, const char *what)
{
	g_autofree char *where = pn_doc_where(check->doc, node);

	return pn_diag_set(check->diag, -EINVAL, "%s: %s", where, what);
}

static int check_tree(struct tree_check *check, int id, unsigned int depth);

static int check_pairs(struct tree_check *check, yaml_node_t *node, unsigned int depth)
{
	g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);

	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
		const char *key = pn_doc_text(check->doc, pair->key);
		int r;

		if (!key)
			return refuse(check, pair->key, "a key must be a word");
		if (strlen(key) != pn_doc_node(check->doc, pair->key)->data.scalar.length)
			return refuse(check, pair->key, "a text with a NUL character is not accepted");
		if (!g_hash_table_add(keys, (gpointer)key)) {
			g_autofree char *where = pn_doc_where(check->doc, pair->key);

			return pn_diag_value(check->diag, where, key, key, "each key once");
		}
		r = check_tree(check, pair->key, depth + 1);
		if (r >= 0)
			r = check_tree(check, pair->value, depth + 1);
		if (r < 0)
			return r;
	}
	return 0;
}

static int check_tree(struct tree_check *check, int id, unsigned int depth)
{
	yaml_node_t *node = pn_doc_node(check->doc, id);

	if (!g_hash_table_add(check->seen, GINT_TO_POINTER(id)))
		return refuse(check, id, "anchors and aliases are not accepted; write the value twice");
	if (depth > MAX_DEPTH)
		return refuse(check, id, "nested more than 16 levels deep");
	switch (node->type) {
	case YAML_SCALAR_NODE:
		if (strlen((char *)node->data.scalar.value) != node->data.scalar.length)
			return refuse(check, id, "a text with a NUL character is not accepted");
		return 0;
	case YAML_SEQUENCE_NODE:
		for (yaml_node_item_t *item = node->data.sequence.items.start; item < node->data.sequence.items.top; item++) {
			int r = check_tree(check, *item, depth + 1);

			if (r < 0)
				return r;
		}
		return 0;
	case YAML_MAPPING_NODE:
		return check_pairs(check, node, depth);
	default:
		return refuse(check, id, "not a value");
	}
}

static int parse_failed(const yaml_parser_t *parser, const char *file, struct pn_diag *diag)
{
	return pn_diag_set(diag, -EINVAL, "%s:%zu: not YAML: %s%s%s", file, parser->problem_mark.line + 1,
			   parser->problem ? parser->problem : "unreadable", parser->context ? " " : "",
			   parser->context ? parser->context : "");
}

static int load_only_document(yaml_parser_t *parser, struct pn_doc *doc, struct pn_diag *diag)
{
	yaml_document_t second;

	if (!yaml_parser_load(parser, &doc->yaml)) {
		memset(&doc->yaml, 0, sizeof(doc->yaml));
		return parse_failed(parser, doc->file, diag);
	}
	if (!yaml_document_get_root_node(&doc->yaml))
		return pn_diag_set(diag, -EINVAL, "%s:1: empty; expected a mapping of keys to values", doc->file);
	if (!yaml_parser_load(parser, &second))
		return parse_failed(parser, doc->file, diag);
	yaml_node_t *root = yaml_document_get_root_node(&second);
	size_t line = root ? root->start_mark.line + 1 : 0;

	yaml_document_delete(&second);
	if (line)
		return pn_diag_set(diag, -EINVAL, "%s:%zu: a second document; expected one a file", doc->file, line);
	return 0;
}

int pn_doc_parse(const char *text, size_t len, const char *file, struct pn_doc **ret_doc, struct pn_diag *diag)
{
	struct pn_doc *doc = g_new0(struct pn_doc, 1);
	yaml_parser_t parser;
	int r;

	doc->file = g_strdup(file);
	doc->origins = g_ptr_array_new();
	g_assert(yaml_parser_initialize(&parser));
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	r = load_only_document(&parser, doc, diag);
	yaml_parser_delete(&parser);
	if (r >= 0) {
		const char *origin = g_intern_string(file);
		g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
		struct tree_check check = {.doc = doc, .seen = seen, .diag = diag};

		for (yaml_node_t *node = doc->yaml.nodes.start; node < doc->yaml.nodes.top; node++)
			g_ptr_array_add(doc->origins, (gpointer)origin);
		r = pn_doc_node(doc, pn_doc_root(doc))->type == YAML_MAPPING_NODE
			? check_tree(&check, pn_doc_root(doc), 0)
			: pn_diag_set(diag, -EINVAL, "%s:1: expected a mapping of keys to values", file);
	}
	if (r < 0) {
		pn_doc_free(doc);
		return r;
	}
	*ret_doc = doc;
	return 0;
}

int pn_doc_read(const char *path, struct pn_doc **ret_doc, struct pn_diag *diag)
{
	g_autofree char *text = NULL;
	size_t len;
	int r = pn_fs_read(path, &text, &len, diag);

	if (r < 0)
		return r;
	if (len > MAX_BYTES)
		return pn_diag_set(diag, -EINVAL, "%s:1: %zu bytes long; expected at most 1 MiB", path, len);
	return pn_doc_parse(text, len, path, ret_doc, diag);
}

void pn_doc_free(struct pn_doc *doc)
{
	if (!doc)
		return;
	if (doc->yaml.nodes.start)
		yaml_document_delete(&doc->yaml);
	g_ptr_array_free(doc->origins, TRUE);
	g_free(doc->file);
	g_free(doc);
}

const char *pn_doc_file(const struct pn_doc *doc)
{
	return doc->file;
}

yaml_node_t *pn_doc_node(struct pn_doc *doc, int node)
{
	return node ? yaml_document_get_node(&doc->yaml, node) : NULL;
}

int pn_doc_root(struct pn_doc *doc)
{
	return 1; /* libyaml adds the root first */
}

const char *pn_doc_text(struct pn_doc *doc, int id)
{
	yaml_node_t *node = pn_doc_node(doc, id);

	return node && node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : NULL;
}

int pn_doc_get(struct pn_doc *doc, int map, const char *key)
{
	yaml_node_t *node = pn_doc_node(doc, map);

	if (!node || node->type != YAML_MAPPING_NODE)
		return 0;
	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++)
		if (strcmp(pn_doc_text(doc, pair->key), key) == 0)
			return pair->value;
	return 0;
}

int pn_doc_item(struct pn_doc *doc, int list, const char *digits)
{
	yaml_node_t *node = pn_doc_node(doc, list);
	guint64 index;

	if (!node || node->type != YAML_SEQUENCE_NODE || !g_ascii_string_to_unsigned(digits, 10, 0, G_MAXINT, &index, NULL))
		return 0;
	if (index >= (guint64)(node->data.sequence.items.top - node->data.sequence.items.start))
		return 0;
	return node->data.sequence.items.start[index];
}

/* "timeline[0].for" -> "timeline", "[0", "for": a step that starts with a bracket is an index. */
char **pn_doc_steps(const char *path)
{
	g_autofree char *flat = g_strdup(path);
	GString *text = g_string_new(NULL);
	char **steps;

	for (const char *c = flat; *c; c++) {
		if (*c == '[')
			g_string_append(text, ".[");
		else if (*c != ']')
			g_string_append_c(text, *c);
	}
	steps = g_strsplit(text->str[0] == '.' ? text->str + 1 : text->str, ".", -1);
	g_string_free(text, TRUE);
	return steps;
}

int pn_doc_find(struct pn_doc *doc, const char *path)
{
	g_auto(GStrv) steps = pn_doc_steps(path);
	int node = pn_doc_root(doc);

	for (char **step = steps; *step && node; step++)
		node = (*step)[0] == '[' ? pn_doc_item(doc, node, *step + 1) : pn_doc_get(doc, node, *step);
	return node;
}

char *pn_doc_where(struct pn_doc *doc, int id)
{
	yaml_node_t *node = pn_doc_node(doc, id);
	const char *origin = node ? doc->origins->pdata[id - 1] : doc->file;

	if (node && g_str_has_prefix(origin, "--"))
		return g_strdup(origin);
	return g_strdup_printf("%s:%zu", origin, node ? node->start_mark.line + 1 : 1);
}
