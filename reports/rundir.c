// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads a run directory. A case without verdict.json has not ended; nothing else of a case is needed here, so a run that was
 * killed at any moment reads as well as a finished one.
 */
#include "rundir.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "../harness/base/diag.h"

static int read_json(const char *path, json_t **ret_object, struct pn_diag *diag)
{
	json_error_t error;
	json_t *object;

	if (access(path, R_OK))
		return pn_diag_set(diag, -errno, "%s: %s", path, g_strerror(errno));
	object = json_load_file(path, 0, &error);
	if (!json_is_object(object)) {
		json_decref(object);
		return pn_diag_set(diag, -EINVAL, "%s:%d: not a JSON object: %s", path, error.line, error.text);
	}
	*ret_object = object;
	return 0;
}

/* a verdict that names none of the four is refused here, so that no report needs to think about it */
static int check_verdict(const json_t *verdict, const char *path, struct pn_diag *diag)
{
	static const char *const known[] = {"PASS", "FAIL", "BROK", "SKIP", NULL};
	const char *name = json_string_value(json_object_get(verdict, "verdict"));

	if (!name || !g_strv_contains(known, name))
		return pn_diag_value(diag, path, "verdict", name ? name : "", "PASS, FAIL, BROK or SKIP");
	return 0;
}

static int read_verdict(const char *dir, const json_t *plan_case, json_t **ret_verdict, struct pn_diag *diag)
{
	json_int_t index = json_integer_value(json_object_get(plan_case, "index"));
	g_autofree char *path = g_strdup_printf("%s/cases/%04" JSON_INTEGER_FORMAT "/verdict.json", dir, index);
	json_t *verdict = NULL;
	int err = read_json(path, &verdict, NULL);

	if (err == -ENOENT)
		return 0;
	if (err)
		return read_json(path, &verdict, diag);
	err = check_verdict(verdict, path, diag);
	if (err)
		json_decref(verdict);
	else
		*ret_verdict = verdict;
	return err;
}

static int check_plan(const json_t *plan, const char *path, struct pn_diag *diag)
{
	const json_t *cases = json_object_get(plan, "cases");
	const json_t *entry;
	size_t i;

	if (json_integer_value(json_object_get(plan, "schema")) != 1)
		return pn_diag_set(diag, -EINVAL, "%s: schema: this program reads schema 1 only", path);
	if (!json_is_array(cases))
		return pn_diag_set(diag, -EINVAL, "%s: cases: expected an array", path);
	json_array_foreach (cases, i, entry)
		if (json_integer_value(json_object_get(entry, "index")) < 1 || !json_is_string(json_object_get(entry, "id")))
			return pn_diag_set(diag, -EINVAL, "%s: cases[%zu]: expected an index from 1 and an id", path, i);
	return 0;
}

static int read_all(struct pn_rundir *run, struct pn_diag *diag)
{
	g_autofree char *plan_path = g_build_filename(run->dir, "plan.json", NULL);
	g_autofree char *control_path = g_build_filename(run->dir, "control.json", NULL);
	g_autofree char *host_path = g_build_filename(run->dir, "host.json", NULL);
	const json_t *entry;
	size_t i;
	int err = read_json(plan_path, &run->plan, diag);

	if (!err)
		err = check_plan(run->plan, plan_path, diag);
	if (err)
		return err;
	if (read_json(host_path, &run->host, NULL))
		run->host = json_object();
	read_json(control_path, &run->control, NULL); /* NULL stands for not measured */
	run->count = json_array_size(json_object_get(run->plan, "cases"));
	run->verdicts = g_new0(json_t *, run->count + 1);
	json_array_foreach (json_object_get(run->plan, "cases"), i, entry) {
		err = read_verdict(run->dir, entry, &run->verdicts[i], diag);
		if (err)
			return err;
	}
	return 0;
}

int pn_rundir_read(const char *dir, struct pn_rundir **ret_run, struct pn_diag *diag)
{
	struct pn_rundir *run = g_new0(struct pn_rundir, 1);
	int err;

	run->dir = g_strdup(dir);
	err = read_all(run, diag);
	if (err)
		pn_rundir_free(run);
	else
		*ret_run = run;
	return err;
}

