// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every report of every golden run directory must come out to the byte as it stands there; pages but for what all pages carry. `test-report-golden --update` writes the
 * expected files anew; read the difference before committing it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <glib.h>
#include <libxml/parser.h>
#include <libxml/xmlschemas.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../harness/base/diag.h"
#include "../harness/base/fs.h"
#include "report.h"
#include "rundir.h"

static const char *const goldens[] = {"smoke", "killed", "selftest", "plots", "matrix", "guests", NULL};

/* Style, script and the script's hash are the same in every page and have their own files (html/page.css, page.js). */
static char *without_assets(const char *text)
{
	static const char *const assets[][2] = {{"<style>.*?</style>", "<style></style>"},
						{"<script>'use strict';.*?</script>", "<script></script>"},
						{"'sha256-[^']*'", "'sha256'"}};
	char *rest = g_strdup(text);

	for (size_t i = 0; i < G_N_ELEMENTS(assets); i++) {
		g_autoptr(GRegex) asset = g_regex_new(assets[i][0], G_REGEX_DOTALL, 0, NULL);
		char *next = g_regex_replace_literal(asset, rest, -1, 0, assets[i][1], 0, NULL);

		g_free(rest);
		rest = next;
	}
	return rest;
}

/* the caller's to g_free */
static char *render(const char *golden, const struct pn_report_format *format)
{
	g_autofree char *dir = g_build_filename("runs", golden, NULL);
	struct pn_report_style style = {0};
	struct pn_rundir *run = NULL;
	struct pn_diag diag = {0};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (pn_rundir_read(dir, &run, &diag))
		g_error("%s", diag.text);
	assert_int_equal(format->write(run, &style, out, NULL), 0);
	fclose(out);
	pn_rundir_free(run);
	if (!strcmp(format->name, "html")) {
		char *page = without_assets(text);

		free(text);
		return page;
	}
	return text;
}

static char *expected_path(const char *golden, const struct pn_report_format *format)
{
	return g_strdup_printf(PN_GOLDEN_DIR "/%s/expected.%s", golden, format->name);
}

static void reports_come_out_to_the_byte(void **state)
{
	for (const char *const *golden = goldens; *golden; golden++) {
		for (const struct pn_report_format *format = pn_report_formats; format->name; format++) {
			g_autofree char *path = expected_path(*golden, format), *expected = NULL;
			char *text = render(*golden, format);

			assert_int_equal(pn_fs_read(path, &expected, NULL, NULL), 0);
			assert_string_equal(text, expected);
			free(text);
		}
	}
}

static void keep_words(void *data, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_string_append_vprintf(data, format, args);
	va_end(args);
}

