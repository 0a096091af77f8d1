// SPDX-License-Identifier: GPL-2.0-only
/* Why a case did not pass: findings, the guest's kernel log from the case on, the harness's last words, and the command that does it again. */
#include "html.h"

#include <string.h>

#include "../../harness/base/fs.h"
#include "../rundir.h"

#define LOG_LAST 30	/* records before the end that are shown whatever their level */
#define LOG_LINES 160	/* in all */
#define WARNING 4	/* level of the kernel: this and below is trouble */
#define TEXT_TAIL 4000	/* bytes of harness.log */
#define JOURNAL_LAST 12 /* records, when a case broke */

static void put_findings(GString *out, const json_t *findings)
{
	const json_t *finding;
	bool several = false; /* guests */
	size_t i;

	if (!json_array_size(findings))
		return;
	json_array_foreach (findings, i, finding)
		several |= json_object_get(finding, "guest") != NULL;
	g_string_append(out, "<div class=\"wide\"><table class=\"findings\"><thead><tr>");
	g_string_append(out, several ? "<th>guest</th>" : "");
	g_string_append(out, "<th>oracle</th><th>verdict</th><th>finding</th></tr></thead><tbody>");
	json_array_foreach (findings, i, finding) {
		g_string_append(out, "<tr>");
		if (several)
			pn_html_printf(out, "<td>%s</td>", pn_html_string(finding, "guest"));
		pn_html_printf(out, "<td>%s</td><td>", pn_html_string(finding, "oracle"));
		pn_html_verdict(out, pn_html_string(finding, "verdict"));
		pn_html_printf(out, "</td><td>%s</td></tr>", pn_html_string(finding, "reason"));
	}
	g_string_append(out, "</tbody></table></div>\n");
}

/* Records of this case: what stands before the mark "boot" is of the snapshot's boot. */
static size_t first_own_record(const json_t *kmsg)
{
	const json_t *line;
	size_t i;

	json_array_foreach (kmsg, i, line)
		if (pn_html_is(line, "mark", "boot"))
			return i + 1;
	return 0;
}

static bool is_worth(const json_t *kmsg, size_t i)
{
	const json_t *level = json_object_get(json_array_get(kmsg, i), "level");

	return json_array_size(kmsg) - i <= LOG_LAST || (json_is_integer(level) && json_integer_value(level) <= WARNING);
}

static void put_log_line(GString *out, const json_t *line, int64_t zero_ns)
{
	double t_s = (double)(json_integer_value(json_object_get(line, "t_ns")) - zero_ns) / 1e9;
	const json_t *level = json_object_get(line, "level");

	pn_html_printf(out, "%10.3f ", t_s);
	if (*pn_html_string(line, "mark"))
		pn_html_printf(out, "<i>-- %s</i>\n", pn_html_string(line, "mark"));
	else if (*pn_html_string(line, "state"))
		pn_html_printf(out, "<i>-- guest %s</i>\n", pn_html_string(line, "state"));
	else if (json_integer_value(level) <= WARNING)
		pn_html_printf(out, "<b>&lt;%d&gt; %s</b>\n", (int)json_integer_value(level), pn_html_string(line, "text"));
	else
		pn_html_printf(out, "&lt;%d&gt; %s\n", (int)json_integer_value(level), pn_html_string(line, "text"));
}

void pn_html_kernel_log(GString *out, const struct pn_html_record *record)
{
	size_t count = json_array_size(record->kmsg), shown = 0, left_out = 0;
	g_autoptr(GString) log = g_string_new(NULL);

	for (size_t i = first_own_record(record->kmsg); i < count; i++) {
		/* the first troubles tell most, and the end */
		if (!is_worth(record->kmsg, i) || (shown >= LOG_LINES - LOG_LAST && count - i > LOG_LAST)) {
			left_out++;
			continue;
		}
		put_log_line(log, json_array_get(record->kmsg, i), record->zero_ns);
		shown++;
	}
	if (!shown)
		return;
	g_string_append(out, "<h5>Guest's kernel log of this case: warnings and worse, and its end</h5>\n");
	g_string_append_printf(out, "<pre class=\"log\">%s</pre>\n", log->str);
	if (left_out)
		pn_html_printf(out, "<p class=\"note\">%zu records between are left out; all are in %s/kmsg.jsonl.</p>\n", left_out, record->dir);
}

static void put_harness_log(GString *out, const struct pn_html_record *record)
{
	g_autofree char *path = g_build_filename(record->dir, "harness.log", NULL), *text = NULL;
	size_t length = 0;

	if (pn_fs_read(path, &text, &length, NULL) || !length)
		return;
	g_string_append(out, "<h5>What the harness printed</h5>\n<pre class=\"log\">");
	if (length > TEXT_TAIL)
		g_string_append(out, "...\n");
	pn_html_text(out, text + (length > TEXT_TAIL ? length - TEXT_TAIL : 0));
	g_string_append(out, "</pre>\n");
}

static void put_journal_end(GString *out, const struct pn_html_record *record)
{
	size_t count = json_array_size(record->journal);

	if (!count)
		return;
	g_string_append(out, "<details><summary>Last records of the journal</summary><pre class=\"log\">");
	for (size_t i = count > JOURNAL_LAST ? count - JOURNAL_LAST : 0; i < count; i++) {
		char *line = json_dumps(json_array_get(record->journal, i), JSON_COMPACT);

		if (line && strlen(line) > 300)
			memcpy(line + 297, "...", 4);
		pn_html_printf(out, "%s\n", line ? line : "");
		free(line);
	}
	g_string_append(out, "</pre></details>\n");
}

void pn_html_failure(GString *out, const struct pn_rundir *run, size_t index, const struct pn_html_record *record)
{
	const char *verdict = pn_rundir_verdict(run, index), *repro = pn_rundir_string(run, index, "repro");
	bool passed = verdict && (!strcmp(verdict, "PASS") || !strcmp(verdict, "SKIP"));

	if (*pn_rundir_reason(run, index))
		pn_html_printf(out, "<p class=\"reason\">%s</p>\n", pn_rundir_reason(run, index));
	if (*repro)
		pn_html_printf(out, "<p>%s <code class=\"copy\">%s</code></p>\n", passed ? "Run it again:" : "Reproduce it:", repro);
	put_findings(out, json_object_get(run->verdicts[index], "findings"));
	if (passed)
		return;
	pn_html_kernel_log(out, record);
	put_harness_log(out, record);
	put_journal_end(out, record);
}
