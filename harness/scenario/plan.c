// SPDX-License-Identifier: GPL-2.0-only
/*
 * The plan: names to files, files to cases.
 *
 * Precedence, weakest first: the scenario's file, `set` of the suite, the matrix, the command line.
 */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "../base/diag.h"
#include "case.h"
#include "doc.h"
#include "matrix.h"
#include "names.h"
#include "peers.h"
#include "scenario.h"
#include "schema.h"

#define MAX_REPEAT 100000

static void clear_setting(gpointer data)
{
	pn_setting_clear(data);
}

/* A value of the command line is YAML too, so that a list can be given: --set load=[cpu,vm]. */
static int fix(struct pn_planner *planner, const char *option, const char *key, const char *value)
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

static int fix_all(struct pn_planner *planner)
{
	const struct pn_plan_config *config = planner->config;
	const struct {
		const char *option, *key, *value;
	} options[] = {
	    {"--driver", "driver", config->driver},	     {"--kernel", "guest.kernel", config->kernel},
	    {"--modules", "guest.modules", config->modules}, {"--qemu", "guest.qemu", config->qemu},
	    {"--image", "guest.image", config->image},
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
		g_autofree char *value = options[i].value ? pn_case_path(options[i].value) : NULL;

		if (value)
			r = fix(planner, options[i].option, options[i].key, value);
	}
	return r;
}

/* The scenario as it stands is checked first: a matrix must not hide that a key of the file itself is wrong. */
static int add_source(struct pn_planner *planner, const struct pn_source *source)
{
	unsigned int repeats = MAX(planner->config->repeat, 1);
	g_autoptr(GArray) combinations = NULL;
	int r;

	pn_schema_normalise(&pn_scenario_schema, source->doc);
	r = pn_schema_check(&pn_scenario_schema, source->doc, planner->diag);
	if (r >= 0)
		r = pn_matrix_expand(source->doc, source->suite, planner->fixed, &combinations, planner->diag);
	/* There and back again: the repeats of one case lie apart, and what drifts with time falls on all alike. */
	for (unsigned int repeat = 0; r >= 0 && repeat < repeats; repeat++)
		for (guint i = 0; r >= 0 && i < combinations->len; i++)
			r = pn_case_add(planner, source,
					&g_array_index(combinations, struct pn_combination, repeat % 2 ? combinations->len - 1 - i : i), repeat);
	return r;
}

static int add_scenario_file(struct pn_planner *planner, const char *path, struct pn_source *source)
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

static int read_sets(struct pn_planner *planner, struct pn_doc *suite, GArray *sets)
{
	yaml_node_t *yaml = pn_doc_node(suite, pn_doc_find(suite, "set"));
	int r = 0;

	for (yaml_node_pair_t *pair = yaml ? yaml->data.mapping.pairs.start : NULL; r >= 0 && pair && pair < yaml->data.mapping.pairs.top;
	     pair++) {
		struct pn_setting setting;

		r = pn_setting_init(&setting, pn_doc_text(suite, pair->key), suite, pair->value, planner->diag);
		if (r >= 0)
			g_array_append_val(sets, setting);
	}
	return r;
}

