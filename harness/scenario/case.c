// SPDX-License-Identifier: GPL-2.0-only
/*
 * One case: the document with all overrides applied and its seed written in, so its YAML alone makes the same case again.
 *
 * Seeds depend on the scenario's seed or name, the axes without the driver, and the repeat: drivers compared in one run meet the same
 * random walk. In exact mode they do not depend on the repeat: a repeat is to be the same again.
 */
#include "case.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "doc.h"
#include "matrix.h"
#include "require.h"
#include "schema.h"
#include "seed.h"

void pn_case_clear(struct pn_case *one)
{
	g_free(one->id);
	pn_scenario_free(one->scenario);
	g_free(one->yaml);
	g_free(one->params_json);
	g_free(one->skip_reason);
}

char *pn_case_path(const char *value)
{
	return strchr(value, '/') || g_str_has_suffix(value, ".ko") ? g_canonicalize_filename(value, NULL) : g_strdup(value);
}

static void make_paths_below(struct pn_doc *doc, const char *prefix)
{
	static const char *const keys[] = {"driver.name", "guest.image", "guest.kernel", "guest.modules", "guest.qemu"};

	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
		g_autofree char *key = g_strconcat(prefix, keys[i], NULL);
		int node = pn_doc_find(doc, key);
		const char *text = pn_doc_text(doc, node);
		g_autofree char *path = text && *text ? pn_case_path(text) : NULL;

		if (!path || strcmp(path, text) == 0)
			continue;
		pn_doc_set(doc, key, pn_doc_add_like(doc, path, node));
	}
}

static void make_paths_absolute(struct pn_doc *doc)
{
	make_paths_below(doc, "");
	for (int i = 0;; i++) {
		g_autofree char *item = g_strdup_printf("guests[%d]", i), *prefix = g_strconcat(item, ".", NULL);

		if (!pn_doc_find(doc, item))
			return;
		make_paths_below(doc, prefix);
	}
}

static uint64_t draw_seed(const struct pn_planner *planner, const char *name, uint64_t written, const struct pn_combination *combination,
			  unsigned int repeat)
{
	uint64_t given = planner->config->seed ? planner->config->seed : written;
	g_autofree char *base = given ? g_strdup_printf("%" G_GUINT64_FORMAT, given) : g_strdup(name);
	g_autofree char *turn = g_strdup_printf("%u", repeat);
	g_autoptr(GString) axes = g_string_new(NULL);

	for (guint i = 0; i < combination->settings->len; i++) {
		const struct pn_setting *setting = &g_array_index(combination->settings, struct pn_setting, i);

		if (!g_str_has_prefix(setting->key, "driver"))
			g_string_append_printf(axes, "%s=%s,", setting->key, setting->text);
	}
	if (given && !axes->len && repeat == 0)
		return (given - 1) % PN_SEED_MAX + 1; /* rounds count on from the largest */
	return pn_seed_of(base, axes->str, turn, NULL);
}

static char *case_id(const struct pn_planner *planner, const struct pn_source *source, const char *name,
		     const struct pn_combination *combination, unsigned int repeat)
{
	GString *id = g_string_new(NULL);

	if (source->suite_name)
		g_string_append_printf(id, "%s/", source->suite_name);
	g_string_append(id, name);
	for (guint i = 0; i < combination->settings->len; i++) {
		const struct pn_setting *setting = &g_array_index(combination->settings, struct pn_setting, i);

		g_string_append_printf(id, ",%s=%s", setting->label, setting->text);
	}
	if (planner->config->repeat > 1)
		g_string_append_printf(id, ",repeat=%u", repeat + 1);
	for (char *c = id->str; *c; c++)
		if (g_ascii_isspace(*c) || g_ascii_iscntrl(*c))
			*c = '_';
	return g_string_free(id, FALSE);
}

