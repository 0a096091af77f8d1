// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs over an axis of faults as a matrix: rows are the faults, columns the scenarios they strike in (without the beginning that all
 * their names share), a table a driver. A cell says more than its verdict:
 *	held	it fired, and what the subject did was right
 *	FAILED	the subject broke a rule
 *	UNFIRED	the fault never fired, so nothing was tested: BROK in that cell
 *	BROK	environment or harness broke
 *	skip	it can't run here; "-" not part of the run; "..." not ended yet
 * Cells of several cases (repeats, other axes) show the worst.
 */
#include "matrix.h"

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "../harness/base/diag.h"
#include "../harness/base/fs.h"
#include "report.h"
#include "rundir.h"

/** enum cell - states of a cell, a worse one wins */
enum cell { CELL_ABSENT, CELL_OPEN, CELL_SKIPPED, CELL_HELD, CELL_BROKEN, CELL_UNFIRED, CELL_FAILED };

static const struct {
	const char *word;  /* matrix.json */
	const char *shown; /* the table */
} cells[] = {
	[CELL_ABSENT] = {"absent", "-"},  [CELL_OPEN] = {"open", "..."},	     [CELL_SKIPPED] = {"skipped", "skip"},
	[CELL_HELD] = {"held", "held"},	  [CELL_BROKEN] = {"broken", "BROK"},   [CELL_UNFIRED] = {"never fired", "UNFIRED"},
	[CELL_FAILED] = {"failed", "FAILED"},
};

/* The axis of a fault: "faults[0].fault", "timeline[2].fault". NULL when the case has none. */
static const char *event_of(const struct pn_rundir *run, size_t i)
{
	const char *key;
	json_t *value;

	json_object_foreach(json_object_get(pn_rundir_case(run, i), "params"), key, value)
		if (g_str_has_suffix(key, ".fault"))
			return json_string_value(value);
	return NULL;
}

static const char *fault_finding(const struct pn_rundir *run, size_t i)
{
	const json_t *finding;
	size_t f;

	json_array_foreach(json_object_get(run->verdicts[i], "findings"), f, finding)
		if (g_strcmp0(json_string_value(json_object_get(finding, "oracle")), "faults") == 0)
			return json_string_value(json_object_get(finding, "verdict"));
	return NULL;
}

static enum cell cell_of(const struct pn_rundir *run, size_t i)
{
	const char *verdict = pn_rundir_verdict(run, i), *fault = fault_finding(run, i);

	if (!verdict)
		return CELL_OPEN;
	if (!strcmp(verdict, "SKIP"))
		return CELL_SKIPPED;
	if (!strcmp(verdict, "FAIL"))
		return CELL_FAILED;
	if (!strcmp(verdict, "PASS"))
		return CELL_HELD;
	return !fault || strcmp(fault, "PASS") ? CELL_UNFIRED : CELL_BROKEN;
}

static void add_once(GPtrArray *names, const char *name)
{
	for (guint i = 0; i < names->len; i++)
		if (!strcmp(names->pdata[i], name))
			return;
	g_ptr_array_add(names, (gpointer)name);
}

/* What all scenarios begin with, up to a dash: "under-idle", "under-inflating". */
static size_t shared_prefix(const GPtrArray *names)
{
	const char *first = names->len > 1 ? names->pdata[0] : "";
	size_t shared = 0;

	for (size_t at = 0; first[at]; at++) {
		for (guint i = 1; i < names->len; i++)
			if (((const char *)names->pdata[i])[at] != first[at])
				return shared;
		if (first[at] == '-')
			shared = at + 1;
	}
	return shared;
}

/** struct axes - names in the order of the plan; borrowed from it */
struct axes {
	GPtrArray *events, *phases, *drivers;
	size_t prefix; /* of the phases' names, not shown */
};

static bool axes_init(struct axes *axes, const struct pn_rundir *run)
{
	*axes = (struct axes){g_ptr_array_new(), g_ptr_array_new(), g_ptr_array_new(), 0};
	for (size_t i = 0; i < run->count; i++) {
		const char *event = event_of(run, i);

		if (!event)
			continue;
		add_once(axes->events, event);
		add_once(axes->phases, pn_rundir_string(run, i, "scenario"));
		add_once(axes->drivers, pn_rundir_string(run, i, "driver"));
	}
	axes->prefix = shared_prefix(axes->phases);
	return axes->events->len > 0;
}

static void axes_clear(struct axes *axes)
{
	g_ptr_array_unref(axes->events);
	g_ptr_array_unref(axes->phases);
	g_ptr_array_unref(axes->drivers);
}

