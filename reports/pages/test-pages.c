// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pages of a comparison and of the history, made of runs that are made up here: what they must say, and that they ask for nothing. With
 * --browser they are looked at in a real Chromium, too: they render, without an error and without a request.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../../harness/base/fs.h"
#include "../../harness/base/test-dir.h"
#include "../html/browser.h"
#include "../html/html.h"
#include "../rundir.h"
#include "pages.h"

static bool with_browser;

static void put(const char *dir, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(dir, name, NULL), *parent = g_path_get_dirname(path);

	g_mkdir_with_parents(parent, 0755);
	assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void put_verdict(const char *dir, unsigned int index, double start_s, double cpu_s)
{
	g_autofree char *name = g_strdup_printf("cases/%04u/verdict.json", index);
	g_autofree char *text = g_strdup_printf("{\"verdict\":\"PASS\",\"reason\":\"\",\"start_s\":%.0f,\"duration_s\":2,\"metrics\":{"
						"\"qemu.vcpu.cpu_s\":{\"value\":%f,\"unit\":\"s\"},"
						"\"balloon.settled_targets\":{\"value\":4,\"unit\":\"count\"}}}",
						start_s, cpu_s);

	put(dir, name, text);
}

#define HOST "{\"accel\":\"tcg\",\"cpu\":\"a <b>CPU</b>\",\"cpus\":2,\"revision\":\"%s\"}"

/* 12 pairs and the warm-up, B slower by half */
static char *make_comparison(const char *root)
{
	char *dir = g_build_filename(root, "pairs", NULL);
	GString *plan = g_string_new("{\"schema\":1,\"run\":\"pairs\",\"compare\":{\"a\":[\"driver=x\"],\"b\":[\"driver=<script>\"],\"pairs\":12,"
				     "\"seed\":1,\"metrics\":[]},\"cases\":[");

	for (unsigned int i = 0; i < 26; i++) {
		g_string_append_printf(plan, "%s{\"index\":%u,\"id\":\"c-%u\",\"pair\":{\"subject\":\"c\",\"n\":%u,\"side\":\"%s\"}}", i ? "," : "", i + 1, i,
				       i / 2, i % 2 ? "b" : "a");
		put_verdict(dir, i + 1, 1000 + i, (i % 2 ? 1.5 : 1.0) + 0.001 * i);
	}
	g_string_append(plan, "]}");
	put(dir, "plan.json", plan->str);
	put(dir, "host.json", "{\"accel\":\"tcg\",\"cpu\":\"a <b>CPU</b>\",\"cpus\":2}");
	g_string_free(plan, TRUE);
	return dir;
}

static void import_night(struct pn_history *history, const char *root, unsigned int night, double cpu_s)
{
	g_autofree char *name = g_strdup_printf("night-%u", night), *dir = g_build_filename(root, name, NULL);
	g_autofree char *plan = g_strdup_printf("{\"schema\":1,\"run\":\"%s\",\"cases\":[{\"index\":1,\"id\":\"c\"}]}", name);
	g_autofree char *host = g_strdup_printf(HOST, night < 8 ? "good" : "bad");
	struct pn_rundir *run = NULL;

	put(dir, "plan.json", plan);
	put(dir, "host.json", host);
	put_verdict(dir, 1, 1000 + night, cpu_s);
	assert_int_equal(pn_rundir_read(dir, &run, NULL), 0);
	assert_int_equal(pn_history_import(history, run, "main", NULL), 0);
	pn_rundir_free(run);
}

static int count(const char *text, const char *part)
{
	int times = 0;

	while ((text = strstr(text, part))) {
		times++;
		text += strlen(part);
	}
	return times;
}

static void expect_number(struct pn_browser *browser, const char *expression, int want)
{
	json_t *value = pn_browser_eval(browser, expression);

	assert_int_equal(json_integer_value(value), want);
	json_decref(value);
}

/* in both themes and at a phone's width; @expression is a number of the page */
static void look(const char *dir, const char *page, const char *expression, int want)
{
	g_autofree char *program = with_browser ? pn_browser_find() : NULL, *path = g_build_filename(dir, "page.html", NULL);
	g_autofree char *url = g_strdup_printf("file://%s", path);
	struct pn_browser *browser = NULL;

	if (!program)
		return;
	assert_int_equal(pn_fs_write(path, page, strlen(page), NULL), 0);
	assert_int_equal(pn_browser_open(program, &browser), 0);
	for (int pass = 0; pass < 3; pass++) {
		json_decref(pn_browser_call(browser, "Emulation.setDeviceMetricsOverride",
					    json_pack("{s:i, s:i, s:i, s:b}", "width", pass == 2 ? 390 : 1200, "height", 900, "deviceScaleFactor", 1,
						      "mobile", pass == 2)));
		json_decref(pn_browser_call(browser, "Emulation.setEmulatedMedia",
					    json_pack("{s:[{s:s, s:s}]}", "features", "name", "prefers-color-scheme", "value", pass == 1 ? "dark" : "light")));
		assert_int_equal(pn_browser_load(browser, url), 0);
		expect_number(browser, expression, want);
		expect_number(browser, "document.documentElement.scrollWidth > innerWidth ? 1 : 0", 0);
		if (pn_browser_news(browser)->first)
			print_error("%s\n", pn_browser_news(browser)->first);
		assert_int_equal(pn_browser_news(browser)->errors, 0);
		assert_int_equal(pn_browser_news(browser)->requests, 0);
	}
	pn_browser_close(browser);
}

static void check_page(const char *page)
{
	assert_true(strlen(page) < PN_HTML_BYTES_MAX);
	assert_null(strstr(page, "://"));
	assert_null(strstr(page, "<b>CPU"));
	assert_int_equal(count(page, "<script>"), 1); /* its own, that the policy names */
}

static void a_comparison_shows_what_moved(void **state)
{
	g_autofree char *dir = make_comparison(*state);
	struct pn_rundir *run = NULL;
	char *page = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&page, &size);

	assert_int_equal(pn_rundir_read(dir, &run, NULL), 0);
	assert_int_equal(pn_page_comparison(run, out, NULL), 0);
	fclose(out);
	check_page(page);
	assert_non_null(strstr(page, "<p class=\"headline FAIL\">REGRESSED</p>"));
	assert_non_null(strstr(page, "qemu.vcpu.cpu_s"));
	/* one strip: the other metric never varies */
	assert_int_equal(count(page, "aria-label=\"values of A and B\""), 1);
	assert_int_equal(count(page, "pair 12"), 2);
	assert_null(strstr(page, "pair 13"));
	look(*state, page, "document.querySelectorAll('#values circle').length", 24);
	pn_rundir_free(run);
	free(page);
}

