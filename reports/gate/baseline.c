// SPDX-License-Identifier: GPL-2.0-only
/* Baselines. Written with sorted keys and few digits, so that a review sees what changed and nothing else. */
#include "baseline.h"

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "../../harness/base/diag.h"
#include "../../harness/base/fs.h"
#include "../compare/class.h"
#include "../compare/metric.h"
#include "../rundir.h"

#define SCHEMA 1
#define DIGITS 9

char *pn_baseline_case(const char *id)
{
	static const char *const numbers[] = {"repeat=", "round=", "pair=", "warm-up="};
	g_auto(GStrv) parts = g_strsplit(id, ",", -1);
	GString *name = g_string_new(NULL);

	for (char **part = parts; *part; part++) {
		bool numbered = false;

		for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++)
			numbered |= g_str_has_prefix(*part, numbers[i]);
		if (!numbered)
			g_string_append_printf(name, "%s%s", name->len ? "," : "", *part);
	}
	return g_string_free(name, FALSE);
}

json_t *pn_baseline_new(const char *class)
{
	return json_pack("{s:i, s:s, s:[], s:{}}", "schema", SCHEMA, "class", class, "runs", "cases");
}

static json_t *child(json_t *parent, const char *key, json_t *fresh)
{
	json_t *found = json_object_get(parent, key);

	if (found) {
		json_decref(fresh);
		return found;
	}
	json_object_set_new(parent, key, fresh);
	return fresh;
}

void pn_baseline_add(json_t *baseline, const char *case_id, const char *metric, double value)
{
	json_t *metrics = child(json_object_get(baseline, "cases"), case_id, json_object());

	json_array_append_new(child(metrics, metric, json_array()), json_real(value));
}

static void add_case(json_t *baseline, const struct pn_rundir *run, size_t i)
{
	g_autofree char *name = pn_baseline_case(pn_rundir_string(run, i, "id"));
	const char *metric;
	json_t *entry;

	child(json_object_get(baseline, "cases"), name, json_object());
	json_object_foreach(json_object_get(run->verdicts[i], "metrics"), metric, entry) {
		double value;

		if (pn_metric_find(metric)->tier != PN_TIER_INFO && !pn_rundir_metric(run, i, metric, &value))
			pn_baseline_add(baseline, name, metric, value);
	}
}

static json_t *origin_of(const struct pn_rundir *run)
{
	static const char *const keys[] = {"revision", "kernel", "qemu", "libvirt"};
	json_t *origin = json_pack("{s:O*}", "run", json_object_get(run->plan, "run"));

	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
		if (json_object_get(run->host, keys[i]))
			json_object_set(origin, keys[i], json_object_get(run->host, keys[i]));
	return origin;
}

int pn_baseline_of_run(const struct pn_rundir *run, json_t **ret_baseline, struct pn_diag *diag)
{
	g_autofree char *class = pn_class_of(run->host);
	json_t *baseline;

	if (!class)
		return pn_diag_set(diag, -EINVAL,
				   "%s: host.json does not say accelerator, CPU model and CPUs: figures of an unknown machine", run->dir);
	baseline = pn_baseline_new(class);
	json_array_append_new(json_object_get(baseline, "runs"), origin_of(run));
	for (size_t i = 0; i < run->count; i++) {
		const char *verdict = pn_rundir_verdict(run, i);

		if (verdict && !strcmp(verdict, "PASS"))
			add_case(baseline, run, i);
	}
	*ret_baseline = baseline;
	return 0;
}

static int check_values(const char *path, const char *case_id, const char *metric, const json_t *values, struct pn_diag *diag)
{
	const json_t *value;
	size_t i;

	if (!json_array_size(values))
		return pn_diag_set(diag, -EINVAL, "%s: cases.%s.%s: expected a list of numbers", path, case_id, metric);
	json_array_foreach(values, i, value)
		if (!json_is_number(value))
			return pn_diag_set(diag, -EINVAL, "%s: cases.%s.%s[%zu]: expected a number", path, case_id, metric, i);
	return 0;
}

static int check(const char *path, const json_t *baseline, struct pn_diag *diag)
{
	json_t *cases = json_object_get(baseline, "cases"), *metrics, *values;
	const char *case_id, *metric;
	int err = 0;

	if (json_integer_value(json_object_get(baseline, "schema")) != SCHEMA)
		return pn_diag_set(diag, -EINVAL, "%s: schema: this program reads schema %d only", path, SCHEMA);
	if (!json_is_string(json_object_get(baseline, "class")))
		return pn_diag_set(diag, -EINVAL, "%s: class: expected the class of machine as a string", path);
	if (!json_is_object(cases))
		return pn_diag_set(diag, -EINVAL, "%s: cases: expected an object", path);
	json_object_foreach(cases, case_id, metrics) {
		if (!json_is_object(metrics))
			return pn_diag_set(diag, -EINVAL, "%s: cases.%s: expected an object", path, case_id);
		json_object_foreach(metrics, metric, values)
			if (!err)
				err = check_values(path, case_id, metric, values, diag);
	}
	return err;
}

int pn_baseline_read(const char *path, json_t **ret_baseline, struct pn_diag *diag)
{
	g_autofree char *text = NULL;
	json_error_t error;
	json_t *baseline;
	size_t length;
	int err = pn_fs_read(path, &text, &length, diag);

	if (err)
		return err;
	baseline = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(baseline))
		err = pn_diag_set(diag, -EINVAL, "%s:%d: not a JSON object: %s", path, error.line, error.text);
	else
		err = check(path, baseline, diag);
	if (err)
		json_decref(baseline);
	else
		*ret_baseline = baseline;
	return err;
}

static int merge(json_t *old, const json_t *fresh, const char *path, struct pn_diag *diag)
{
	const char *was = json_string_value(json_object_get(old, "class")), *is = json_string_value(json_object_get(fresh, "class"));

	if (strcmp(was, is))
		return pn_diag_set(diag, -EINVAL, "%s is a baseline of %s; this run is of %s", path, was, is);
	json_object_update(json_object_get(old, "cases"), json_object_get(fresh, "cases"));
	json_object_set(old, "runs", json_object_get(fresh, "runs"));
	return 0;
}

int pn_baseline_update(const char *path, const struct pn_rundir *run, struct pn_diag *diag)
{
	json_t *fresh = NULL, *old = NULL;
	char *text = NULL;
	int count, err = pn_baseline_of_run(run, &fresh, diag);

	if (err)
		return err;
	count = (int)json_object_size(json_object_get(fresh, "cases"));
	if (!count)
		err = pn_diag_set(diag, -EINVAL, "%s: no case passed: nothing to make a baseline of", run->dir);
	if (!err && g_file_test(path, G_FILE_TEST_EXISTS))
		err = pn_baseline_read(path, &old, diag);
	if (!err && old)
		err = merge(old, fresh, path, diag);
	if (!err) {
		text = json_dumps(old ? old : fresh, JSON_INDENT(1) | JSON_SORT_KEYS | JSON_REAL_PRECISION(DIGITS));
		err = pn_fs_write(path, text, strlen(text), diag);
	}
	free(text);
	json_decref(old);
	json_decref(fresh);
	return err ? err : count;
}
