// SPDX-License-Identifier: GPL-2.0-only
/*
 * The plan: names to files, files to cases.
 *
 * Precedence, weakest first: the scenario's file, `set` of the suite, the matrix, the command line. A case is the document with all of
 * that applied and its seed written in, so its YAML alone makes the same case again.
 * Seeds depend on the scenario's seed or name, the axes without the driver, and the repeat: drivers compared in one run meet the same
 * random walk.
 */
#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <string.h>

#include "../base/diag.h"
#include "build.h"
#include "doc.h"
#include "matrix.h"
#include "names.h"
#include "require.h"
#include "scenario.h"
#include "schema.h"
#include "seed.h"

#define MAX_REPEAT 100000

struct planner {
	const struct pn_plan_config *config;
	struct pn_diag *diag;
	GPtrArray *docs;  /* of the command line's settings */
	GArray *fixed;	  /* struct pn_setting of the command line */
	GArray *cases;	  /* struct pn_case */
	GHashTable *ids;
};

/* struct source - one scenario on its way to cases */
struct source {
	struct pn_doc *doc;
	const char *name;  /* from the file's name */
	struct pn_doc *suite; /* NULL: asked for by itself */
	const char *suite_name;
	GArray *sets; /* struct pn_setting of the suite */
};

static void clear_setting(gpointer data)
{
	pn_setting_clear(data);
}

static void clear_case(gpointer data)
{
	struct pn_case *one = data;

	g_free(one->id);
	pn_scenario_free(one->scenario);
	g_free(one->yaml);
	g_free(one->params_json);
	g_free(one->skip_reason);
}

/* A value of the command line is YAML too, so that a list can be given: --set load=[cpu,vm]. */
static int fix(struct planner *planner, const char *option, const char *key, const char *value)
{
	g_autofree char *text = g_strdup_printf("value: %s", value);
	struct pn_setting setting;
	struct pn_doc *doc;
	int r;

	if (!g_utf8_validate(value, -1, NULL) || pn_doc_parse(text, strlen(text), option, &doc, NULL) < 0)
		return pn_diag_value(planner->diag, option, key, value, "a value as in a YAML file, on one line");
	g_ptr_array_add(planner->docs, doc);
	r = pn_setting_init(&setting, key, doc, pn_doc_find(doc, "value"), planner->diag);
	if (r < 0)
		return r;
	for (guint i = 0; i < planner->fixed->len; i++)
		if (strcmp(g_array_index(planner->fixed, struct pn_setting, i).key, setting.key) == 0) {
			pn_setting_clear(&g_array_index(planner->fixed, struct pn_setting, i)); /* the last one counts */
			g_array_index(planner->fixed, struct pn_setting, i) = setting;
			return 0;
		}
	g_array_append_val(planner->fixed, setting);
	return 0;
}

/* Paths of the command line hold whatever the directory the case is run again from. */
static char *absolute(const char *value)
{
	return strchr(value, '/') || g_str_has_suffix(value, ".ko") ? g_canonicalize_filename(value, NULL) : g_strdup(value);
}

static int fix_all(struct planner *planner)
{
	const struct pn_plan_config *config = planner->config;
	const struct {
		const char *option, *key, *value;
	} options[] = {
		{"--driver", "driver", config->driver},	  {"--kernel", "guest.kernel", config->kernel}, {"--modules", "guest.modules", config->modules},
		{"--qemu", "guest.qemu", config->qemu}, {"--image", "guest.image", config->image},
	};
	int r = 0;

	for (const char *const *set = config->sets; r >= 0 && set && *set; set++) {
		const char *equals = strchr(*set, '=');
		g_autofree char *key = equals ? g_strndup(*set, equals - *set) : NULL;

		if (!equals || equals == *set || !g_utf8_validate(*set, -1, NULL))
			return pn_diag_value(planner->diag, "--set", "key", *set, "KEY=VALUE, such as guest.memory=1GiB");
		r = fix(planner, "--set", key, equals + 1);
	}
	for (size_t i = 0; r >= 0 && i < G_N_ELEMENTS(options); i++) {
		g_autofree char *value = options[i].value ? absolute(options[i].value) : NULL;

		if (value)
			r = fix(planner, options[i].option, options[i].key, value);
	}
	return r;
}

static void make_paths_absolute(struct pn_doc *doc)
{
	static const char *const keys[] = {"driver.name", "guest.kernel", "guest.modules", "guest.qemu"};

	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
		int node = pn_doc_find(doc, keys[i]);
		const char *text = pn_doc_text(doc, node);
		g_autofree char *path = text && *text ? absolute(text) : NULL;

		if (!path || strcmp(path, text) == 0)
			continue;
		pn_doc_set(doc, keys[i], pn_doc_add_like(doc, path, node));
	}
}

