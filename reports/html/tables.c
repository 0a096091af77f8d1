// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a run has besides its cases: the matrix of faults as a heat map, and the tables of conformance and mutants. A list of objects
 * becomes a table without this file knowing its keys: columns in the order in which they first come, units by the ends of their names. A value that
 * is not there is an empty cell, never 0.
 */
#include "html.h"

#include <math.h>
#include <string.h>

#include "../matrix.h"
#include "../mutants.h"
#include "../rundir.h"

#define COLUMNS_MAX 24

/** struct look - a word of a cell as people see it: colour, sign */
static const struct look {
	const char *word, *class, *sign;
} looks[] = {
	{"held", "PASS", "\xe2\x9c\x93"},   {"failed", "FAIL", "\xe2\x9c\x97"}, {"never fired", "BROK", "?"}, {"broken", "BROK", "!"},
	{"skipped", "SKIP", "\xe2\x80\x93"}, {"open", "NONE", "\xe2\x80\xa6"},   {"PASS", "PASS", "\xe2\x9c\x93"}, {"FAIL", "FAIL", "\xe2\x9c\x97"},
	{"BROK", "BROK", "!"},		    {"SKIP", "SKIP", "\xe2\x80\x93"},
};

static const struct look *look_of(const char *word)
{
	for (size_t i = 0; i < G_N_ELEMENTS(looks); i++)
		if (!strcmp(looks[i].word, word))
			return &looks[i];
	return NULL;
}

static void put_word(GString *out, const char *word)
{
	const struct look *look = look_of(word);

	if (look)
		pn_html_printf(out, "<span class=\"v %s\"><span aria-hidden=\"true\">%s</span> %s</span>", look->class, look->sign, word);
	else
		pn_html_printf(out, "%s", word);
}

static void add_once(GPtrArray *list, const char *text)
{
	if (!g_ptr_array_find_with_equal_func(list, text, g_str_equal, NULL))
		g_ptr_array_add(list, (char *)text);
}

/* cells of one driver, event and phase: the worst is shown, all are in the title */
static void put_heat(GString *out, const json_t *cells, const char *driver, const char *event, const char *phase)
{
	const struct look *worst = NULL;
	g_autoptr(GString) title = g_string_new(NULL);
	const json_t *cell;
	size_t i;

	json_array_foreach (cells, i, cell) {
		const struct look *look = look_of(pn_html_string(cell, "cell"));

		if (!pn_html_is(cell, "driver", driver) || !pn_html_is(cell, "event", event) || !pn_html_is(cell, "phase", phase))
			continue;
		g_string_append_printf(title, "%s%s: %s", title->len ? "; " : "", pn_html_string(cell, "case"), pn_html_string(cell, "reason"));
		if (look && (!worst || !strcmp(look->class, "FAIL") || (!strcmp(look->class, "BROK") && strcmp(worst->class, "FAIL"))))
			worst = look;
	}
	if (!worst)
		g_string_append(out, "<td class=\"heat\"></td>");
	else
		pn_html_printf(out, "<td class=\"heat %s\" title=\"%s\"><span aria-hidden=\"true\">%s</span> %s</td>", worst->class, title->str,
			       worst->sign, worst->word);
}

static void put_matrix_of(GString *out, const json_t *cells, const char *driver, const GPtrArray *events, const GPtrArray *phases)
{
	pn_html_printf(out, "<h3>%s</h3><div class=\"wide\"><table class=\"matrix\"><thead><tr><th>event</th>", driver);
	for (guint p = 0; p < phases->len; p++)
		pn_html_printf(out, "<th>%s</th>", (const char *)phases->pdata[p]);
	g_string_append(out, "</tr></thead><tbody>");
	for (guint e = 0; e < events->len; e++) {
		pn_html_printf(out, "<tr><th>%s</th>", (const char *)events->pdata[e]);
		for (guint p = 0; p < phases->len; p++)
			put_heat(out, cells, driver, events->pdata[e], phases->pdata[p]);
		g_string_append(out, "</tr>\n");
	}
	g_string_append(out, "</tbody></table></div>\n");
}

static void put_matrix(GString *out, const json_t *matrix)
{
	g_autoptr(GPtrArray) drivers = g_ptr_array_new(), events = g_ptr_array_new(), phases = g_ptr_array_new();
	const json_t *cells = json_object_get(matrix, "cells"), *cell;
	size_t i;

	if (!json_array_size(cells))
		return;
	json_array_foreach (cells, i, cell) {
		add_once(drivers, pn_html_string(cell, "driver"));
		add_once(events, pn_html_string(cell, "event"));
		add_once(phases, pn_html_string(cell, "phase"));
	}
	g_string_append(out, "<section id=\"matrix\"><h2>Faults by phases</h2>\n"
			     "<p class=\"note\">Rows: what was done to the guest or driver. Columns: what went on then. "
			     "\xe2\x80\x9cnever fired\xe2\x80\x9d tested nothing.</p>\n");
	for (guint d = 0; d < drivers->len; d++)
		put_matrix_of(out, cells, drivers->pdata[d], events, phases);
	g_string_append(out, "</section>\n");
}