static enum cell worst(const struct pn_rundir *run, const char *driver, const char *event, const char *phase)
{
	enum cell cell = CELL_ABSENT;

	for (size_t i = 0; i < run->count; i++)
		if (g_strcmp0(event_of(run, i), event) == 0 && !strcmp(pn_rundir_string(run, i, "scenario"), phase) &&
		    !strcmp(pn_rundir_string(run, i, "driver"), driver))
			cell = MAX(cell, cell_of(run, i));
	return cell;
}

json_t *pn_matrix_json(const struct pn_rundir *run)
{
	json_t *list = json_array();
	unsigned int counts[G_N_ELEMENTS(cells)] = {0};
	struct axes axes;
	bool any = axes_init(&axes, run);

	for (size_t i = 0; i < run->count; i++) {
		const char *event = event_of(run, i), *fault = fault_finding(run, i);
		enum cell cell = cell_of(run, i);

		if (!event)
			continue;
		counts[cell]++;
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:b, s:s, s:s}", "event", event, "phase",
						      pn_rundir_string(run, i, "scenario") + axes.prefix, "driver", pn_rundir_string(run, i, "driver"),
						      "cell", cells[cell].word, "fired", fault && !strcmp(fault, "PASS"), "case",
						      pn_rundir_string(run, i, "id"), "reason", pn_rundir_reason(run, i)));
	}
	axes_clear(&axes);
	if (!any) {
		json_decref(list);
		return NULL;
	}
	return json_pack("{s:i, s:{s:i, s:i, s:i, s:i, s:i, s:i}, s:o}", "schema", 1, "totals", "held", (int)counts[CELL_HELD], "failed",
			 (int)counts[CELL_FAILED], "never fired", (int)counts[CELL_UNFIRED], "broken", (int)counts[CELL_BROKEN], "skipped",
			 (int)counts[CELL_SKIPPED], "open", (int)counts[CELL_OPEN], "cells", list);
}

/* The last one is not filled up. */
static int column_width(const struct axes *axes, guint column)
{
	if (column + 1 == axes->phases->len)
		return 0;
	return MAX((int)strlen((const char *)axes->phases->pdata[column] + axes->prefix), (int)strlen("UNFIRED"));
}

static void put_driver(const struct pn_rundir *run, const struct axes *axes, const char *driver, FILE *out)
{
	int width = 0;

	for (guint e = 0; e < axes->events->len; e++)
		width = MAX(width, (int)strlen(axes->events->pdata[e]));
	width = MAX(width, (int)strlen(driver));
	fprintf(out, "%-*s", width, driver);
	for (guint p = 0; p < axes->phases->len; p++)
		fprintf(out, "  %-*s", column_width(axes, p), (const char *)axes->phases->pdata[p] + axes->prefix);
	fputc('\n', out);
	for (guint e = 0; e < axes->events->len; e++) {
		fprintf(out, "%-*s", width, (const char *)axes->events->pdata[e]);
		for (guint p = 0; p < axes->phases->len; p++)
			fprintf(out, "  %-*s", column_width(axes, p), cells[worst(run, driver, axes->events->pdata[e], axes->phases->pdata[p])].shown);
		fputc('\n', out);
	}
}

void pn_matrix_text(const struct pn_rundir *run, FILE *out)
{
	struct axes axes;

	if (axes_init(&axes, run)) {
		for (guint d = 0; d < axes.drivers->len; d++) {
			fputc('\n', out);
			put_driver(run, &axes, axes.drivers->pdata[d], out);
		}
	}
	axes_clear(&axes);
}

int pn_report_matrix(const struct pn_rundir *run, const struct pn_report_style *style, FILE *out, struct pn_diag *diag)
{
	json_t *matrix = pn_matrix_json(run);

	if (matrix)
		pn_matrix_text(run, out);
	else
		fputs("no case of this run has an axis of faults\n", out);
	json_decref(matrix);
	return ferror(out) ? pn_diag_set(diag, -EIO, "the report could not be written") : 0;
}

int pn_matrix_write(const struct pn_rundir *run, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(run->dir, "matrix.json", NULL), *line = NULL;
	json_t *matrix = pn_matrix_json(run);
	char *text;
	int err;

	if (!matrix)
		return 0;
	text = json_dumps(matrix, JSON_INDENT(1));
	line = g_strconcat(text, "\n", NULL);
	err = pn_fs_write(path, line, strlen(line), diag);
	free(text);
	json_decref(matrix);
	return err;
}
