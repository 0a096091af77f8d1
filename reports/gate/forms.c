// SPDX-License-Identifier: GPL-2.0-only
/*
 * A gate's findings for people and for CI systems. GitHub: workflow commands on standard output. GitLab: a code quality report, which
 * is what merge requests show. JUnit: every finding a test case; what can't be told is an error there, so that no system takes it for
 * passed.
 */
#include "forms.h"

#include <errno.h>
#include <jansson.h>
#include <libxml/tree.h>
#include <string.h>

#include "../report.h"

static const char *word_of(const struct pn_gate_finding *finding)
{
	if (finding->advisory && finding->verdict == PN_REGRESSED)
		return "worse?";
	if (finding->advisory && finding->verdict == PN_IMPROVED)
		return "better?";
	return pn_judgement_name(finding->verdict);
}

static const char *summary_of(const struct pn_gate *gate)
{
	switch (gate->verdict) {
	case PN_REGRESSED:
		return "worse";
	case PN_CANNOT_TELL:
		return "what decides could not be compared";
	case PN_IMPROVED:
		return "better";
	default:
		return "nothing that blocks has changed";
	}
}

int pn_gate_text(const struct pn_gate *gate, const char *run_dir, FILE *out)
{
	unsigned int moved = 0;
	bool hints = false;

	for (guint i = 0; i < gate->findings->len; i++) {
		const struct pn_gate_finding *finding = gate->findings->pdata[i];
		g_autofree char *line = pn_gate_line(finding), *clean = pn_report_clean(line);

		if (!pn_gate_moved(finding))
			continue;
		moved++;
		hints |= finding->advisory && finding->verdict != PN_CANNOT_TELL;
		fprintf(out, "%-11s %s\n", word_of(finding), clean);
	}
	if (hints)
		fprintf(out, "with a question mark: against figures of another time; `puncture compare` proves it\n");
	if (gate->refused)
		fprintf(out, "%s\n", gate->refused);
	if (gate->no_baseline)
		fprintf(out, "%u case%s of this run without a baseline\n", gate->no_baseline, gate->no_baseline == 1 ? "" : "s");
	if (gate->not_run)
		fprintf(out, "%u case%s of the baseline not in this run\n", gate->not_run, gate->not_run == 1 ? "" : "s");
	fprintf(out, "%s: %s (%u of %u findings moved; against %s)\n", pn_judgement_name(gate->verdict), summary_of(gate), moved,
		gate->findings->len, gate->against);
	return ferror(out) ? -EIO : 0;
}

/* GitHub's workflow commands end at the line; in a property also at a comma or colon */
static char *github_escape(const char *text, bool property)
{
	GString *escaped = g_string_new(NULL);

	for (const char *c = text; *c; c++) {
		if (strchr("%\r\n", *c) || (property && strchr(":,", *c)))
			g_string_append_printf(escaped, "%%%02X", (unsigned char)*c);
		else
			g_string_append_c(escaped, *c);
	}
	return g_string_free(escaped, FALSE);
}

static int write_github(const struct pn_gate *gate, const char *run_dir, FILE *out)
{
	static const char *const levels[] = {"notice", "notice", "warning", "error"};

	for (guint i = 0; i < gate->findings->len; i++) {
		const struct pn_gate_finding *finding = gate->findings->pdata[i];
		g_autofree char *line = pn_gate_line(finding), *clean = pn_report_clean(line), *message = github_escape(clean, false);
		g_autofree char *title = g_strdup_printf("puncture: %s", pn_judgement_name(finding->verdict));
		g_autofree char *escaped = github_escape(title, true);

		if (pn_gate_moved(finding))
			fprintf(out, "::%s title=%s::%s\n", finding->advisory ? "notice" : levels[finding->verdict], escaped, message);
	}
	if (gate->refused) {
		g_autofree char *message = github_escape(gate->refused, false);

		fprintf(out, "::warning title=puncture%%3A CANNOT-TELL::%s\n", message);
	}
	return ferror(out) ? -EIO : 0;
}