static void a_trend_names_the_first_bad_run(void **state)
{
	g_autofree char *file = g_build_filename(*state, "h.sqlite", NULL);
	const struct pn_trend_query query = {0};
	struct pn_history *history = NULL;
	char *page = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&page, &size);

	assert_int_equal(pn_history_open(file, &history, NULL), 0);
	for (unsigned int night = 0; night < 16; night++)
		import_night(history, *state, night, (night < 8 ? 1 : 1.4) + 0.002 * (night * 7 % 5));
	assert_int_equal(pn_page_trend(history, &query, out, NULL), 1);
	fclose(out);
	check_page(page);
	assert_non_null(strstr(page, "first bad run night-8 (revision bad"));
	assert_non_null(strstr(page, ">worse +39."));
	assert_non_null(strstr(page, "the one before: night-7 (revision good"));
	assert_true(strstr(page, "id=\"worse\"") < strstr(page, "qemu.vcpu.cpu_s"));
	look(*state, page, "document.querySelectorAll('#worse circle').length", 16);
	pn_history_close(history);
	free(page);
}

int main(int argc, char **argv)
{
#define PAGE_TEST(name) cmocka_unit_test_setup_teardown(name, test_dir_setup, test_dir_teardown)
	const struct CMUnitTest tests[] = {
		PAGE_TEST(a_comparison_shows_what_moved),
		PAGE_TEST(a_trend_names_the_first_bad_run),
	};

	with_browser = argc > 1 && !strcmp(argv[1], "--browser");
	if (with_browser) {
		g_autofree char *program = pn_browser_find();

		if (!program)
			return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