/* Driver, load and backing always, since reports sort by them; then the axes in their order. */
static char *case_params(const struct pn_scenario *scenario, struct pn_doc *doc, const struct pn_combination *combination)
{
	json_t *params = json_object();
	struct pn_setting load = {};
	char *dumped, *text;
	int node = pn_doc_find(doc, "load");

	json_object_set_new(params, "driver", json_string(scenario->driver.name));
	if (scenario->technique)
		json_object_set_new(params, "technique", json_string(scenario->technique));
	if (scenario->unaware)
		json_object_set_new(params, "unaware", json_string("true"));
	if (node && pn_setting_init(&load, "load", doc, node, NULL) == 0)
		json_object_set_new(params, "load", json_string(load.text));
	else
		json_object_set_new(params, "load", json_string("idle"));
	pn_setting_clear(&load);
	node = pn_doc_find(doc, "guest.backing");
	json_object_set_new(params, "backing",
			    json_string(node ? pn_doc_text(doc, node) : pn_key_find(pn_scenario_schema.keys, "guest.backing")->fallback));
	if (scenario->member_count) {
		g_autofree char *guests = g_strdup_printf("%u", scenario->member_count);

		json_object_set_new(params, "guests", json_string(guests));
	}
	for (guint i = 0; i < combination->settings->len; i++) {
		const struct pn_setting *setting = &g_array_index(combination->settings, struct pn_setting, i);

		json_object_set_new(params, setting->label, json_string(setting->text));
	}
	dumped = json_dumps(params, JSON_COMPACT);
	text = g_strdup(dumped);
	free(dumped);
	json_decref(params);
	return text;
}

static int apply_all(const struct pn_planner *planner, const struct pn_source *source, const struct pn_combination *combination,
		     struct pn_doc *doc)
{
	const GArray *layers[] = {source->sets, combination->settings, planner->fixed};

	for (size_t i = 0; i < G_N_ELEMENTS(layers); i++)
		for (guint k = 0; layers[i] && k < layers[i]->len; k++) {
			int r = pn_setting_apply(&g_array_index(layers[i], struct pn_setting, k), doc, planner->diag);

			if (r < 0)
				return r;
		}
	return 0;
}

/* Return: what the document itself has for @key, 0 for nothing. */
static uint64_t written_number(struct pn_doc *doc, const char *key)
{
	const char *text = pn_doc_text(doc, pn_doc_find(doc, key));
	struct pn_key_value value = {};

	return text && pn_key_parse(pn_key_find(pn_scenario_schema.keys, key), text, 0, &value) == 0 ? value.number : 0;
}

int pn_case_add(struct pn_planner *planner, const struct pn_source *source, const struct pn_combination *combination, unsigned int repeat)
{
	g_autofree char *seed_text = NULL;
	struct pn_doc *doc = pn_doc_copy(source->doc);
	struct pn_case one = {};
	const char *name;
	uint64_t seed;
	int r;

	pn_doc_remove(doc, pn_doc_root(doc), "matrix");
	pn_schema_normalise(&pn_scenario_schema, doc);
	r = apply_all(planner, source, combination, doc);
	if (r < 0)
		goto out;
	name = pn_doc_text(doc, pn_doc_find(doc, "name"));
	name = name && *name ? name : source->name;
	seed = draw_seed(planner, name, written_number(doc, "seed"), combination, written_number(doc, "guest.exact") ? 0 : repeat);
	make_paths_absolute(doc);
	r = pn_scenario_build(doc, source->name, seed, planner->config->workloads_dir, &one.scenario, planner->diag);
	if (r < 0)
		goto out;
	one.id = case_id(planner, source, one.scenario->name, combination, repeat);
	if (!g_hash_table_add(planner->ids, one.id)) { /* asked for twice */
		pn_case_clear(&one);
		goto out;
	}
	seed_text = g_strdup_printf("%" G_GUINT64_FORMAT, seed);
	pn_doc_put(doc, pn_doc_root(doc), "name", pn_doc_add_text(doc, one.scenario->name, NULL));
	pn_doc_put(doc, pn_doc_root(doc), "seed", pn_doc_add_text(doc, seed_text, NULL));
	one.index = planner->cases->len + 1;
	one.yaml = pn_doc_emit(doc);
	one.params_json = case_params(one.scenario, doc, combination);
	one.skip_reason = pn_require_scenario(one.scenario);
	g_array_append_val(planner->cases, one);
out:
	pn_doc_free(doc);
	return r;
}