static json_t *gitlab_entry(const char *check, const char *text, const char *severity, const char *run_dir)
{
	g_autofree char *fingerprint = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);

	return json_pack("{s:s, s:s, s:s, s:s, s:{s:s, s:{s:i}}}", "description", text, "check_name", check, "fingerprint", fingerprint,
			 "severity", severity, "location", "path", run_dir, "lines", "begin", 1);
}

static int write_gitlab(const struct pn_gate *gate, const char *run_dir, FILE *out)
{
	static const char *const severities[] = {"info", "info", "minor", "major"};
	json_t *entries = json_array();
	int err;

	for (guint i = 0; i < gate->findings->len; i++) {
		const struct pn_gate_finding *finding = gate->findings->pdata[i];
		g_autofree char *line = pn_gate_line(finding), *clean = pn_report_clean(line);
		g_autofree char *text = g_strdup_printf("%s %s", word_of(finding), clean);

		if (pn_gate_moved(finding))
			json_array_append_new(entries, gitlab_entry(finding->metric, text,
								    finding->advisory ? "info" : severities[finding->verdict], run_dir));
	}
	if (gate->refused)
		json_array_append_new(entries, gitlab_entry("machine class", gate->refused, "minor", run_dir));
	err = json_dumpf(entries, out, JSON_INDENT(1)) || fputc('\n', out) == EOF ? -EIO : 0;
	json_decref(entries);
	return err;
}

static void set(xmlNode *node, const char *name, const char *value)
{
	g_autofree char *clean = pn_report_clean(value);

	xmlNewProp(node, BAD_CAST name, BAD_CAST clean);
}

static void add_test(xmlNode *suite, const char *class, const char *name, const char *element, const char *message)
{
	xmlNode *test = xmlNewChild(suite, NULL, BAD_CAST "testcase", NULL);

	set(test, "classname", class);
	set(test, "name", name);
	if (element)
		set(xmlNewChild(test, NULL, BAD_CAST element, NULL), "message", message);
}

static int write_junit(const struct pn_gate *gate, const char *run_dir, FILE *out)
{
	static const char *const elements[] = {NULL, NULL, "error", "failure"};
	xmlDoc *doc = xmlNewDoc(BAD_CAST "1.0");
	xmlNode *root = xmlNewNode(NULL, BAD_CAST "testsuites"), *suite = xmlNewChild(root, NULL, BAD_CAST "testsuite", NULL);
	unsigned int failures = 0, errors = gate->refused != NULL;
	g_autofree char *failures_text = NULL, *errors_text = NULL, *tests_text = NULL;
	xmlChar *text = NULL;
	int length = 0;
	bool written;

	xmlDocSetRootElement(doc, root);
	set(suite, "name", "puncture gate");
	for (guint i = 0; i < gate->findings->len; i++) {
		const struct pn_gate_finding *finding = gate->findings->pdata[i];
		g_autofree char *line = pn_gate_line(finding);

		add_test(suite, finding->case_id, finding->metric, finding->advisory ? NULL : elements[finding->verdict], line);
		failures += !finding->advisory && finding->verdict == PN_REGRESSED;
		errors += !finding->advisory && finding->verdict == PN_CANNOT_TELL;
	}
	if (gate->refused)
		add_test(suite, run_dir, "machine class", "error", gate->refused);
	tests_text = g_strdup_printf("%u", gate->findings->len + (gate->refused != NULL));
	failures_text = g_strdup_printf("%u", failures);
	errors_text = g_strdup_printf("%u", errors);
	set(suite, "tests", tests_text);
	set(suite, "failures", failures_text);
	set(suite, "errors", errors_text);
	xmlDocDumpFormatMemoryEnc(doc, &text, &length, "UTF-8", 1);
	written = text && fwrite(text, 1, (size_t)length, out) == (size_t)length;
	xmlFree(text);
	xmlFreeDoc(doc);
	return written ? 0 : -EIO;
}

const struct pn_gate_form pn_gate_forms[] = {
    {"github", "annotations of GitHub (workflow commands)", write_github},
    {"gitlab", "annotations of GitLab (code quality report)", write_gitlab},
    {"junit", "JUnit XML: a test case per finding", write_junit},
    {0},
};
