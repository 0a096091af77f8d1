// SPDX-License-Identifier: GPL-2.0-only
/*
 * The matrix of a scenario or suite: axes, `exclude`, `include`.
 *
 * Invariant: combinations come in the order of the file, first axis slowest, included ones last; so case numbers are stable.
 */
#include "matrix.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "../base/diag.h"
#include "doc.h"

#define MAX_COMBINATIONS 100000

struct axis {
	char *key;
	GArray *values; /* of struct pn_setting */
};

struct matrix {
	GArray *axes;
	GArray *excludes; /* of struct pn_combination */
	GArray *includes;
	struct pn_diag *diag;
};

static void clear_setting(gpointer data)
{
	pn_setting_clear(data);
}

static void clear_axis(gpointer data)
{
	struct axis *axis = data;

	g_free(axis->key);
	g_array_unref(axis->values);
}

static void clear_combination(gpointer data)
{
	g_array_unref(((struct pn_combination *)data)->settings);
}

static GArray *array_of(size_t size, GDestroyNotify clear)
{
	GArray *array = g_array_new(FALSE, TRUE, size);

	g_array_set_clear_func(array, clear);
	return array;
}

static struct pn_setting copy_setting(const struct pn_setting *from)
{
	struct pn_setting copy = *from;

	copy.key = g_strdup(from->key);
	copy.label = g_strdup(from->label);
	copy.text = g_strdup(from->text);
	return copy;
}

static int refuse(const struct matrix *matrix, struct pn_doc *doc, int node, const char *key, const char *value, const char *accepted)
{
	g_autofree char *where = pn_doc_where(doc, node);

	return pn_diag_value(matrix->diag, where, key, value, accepted);
}

static struct axis *find_axis(const struct matrix *matrix, const char *key)
{
	for (guint i = 0; i < matrix->axes->len; i++)
		if (strcmp(g_array_index(matrix->axes, struct axis, i).key, key) == 0)
			return &g_array_index(matrix->axes, struct axis, i);
	return NULL;
}

static int read_axis(struct matrix *matrix, struct pn_doc *doc, const char *name, int list)
{
	g_autofree char *key = g_strconcat("matrix.", name, NULL);
	yaml_node_t *yaml = pn_doc_node(doc, list);
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	struct axis axis = {.values = array_of(sizeof(struct pn_setting), clear_setting)};
	struct axis *old = find_axis(matrix, pn_matrix_key(name));
	int r = 0;

	if (yaml->type != YAML_SEQUENCE_NODE || yaml->data.sequence.items.start == yaml->data.sequence.items.top)
		r = refuse(matrix, doc, list, key, pn_doc_text(doc, list) ? pn_doc_text(doc, list) : "(no values)",
			   "a list of at least one value");
	for (yaml_node_item_t *item = r < 0 ? NULL : yaml->data.sequence.items.start; r >= 0 && item < yaml->data.sequence.items.top;
	     item++) {
		struct pn_setting setting;

		r = pn_setting_init(&setting, name, doc, *item, matrix->diag);
		if (r < 0)
			break;
		g_array_append_val(axis.values, setting);
		if (!g_hash_table_add(seen, setting.text))
			r = refuse(matrix, doc, *item, key, setting.text, "each value once");
	}
	if (r < 0) {
		g_array_unref(axis.values);
		return r;
	}
	if (old) { /* the suite's in the place of the scenario's */
		g_array_unref(old->values);
		old->values = axis.values;
		return 0;
	}
	axis.key = g_strdup(pn_matrix_key(name));
	g_array_append_val(matrix->axes, axis);
	return 0;
}

static bool has_value(const struct axis *axis, const char *text)
{
	for (guint i = 0; i < axis->values->len; i++)
		if (strcmp(g_array_index(axis->values, struct pn_setting, i).text, text) == 0)
			return true;
	return false;
}

