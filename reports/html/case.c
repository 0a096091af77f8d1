// SPDX-License-Identifier: GPL-2.0-only
/* Section of one case: folded when it passed. The anchor is inside, so that a link to it opens the section without any script. */
#include "html.h"

#include <string.h>

#include "../rundir.h"

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
	pn_html_timeline(out, &record, points);
	pn_html_histograms(out, record.loads);
	pn_html_metrics(out, json_object_get(run->verdicts[index], "metrics"));
	pn_html_printf(out, "<p class=\"note\">Record: %s</p></div></details>\n", record.dir);
	pn_html_record_deinit(&record);
}
