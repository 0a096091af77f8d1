// SPDX-License-Identifier: GPL-2.0-only
/* The table of cases in the order of the plan, as in every other report. Filters are there only where scripts run. */
#include "html.h"

#include <math.h>
#include <string.h>

#include "../../harness/base/units.h"
#include "../rundir.h"

#define CHOICES_MAX 40 /* a parameter with more values than this is no filter */

static void put_verdict_filters(GString *out, const struct pn_rundir_totals *totals)
{
	const struct {
		const char *verdict;
		unsigned int count;
	} filters[] = {{"FAIL", totals->failed},
		       {"BROK", totals->broken},
		       {"PASS", totals->passed},
		       {"SKIP", totals->skipped},
		       {NULL, totals->unfinished}};

	for (size_t i = 0; i < G_N_ELEMENTS(filters); i++) {
		if (!filters[i].count)
			continue;
		pn_html_printf(out, "<label><input type=\"checkbox\" data-verdict=\"%s\" checked> ",
			       filters[i].verdict ? filters[i].verdict : "NONE");
		pn_html_verdict(out, filters[i].verdict);
		g_string_append(out, "</label> ");
	}
}

static gint by_text(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* values of one parameter over all cases; one more than CHOICES_MAX when there are too many */
static GPtrArray *values_of(const struct pn_rundir *run, const char *param)
{
	GPtrArray *values = g_ptr_array_new();

	for (size_t i = 0; i < run->count; i++) {
		const char *value = pn_html_string(json_object_get(pn_rundir_case(run, i), "params"), param);

		if (*value && !g_ptr_array_find_with_equal_func(values, value, g_str_equal, NULL) && values->len <= CHOICES_MAX)
			g_ptr_array_add(values, (char *)value);
	}
	g_ptr_array_sort(values, by_text);
	return values;
}

static void put_param_filter(GString *out, const struct pn_rundir *run, const char *param)
{
	g_autoptr(GPtrArray) values = values_of(run, param);

	if (values->len < 2 || values->len > CHOICES_MAX)
		return;
	pn_html_printf(out, "<label>%s <select data-param=\"%s\"><option value=\"\">all</option>", param, param);
	for (guint i = 0; i < values->len; i++)
		pn_html_printf(out, "<option>%s</option>", (const char *)values->pdata[i]);
	g_string_append(out, "</select></label> ");
}

static void put_filters(GString *out, const struct pn_rundir *run)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	struct pn_rundir_totals totals;

	pn_rundir_totals(run, &totals);
	g_string_append(out, "<form class=\"filters\" hidden><label>contains <input type=\"search\" size=\"18\"></label> ");
	put_verdict_filters(out, &totals);
	for (size_t i = 0; i < run->count; i++) {
		const char *param;
		json_t *value;

		json_object_foreach(json_object_get(pn_rundir_case(run, i), "params"), param, value)
			if (g_hash_table_add(seen, (char *)param))
				put_param_filter(out, run, param);
	}
	g_string_append(out, "<output role=\"status\"></output> <button type=\"button\" data-open=\"1\">open all</button> <button "
			     "type=\"button\" data-open=\"\">close all</button></form>\n");
}

static bool measured(const struct pn_rundir *run, const char *metric)
{
	double value;

	for (size_t i = 0; i < run->count; i++)
		if (!pn_rundir_metric(run, i, metric, &value))
			return true;
	return false;
}

/** struct columns - which key metrics any case has */
struct columns {
	bool shown[8];
};

static struct columns find_columns(const struct pn_rundir *run)
{
	struct columns columns = {0};

	for (guint i = 0; i < G_N_ELEMENTS(columns.shown) && pn_html_key_metrics[i].name; i++)
		columns.shown[i] = measured(run, pn_html_key_metrics[i].name);
	return columns;
}

static void put_head(GString *out, const struct columns *columns)
{
	g_string_append(out, "<thead><tr><th>case</th><th>verdict</th><th class=\"n\">time</th>");
	for (const struct pn_html_key_metric *key = pn_html_key_metrics; key->name; key++)
		if (columns->shown[key - pn_html_key_metrics])
			pn_html_printf(out, "<th class=\"n\" title=\"%s\">%s</th>", key->name, key->title);
	g_string_append(out, "</tr></thead>");
}

/* what the filters look at stands in attributes of the row */
static void open_row(GString *out, const struct pn_rundir *run, size_t i)
{
	const char *verdict = pn_rundir_verdict(run, i), *param;
	json_t *value;

	pn_html_printf(out, "<tr data-case=\"%zu\" data-verdict=\"%s\" data-params=\"", i + 1, verdict ? verdict : "NONE");
	json_object_foreach(json_object_get(pn_rundir_case(run, i), "params"), param, value)
		if (json_is_string(value))
			pn_html_printf(out, "%s=%s\n", param, json_string_value(value));
	g_string_append(out, "\">");
}

static void put_row(GString *out, const struct pn_rundir *run, size_t i, const struct columns *columns, bool shown)
{
	g_autofree char *time = pn_html_value(pn_rundir_number(run, i, "duration_s"), PN_HTML_SECONDS);

	open_row(out, run, i);
	g_string_append(out, "<td class=\"id\">");
	if (shown)
		pn_html_printf(out, "<a href=\"#case-%zu\">", i + 1);
	pn_html_id(out, pn_rundir_string(run, i, "id"));
	if (shown)
		g_string_append(out, "</a>");
	if (*pn_rundir_reason(run, i))
		pn_html_printf(out, "<br><small>%s</small>", pn_rundir_reason(run, i));
	g_string_append(out, "</td><td>");
	pn_html_verdict(out, pn_rundir_verdict(run, i));
	pn_html_printf(out, "</td><td class=\"n\">%s</td>", run->verdicts[i] ? time : "-");
	for (const struct pn_html_key_metric *key = pn_html_key_metrics; key->name; key++) {
		g_autofree char *text = NULL;
		double value = NAN;

		if (!columns->shown[key - pn_html_key_metrics])
			continue;
		pn_rundir_metric(run, i, key->name, &value);
		text = pn_html_value(value, key->unit);
		pn_html_printf(out, "<td class=\"n\">%s</td>", text);
	}
	g_string_append(out, "</tr>\n");
}

void pn_html_cases(GString *out, const struct pn_rundir *run, const bool *shown)
{
	struct columns columns = find_columns(run);

	g_string_append(out, "<section><h2>Cases</h2>\n");
	put_filters(out, run);
	g_string_append(out, "<div class=\"wide\"><table class=\"cases\">");
	put_head(out, &columns);
	g_string_append(out, "<tbody>\n");
	for (size_t i = 0; i < run->count; i++)
		put_row(out, run, i, &columns, shown[i]);
	g_string_append(out, "</tbody></table></div></section>\n");
}