static int read_entry(struct matrix *matrix, struct pn_doc *doc, int node, const char *list, GArray *entries)
{
	bool exclude = strcmp(list, "exclude") == 0;
	g_autofree char *path = g_strconcat("matrix.", list, NULL);
	yaml_node_t *yaml = pn_doc_node(doc, node);
	struct pn_combination entry = {.settings = array_of(sizeof(struct pn_setting), clear_setting)};
	int r = 0;

	if (yaml->type != YAML_MAPPING_NODE || yaml->data.mapping.pairs.start == yaml->data.mapping.pairs.top)
		r = refuse(matrix, doc, node, path, pn_doc_text(doc, node) ? pn_doc_text(doc, node) : "(no keys)",
			   "a mapping of axes to values");
	for (yaml_node_pair_t *pair = r < 0 ? NULL : yaml->data.mapping.pairs.start; r >= 0 && pair < yaml->data.mapping.pairs.top;
	     pair++) {
		const char *name = pn_doc_text(doc, pair->key);
		struct axis *axis = find_axis(matrix, pn_matrix_key(name));
		struct pn_setting setting;

		r = pn_setting_init(&setting, name, doc, pair->value, matrix->diag);
		if (r < 0)
			break;
		g_array_append_val(entry.settings, setting);
		if (exclude && !axis)
			r = refuse(matrix, doc, pair->key, path, name, "an axis of this matrix");
		else if (exclude && !has_value(axis, setting.text))
			r = refuse(matrix, doc, pair->value, path, setting.text, "a value of that axis");
	}
	if (r < 0) {
		g_array_unref(entry.settings);
		return r;
	}
	g_array_append_val(entries, entry);
	return 0;
}

static int read_entries(struct matrix *matrix, struct pn_doc *doc, int map, const char *list, GArray *entries)
{
	int node = pn_doc_get(doc, map, list);
	g_autofree char *path = g_strconcat("matrix.", list, NULL);
	yaml_node_t *yaml = pn_doc_node(doc, node);

	if (!node)
		return 0;
	if (yaml->type != YAML_SEQUENCE_NODE)
		return refuse(matrix, doc, node, path, pn_doc_text(doc, node) ? pn_doc_text(doc, node) : "(a mapping)",
			      "a list of mappings");
	for (yaml_node_item_t *item = yaml->data.sequence.items.start; item < yaml->data.sequence.items.top; item++) {
		int r = read_entry(matrix, doc, *item, list, entries);

		if (r < 0)
			return r;
	}
	return 0;
}

static int read_matrix(struct matrix *matrix, struct pn_doc *doc)
{
	int map = doc ? pn_doc_find(doc, "matrix") : 0, r = 0;
	yaml_node_t *yaml = map ? pn_doc_node(doc, map) : NULL;

	if (!map)
		return 0;
	if (yaml->type != YAML_MAPPING_NODE)
		return refuse(matrix, doc, map, "matrix", pn_doc_text(doc, map) ? pn_doc_text(doc, map) : "(a list)",
			      "a mapping of keys to lists of values");
	for (yaml_node_pair_t *pair = yaml->data.mapping.pairs.start; r >= 0 && pair < yaml->data.mapping.pairs.top; pair++) {
		const char *name = pn_doc_text(doc, pair->key);

		if (strcmp(name, "exclude") != 0 && strcmp(name, "include") != 0)
			r = read_axis(matrix, doc, name, pair->value);
	}
	if (r >= 0)
		r = read_entries(matrix, doc, map, "exclude", matrix->excludes);
	return r < 0 ? r : read_entries(matrix, doc, map, "include", matrix->includes);
}

/* What the command line fixes is no axis any more, but stays in the ids: a baseline finds its case. */
static void fix_axes(struct matrix *matrix, GArray *fixed)
{
	for (guint i = 0; fixed && i < fixed->len; i++) {
		const struct pn_setting *setting = &g_array_index(fixed, struct pn_setting, i);
		struct axis *axis = find_axis(matrix, setting->key);
		struct pn_setting copy;

		if (!axis)
			continue;
		copy = copy_setting(setting);
		g_array_set_size(axis->values, 0);
		g_array_append_val(axis->values, copy);
	}
}

