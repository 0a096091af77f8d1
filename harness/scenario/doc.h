/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

struct pn_diag;

/*
 * A YAML document that remembers where each value came from. Overrides edit it before it is loaded, so a case is a document like any
 * other. Nodes are numbers from 1, as libyaml counts them; 0 is "no node". Node pointers die when a node is added: keep numbers.
 */

/** struct pn_doc - opaque, freed with pn_doc_free() */
struct pn_doc;

/**
 * pn_doc_parse() - parse a text
 * @text: YAML, need not be terminated
 * @len: its length
 * @file: name for error texts; kept
 *
 * One document whose root is a mapping, no duplicate keys, no anchors or aliases, at most 16 levels: more than a scenario needs, and
 * nothing that expands. Return: 0 or -EINVAL with one line.
 */
int pn_doc_parse(const char *text, size_t len, const char *file, struct pn_doc **ret_doc, struct pn_diag *diag);

/** pn_doc_read() - parse a file of at most 1 MiB. Return: 0 or a negative errno. */
int pn_doc_read(const char *path, struct pn_doc **ret_doc, struct pn_diag *diag);

/** pn_doc_copy() - deep copy, origins kept */
struct pn_doc *pn_doc_copy(struct pn_doc *doc);
void pn_doc_free(struct pn_doc *doc);

/** pn_doc_file() - name given when it was parsed; borrowed */
const char *pn_doc_file(const struct pn_doc *doc);

/** pn_doc_node() - a node by number, NULL for 0; valid until the next edit */
yaml_node_t *pn_doc_node(struct pn_doc *doc, int node);

/** pn_doc_root() - the root's number */
int pn_doc_root(struct pn_doc *doc);

/** pn_doc_get() - the value of one key of a mapping; 0 when absent or @map is no mapping */
int pn_doc_get(struct pn_doc *doc, int map, const char *key);

/** pn_doc_find() - a node by dotted path from the root, list elements as "[0]" ("timeline[0].for"); 0 when absent */
int pn_doc_find(struct pn_doc *doc, const char *path);

/** pn_doc_text() - text of a scalar; NULL when the node is none (or 0); borrowed until the next edit of that node */
const char *pn_doc_text(struct pn_doc *doc, int node);

/** pn_doc_where() - "file:line", or where an override came from; freed with g_free() */
char *pn_doc_where(struct pn_doc *doc, int node);

/** pn_doc_add_text() - a new scalar; @origin for error texts ("--set"), interned; NULL: that of the document's root */
int pn_doc_add_text(struct pn_doc *doc, const char *text, const char *origin);

/** pn_doc_add_like() - a new scalar that comes from where another node does */
int pn_doc_add_like(struct pn_doc *doc, const char *text, int like);

/** pn_doc_add_list() - a new empty sequence; pn_doc_add_map() - a new empty mapping */
int pn_doc_add_list(struct pn_doc *doc, const char *origin);
int pn_doc_add_map(struct pn_doc *doc, const char *origin);

/** pn_doc_append() - append an item to a sequence */
void pn_doc_append(struct pn_doc *doc, int list, int item);

/** pn_doc_graft() - deep copy of a node of another document into this one, origin and line kept; returns its number */
int pn_doc_graft(struct pn_doc *doc, struct pn_doc *from, int node);

/** pn_doc_put() - set one key of a mapping to a node, replacing what was there */
void pn_doc_put(struct pn_doc *doc, int map, const char *key, int value);

/** pn_doc_remove() - remove one key of a mapping if it is there */
void pn_doc_remove(struct pn_doc *doc, int map, const char *key);

/**
 * pn_doc_set() - override the value at a dotted path, making mappings on the way
 * @path: as for pn_doc_find(); list elements must exist
 * @value: node of this document; mappings made on the way come from where it does
 *
 * Return: 0, or -EINVAL when the path leads through a scalar or to a list element that is not there (the caller words it).
 */
int pn_doc_set(struct pn_doc *doc, const char *path, int value);

/** pn_doc_emit() - the document as block-style YAML text, freed with g_free() */
char *pn_doc_emit(struct pn_doc *doc);
