// SPDX-License-Identifier: GPL-2.0-only
/* Section of one case: folded when it passed. The anchor is inside, so that a link to it opens the section without any script. */
#include "html.h"

#include <string.h>

#include "../rundir.h"

#define POINTS_MIN 60u /* of a series, however many guests there are */

static void put_key_metrics(GString *out, const struct pn_rundir *run, size_t index)
{
	g_string_append(out, "<dl class=\"facts\">");
	for (const struct pn_html_key_metric *key = pn_html_key_metrics; key->name; key++) {
		g_autofree char *text = NULL;
		double value;

		if (pn_rundir_metric(run, index, key->name, &value))
			continue;
		text = pn_html_value(value, key->unit);
		pn_html_printf(out, "<div><dt>%s</dt><dd>%s</dd></div>", key->title, text);
	}
	pn_html_printf(out, "<div><dt>seed</dt><dd>%ld</dd></div></dl>\n", (long)json_integer_value(json_object_get(pn_rundir_case(run, index), "seed")));
}

/* does the case's reason name this guest? */
static bool is_blamed(const struct pn_rundir *run, size_t index, const char *name)
{
	g_autofree char *start = g_strdup_printf("guest %s:", name);

	return g_str_has_prefix(pn_rundir_reason(run, index), start);
}

/* One set of panels a guest, all on the same axis of time. */
static void put_guests(GString *out, const struct pn_rundir *run, size_t index, const struct pn_html_record *of_case, guint points)
{
	g_autoptr(GPtrArray) names = pn_html_guests(of_case);

	if (!names->len)
		return;
	for (guint i = 0; i < names->len; i++) {
		struct pn_html_record record;

		pn_html_record_guest(of_case, names->pdata[i], &record);
		pn_html_printf(out, "<section class=\"guest\" data-guest=\"%s\"><h4 class=\"guest\">Guest %s</h4>\n", (char *)names->pdata[i],
			       (char *)names->pdata[i]);
		if (record.trouble)
			pn_html_printf(out, "<p class=\"reason\">Part of the record could not be read: %s</p>\n", record.trouble);
		if (is_blamed(run, index, names->pdata[i]))
			pn_html_kernel_log(out, &record);
		pn_html_timeline(out, &record, MAX(points / names->len, POINTS_MIN));
		pn_html_histograms(out, record.loads);
		g_string_append(out, "</section>\n");
		pn_html_record_deinit(&record);
	}
}

/* Of a case with several guests and without a controller nothing was sampled but in its guests. */
static void put_timelines(GString *out, const struct pn_rundir *run, size_t index, const struct pn_html_record *record, guint points)
{
	g_autoptr(GPtrArray) names = pn_html_guests(record);

	if (!names->len || json_array_size(record->samples))
		pn_html_timeline(out, record, points);
	put_guests(out, run, index, record, points);
}

void pn_html_case(GString *out, const struct pn_rundir *run, size_t index, guint points)
{
	const char *verdict = pn_rundir_verdict(run, index);
	bool open = verdict && strcmp(verdict, "PASS") && strcmp(verdict, "SKIP");
	struct pn_html_record record;

	pn_html_record_read(run, index, &record);
	pn_html_printf(out, "<details class=\"case\" data-case=\"%zu\"%s><summary>", index + 1, open ? " open" : "");
	pn_html_verdict(out, verdict);
	g_string_append(out, " <h3>");
	pn_html_id(out, pn_rundir_string(run, index, "id"));
	pn_html_printf(out, "</h3></summary><div class=\"body\" id=\"case-%zu\">\n", index + 1);
	if (record.trouble)
		pn_html_printf(out, "<p class=\"reason\">Part of the record could not be read: %s</p>\n", record.trouble);
	pn_html_failure(out, run, index, &record);
	put_key_metrics(out, run, index);
	put_timelines(out, run, index, &record, points);
	pn_html_histograms(out, record.loads);
	pn_html_metrics(out, json_object_get(run->verdicts[index], "metrics"));
	pn_html_printf(out, "<p class=\"note\">Record: %s</p></div></details>\n", record.dir);
	pn_html_record_deinit(&record);
}
