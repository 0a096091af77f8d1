// SPDX-License-Identifier: GPL-2.0-only
/* JUnit XML: FAIL is a failure, BROK and a case that has not run are errors, metrics are properties of the test case. */
#include "report.h"

#include <errno.h>
#include <glib.h>
#include <libxml/tree.h>
#include <libxml/xmlsave.h>
#include <string.h>

#include "../harness/base/diag.h"
#include "rundir.h"

static xmlNode *child(xmlNode *parent, const char *name)
{
	return xmlNewChild(parent, NULL, BAD_CAST name, NULL);
}

static void set(xmlNode *node, const char *name, const char *value)
{
	g_autofree char *clean = pn_report_clean(value);

	xmlNewProp(node, BAD_CAST name, BAD_CAST clean);
}

static void set_format(xmlNode *node, const char *name, const char *format, double value)
{
	char text[G_ASCII_DTOSTR_BUF_SIZE];

	set(node, name, g_ascii_formatd(text, sizeof(text), format, value));
}

static void add_metrics(xmlNode *test, const json_t *metrics)
{
	const char *name;
	json_t *metric;
	xmlNode *properties;

	if (!json_object_size(metrics))
		return;
	properties = child(test, "properties");
	json_object_foreach ((json_t *)metrics, name, metric) {
		xmlNode *property = child(properties, "property");
		const char *unit = json_string_value(json_object_get(metric, "unit"));
		g_autofree char *key = g_strdup_printf("%s [%s]", name, unit ? unit : "");

		set(property, "name", key);
		set_format(property, "value", "%.12g", json_number_value(json_object_get(metric, "value")));
	}
}

static void add_outcome(xmlNode *test, const struct pn_rundir *run, size_t i)
{
	const char *verdict = pn_rundir_verdict(run, i);
	const char *repro = pn_rundir_string(run, i, "repro");
	xmlNode *outcome;

	if (verdict && !strcmp(verdict, "PASS"))
		return;
	if (verdict && !strcmp(verdict, "SKIP"))
		outcome = child(test, "skipped");
	else
		outcome = child(test, verdict && !strcmp(verdict, "FAIL") ? "failure" : "error");
	set(outcome, "message", verdict ? pn_rundir_reason(run, i) : "has not run: the run ended before this case");
	if (*repro) {
		xmlNode *text = child(test, "system-out");

		xmlNodeAddContent(text, BAD_CAST "again: ");
		xmlNodeAddContent(text, BAD_CAST repro);
	}
}

static double add_case(xmlNode *suite, const struct pn_rundir *run, size_t i)
{
	xmlNode *test = child(suite, "testcase");
	double duration_s = pn_rundir_number(run, i, "duration_s");

	set(test, "classname", pn_rundir_string(run, i, "scenario"));
	set(test, "name", pn_rundir_string(run, i, "id"));
	set_format(test, "time", "%.3f", duration_s);
	add_metrics(test, json_object_get(run->verdicts[i], "metrics"));
	add_outcome(test, run, i);
	return duration_s;
}

static xmlDoc *make_document(const struct pn_rundir *run)
{
	xmlDoc *doc = xmlNewDoc(BAD_CAST "1.0");
	xmlNode *root = xmlNewNode(NULL, BAD_CAST "testsuites"), *suite = child(root, "testsuite");
	const char *id = json_string_value(json_object_get(run->plan, "run"));
	struct pn_rundir_totals totals;
	double duration_s = 0;

	xmlDocSetRootElement(doc, root);
	pn_rundir_totals(run, &totals);
	set(suite, "name", id ? id : "");
	set_format(suite, "tests", "%.0f", run->count);
	set_format(suite, "failures", "%.0f", totals.failed);
	set_format(suite, "errors", "%.0f", totals.broken + totals.unfinished);
	set_format(suite, "skipped", "%.0f", totals.skipped);
	for (size_t i = 0; i < run->count; i++)
		duration_s += add_case(suite, run, i);
	set_format(suite, "time", "%.3f", duration_s);
	return doc;
}

int pn_report_junit(const struct pn_rundir *run, const struct pn_report_style *style, FILE *out, struct pn_diag *diag)
{
	xmlDoc *doc = make_document(run);
	xmlChar *text = NULL;
	int length = 0;
	bool written;

	xmlDocDumpFormatMemoryEnc(doc, &text, &length, "UTF-8", 1);
	written = text && fwrite(text, 1, length, out) == (size_t)length;
	xmlFree(text);
	xmlFreeDoc(doc);
	return written ? 0 : pn_diag_set(diag, -EIO, "the report could not be written");
}
