// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page in a real Chromium: it renders, at every width; filters work; plots zoom; nothing is logged as an error; no request leaves it;
 * without scripts it is still there. `test-browser --keep DIR` leaves screenshots. Exits with 77 (skipped) where there is no Chromium.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../harness/base/fs.h"
#include "../report.h"
#include "../rundir.h"
#include "browser.h"
#include "html.h"

static struct {
	struct pn_browser *browser;
	char *dir; /* page and screenshots */
	char *url;
	char *guests_url; /* of a run whose one case has several guests */
	bool zoom; /* uPlot is at hand */
} world;

static char *write_page_of(const char *golden)
{
	g_autofree char *dir = g_build_filename(PN_GOLDEN_DIR, golden, NULL), *name = g_strdup_printf("%s.html", golden);
	g_autofree char *path = g_build_filename(world.dir, name, NULL), *zoom_dir = pn_report_zoom_dir();
	struct pn_html_zoom zoom = {0};
	struct pn_rundir *run = NULL;
	GString *page;

	assert_int_equal(pn_rundir_read(dir, &run, NULL), 0);
	assert_int_equal(pn_html_zoom_read(zoom_dir, &zoom, NULL), 0);
	world.zoom = zoom.script;
	page = pn_html_page(run, &zoom);
	assert_int_equal(pn_fs_write(path, page->str, page->len, NULL), 0);
	g_string_free(page, TRUE);
	pn_html_zoom_deinit(&zoom);
	pn_rundir_free(run);
	return g_strdup_printf("file://%s", path);
}

static int open_world(void **state)
{
	g_autofree char *program = pn_browser_find();

	world.url = write_page_of("plots");
	world.guests_url = write_page_of("guests");
	return pn_browser_open(program, &world.browser);
}

static int close_world(void **state)
{
	pn_browser_close(world.browser);
	g_free(world.url);
	g_free(world.guests_url);
	return 0;
}

static void expect_quiet(void)
{
	const struct pn_browser_news *news = pn_browser_news(world.browser);

	if (news->first)
		print_error("%s\n", news->first);
	assert_int_equal(news->errors, 0);
	assert_int_equal(news->requests, 0);
}

static void expect(const char *expression, const char *want)
{
	json_t *value = pn_browser_eval(world.browser, expression);
	g_autofree char *have = json_is_integer(value) ? g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value)) :
							 g_strdup(json_is_true(value) ? "true" : json_string_value(value) ?: "nothing");

	json_decref(value);
	if (strcmp(have, want))
		print_error("%s\n", expression);
	assert_string_equal(have, want);
}

static void look_at(const char *url, unsigned int width, bool dark, bool scripts)
{
	json_decref(pn_browser_call(
	    world.browser, "Emulation.setDeviceMetricsOverride",
	    json_pack("{s:i, s:i, s:i, s:b}", "width", width, "height", 900, "deviceScaleFactor", 1, "mobile", width < 600)));
	json_decref(
	    pn_browser_call(world.browser, "Emulation.setEmulatedMedia",
			    json_pack("{s:[{s:s, s:s}]}", "features", "name", "prefers-color-scheme", "value", dark ? "dark" : "light")));
	json_decref(pn_browser_call(world.browser, "Emulation.setScriptExecutionDisabled", json_pack("{s:b}", "value", !scripts)));
	assert_int_equal(pn_browser_load(world.browser, url), 0);
}

static void look(unsigned int width, bool dark, bool scripts)
{
	look_at(world.url, width, dark, scripts);
}

/* the whole page, as high as it is */
static void shoot(const char *name)
{
	g_autofree char *path = g_build_filename(world.dir, name, NULL);

	assert_true(pn_browser_save(world.browser, "Page.captureScreenshot", json_pack("{s:b}", "captureBeyondViewport", true), path) >
		    5000);
}

static void renders_in_light_and_dark(void **state)
{
	look(1200, false, true);
	expect("getComputedStyle(document.body).backgroundColor", "rgb(255, 255, 255)");
	expect("document.querySelectorAll('details.case').length", "2");
	expect("document.querySelectorAll('details.case[open]').length", "1");
	expect("document.querySelector('details[open] section.timeline').querySelectorAll('figure.panel').length > 3", "true");
	/* every line is drawn, inside of its panel */
	expect("[...document.querySelectorAll('details[open] .plot path[data-form]')].every(p => p.getTotalLength() > 0 || p.dataset.form "
	       "=== 'dots')",
	       "true");
	expect("[...document.querySelectorAll('details[open] svg.plot')].every(s => s.getBoundingClientRect().width > 300 && "
	       "s.getBoundingClientRect().height > 50)",
	       "true");
	expect("document.querySelectorAll('.histogram rect.bar').length > 20", "true");
	shoot("light.png");
	expect_quiet();
	look(1200, true, true);
	expect("getComputedStyle(document.body).backgroundColor", "rgb(22, 24, 27)");
	shoot("dark.png");
	expect_quiet();
}