static int add_members(struct pn_planner *planner, struct pn_doc *suite, const struct pn_raw_suite *raw, const char *suite_name,
		       GArray *sets)
{
	const char *dir = planner->config->workloads_dir;

	if (raw->scenarios_count == 0) {
		g_autofree char *where = pn_doc_where(suite, pn_doc_find(suite, "scenarios"));

		return pn_diag_value(planner->diag, where, "scenarios", "(an empty list)", "at least one scenario");
	}
	for (unsigned int i = 0; i < raw->scenarios_count; i++) {
		struct pn_source source = {.suite = suite, .suite_name = raw->name ? raw->name : suite_name, .sets = sets};
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

static const struct pn_raw_suite *raw_of(const void *raw)
{
	return raw;
}

static int peers_texts(struct pn_planner *planner, char ***ret_texts)
{
	struct pn_peers peers = {};
	int r = pn_peers_read(planner->config->workloads_dir, &peers, planner->diag);

	if (r < 0)
		return r;
	*ret_texts = g_new0(char *, 2);
	(*ret_texts)[0] = pn_peers_suite(&peers);
	pn_peers_free(&peers);
	return 0;
}

/* A suite whose members another layer makes: each text is a suite of its own; what the suite sets goes over all of them. */
static int add_generated(struct pn_planner *planner, const char *kind, GArray *sets)
{
	const char *const *texts;
	g_auto(GStrv) own = NULL;
	int r = 0;

	if (!strcmp(kind, "peers"))
		r = peers_texts(planner, &own);
	texts = own ? (const char *const *)own : r < 0 ? NULL : pn_names_provided(kind);

	for (unsigned int i = 0; r >= 0 && texts && texts[i]; i++) {
		struct pn_doc *made = NULL;
		void *raw = NULL;

		r = pn_doc_parse(texts[i], strlen(texts[i]), kind, &made, planner->diag);
		if (r < 0)
			return r;
		g_ptr_array_add(planner->docs, made);
		pn_schema_normalise(&pn_suite_schema, made);
		r = pn_schema_check(&pn_suite_schema, made, planner->diag);
		if (r >= 0)
			r = pn_schema_load(&pn_suite_schema, made, &raw, planner->diag);
		if (r >= 0)
			r = add_members(planner, made, raw, kind, sets);
		pn_schema_free(&pn_suite_schema, raw);
	}
	return r;
}

static int add_suite(struct pn_planner *planner, struct pn_doc *suite, const char *path)
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
	if (r >= 0 && raw_of(raw)->generated)
		r = add_generated(planner, raw_of(raw)->generated, sets);
	else if (r >= 0)
		r = add_members(planner, suite, raw, base, sets);
	pn_schema_free(&pn_suite_schema, raw);
	return r;
}

static int add_file(struct pn_planner *planner, const char *path)
{
	struct pn_source source = {};
	struct pn_doc *doc;
	int r = pn_doc_read(path, &doc, planner->diag);

	if (r < 0)
		return r;
	if (pn_doc_find(doc, "scenarios") || pn_doc_find(doc, "generated"))
		r = add_suite(planner, doc, path);
	else
		r = add_scenario_file(planner, path, &source);
	pn_doc_free(doc);
	return r;
}

static int unknown_name(const struct pn_planner *planner, const char *name)
{
	const char *dir = planner->config->workloads_dir;
	g_autofree char *suites = pn_names_accepted(dir, "suites", name);
	g_autofree char *scenarios = pn_names_accepted(dir, "scenarios", name);

	pn_diag_set(planner->diag, -ENOENT, "no suite or scenario '%s' in %s; suites: %s; scenarios: %s; or the path of a .yaml file", name,
		    dir, suites, scenarios);
	return -ENOENT;
}

static int add_name(struct pn_planner *planner, const char *name)
{
	const char *dir = planner->config->workloads_dir;
	g_autofree char *suite = pn_names_path(dir, "suites", name);
	g_autofree char *scenario = pn_names_path(dir, "scenarios", name);

	if (suite && scenario)
		return pn_diag_set(planner->diag, -EINVAL, "'%s' is a suite and a scenario; expected the path of one: %s or %s", name,
				   suite, scenario);
	if (suite || scenario)
		return add_file(planner, suite ? suite : scenario);
	if (strchr(name, '/') || g_str_has_suffix(name, ".yaml"))
		return add_file(planner, name);
	return unknown_name(planner, name);
}

int pn_plan_build(const struct pn_plan_config *config, struct pn_plan **ret_plan, struct pn_diag *diag)
{
	struct pn_planner planner = {.config = config, .diag = diag};
	int r;

	if (config->repeat > MAX_REPEAT)
		return pn_diag_set(diag, -EINVAL, "--repeat: '%u' is not accepted; expected a whole number, from 1 to %d", config->repeat,
				   MAX_REPEAT);
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
		pn_case_clear(&plan->cases[i]);
	g_free(plan->cases);
	g_free(plan);
}