/* Return: why it is not as the schema has it, "" when it is; g_free() */
static char *against_schema(const char *text)
{
	xmlSchemaParserCtxtPtr parser = xmlSchemaNewParserCtxt(PN_GOLDEN_DIR "/../junit.xsd");
	xmlSchemaPtr schema = xmlSchemaParse(parser);
	xmlSchemaValidCtxtPtr valid = xmlSchemaNewValidCtxt(schema);
	xmlDocPtr doc = xmlReadMemory(text, (int)strlen(text), "junit", NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	GString *words = g_string_new(NULL);

	assert_non_null(schema);
	xmlSchemaSetValidErrors(valid, keep_words, keep_words, words);
	if (!doc || (xmlSchemaValidateDoc(valid, doc) && !words->len))
		g_string_append(words, "not XML");
	xmlFreeDoc(doc);
	xmlSchemaFreeValidCtxt(valid);
	xmlSchemaFree(schema);
	xmlSchemaFreeParserCtxt(parser);
	return g_string_free(words, FALSE);
}

static void junit_is_as_its_schema_has_it(void **state)
{
	static const char *const wrong[] = {
		"<testsuites>", /* torn */
		"<testsuites><testsuite name='x' tests='-1' failures='0' errors='0'/></testsuites>",
		"<testsuites><testsuite name='x' tests='1' failures='0' errors='0'><testcase name='y'/></testsuite></testsuites>",
		"<testsuites><testsuite name='x' tests='2' failures='0' errors='0'><testcase classname='c' name='y'/>"
		"<testcase classname='c' name='y'/></testsuite></testsuites>",
	};

	for (const char *const *golden = goldens; *golden; golden++) {
		char *text = render(*golden, pn_report_format_find("junit"));
		g_autofree char *why = against_schema(text);

		assert_string_equal(why, "");
		free(text);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autofree char *why = against_schema(wrong[i]);

		assert_string_not_equal(why, "");
	}
}

static void text_stays_within_80_columns(void **state)
{
	for (const char *const *golden = goldens; *golden; golden++) {
		char *text = render(*golden, pn_report_format_find("text"));
		g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

		/* a line to be copied is as long as it is */
		for (char **line = lines; *line; line++)
			if (!strstr(*line, "again: ") && !strstr(*line, "go on with: "))
				assert_true(strlen(*line) <= 80);
		free(text);
	}
}

static void colour_is_only_added(void **state)
{
	g_autofree char *dir = g_build_filename(PN_GOLDEN_DIR, "smoke", NULL);
	struct pn_report_style style = {.colour = true};
	struct pn_rundir *run = NULL;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(pn_rundir_read(dir, &run, NULL), 0);
	assert_int_equal(pn_report_text(run, &style, out, NULL), 0);
	fclose(out);
	assert_non_null(strstr(text, "\033[31mFAIL\033[0m"));
	free(text);
	pn_rundir_free(run);
}

static int read_dir_with(const char *file, const char *content, struct pn_diag *diag)
{
	g_autofree char *dir = g_dir_make_tmp("puncture-report-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, file, NULL), *parent = g_path_get_dirname(path);
	g_autofree char *plan = g_build_filename(dir, "plan.json", NULL);
	const char *good = "{\"schema\":1,\"run\":\"r\",\"cases\":[{\"index\":1,\"id\":\"a\"}]}";
	struct pn_rundir *run = NULL;
	int err;

	assert_int_equal(pn_fs_write(plan, good, strlen(good), NULL), 0);
	assert_int_equal(pn_fs_mkdir_p(parent, NULL), 0);
	assert_int_equal(pn_fs_write(path, content, strlen(content), NULL), 0);
	err = pn_rundir_read(dir, &run, diag);
	pn_rundir_free(run);
	pn_fs_remove_tree(dir, NULL);
	return err;
}

static void refuses_what_is_no_run_directory(void **state)
{
	struct pn_rundir *run = NULL;
	struct pn_diag diag = {0};

	assert_int_equal(pn_rundir_read("/nonexistent", &run, &diag), -ENOENT);
	assert_non_null(strstr(diag.text, "/nonexistent/plan.json"));
	assert_int_equal(read_dir_with("plan.json", "{\"schema\":2}", &diag), -EINVAL);
	assert_non_null(strstr(diag.text, "schema"));
	assert_int_equal(read_dir_with("plan.json", "{\"schema\":1,\"cases\":[{}]}", &diag), -EINVAL);
	assert_int_equal(read_dir_with("cases/0001/verdict.json", "{\"verdict\":\"GOOD\"}", &diag), -EINVAL);
	assert_non_null(strstr(diag.text, "GOOD"));
	assert_int_equal(read_dir_with("cases/0001/verdict.json", "{\"verd", &diag), -EINVAL);
	assert_non_null(strstr(diag.text, "verdict.json:1"));
}

static void an_unfinished_case_is_in_no_summary(void **state)
{
	struct pn_rundir *run = NULL;
	struct pn_rundir_totals totals;
	json_t *summary;

	assert_int_equal(pn_rundir_read(PN_GOLDEN_DIR "/killed", &run, NULL), 0);
	pn_rundir_totals(run, &totals);
	summary = pn_rundir_summary(run);
	assert_true(totals.unfinished > 0);
	assert_int_equal(json_array_size(json_object_get(summary, "cases")), run->count - totals.unfinished);
	json_decref(summary);
	pn_rundir_free(run);
}

static int update(void)
{
	for (const char *const *golden = goldens; *golden; golden++) {
		for (const struct pn_report_format *format = pn_report_formats; format->name; format++) {
			g_autofree char *path = expected_path(*golden, format);
			struct pn_diag diag = {0};
			char *text = render(*golden, format);
			int err = pn_fs_write(path, text, strlen(text), &diag);

			free(text);
			if (err)
				g_error("%s", diag.text);
		}
	}
	return 0;
}

/* Where the directories lie must not stand in what is compared: they are read as runs/NAME, through a link. */
static void work_beside_runs(char *dir)
{
	if (!mkdtemp(dir) || chdir(dir) || symlink(PN_GOLDEN_DIR, "runs"))
		g_error("%s: %s", dir, g_strerror(errno));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reports_come_out_to_the_byte),
		cmocka_unit_test(junit_is_as_its_schema_has_it),
		cmocka_unit_test(text_stays_within_80_columns),
		cmocka_unit_test(colour_is_only_added),
		cmocka_unit_test(refuses_what_is_no_run_directory),
		cmocka_unit_test(an_unfinished_case_is_in_no_summary),
	};

	char dir[] = "/tmp/puncture-golden-XXXXXX";
	int result;

	work_beside_runs(dir);
	result = argc > 1 && !strcmp(argv[1], "--update") ? update() : cmocka_run_group_tests(tests, NULL, NULL);
	pn_fs_remove_tree(dir, NULL);
	return result;
}
