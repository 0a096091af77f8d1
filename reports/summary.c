// SPDX-License-Identifier: GPL-2.0-only
/*
 * run.json, schema 1: what other programs read. Its keys are a promise; plan.json and the verdicts may grow, this only by a
 * new schema. A case's start_s is wall-clock time, in seconds since 1970, and a label; durations come from the monotonic clock.
 */
#include "conformance.h"
#include "matrix.h"
#include "rundir.h"
#include "techniques.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "../harness/base/diag.h"
#include "../harness/base/fs.h"

static json_t *or_empty(const json_t *value)
{
	return value ? json_incref((json_t *)value) : json_object();
}

static json_t *case_summary(const struct pn_rundir *run, size_t i)
{
	const json_t *plan = pn_rundir_case(run, i), *verdict = run->verdicts[i];

	return json_pack("{s:s, s:s, s:s, s:o, s:I, s:s, s:s, s:f, s:f, s:o, s:I}", "name", pn_rundir_string(run, i, "id"), "scenario",
			 pn_rundir_string(run, i, "scenario"), "driver", pn_rundir_string(run, i, "driver"), "params",
			 or_empty(json_object_get(plan, "params")), "seed", json_integer_value(json_object_get(plan, "seed")), "verdict",
			 pn_rundir_verdict(run, i), "reason", pn_rundir_reason(run, i), "start_s", pn_rundir_number(run, i, "start_s"),
			 "duration_s", pn_rundir_number(run, i, "duration_s"), "metrics", or_empty(json_object_get(verdict, "metrics")),
			 "events", json_integer_value(json_object_get(verdict, "events")));
}

static const char *string_or(const json_t *object, const char *key, const char *otherwise)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : otherwise;
}

json_t *pn_rundir_summary(const struct pn_rundir *run)
{
	json_t *cases = json_array();

	for (size_t i = 0; i < run->count; i++)
		if (pn_rundir_verdict(run, i))
			json_array_append_new(cases, case_summary(run, i));
	return json_pack("{s:i, s:s, s:O, s:s, s:s, s:o}", "schema", 1, "run", string_or(run->plan, "run", ""), "host", run->host, "mode",
			 string_or(run->plan, "mode", "live"), "accel", string_or(run->host, "accel", "tcg"), "cases", cases);
}

int pn_rundir_write_summary(const char *dir, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(dir, "run.json", NULL);
	g_autofree char *line = NULL;
	struct pn_rundir *run = NULL;
	json_t *summary;
	char *text;
	int err = pn_rundir_read(dir, &run, diag);

	if (err)
		return err;
	summary = pn_rundir_summary(run);
	text = json_dumps(summary, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
	line = g_strconcat(text, "\n", NULL);
	err = pn_fs_write(path, line, strlen(line), diag);
	free(text);
	json_decref(summary);
	if (!err)
		err = pn_matrix_write(run, diag);
	if (!err)
		err = pn_conformance_write(run, diag);
	if (!err)
		err = pn_techniques_write(run, diag);
	pn_rundir_free(run);
	return err;
}