static bool excluded(const struct matrix *matrix, const struct pn_combination *combination)
{
	for (guint i = 0; i < matrix->excludes->len; i++) {
		GArray *entry = g_array_index(matrix->excludes, struct pn_combination, i).settings;
		guint matches = 0;

		for (guint k = 0; k < entry->len; k++)
			for (guint j = 0; j < combination->settings->len; j++) {
				const struct pn_setting *want = &g_array_index(entry, struct pn_setting, k);
				const struct pn_setting *have = &g_array_index(combination->settings, struct pn_setting, j);

				matches += strcmp(want->key, have->key) == 0 && strcmp(want->text, have->text) == 0;
			}
		if (matches == entry->len)
			return true;
	}
	return false;
}

static struct pn_combination combine(const struct matrix *matrix, uint64_t number)
{
	struct pn_combination combination = {.settings = array_of(sizeof(struct pn_setting), clear_setting)};
	uint64_t below = 1;

	for (guint i = 0; i < matrix->axes->len; i++)
		below *= g_array_index(matrix->axes, struct axis, i).values->len;
	for (guint i = 0; i < matrix->axes->len; i++) {
		GArray *values = g_array_index(matrix->axes, struct axis, i).values;
		struct pn_setting setting;

		below /= values->len;
		setting = copy_setting(&g_array_index(values, struct pn_setting, number / below % values->len));
		g_array_append_val(combination.settings, setting);
	}
	return combination;
}

/* The command line says one value of a key, an included combination another: that one was not asked for. */
static bool contradicts(const struct pn_combination *combination, GArray *fixed)
{
	for (guint i = 0; i < combination->settings->len; i++) {
		const struct pn_setting *have = &g_array_index(combination->settings, struct pn_setting, i);
		const struct pn_setting *want = NULL;

		for (guint k = 0; fixed && k < fixed->len; k++) /* the last one counts */
			if (!strcmp(have->key, g_array_index(fixed, struct pn_setting, k).key))
				want = &g_array_index(fixed, struct pn_setting, k);
		if (want && strcmp(have->text, want->text) != 0)
			return true;
	}
	return false;
}

static int multiply(const struct matrix *matrix, struct pn_doc *doc, GArray *fixed, GArray *combinations)
{
	uint64_t product = 1;

	for (guint i = 0; i < matrix->axes->len && product <= MAX_COMBINATIONS; i++)
		product *= g_array_index(matrix->axes, struct axis, i).values->len;
	if (product > MAX_COMBINATIONS)
		return refuse(matrix, doc, pn_doc_find(doc, "matrix"), "matrix", "(its product)", "at most 100000 combinations");
	for (uint64_t i = 0; i < product; i++) {
		struct pn_combination combination = combine(matrix, i);

		if (excluded(matrix, &combination))
			clear_combination(&combination);
		else
			g_array_append_val(combinations, combination);
	}
	for (guint i = 0; i < matrix->includes->len; i++) {
		const struct pn_combination *include = &g_array_index(matrix->includes, struct pn_combination, i);
		struct pn_combination combination = {.settings = include->settings};

		if (contradicts(include, fixed))
			continue;
		g_array_ref(combination.settings);
		g_array_append_val(combinations, combination);
	}
	return 0;
}

int pn_matrix_expand(struct pn_doc *scenario, struct pn_doc *suite, GArray *fixed, GArray **ret_combinations, struct pn_diag *diag)
{
	struct matrix matrix = {
	    .axes = array_of(sizeof(struct axis), clear_axis),
	    .excludes = array_of(sizeof(struct pn_combination), clear_combination),
	    .includes = array_of(sizeof(struct pn_combination), clear_combination),
	    .diag = diag,
	};
	GArray *combinations = array_of(sizeof(struct pn_combination), clear_combination);
	int r = read_matrix(&matrix, scenario);

	if (r >= 0)
		r = read_matrix(&matrix, suite);
	if (r >= 0) {
		fix_axes(&matrix, fixed);
		r = multiply(&matrix, scenario, fixed, combinations);
	}
	g_array_unref(matrix.axes);
	g_array_unref(matrix.excludes);
	g_array_unref(matrix.includes);
	if (r < 0) {
		g_array_unref(combinations);
		return r;
	}
	*ret_combinations = combinations;
	return 0;
}