static void fits_a_phone(void **state)
{
	look(390, false, true);
	expect("document.documentElement.scrollWidth <= 390", "true");
	expect("[...document.querySelectorAll('details[open] svg.plot text')].every(t => parseFloat(getComputedStyle(t).fontSize) >= 10)",
	       "true");
	shoot("phone.png");
	expect_quiet();
}

#define TYPE(text)                                                                                   \
	"(() => { const f = document.querySelector('.filters input[type=search]'); f.value = '" text \
	"'; f.dispatchEvent(new Event('input', {bubbles: true})); return document.querySelector('.filters output').textContent; })()"
#define TICK(verdict)                                                           \
	"(() => { document.querySelector('.filters input[data-verdict=" verdict \
	"]').click(); return document.querySelector('.filters output').textContent; })()"
#define CHOOSE(param, value)                                                                                    \
	"(() => { const f = document.querySelector('.filters select[data-param=" param "]'); f.value = '" value \
	"'; f.dispatchEvent(new Event('input', {bubbles: true})); return document.querySelector('.filters output').textContent; })()"
#define VISIBLE(selector) "[...document.querySelectorAll('" selector "')].filter(n => n.checkVisibility()).length"

static void filters_filter(void **state)
{
	look(1200, false, true);
	expect(VISIBLE("table.cases tbody tr"), "3");
	expect(TYPE("fio OOM"), "1 of 3 shown");
	expect(VISIBLE("table.cases tbody tr"), "1");
	expect(VISIBLE("details.case"), "1");
	expect(TYPE("no such case"), "0 of 3 shown");
	expect(TYPE(""), "3 of 3 shown");
	expect(TICK("PASS"), "2 of 3 shown");
	expect(TICK("PASS"), "3 of 3 shown");
	expect(CHOOSE("driver", "stock"), "2 of 3 shown");
	expect(CHOOSE("load", "vm"), "1 of 3 shown");
	expect(CHOOSE("driver", ""), "1 of 3 shown");
	expect(CHOOSE("load", ""), "3 of 3 shown");
	expect("(() => { document.querySelector('button[data-open=\"1\"]').click(); return "
	       "document.querySelectorAll('details.case[open]').length; })()",
	       "2");
	expect_quiet();
}

static void a_link_opens_its_case(void **state)
{
	look(1200, false, true);
	expect("(() => { document.querySelector('a[href=\"#case-1\"]').click(); return 'clicked'; })()", "clicked");
	expect("new Promise(done => requestAnimationFrame(() => setTimeout(() => "
	       "done(document.querySelector('details.case[data-case=\"1\"]').open))))",
	       "true");
	expect_quiet();
}

static void plots_zoom(void **state)
{
	if (!world.zoom)
		skip();
	look(1200, false, true);
	expect("(() => { document.querySelector('details[open] .tools button').click(); return document.querySelectorAll('.uplot').length "
	       "=== document.querySelectorAll('details[open] figure.panel').length; })()",
	       "true");
	expect(VISIBLE("details[open] svg.plot path[data-form]"), "0");
	/* all panels go along, and the first one's axis says so */
	expect("(() => { const b = [...document.querySelectorAll('details[open] .tools button')].find(b => b.textContent === 'zoom in'); "
	       "b.click(); b.click(); return 'clicked'; })()",
	       "clicked");
	expect_quiet();
	/* something was drawn in colour on every canvas */
	expect("[...document.querySelectorAll('.uplot canvas')].every(c => c.getContext('2d').getImageData(0, 0, c.width, "
	       "c.height).data.some((v, i) => i % 4 === 3 && v === 255))",
	       "true");
	shoot("zoomed.png");
	expect("(() => { document.querySelector('details[open] .tools button').click(); return document.querySelectorAll('.uplot').length; "
	       "})()",
	       "0");
	expect_quiet();
}

static void is_whole_without_scripts(void **state)
{
	look(1200, false, false);
	expect(VISIBLE("table.cases tbody tr"), "3");
	expect(VISIBLE(".filters"), "0");
	expect(VISIBLE("details[open] svg.plot") " > 3", "true");
	expect_quiet();
}

