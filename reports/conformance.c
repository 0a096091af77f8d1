// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requirements of the specification by drivers. Each case says how often it saw each requirement kept and broken (protocol.json); over the
 * cases of a run a driver FAILs what any of them saw broken and PASSes what at least one saw and none saw broken. What no case has
 * exercised is said to be so: it is no pass.
 */
#include "conformance.h"

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "../harness/base/diag.h"
#include "../harness/base/fs.h"
#include "report.h"
#include "rundir.h"

static json_t *read_file(const char *dir, const char *sub, const char *name)
{
	g_autofree char *path = sub ? g_build_filename(dir, "cases", sub, name, NULL) : g_build_filename(dir, name, NULL);

	return json_load_file(path, 0, NULL);
}

static json_t *protocol_of(const struct pn_rundir *run, size_t i)
{
	g_autofree char *number = g_strdup_printf("%04d", (int)json_integer_value(json_object_get(pn_rundir_case(run, i), "index")));

	return pn_rundir_verdict(run, i) ? read_file(run->dir, number, "protocol.json") : NULL;
}

static json_int_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static void put_text(json_t *object, const char *key, const json_t *from)
{
	json_t *value = json_object_get(from, key);

	if (json_is_string(value) && *json_string_value(value))
		json_object_set(object, key, value);
}

/* what one case says of one requirement, added to what the others said */
static void add_result(json_t *results, const char *driver, const json_t *rule, const char *id)
{
	json_t *result = json_object_get(results, driver);

	if (!result) {
		result = json_pack("{s:i, s:i}", "checked", 0, "broken", 0);
		json_object_set_new(results, driver, result);
		put_text(result, "known", rule);
	}
	if (number(rule, "broken") && !number(result, "broken")) {
		put_text(result, "first", rule);
		json_object_set_new(result, "case", json_string(id));
	}
	json_object_set_new(result, "checked", json_integer(number(result, "checked") + number(rule, "checked")));
	json_object_set_new(result, "broken", json_integer(number(result, "broken") + number(rule, "broken")));
}

static void add_case(json_t *rows, const json_t *rules, const char *driver, const char *id)
{
	const json_t *rule;
	size_t i;

	json_array_foreach(rules, i, rule) {
		json_t *row = json_array_get(rows, i);

		if (!row) {
			row = json_pack("{s:s, s:I, s:O, s:O, s:O, s:{}}", "side", "driver", "rule", number(rule, "rule"), "kind",
					json_object_get(rule, "kind"), "must", json_object_get(rule, "must"), "text",
					json_object_get(rule, "text"), "results");
			put_text(row, "why", rule);
			json_array_append_new(rows, row);
		}
		add_result(json_object_get(row, "results"), driver, rule, id);
	}
}

static void judge_row(json_t *row)
{
	const char *kind = json_string_value(json_object_get(row, "kind")), *driver;
	json_t *result;

	json_object_foreach(json_object_get(row, "results"), driver, result) {
		const char *verdict;

		if (!g_strcmp0(kind, "unseen"))
			verdict = "not observable";
		else if (number(result, "broken"))
			verdict = "FAIL";
		else if (!number(result, "checked"))
			verdict = "not exercised";
		else
			verdict = g_strcmp0(kind, "permission") ? "PASS" : "used";
		json_object_set_new(result, "verdict", json_string(verdict));
		if (json_object_get(result, "known") && !strcmp(verdict, "PASS"))
			json_object_set_new(result, "surprise", json_true());
	}
}

json_t *pn_conformance_json(const struct pn_rundir *run)
{
	json_t *rows = json_array(), *row, *device;
	size_t i;

	for (i = 0; i < run->count; i++) {
		json_t *protocol = protocol_of(run, i);

		if (!json_is_string(json_object_get(protocol, "blind")))
			add_case(rows, json_object_get(protocol, "rules"), pn_rundir_string(run, i, "driver"), pn_rundir_string(run, i, "id"));
		json_decref(protocol);
	}
	json_array_foreach(rows, i, row)
		judge_row(row);
	device = read_file(run->dir, NULL, "device.json");
	if (device)
		json_array_extend(rows, json_object_get(device, "rows"));
	json_decref(device);
	if (json_array_size(rows))
		return json_pack("{s:i, s:o}", "schema", 1, "rows", rows);
	json_decref(rows);
	return NULL;
}

