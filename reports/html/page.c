// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page of one run, held under its size: plots get fewer points the more cases there are, and sections that do not fit any more are left
 * out, those of passed cases first. The table of cases is always whole; each row takes some 450 bytes, so that a
 * run of 2000 cases fits, and one of more is longer by its table.
 */
#include "html.h"

#include <errno.h>
#include <string.h>

#include "../../harness/base/diag.h"
#include "../report.h"
#include "../rundir.h"

#define SERIES_USUAL 14	 /* series that a case has, about */
#define POINT_BYTES 9	 /* that a point of a path takes, about */
#define CASE_BYTES 14000 /* that a section takes without its paths, about */
#define SECTION_BYTES_MIN 1500 /* no section is shorter, about: nothing to try below this */
#define POINTS_MIN 60u
#define POINTS_MAX 600u

static guint points_per_series(size_t cases, size_t budget)
{
	size_t share = budget / MAX(cases, 1u), paths = share > CASE_BYTES ? share - CASE_BYTES : 0;

	return CLAMP((guint)(paths / (SERIES_USUAL * POINT_BYTES)), POINTS_MIN, POINTS_MAX);
}

/* worst first */
static int urgency(const struct pn_rundir *run, size_t i)
{
	static const char *const order[] = {"FAIL", "BROK", "PASS"};
	const char *verdict = pn_rundir_verdict(run, i);

	for (int k = 0; verdict && k < (int)G_N_ELEMENTS(order); k++)
		if (!strcmp(verdict, order[k]))
			return k;
	return G_N_ELEMENTS(order);
}

/* Sections of the cases that have something to show, as long as @budget lasts. Return: how many would not fit. */
static size_t make_sections(const struct pn_rundir *run, size_t budget, char **sections)
{
	guint points = points_per_series(run->count, budget);
	size_t left_out = 0;

	for (int level = 0; level < 3; level++) {
		for (size_t i = 0; i < run->count; i++) {
			g_autoptr(GString) section = NULL;

			if (urgency(run, i) != level)
				continue;
			if (budget < SECTION_BYTES_MIN) {
				left_out++;
				continue;
			}
			section = g_string_new(NULL);
			pn_html_case(section, run, i, points);
			if (section->len > budget) {
				left_out++;
				continue;
			}
			budget -= section->len;
			sections[i] = g_string_free(g_steal_pointer(&section), FALSE);
		}
	}
	return left_out;
}

static void put_sections(GString *out, char **sections, size_t count, size_t left_out)
{
	g_string_append(out, "<section><h2>Case by case</h2>\n");
	if (left_out)
		pn_html_printf(out, "<p class=\"note\">%zu cases are in the table only, because a page stays under 1 MB.</p>\n", left_out);
	for (size_t i = 0; i < count; i++)
		if (sections[i])
			g_string_append(out, sections[i]);
	g_string_append(out, "</section>\n");
}

GString *pn_html_page(const struct pn_rundir *run, const struct pn_html_zoom *zoom)
{
	GString *page = g_string_new(NULL), *foot = g_string_new(NULL), *table = g_string_new(NULL);
	g_autofree char *title = g_strdup_printf("Puncture: run %s", pn_html_string(run->plan, "run"));
	g_autofree char **sections = g_new0(char *, run->count + 1);
	g_autofree bool *shown = g_new0(bool, run->count + 1);
	size_t used, left_out;

	pn_html_head(page, title, zoom);
	pn_html_summary(page, run);
	pn_html_tables(page, run);
	pn_html_foot(foot, zoom);
	/* measured with all links in it, and made again with those that lead somewhere */
	memset(shown, 1, run->count);
	pn_html_cases(table, run, shown);
	used = page->len + table->len + foot->len + 1000;
	left_out = make_sections(run, used < PN_HTML_BYTES_MAX ? PN_HTML_BYTES_MAX - used : 0, sections);
	for (size_t i = 0; i < run->count; i++)
		shown[i] = sections[i];
	pn_html_cases(page, run, shown);
	put_sections(page, sections, run->count, left_out);
	g_string_append_len(page, foot->str, (gssize)foot->len);
	for (size_t i = 0; i < run->count; i++)
		g_free(sections[i]);
	g_string_free(table, TRUE);
	g_string_free(foot, TRUE);
	return page;
}

int pn_report_html(const struct pn_rundir *run, const struct pn_report_style *style, FILE *out, struct pn_diag *diag)
{
	struct pn_html_zoom zoom = {0};
	GString *page;
	int err = pn_html_zoom_read(style->zoom_dir, &zoom, diag);

	if (err)
		return err;
	page = pn_html_page(run, &zoom);
	if (fwrite(page->str, 1, page->len, out) != page->len)
		err = pn_diag_set(diag, -EIO, "the report could not be written");
	g_string_free(page, TRUE);
	pn_html_zoom_deinit(&zoom);
	return err;
}