static void prints(void **state)
{
	g_autofree char *path = g_build_filename(world.dir, "page.pdf", NULL);

	look(1200, true, true);
	assert_true(pn_browser_save(world.browser, "Page.printToPDF",
				    json_pack("{s:b, s:f, s:f}", "printBackground", false, "paperWidth", 8.27, "paperHeight", 11.69),
				    path) > 5000);
	/* paper is white in a dark room too */
	json_decref(pn_browser_call(
	    world.browser, "Emulation.setEmulatedMedia",
	    json_pack("{s:s, s:[{s:s, s:s}]}", "media", "print", "features", "name", "prefers-color-scheme", "value", "dark")));
	expect("getComputedStyle(document.body).backgroundColor", "rgb(255, 255, 255)");
	shoot("print.png");
	json_decref(pn_browser_call(world.browser, "Emulation.setEmulatedMedia", json_pack("{s:s}", "media", "")));
	expect_quiet();
}

/* A set of panels a guest, one axis of time for all, and all of them together above. */
static void each_guest_has_its_panels(void **state)
{
	look_at(world.guests_url, 1200, false, true);
	expect("[...document.querySelectorAll('details.case[open] section.guest')].map(s => s.dataset.guest).join()", "a,b,c");
	expect("[...document.querySelectorAll('section.guest')].every(s => s.querySelectorAll('figure.panel').length > 3)", "true");
	expect("document.querySelectorAll('details[open] section.timeline').length", "4");
	expect("new Set([...document.querySelectorAll('details[open] section.timeline')].map(t => t.dataset.from + ' ' + t.dataset.to)).size", "1");
	expect("document.querySelector('details[open] section.timeline figcaption').textContent.includes('All guests together')", "true");
	/* the one that is blamed has its kernel log */
	expect("document.querySelectorAll('section.guest pre.log').length", "1");
	expect("document.querySelector('section.guest[data-guest=c] pre.log') !== null", "true");
	shoot("guests.png");
	expect_quiet();
	look_at(world.guests_url, 390, true, true);
	expect("document.documentElement.scrollWidth <= 390", "true");
	shoot("guests-phone.png");
	expect_quiet();
}

/* the test's own eyes: an error and a request are seen */
static void errors_and_requests_are_noticed(void **state)
{
	g_autofree char *path = g_build_filename(world.dir, "bad.html", NULL), *url = g_strdup_printf("file://%s", path);
	const char *bad =
	    "<!DOCTYPE html><title>x</title><img src=\"http://127.0.0.1:9/x.png\"><script>console.error('ouch'); nowhere();</script>";

	assert_int_equal(pn_fs_write(path, bad, strlen(bad), NULL), 0);
	assert_int_equal(pn_browser_load(world.browser, url), 0);
	assert_true(pn_browser_news(world.browser)->errors >= 2);
	assert_int_equal(pn_browser_news(world.browser)->requests, 1);
}

/* and the policy stops what would slip through */
static void the_policy_stops_foreign_scripts(void **state)
{
	look(1200, false, true);
	expect("(() => { const s = document.createElement('script'); s.textContent = 'window.slipped = true'; document.body.append(s); "
	       "return String(window.slipped); })()",
	       "undefined");
	assert_true(pn_browser_news(world.browser)->errors >= 1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(errors_and_requests_are_noticed),
	    cmocka_unit_test(renders_in_light_and_dark),
	    cmocka_unit_test(fits_a_phone),
	    cmocka_unit_test(filters_filter),
	    cmocka_unit_test(a_link_opens_its_case),
	    cmocka_unit_test(plots_zoom),
	    cmocka_unit_test(is_whole_without_scripts),
	    cmocka_unit_test(prints),
	    cmocka_unit_test(each_guest_has_its_panels),
	    cmocka_unit_test(the_policy_stops_foreign_scripts),
	};
	bool keep = argc > 2 && !strcmp(argv[1], "--keep");
	g_autofree char *program = pn_browser_find();
	int failed;

	if (!program) {
		puts("SKIP: no Chromium here: apt-get install chromium");
		return 77;
	}
	world.dir = keep ? g_canonicalize_filename(argv[2], NULL) : g_dir_make_tmp("puncture-page-XXXXXX", NULL);
	pn_fs_mkdir_p(world.dir, NULL);
	failed = cmocka_run_group_tests(tests, open_world, close_world);
	if (!keep)
		pn_fs_remove_tree(world.dir, NULL);
	g_free(world.dir);
	return failed;
}
