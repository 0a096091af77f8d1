// SPDX-License-Identifier: GPL-2.0-only
/*
 * Edits of a document: overrides, grafts, copies and the way back to text. Replaced nodes stay allocated, unreachable, until the
 * document is freed: libyaml can't remove a node, and a case's document lives for milliseconds.
 */
#include <errno.h>
#include <string.h>

#include "doc-private.h"

static void note_origin(struct pn_doc *doc, int node, const char *origin)
{
	g_assert(node == (int)doc->origins->len + 1);
	g_ptr_array_add(doc->origins, (gpointer)(origin ? g_intern_string(origin) : g_intern_string(doc->file)));
}

static int add_scalar(struct pn_doc *doc, const char *text, yaml_scalar_style_t style, const char *origin)
{
	int node = yaml_document_add_scalar(&doc->yaml, NULL, (const yaml_char_t *)text, -1, style);

	g_assert(node);
	note_origin(doc, node, origin);
	return node;
}

int pn_doc_add_text(struct pn_doc *doc, const char *text, const char *origin)
{
	return add_scalar(doc, text, YAML_ANY_SCALAR_STYLE, origin);
}

int pn_doc_add_like(struct pn_doc *doc, const char *text, int like)
{
	int node = add_scalar(doc, text, YAML_ANY_SCALAR_STYLE, doc->origins->pdata[like - 1]);

	pn_doc_node(doc, node)->start_mark = pn_doc_node(doc, like)->start_mark;
	return node;
}

int pn_doc_add_list(struct pn_doc *doc, const char *origin)
{
	int node = yaml_document_add_sequence(&doc->yaml, NULL, YAML_FLOW_SEQUENCE_STYLE);

	g_assert(node);
	note_origin(doc, node, origin);
	return node;
}

int pn_doc_add_map(struct pn_doc *doc, const char *origin)
{
	int node = yaml_document_add_mapping(&doc->yaml, NULL, YAML_BLOCK_MAPPING_STYLE);

	g_assert(node);
	note_origin(doc, node, origin);
	return node;
}

void pn_doc_append(struct pn_doc *doc, int list, int item)
{
	g_assert(yaml_document_append_sequence_item(&doc->yaml, list, item));
}

/* Nodes are read by number again after each addition: adding moves the array they live in. */
static int graft(struct pn_doc *doc, struct pn_doc *from, int id)
{
	const char *origin = from->origins->pdata[id - 1];
	yaml_node_t *node = pn_doc_node(from, id);
	yaml_mark_t start = node->start_mark, end = node->end_mark;
	int copy;

	if (node->type == YAML_SCALAR_NODE) {
		copy = add_scalar(doc, (const char *)node->data.scalar.value, node->data.scalar.style, origin);
	} else if (node->type == YAML_SEQUENCE_NODE) {
		copy = pn_doc_add_list(doc, origin);
		pn_doc_node(doc, copy)->data.sequence.style = node->data.sequence.style;
		for (ptrdiff_t i = 0; i < pn_doc_node(from, id)->data.sequence.items.top - pn_doc_node(from, id)->data.sequence.items.start;
		     i++)
			pn_doc_append(doc, copy, graft(doc, from, pn_doc_node(from, id)->data.sequence.items.start[i]));
	} else {
		copy = pn_doc_add_map(doc, origin);
		for (ptrdiff_t i = 0; i < pn_doc_node(from, id)->data.mapping.pairs.top - pn_doc_node(from, id)->data.mapping.pairs.start;
		     i++) {
			yaml_node_pair_t pair = pn_doc_node(from, id)->data.mapping.pairs.start[i];
			int key = graft(doc, from, pair.key), value = graft(doc, from, pair.value);

			g_assert(yaml_document_append_mapping_pair(&doc->yaml, copy, key, value));
		}
	}
	pn_doc_node(doc, copy)->start_mark = start;
	pn_doc_node(doc, copy)->end_mark = end;
	return copy;
}

