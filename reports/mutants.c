// SPDX-License-Identifier: GPL-2.0-only
/*
 * mutants.json: which planted bugs a run has found, by which oracle, and how often it accused the subject as it is. A pure function of the run
 * directory. The cases of a run of mutants have the parameter "expect" (mutants) or stand in its suites without it (controls).
 */
#include "mutants.h"

#include <errno.h>
#include <glib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../harness/base/diag.h"
#include "../harness/base/fs.h"
#include "rundir.h"

#define SUITES "mutants/" /* first part of the cases' ids */
#define ALONE_MIN 2	     /* mutants that only this oracle finds: with fewer nobody would miss it */

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static const char *expected_of(const struct pn_rundir *run, size_t i)
{
	return text_of(json_object_get(pn_rundir_case(run, i), "params"), "expect");
}

/* What the case's oracles said, before it was compared with what was expected. */
static const char *raw_verdict(const json_t *verdict)
{
	const char *raw = text_of(verdict, "raw_verdict");

	return *raw ? raw : text_of(verdict, "verdict");
}

static void add_once(json_t *array, const char *text)
{
	const json_t *one;
	size_t i;

	json_array_foreach(array, i, one) {
		if (!strcmp(json_string_value(one), text))
			return;
	}
	json_array_append_new(array, json_string(text));
}

static json_t *find_mutant(json_t *mutants, const char *name)
{
	json_t *mutant;
	size_t i;

	json_array_foreach(mutants, i, mutant) {
		if (!strcmp(text_of(mutant, "name"), name))
			return mutant;
	}
	mutant = json_pack("{s:s, s:b, s:[], s:[], s:s}", "name", name, "killed", 0, "by", "expected", "verdict", "SKIP");
	json_array_append_new(mutants, mutant);
	return mutant;
}

/* A finding that accuses; where nothing does, the word of an oracle that was expected to say that the case tested nothing ("brok:ORACLE"). */
static bool found(const json_t *finding, const char *raw, const char *expected)
{
	if (!strcmp(raw, "BROK") && g_str_has_prefix(expected, "brok:"))
		return !strcmp(text_of(finding, "verdict"), "BROK") && !strcmp(text_of(finding, "oracle"), expected + strlen("brok:"));
	return !strcmp(text_of(finding, "verdict"), "FAIL");
}

static void add_mutant_case(json_t *mutants, const struct pn_rundir *run, size_t i)
{
	json_t *mutant = find_mutant(mutants, pn_rundir_string(run, i, "driver"));
	const char *expected = expected_of(run, i);
	const json_t *finding;
	size_t f;

	add_once(json_object_get(mutant, "expected"), g_str_has_prefix(expected, "fail:") ? expected + strlen("fail:") : expected);
	json_object_set_new(mutant, "verdict", json_string(raw_verdict(run->verdicts[i])));
	json_object_set_new(mutant, "reason", json_string(pn_rundir_reason(run, i)));
	json_array_foreach(json_object_get(run->verdicts[i], "findings"), f, finding) {
		if (!found(finding, raw_verdict(run->verdicts[i]), expected))
			continue;
		add_once(json_object_get(mutant, "by"), text_of(finding, "oracle"));
		json_object_set_new(mutant, "killed", json_true());
	}
}

/* Of each oracle: how many mutants it found, and how many nobody else did. */
static json_t *count_oracles(const json_t *mutants)
{
	json_t *oracles = json_object();
	const json_t *mutant, *name;
	size_t i, k;

	json_array_foreach(mutants, i, mutant) {
		const json_t *by = json_object_get(mutant, "by");

		json_array_foreach(by, k, name) {
			json_t *oracle = json_object_get(oracles, json_string_value(name));

			if (!oracle) {
				oracle = json_pack("{s:i, s:i}", "killed", 0, "alone", 0);
				json_object_set_new(oracles, json_string_value(name), oracle);
			}
			json_object_set_new(oracle, "killed", json_integer(json_integer_value(json_object_get(oracle, "killed")) + 1));
			if (json_array_size(by) == 1)
				json_object_set_new(oracle, "alone", json_integer(json_integer_value(json_object_get(oracle, "alone")) + 1));
		}
	}
	return oracles;
}

/*
 * Oracles of the run's cases that too few mutants are found by alone. Only a run that has everything can say so: mutants that need no guest too, no case
 * without an end, no part of it elsewhere.
 */
static json_t *find_lacking(const struct pn_rundir *run, const json_t *oracles)
{
	g_autofree char *policy = g_build_filename(run->dir, "policy.json", NULL);
	bool whole = g_file_test(policy, G_FILE_TEST_EXISTS) && !json_object_get(run->plan, "shard");
	json_t *lacking = json_array();
	const json_t *finding;
	size_t f;

	for (size_t i = 0; i < run->count; i++)
		whole &= run->verdicts[i] != NULL;
	for (size_t i = 0; whole && i < run->count; i++) {
		json_array_foreach(json_object_get(run->verdicts[i], "findings"), f, finding) {
			const char *name = text_of(finding, "oracle");

			if (strcmp(name, "case") && json_integer_value(json_object_get(json_object_get(oracles, name), "alone")) < ALONE_MIN)
				add_once(lacking, name);
		}
	}
	return lacking;
}

