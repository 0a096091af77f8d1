// SPDX-License-Identifier: GPL-2.0-only
/*
 * stress-ng's --yaml result: under `metrics`, one mapping a stressor. Keys that are not known are
 * skipped; a known one that is absent is an error.
 *
 * bogo-ops compare only between runs of one version of stress-ng: the version is kept beside them.
 */
#include "results.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <glib.h>
#include <yaml.h>

#include "../base/diag.h"

static const char *scalar(const yaml_node_t *node)
{
	return node && node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : NULL;
}

static yaml_node_t *lookup(yaml_document_t *document, const yaml_node_t *mapping, const char *key)
{
	if (!mapping || mapping->type != YAML_MAPPING_NODE)
		return NULL;
	for (yaml_node_pair_t *pair = mapping->data.mapping.pairs.start; pair < mapping->data.mapping.pairs.top; pair++) {
		const char *name = scalar(yaml_document_get_node(document, pair->key));

		if (name && strcmp(name, key) == 0)
			return yaml_document_get_node(document, pair->value);
	}
	return NULL;
}

static bool number(yaml_document_t *document, const yaml_node_t *mapping, const char *key, double *ret_number)
{
	const char *text = scalar(lookup(document, mapping, key));
	char *end;
	double value;

	if (!text || !*text)
		return false;
	value = g_ascii_strtod(text, &end);
	if (*end || !(value >= 0))
		return false;
	*ret_number = value;
	return true;
}

static int add_stressor(yaml_document_t *document, const yaml_node_t *node, json_t *stress, double *ops, double *ops_per_s, struct pn_diag *diag)
{
	const char *name = scalar(lookup(document, node, "stressor"));
	double bogo, wall_s, rate;

	if (!name)
		return pn_diag_set(diag, -EPROTO, "stress-ng: an entry of metrics has no stressor");
	if (!number(document, node, "bogo-ops", &bogo) || !number(document, node, "wall-clock-time", &wall_s))
		return pn_diag_set(diag, -EPROTO, "stress-ng: stressor '%s' has no bogo-ops or no wall-clock-time", name);
	rate = wall_s > 0 ? bogo / wall_s : 0;
	*ops += bogo;
	*ops_per_s += rate;
	json_object_set_new(stress, name, json_pack("{s:f,s:f}", "ops", bogo, "ops_per_s", rate));
	return 0;
}

static int read_document(yaml_document_t *document, json_t *result, struct pn_diag *diag)
{
	yaml_node_t *root = yaml_document_get_root_node(document);
	yaml_node_t *metrics = lookup(document, root, "metrics");
	const char *version = scalar(lookup(document, lookup(document, root, "system-info"), "stress-ng-version"));
	double ops = 0, ops_per_s = 0;
	json_t *stress;
	int r = 0;

	if (!metrics || metrics->type != YAML_SEQUENCE_NODE || metrics->data.sequence.items.start == metrics->data.sequence.items.top)
		return pn_diag_set(diag, -EPROTO, "stress-ng: the result has no metrics (was it given --metrics-brief?)");
	stress = json_object();
	for (yaml_node_item_t *item = metrics->data.sequence.items.start; r == 0 && item < metrics->data.sequence.items.top; item++)
		r = add_stressor(document, yaml_document_get_node(document, *item), stress, &ops, &ops_per_s, diag);
	if (r < 0) {
		json_decref(stress);
		return r;
	}
	json_object_set_new(result, "ops", json_real(ops));
	json_object_set_new(result, "ops_per_s", json_real(ops_per_s));
	json_object_set_new(result, "stress", stress);
	if (version)
		json_object_set_new(result, "version", json_string(version));
	return 0;
}

int pn_result_stress(const char *text, size_t len, json_t *result, struct pn_diag *diag)
{
	yaml_document_t document;
	yaml_parser_t parser;
	int r;

	if (!yaml_parser_initialize(&parser))
		return pn_diag_set(diag, -ENOMEM, "stress-ng: no memory for its result");
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	if (!yaml_parser_load(&parser, &document)) {
		r = pn_diag_set(diag, -EPROTO, "stress-ng: line %zu of the result: %s", parser.problem_mark.line + 1,
				parser.problem ? parser.problem : "not YAML");
		yaml_parser_delete(&parser);
		return r;
	}
	r = read_document(&document, result, diag);
	yaml_document_delete(&document);
	yaml_parser_delete(&parser);
	return r;
}