int pn_doc_graft(struct pn_doc *doc, struct pn_doc *from, int node)
{
	return graft(doc, from, node);
}

struct pn_doc *pn_doc_copy(struct pn_doc *doc)
{
	struct pn_doc *copy = g_new0(struct pn_doc, 1);

	copy->file = g_strdup(doc->file);
	copy->origins = g_ptr_array_new();
	g_assert(yaml_document_initialize(&copy->yaml, NULL, NULL, NULL, 1, 1));
	graft(copy, doc, pn_doc_root(doc));
	return copy;
}

void pn_doc_remove(struct pn_doc *doc, int map, const char *key)
{
	yaml_node_t *node = pn_doc_node(doc, map);

	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
		if (strcmp(pn_doc_text(doc, pair->key), key) != 0)
			continue;
		memmove(pair, pair + 1, (char *)node->data.mapping.pairs.top - (char *)(pair + 1));
		node->data.mapping.pairs.top--;
		return;
	}
}

void pn_doc_put(struct pn_doc *doc, int map, const char *key, int value)
{
	yaml_node_t *node = pn_doc_node(doc, map);

	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++)
		if (strcmp(pn_doc_text(doc, pair->key), key) == 0) {
			pair->value = value;
			return;
		}
	g_assert(yaml_document_append_mapping_pair(&doc->yaml, map, pn_doc_add_like(doc, key, value), value));
}

static int replace_item(struct pn_doc *doc, int list, const char *digits, int value)
{
	yaml_node_t *node = pn_doc_node(doc, list);

	if (!pn_doc_item(doc, list, digits))
		return -EINVAL;
	node->data.sequence.items.start[g_ascii_strtoull(digits, NULL, 10)] = value;
	return 0;
}

int pn_doc_set(struct pn_doc *doc, const char *path, int value)
{
	g_auto(GStrv) steps = pn_doc_steps(path);
	int node = pn_doc_root(doc);
	char **step = steps;

	for (; *step && step[1]; step++) {
		int next = (*step)[0] == '[' ? pn_doc_item(doc, node, *step + 1) : pn_doc_get(doc, node, *step);

		if (!next) {
			if ((*step)[0] == '[' || pn_doc_node(doc, node)->type != YAML_MAPPING_NODE || step[1][0] == '[')
				return -EINVAL;
			next = pn_doc_add_map(doc, doc->origins->pdata[value - 1]);
			pn_doc_node(doc, next)->start_mark = pn_doc_node(doc, value)->start_mark;
			pn_doc_put(doc, node, *step, next);
		}
		node = next;
	}
	if (!*step || !**step)
		return -EINVAL;
	if ((*step)[0] == '[')
		return replace_item(doc, node, *step + 1, value);
	if (pn_doc_node(doc, node)->type != YAML_MAPPING_NODE)
		return -EINVAL;
	pn_doc_put(doc, node, *step, value);
	return 0;
}

static int append_text(void *data, unsigned char *buffer, size_t size)
{
	g_string_append_len(data, (const char *)buffer, size);
	return 1;
}

char *pn_doc_emit(struct pn_doc *doc)
{
	struct pn_doc *copy = pn_doc_copy(doc); /* the emitter eats its document */
	GString *text = g_string_new(NULL);
	yaml_emitter_t emitter;

	g_assert(yaml_emitter_initialize(&emitter));
	yaml_emitter_set_output(&emitter, append_text, text);
	yaml_emitter_set_width(&emitter, 140);
	yaml_emitter_set_unicode(&emitter, 1);
	g_assert(yaml_emitter_open(&emitter) && yaml_emitter_dump(&emitter, &copy->yaml) && yaml_emitter_close(&emitter));
	yaml_emitter_delete(&emitter);
	memset(&copy->yaml, 0, sizeof(copy->yaml));
	pn_doc_free(copy);
	return g_string_free(text, FALSE);
}