static void add_policy(const struct pn_rundir *run, json_t *mutants, json_t *alarms, json_int_t *controls)
{
	g_autofree char *path = g_build_filename(run->dir, "policy.json", NULL);
	json_t *policy = json_load_file(path, 0, NULL);
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(policy, "mutants"), i, one)
		json_array_append(mutants, one);
	json_array_foreach(json_object_get(policy, "alarms"), i, one)
		json_array_append(alarms, one);
	*controls += json_integer_value(json_object_get(policy, "controls"));
	json_decref(policy);
}

json_t *pn_mutants_summary(const struct pn_rundir *run)
{
	json_t *mutants = json_array(), *alarms = json_array(), *survivors = json_array(), *oracles;
	json_int_t controls = 0, undecided = 0, killed = 0;
	const json_t *mutant;
	size_t i;

	for (i = 0; i < run->count; i++) {
		const char *raw;

		if (!g_str_has_prefix(pn_rundir_string(run, i, "id"), SUITES) || !run->verdicts[i])
			continue;
		raw = raw_verdict(run->verdicts[i]);
		if (*expected_of(run, i)) {
			add_mutant_case(mutants, run, i);
			continue;
		}
		controls += !strcmp(raw, "PASS") || !strcmp(raw, "FAIL");
		undecided += !strcmp(raw, "BROK");
		if (!strcmp(raw, "FAIL"))
			json_array_append_new(alarms, json_pack("{s:s, s:s}", "case", pn_rundir_string(run, i, "id"), "reason", pn_rundir_reason(run, i)));
	}
	add_policy(run, mutants, alarms, &controls);
	json_array_foreach(mutants, i, mutant) {
		killed += json_is_true(json_object_get(mutant, "killed"));
		if (!json_is_true(json_object_get(mutant, "killed")) && strcmp(text_of(mutant, "verdict"), "SKIP"))
			json_array_append(survivors, json_object_get(mutant, "name"));
	}
	if (!json_array_size(mutants) && !controls && !undecided) {
		json_decref(mutants);
		json_decref(alarms);
		json_decref(survivors);
		return NULL;
	}
	oracles = count_oracles(mutants);
	return json_pack("{s:i, s:o, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o}", "schema", 1, "mutants", mutants, "killed", killed, "false_alarms",
			 (json_int_t)json_array_size(alarms), "controls", controls, "undecided_controls", undecided, "survivors", survivors, "alarms",
			 alarms, "oracles", oracles, "lacking", json_array_size(mutants) ? find_lacking(run, oracles) : json_array());
}

static void print_names(FILE *out, const char *title, const json_t *names)
{
	const json_t *name;
	size_t i;

	if (json_array_size(names))
		fprintf(out, "%s:", title);
	json_array_foreach(names, i, name)
		fprintf(out, "%s %s", i ? "," : "", json_is_string(name) ? json_string_value(name) : text_of(name, "case"));
	if (json_array_size(names))
		fputc('\n', out);
}

static void print(const json_t *summary, FILE *out)
{
	size_t count = json_array_size(json_object_get(summary, "mutants"));
	json_int_t killed = json_integer_value(json_object_get(summary, "killed"));
	const char *name;
	json_t *oracle;

	if (count)
		fprintf(out, "mutants: %lld of %zu found (%.1f %%)\n", (long long)killed, count, 100.0 * (double)killed / (double)count);
	fprintf(out, "controls: %lld false alarms in %lld cases of the subject as it is%s\n",
		(long long)json_integer_value(json_object_get(summary, "false_alarms")), (long long)json_integer_value(json_object_get(summary, "controls")),
		json_integer_value(json_object_get(summary, "undecided_controls")) ? ", others were BROK" : "");
	print_names(out, "survivors", json_object_get(summary, "survivors"));
	print_names(out, "false alarms", json_object_get(summary, "alarms"));
	json_object_foreach(json_object_get(summary, "oracles"), name, oracle)
		fprintf(out, "  %-12s found %lld, %lld of them alone\n", name, (long long)json_integer_value(json_object_get(oracle, "killed")),
			(long long)json_integer_value(json_object_get(oracle, "alone")));
	print_names(out, "found fewer than two mutants alone", json_object_get(summary, "lacking"));
}

int pn_mutants_write(const struct pn_rundir *run, FILE *out, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(run->dir, "mutants.json", NULL);
	g_autofree char *line = NULL;
	json_t *summary = pn_mutants_summary(run);
	char *text;
	int err;

	if (!summary)
		return 0;
	text = json_dumps(summary, JSON_INDENT(1));
	line = g_strconcat(text, "\n", NULL);
	err = pn_fs_write(path, line, strlen(line), diag);
	if (!err)
		print(summary, out);
	if (!err && (json_array_size(json_object_get(summary, "lacking")) || json_array_size(json_object_get(summary, "survivors")) ||
		     json_array_size(json_object_get(summary, "alarms"))))
		err = 1;
	free(text);
	json_decref(summary);
	return err;
}
