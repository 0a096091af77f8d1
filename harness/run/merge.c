// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the outcomes of a case's guests to the case's own. What adds up is summed; quantiles, rates and durations do not, and stand per guest only.
 */
#include "merge.h"

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "../base/diag.h"
#include "../base/fs.h"
#include "../observe/observe.h"
#include "../scenario/scenario.h"

static int read_json(const char *dir, const char *name, const char *file, json_t **ret_value, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(dir, "guests", name, file, NULL);
	json_error_t error;
	json_t *value = json_load_file(path, 0, &error);

	if (!value)
		return pn_diag_set(diag, -EINVAL, "%s: %s", path, error.text);
	*ret_value = value;
	return 0;
}

static int write_json(const char *dir, const char *file, const json_t *value, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(dir, file, NULL);
	char *text = json_dumps(value, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
	int err = pn_fs_write(path, text, strlen(text), diag);

	free(text);
	return err;
}

/* every item of a list says which guest it is of */
static void take_items(json_t *all, const json_t *items, const char *name)
{
	json_t *item;
	size_t i;

	json_array_foreach(items, i, item) {
		json_t *copy = json_copy(item);

		json_object_set_new(copy, "guest", json_string(name));
		json_array_append_new(all, copy);
	}
}

static bool adds_up(const char *metric, const char *unit)
{
	if (strcmp(unit, "bytes") == 0 || strcmp(unit, "count") == 0)
		return true;
	return strcmp(unit, "s") == 0 && (g_str_has_suffix(metric, "cpu_s") || g_str_has_suffix(metric, "delay_s") || strstr(metric, ".psi."));
}

/* host figures are of one host, however many guests looked at it */
static bool of_host(const char *metric)
{
	return g_str_has_prefix(metric, "host.psi.") || g_str_has_prefix(metric, "host.mem_free") || g_str_has_prefix(metric, "harness.");
}

static void take_metrics(json_t *all, const json_t *metrics, const char *name)
{
	const char *metric;
	json_t *value;

	json_object_foreach((json_t *)metrics, metric, value) {
		g_autofree char *key = g_strdup_printf("guests.%s.%s", name, metric);

		if (of_host(metric))
			json_object_set(all, metric, value);
		else
			json_object_set(all, key, value);
	}
}

static void sum_metrics(json_t *all, const json_t *outcomes)
{
	const json_t *first = json_object_get(json_array_get(outcomes, 0), "metrics");
	const char *metric;
	json_t *value;

	json_object_foreach((json_t *)first, metric, value) {
		const char *unit = json_string_value(json_object_get(value, "unit"));
		const json_t *outcome;
		double sum = 0;
		size_t i, known = 0;

		if (of_host(metric) || !unit || !adds_up(metric, unit))
			continue;
		json_array_foreach(outcomes, i, outcome) {
			const json_t *one = json_object_get(json_object_get(json_object_get(outcome, "metrics"), metric), "value");

			sum += json_number_value(one);
			known += one != NULL;
		}
		if (known == json_array_size(outcomes))
			json_object_set_new(all, metric, json_pack("{s:f, s:s}", "value", sum, "unit", unit));
	}
}

static int rank(const char *verdict)
{
	for (int i = PN_SKIP; i <= PN_FAIL; i++)
		if (!g_strcmp0(pn_verdict_names[i], verdict))
			return i;
	return PN_BROK;
}

/* what is judged of all guests together stands in controller.json */
static int take_controller(const json_t *control, json_t *findings, json_t *metrics, int worst, char **reason)
{
	const json_t *finding = json_object_get(control, "finding");
	int verdict = finding ? rank(json_string_value(json_object_get(finding, "verdict"))) : PN_SKIP;

	if (!finding)
		return worst;
	json_array_append(findings, (json_t *)finding);
	json_object_update(metrics, json_object_get(control, "metrics"));
	if (verdict <= worst)
		return worst;
	g_free(*reason);
	*reason = verdict == PN_PASS ? g_strdup("") : g_strdup_printf("controller: %s", json_string_value(json_object_get(finding, "reason")));
	return verdict;
}

static json_t *merge(const struct pn_scenario *scenario, const json_t *outcomes, const json_t *control)
{
	json_t *findings = json_array(), *metrics = json_object(), *result;
	g_autofree char *reason = g_strdup("");
	int worst = PN_SKIP, events = 0;
	double duration_s = 0;
	bool interrupted = false, cancelled = true;
	const json_t *outcome;
	size_t i;

	json_array_foreach(outcomes, i, outcome) {
		const char *name = scenario->members[i]->guest_name, *why = json_string_value(json_object_get(outcome, "reason"));
		int verdict = rank(json_string_value(json_object_get(outcome, "verdict")));
		bool echo = why && strstr(why, "another guest of the case broke");

		take_items(findings, json_object_get(outcome, "findings"), name);
		take_metrics(metrics, json_object_get(outcome, "metrics"), name);
		events += (int)json_integer_value(json_object_get(outcome, "events"));
		duration_s = MAX(duration_s, json_real_value(json_object_get(outcome, "duration_s")));
		interrupted |= json_is_true(json_object_get(outcome, "interrupted"));
		/* the guest that broke says why, not those that ended because of it */
		if (verdict > worst || (verdict == worst && cancelled && !echo)) {
			worst = verdict;
			cancelled = echo;
			g_free(reason);
			reason = why && *why ? g_strdup_printf("guest %s: %s", name, why) : g_strdup("");
		}
	}
	sum_metrics(metrics, outcomes);
	worst = take_controller(control, findings, metrics, worst, &reason);
	result = json_pack("{s:s, s:s, s:o, s:o, s:O, s:f, s:i}", "verdict", pn_verdict_names[worst], "reason", reason, "findings", findings, "metrics",
			   metrics, "start_s", json_object_get(json_array_get(outcomes, 0), "start_s"), "duration_s", duration_s, "events", events);
	if (interrupted)
		json_object_set_new(result, "interrupted", json_true());
	return result;
}

int pn_outcome_merge(const struct pn_scenario *scenario, const char *case_dir, struct pn_diag *diag)
{
	json_t *outcomes = json_array(), *loads = json_array(), *result;
	int err = 0;

	for (unsigned int i = 0; !err && i < scenario->member_count; i++) {
		const char *name = scenario->members[i]->guest_name;
		json_t *outcome = NULL, *load = NULL;

		err = read_json(case_dir, name, "outcome.json", &outcome, diag);
		if (!err)
			err = read_json(case_dir, name, "loads.json", &load, diag);
		if (!err) {
			json_array_append(outcomes, outcome);
			take_items(loads, load, name);
		}
		json_decref(outcome);
		json_decref(load);
	}
	if (!err)
		err = write_json(case_dir, "loads.json", loads, diag);
	if (!err) {
		g_autofree char *path = g_build_filename(case_dir, "controller.json", NULL);
		json_t *control = json_load_file(path, 0, NULL); /* NULL: there was none */

		result = merge(scenario, outcomes, control);
		json_decref(control);
		err = write_json(case_dir, "outcome.json", result, diag);
		json_decref(result);
	}
	json_decref(outcomes);
	json_decref(loads);
	return err;
}