void pn_rundir_free(struct pn_rundir *run)
{
	if (!run)
		return;
	for (size_t i = 0; i < run->count; i++)
		json_decref(run->verdicts[i]);
	g_free(run->verdicts);
	json_decref(run->plan);
	json_decref(run->host);
	json_decref(run->control);
	g_free(run->dir);
	g_free(run);
}

const json_t *pn_rundir_case(const struct pn_rundir *run, size_t index)
{
	return json_array_get(json_object_get(run->plan, "cases"), index);
}

const char *pn_rundir_string(const struct pn_rundir *run, size_t index, const char *key)
{
	const char *text = json_string_value(json_object_get(run->verdicts[index], key));

	if (!text)
		text = json_string_value(json_object_get(pn_rundir_case(run, index), key));
	return text ? text : "";
}

const char *pn_rundir_verdict(const struct pn_rundir *run, size_t index)
{
	if (run->verdicts[index])
		return pn_rundir_string(run, index, "verdict");
	return *pn_rundir_string(run, index, "skip_reason") ? "SKIP" : NULL;
}

const char *pn_rundir_reason(const struct pn_rundir *run, size_t index)
{
	const char *reason = pn_rundir_string(run, index, "reason");

	return *reason ? reason : pn_rundir_string(run, index, "skip_reason");
}

double pn_rundir_number(const struct pn_rundir *run, size_t index, const char *key)
{
	return json_number_value(json_object_get(run->verdicts[index], key));
}

int pn_rundir_metric(const struct pn_rundir *run, size_t index, const char *name, double *ret_value)
{
	const json_t *metrics = json_object_get(run->verdicts[index], "metrics");
	const json_t *value = json_object_get(json_object_get(metrics, name), "value");

	if (!json_is_number(value))
		return -ENODATA;
	*ret_value = json_number_value(value);
	return 0;
}

char *pn_rundir_cost(const struct pn_rundir *run)
{
	const json_t *host = json_object_get(json_object_get(run->control, "host"), "cost_percent");
	const json_t *guest = json_object_get(json_object_get(run->control, "guest"), "cost_percent");

	if (!json_is_number(host) || !json_is_number(guest))
		return g_strdup("");
	return g_strdup_printf("monitoring costs %.2f %% of a host core and %.2f %% of a guest CPU (control run, %zu pairs of windows)",
			       json_number_value(host), json_number_value(guest), json_array_size(json_object_get(run->control, "pairs")));
}

char *pn_host_unfit(const json_t *host)
{
	const json_t *check;
	GString *line = g_string_new(NULL);
	size_t i;

	json_array_foreach (json_object_get(json_object_get(host, "fitness"), "checks"), i, check) {
		const char *name = "?", *state = "", *says = "", *wanted = "";

		json_unpack((json_t *)check, "{s:s, s:s, s:s, s?s}", "name", &name, "state", &state, "says", &says, "wanted", &wanted);
		if (!strcmp(state, "unfit"))
			g_string_append_printf(line, "%s%s %s (%s)", line->len ? ", " : "", name, says, wanted);
	}
	return g_string_free(line, FALSE);
}

void pn_rundir_totals(const struct pn_rundir *run, struct pn_rundir_totals *ret_totals)
{
	struct pn_rundir_totals totals = {0};

	for (size_t i = 0; i < run->count; i++) {
		const char *verdict = pn_rundir_verdict(run, i);

		if (!verdict)
			totals.unfinished++;
		else if (!strcmp(verdict, "PASS"))
			totals.passed++;
		else if (!strcmp(verdict, "FAIL"))
			totals.failed++;
		else if (!strcmp(verdict, "BROK"))
			totals.broken++;
		else
			totals.skipped++;
		if (json_is_true(json_object_get(run->verdicts[i], "interrupted")))
			totals.interrupted++;
	}
	*ret_totals = totals;
}