static uint64_t draw_seed(const struct planner *planner, const char *name, uint64_t written, const struct pn_combination *combination,
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
		return given;
	return pn_seed_of(base, axes->str, turn, NULL);
}

static char *case_id(const struct planner *planner, const struct source *source, const char *name, const struct pn_combination *combination,
		     unsigned int repeat)
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
	if (node && pn_setting_init(&load, "load", doc, node, NULL) == 0)
		json_object_set_new(params, "load", json_string(load.text));
	else
		json_object_set_new(params, "load", json_string("idle"));
	pn_setting_clear(&load);
	node = pn_doc_find(doc, "guest.backing");
	json_object_set_new(params, "backing", json_string(node ? pn_doc_text(doc, node) : pn_key_find(pn_scenario_schema.keys, "guest.backing")->fallback));
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

static int apply_all(const struct planner *planner, const struct source *source, const struct pn_combination *combination, struct pn_doc *doc)
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

static uint64_t written_seed(struct pn_doc *doc)
{
	const char *text = pn_doc_text(doc, pn_doc_find(doc, "seed"));
	struct pn_key_value value = {};

	return text && pn_key_parse(pn_key_find(pn_scenario_schema.keys, "seed"), text, 0, &value) == 0 ? value.number : 0;
}

static int add_case(struct planner *planner, const struct source *source, const struct pn_combination *combination, unsigned int repeat)
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
	seed = draw_seed(planner, name, written_seed(doc), combination, repeat);
	make_paths_absolute(doc);
	r = pn_scenario_build(doc, source->name, seed, planner->config->workloads_dir, &one.scenario, planner->diag);
	if (r < 0)
		goto out;
	one.id = case_id(planner, source, one.scenario->name, combination, repeat);
	if (!g_hash_table_add(planner->ids, one.id)) { /* asked for twice */
		clear_case(&one);
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

/* The scenario as it stands is checked first: a matrix must not hide that a key of the file itself is wrong. */
static int add_source(struct planner *planner, const struct source *source)
{
	unsigned int repeats = MAX(planner->config->repeat, 1);
	g_autoptr(GArray) combinations = NULL;
	int r;

	pn_schema_normalise(&pn_scenario_schema, source->doc);
	r = pn_schema_check(&pn_scenario_schema, source->doc, planner->diag);
	if (r >= 0)
		r = pn_matrix_expand(source->doc, source->suite, planner->fixed, &combinations, planner->diag);
	for (guint i = 0; r >= 0 && i < combinations->len; i++)
		for (unsigned int repeat = 0; r >= 0 && repeat < repeats; repeat++)
			r = add_case(planner, source, &g_array_index(combinations, struct pn_combination, i), repeat);
	return r;
}

static int add_scenario_file(struct planner *planner, const char *path, struct source *source)
{
	g_autofree char *base = g_path_get_basename(path);
	int r = pn_doc_read(path, &source->doc, planner->diag);

	if (r < 0)
		return r;
	if (g_str_has_suffix(base, ".yaml"))
		base[strlen(base) - strlen(".yaml")] = '\0';
	source->name = base;
	r = add_source(planner, source);
	pn_doc_free(source->doc);
	return r;
}

static int read_sets(struct planner *planner, struct pn_doc *suite, GArray *sets)
{
	yaml_node_t *yaml = pn_doc_node(suite, pn_doc_find(suite, "set"));
	int r = 0;

	for (yaml_node_pair_t *pair = yaml ? yaml->data.mapping.pairs.start : NULL; r >= 0 && pair && pair < yaml->data.mapping.pairs.top; pair++) {
		struct pn_setting setting;

		r = pn_setting_init(&setting, pn_doc_text(suite, pair->key), suite, pair->value, planner->diag);
		if (r >= 0)
			g_array_append_val(sets, setting);
	}
	return r;
}

static int add_members(struct planner *planner, struct pn_doc *suite, const struct pn_raw_suite *raw, const char *suite_name, GArray *sets)
{
	const char *dir = planner->config->workloads_dir;

	if (raw->scenarios_count == 0) {
		g_autofree char *where = pn_doc_where(suite, pn_doc_find(suite, "scenarios"));

		return pn_diag_value(planner->diag, where, "scenarios", "(an empty list)", "at least one scenario");
	}
	for (unsigned int i = 0; i < raw->scenarios_count; i++) {
		struct source source = {.suite = suite, .suite_name = raw->name ? raw->name : suite_name, .sets = sets};
		g_autofree char *path = pn_names_path(dir, "scenarios", raw->scenarios[i]);
		int r;

		if (!path) {
			g_autofree char *key = g_strdup_printf("scenarios[%u]", i);
			g_autofree char *where = pn_doc_where(suite, pn_doc_find(suite, key));
			g_autofree char *accepted = pn_names_accepted(dir, "scenarios", raw->scenarios[i]);

			return pn_diag_value(planner->diag, where, key, raw->scenarios[i], accepted);
		}
		r = add_scenario_file(planner, path, &source);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_suite(struct planner *planner, struct pn_doc *suite, const char *path)
{
	g_autofree char *base = g_path_get_basename(path);
	g_autoptr(GArray) sets = g_array_new(FALSE, TRUE, sizeof(struct pn_setting));
	void *raw = NULL;
	int r;

	g_array_set_clear_func(sets, clear_setting);
	if (g_str_has_suffix(base, ".yaml"))
		base[strlen(base) - strlen(".yaml")] = '\0';
	pn_schema_normalise(&pn_suite_schema, suite);
	r = pn_schema_check(&pn_suite_schema, suite, planner->diag);
	if (r >= 0)
		r = pn_schema_load(&pn_suite_schema, suite, &raw, planner->diag);
	if (r >= 0)
		r = read_sets(planner, suite, sets);
	if (r >= 0)
		r = add_members(planner, suite, raw, base, sets);
	pn_schema_free(&pn_suite_schema, raw);
	return r;
}

static int add_file(struct planner *planner, const char *path)
{
	struct source source = {};
	struct pn_doc *doc;
	int r = pn_doc_read(path, &doc, planner->diag);

	if (r < 0)
		return r;
	if (pn_doc_find(doc, "scenarios"))
		r = add_suite(planner, doc, path);
	else
		r = add_scenario_file(planner, path, &source);
	pn_doc_free(doc);
	return r;
}

static int unknown_name(const struct planner *planner, const char *name)
{
	const char *dir = planner->config->workloads_dir;
	g_autofree char *suites = pn_names_accepted(dir, "suites", name);
	g_autofree char *scenarios = pn_names_accepted(dir, "scenarios", name);

	pn_diag_set(planner->diag, -ENOENT, "no suite or scenario '%s' in %s; suites: %s; scenarios: %s; or the path of a .yaml file", name, dir,
		    suites, scenarios);
	return -ENOENT;
}

static int add_name(struct planner *planner, const char *name)
{
	const char *dir = planner->config->workloads_dir;
	g_autofree char *suite = pn_names_path(dir, "suites", name);
	g_autofree char *scenario = pn_names_path(dir, "scenarios", name);

	if (suite && scenario)
		return pn_diag_set(planner->diag, -EINVAL, "'%s' is a suite and a scenario; expected the path of one: %s or %s", name, suite, scenario);
	if (suite || scenario)
		return add_file(planner, suite ? suite : scenario);
	if (strchr(name, '/') || g_str_has_suffix(name, ".yaml"))
		return add_file(planner, name);
	return unknown_name(planner, name);
}

int pn_plan_build(const struct pn_plan_config *config, struct pn_plan **ret_plan, struct pn_diag *diag)
{
	struct planner planner = {.config = config, .diag = diag};
	int r;

	if (config->repeat > MAX_REPEAT)
		return pn_diag_set(diag, -EINVAL, "--repeat: '%u' is not accepted; expected a whole number, from 1 to %d", config->repeat, MAX_REPEAT);
	planner.docs = g_ptr_array_new_with_free_func((GDestroyNotify)pn_doc_free);
	planner.fixed = g_array_new(FALSE, TRUE, sizeof(struct pn_setting));
	g_array_set_clear_func(planner.fixed, clear_setting);
	planner.cases = g_array_new(FALSE, TRUE, sizeof(struct pn_case));
	planner.ids = g_hash_table_new(g_str_hash, g_str_equal);
	r = fix_all(&planner);
	for (const char *const *name = config->names; r >= 0 && *name; name++)
		r = add_name(&planner, *name);
	g_hash_table_unref(planner.ids);
	g_array_unref(planner.fixed);
	g_ptr_array_unref(planner.docs);

	struct pn_plan *plan = g_new0(struct pn_plan, 1);

	plan->count = planner.cases->len;
	plan->cases = (struct pn_case *)g_array_free(planner.cases, FALSE);
	if (r < 0) {
		pn_plan_free(plan);
		return r;
	}
	*ret_plan = plan;
	return 0;
}

void pn_plan_free(struct pn_plan *plan)
{
	if (!plan)
		return;
	for (unsigned int i = 0; i < plan->count; i++)
		clear_case(&plan->cases[i]);
	g_free(plan->cases);
	g_free(plan);
}