/* "asked_bytes" -> bytes; "touch_ns.p99" -> ns */
static bool unit_of(const char *key, enum pn_html_unit *ret_unit)
{
	static const struct {
		const char *end;
		enum pn_html_unit unit;
	} ends[] = {{"_bytes", PN_HTML_BYTES}, {"bytes_per_s", PN_HTML_BYTES_PER_S}, {"_ns", PN_HTML_NS}, {"_s", PN_HTML_SECONDS}};

	for (size_t i = 0; i < G_N_ELEMENTS(ends); i++)
		if (g_str_has_suffix(key, ends[i].end) || strstr(key, "_ns.")) {
			*ret_unit = strstr(key, "_ns.") ? PN_HTML_NS : ends[i].unit;
			return true;
		}
	return false;
}

static void put_cell(GString *out, const char *key, const json_t *value)
{
	enum pn_html_unit unit;

	if (json_is_number(value) && !strcmp(key, "start_s")) { /* seconds since 1970, a label */
		g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc((gint64)json_number_value(value));
		g_autofree char *text = time ? g_date_time_format(time, "%Y-%m-%d %H:%M") : g_strdup("");

		pn_html_printf(out, "<td class=\"n\">%s</td>", text);
		return;
	}
	if (json_is_number(value)) {
		g_autofree char *text = unit_of(key, &unit) ? pn_html_value(json_number_value(value), unit)
							    : g_strdup_printf("%.4g", json_number_value(value));

		pn_html_printf(out, "<td class=\"n\">%s</td>", text);
		return;
	}
	g_string_append(out, "<td>");
	if (json_is_string(value)) {
		put_word(out, json_string_value(value));
	} else if (json_is_boolean(value)) {
		g_string_append(out, json_is_true(value) ? "yes" : "no");
	} else if (json_is_array(value)) {
		for (size_t i = 0; i < json_array_size(value); i++)
			if (json_is_string(json_array_get(value, i)))
				pn_html_printf(out, "%s%s", i ? ", " : "", json_string_value(json_array_get(value, i)));
	}
	g_string_append(out, "</td>");
}

/* objects within an object become columns of their own: touch_ns.p50 */
static void add_columns(GPtrArray *columns, const json_t *object, const char *prefix)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)object, key, value) {
		g_autofree char *name = g_strconcat(prefix, key, NULL), *inner = g_strconcat(name, ".", NULL);

		if (json_is_object(value))
			add_columns(columns, value, inner);
		else if (columns->len < COLUMNS_MAX && !g_ptr_array_find_with_equal_func(columns, name, g_str_equal, NULL))
			g_ptr_array_add(columns, g_steal_pointer(&name));
	}
}

static const json_t *value_at(const json_t *object, const char *path)
{
	g_auto(GStrv) parts = g_strsplit(path, ".", -1);

	for (char **part = parts; *part; part++)
		object = json_object_get(object, *part);
	return object;
}

void pn_html_objects(GString *out, const char *id, const char *title, const char *note, const json_t *objects)
{
	g_autoptr(GPtrArray) columns = g_ptr_array_new_with_free_func(g_free);
	const json_t *object;
	size_t i;

	json_array_foreach (objects, i, object)
		add_columns(columns, object, "");
	if (!columns->len)
		return;
	pn_html_printf(out, "<section id=\"%s\"><h2>%s</h2>\n<p class=\"note\">%s</p>\n<div class=\"wide\"><table><thead><tr>", id, title, note);
	for (guint c = 0; c < columns->len; c++)
		pn_html_printf(out, "<th>%s</th>", (const char *)columns->pdata[c]);
	g_string_append(out, "</tr></thead><tbody>\n");
	json_array_foreach (objects, i, object) {
		g_string_append(out, "<tr>");
		for (guint c = 0; c < columns->len; c++)
			put_cell(out, columns->pdata[c], value_at(object, columns->pdata[c]));
		g_string_append(out, "</tr>\n");
	}
	g_string_append(out, "</tbody></table></div></section>\n");
}

/* the list in a file of the run directory: the file itself, or under @key */
static void put_file(GString *out, const struct pn_rundir *run, const char *name, const char *key, const char *title, const char *note)
{
	g_autofree char *file = g_strconcat(name, ".json", NULL), *path = g_build_filename(run->dir, file, NULL);
	json_t *json = json_load_file(path, 0, NULL);
	const json_t *list = json_is_array(json) ? json : json_object_get(json, key);

	if (!json_is_array(list) && json_is_object(json)) /* a file that calls its list otherwise: the first one in it */
		for (void *iter = json_object_iter(json); iter && !json_is_array(list); iter = json_object_iter_next(json, iter))
			list = json_object_iter_value(iter);
	if (json_is_array(list))
		pn_html_objects(out, name, title, note, list);
	json_decref(json);
}

void pn_html_tables(GString *out, const struct pn_rundir *run)
{
	json_t *matrix = pn_matrix_json(run), *mutants = pn_mutants_summary(run);

	put_matrix(out, matrix);
	pn_html_objects(out, "mutants", "Mutants", "Known bugs, each planted in a driver: one that no oracle killed is a hole in the tests.",
			json_object_get(mutants, "mutants"));
	put_file(out, run, "conformance", "rules", "Conformance", "Rules of the specification, and what the driver or device did about them.");
	pn_html_techniques(out, run);
	json_decref(matrix);
	json_decref(mutants);
}