/* the drivers, or what else has results on a side, in the order of the run */
static GPtrArray *subjects_of(const json_t *rows, const char *side)
{
	GPtrArray *subjects = g_ptr_array_new();
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		json_t *result;
		const char *name;

		if (g_strcmp0(json_string_value(json_object_get(row, "side")), side))
			continue;
		json_object_foreach(json_object_get(row, "results"), name, result) {
			if (!g_ptr_array_find_with_equal_func(subjects, name, g_str_equal, NULL))
				g_ptr_array_add(subjects, (gpointer)name);
		}
	}
	return subjects;
}

static const char *shown(const json_t *result)
{
	const char *verdict = json_string_value(json_object_get(result, "verdict"));

	if (!verdict)
		return "-";
	if (json_is_true(json_object_get(result, "surprise")))
		return "PASS (!)";
	if (!strcmp(verdict, "FAIL") && json_object_get(result, "known"))
		return "FAIL (known)";
	return verdict;
}

/* what was seen, where something was broken */
static void put_firsts(const json_t *rows, const char *side, char letter, FILE *out)
{
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		json_t *result;
		const char *name;

		if (g_strcmp0(json_string_value(json_object_get(row, "side")), side))
			continue;
		json_object_foreach(json_object_get(row, "results"), name, result) {
			if (number(result, "broken"))
				fprintf(out, "%c%lld %s: broken %lld of %lld times; first %s\n", letter, (long long)number(row, "rule"), name,
					(long long)number(result, "broken"), (long long)number(result, "checked"),
					json_string_value(json_object_get(result, "first")));
		}
	}
}

static void put_side(const json_t *rows, const char *side, char letter, FILE *out)
{
	GPtrArray *subjects = subjects_of(rows, side);
	const json_t *row;
	size_t i;

	if (subjects->len) {
		fprintf(out, "\n%-5s", side);
		for (guint s = 0; s < subjects->len; s++)
			fprintf(out, " %-14s", (const char *)subjects->pdata[s]);
		fputs(" requirement\n", out);
	}
	json_array_foreach(rows, i, row) {
		if (g_strcmp0(json_string_value(json_object_get(row, "side")), side))
			continue;
		fprintf(out, "%c%-5lld ", letter, (long long)number(row, "rule"));
		for (guint s = 0; s < subjects->len; s++)
			fprintf(out, " %-14s", shown(json_object_get(json_object_get(row, "results"), subjects->pdata[s])));
		fprintf(out, " %s\n", json_string_value(json_object_get(row, "text")));
	}
	put_firsts(rows, side, letter, out);
	g_ptr_array_unref(subjects);
}

void pn_conformance_text(const json_t *conformance, FILE *out)
{
	const json_t *rows = json_object_get(conformance, "rows");

	put_side(rows, "driver", 'D', out);
	put_side(rows, "device", 'H', out);
	fputs("\nused: a permission that was made use of; FAIL (known): a deviation that this driver is known for, of which PASS (!) is the absence\n", out);
}

int pn_report_conformance(const struct pn_rundir *run, const struct pn_report_style *style, FILE *out, struct pn_diag *diag)
{
	json_t *conformance = pn_conformance_json(run);

	if (conformance)
		pn_conformance_text(conformance, out);
	else
		fputs("no case of this run has watched a driver's queues\n", out);
	json_decref(conformance);
	return ferror(out) ? pn_diag_set(diag, -EIO, "the report could not be written") : 0;
}

int pn_conformance_is_suite(const struct pn_rundir *run)
{
	const json_t *argument;
	size_t i;

	json_array_foreach(json_object_get(run->plan, "argv"), i, argument) {
		if (!g_strcmp0(json_string_value(argument), PN_CONFORMANCE_SUITE))
			return 1;
	}
	return 0;
}

int pn_conformance_write(const struct pn_rundir *run, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(run->dir, "conformance.json", NULL), *line = NULL;
	json_t *conformance = pn_conformance_is_suite(run) ? pn_conformance_json(run) : NULL;
	char *text;
	int err;

	if (!conformance)
		return 0;
	text = json_dumps(conformance, JSON_INDENT(1));
	line = g_strconcat(text, "\n", NULL);
	err = pn_fs_write(path, line, strlen(line), diag);
	free(text);
	json_decref(conformance);
	return err;
}
