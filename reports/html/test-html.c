// SPDX-License-Identifier: GPL-2.0-only
/* Escapes, ticks, thinning and rates; pages of spoilt and of hostile run directories; the limit of size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../harness/base/diag.h"
#include "../../harness/base/fs.h"
#include "../rundir.h"
#include "html.h"

static void expect_near(double have, double want, double off)
{
	assert_true(fabs(have - want) <= off);
}

static void text_is_escaped(void **state)
{
	g_autoptr(GString) out = g_string_new(NULL);

	pn_html_text(out, "<a href=\"x\" title='y'>&\x01\xff\xe2\x80\xaeok\n");
	assert_string_equal(out->str, "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdok\n");
	g_string_truncate(out, 0);
	pn_html_printf(out, "<i>%s</i> %d %u %ld %zu %.2f %5.1f%% %g", "<&>", -1, 2u, -3L, (size_t)4, 1.239, 7.25, 1e6);
	assert_string_equal(out->str, "<i>&lt;&amp;&gt;</i> -1 2 -3 4 1.24   7.2% 1e+06");
}

static void only_harmless_sources_are_embedded(void **state)
{
	assert_true(pn_html_is_embeddable("if (a < b && c <d) x = '<div>';"));
	assert_false(pn_html_is_embeddable("x = '</SCRIPT>'"));
	assert_false(pn_html_is_embeddable("x = '<!-- y'"));
	assert_false(pn_html_is_embeddable("\xff"));
}

static void steps_are_round(void **state)
{
	expect_near(pn_html_step(100, 5, PN_HTML_PER_S), 20, 1e-9);
	expect_near(pn_html_step(101, 5, PN_HTML_PER_S), 50, 1e-9);
	expect_near(pn_html_step(0.3, 3, PN_HTML_SECONDS), 0.1, 1e-9);
	expect_near(pn_html_step(7e-9, 3, PN_HTML_SECONDS), 5e-9, 1e-15);
	expect_near(pn_html_step(300.0 * 1048576, 3, PN_HTML_BYTES), 128.0 * 1048576, 1);
	expect_near(pn_html_step(3.0 * 1048576, 3, PN_HTML_BYTES), 1048576, 1);
	expect_near(pn_html_step(0, 3, PN_HTML_BYTES), 1, 0);
	expect_near(pn_html_step(NAN, 3, PN_HTML_NS), 1, 0);
}

static void expect_text(double value, enum pn_html_unit unit, const char *text)
{
	g_autofree char *have = pn_html_value(value, unit);

	assert_string_equal(have, text);
}

static void values_read_well(void **state)
{
	expect_text(12.5 * 1048576, PN_HTML_BYTES, "12.5 MiB");
	expect_text(-1048576, PN_HTML_BYTES,
		    "\xe2\x88\x92"
		    "1 MiB");
	expect_text(3e6, PN_HTML_NS, "3 ms");
	expect_text(0.256, PN_HTML_SECONDS, "256 ms");
	expect_text(0.4, PN_HTML_SHARE, "40 %");
	expect_text(1134.159, PN_HTML_PER_S, "1134/s");
	expect_text(NAN, PN_HTML_BYTES, "-");
}

static GArray *points_of(guint count, double (*value)(guint i))
{
	GArray *points = g_array_new(FALSE, FALSE, sizeof(struct pn_html_point));

	for (guint i = 0; i < count; i++) {
		struct pn_html_point point = {.t_ns = (int64_t)i * 1000000, .value = value(i)};

		g_array_append_val(points, point);
	}
	return points;
}

static double spiky(guint i)
{
	return i == 4321 ? 1000 : i == 7777 ? -1000 : (double)(i % 7);
}

static double counter(guint i)
{
	return i < 5 ? i * 10 : (i - 5) * 10; /* starts anew at 5 */
}

static const struct pn_html_point *point_at(const GArray *points, guint i)
{
	return &g_array_index(points, struct pn_html_point, i);
}

static void thinning_keeps_peaks_and_ends(void **state)
{
	g_autoptr(GArray) all = points_of(10000, spiky), thin = pn_html_thin(all, 200);
	double low = 0, high = 0;

	assert_in_range(thin->len, 100, 202);
	for (guint i = 0; i < thin->len; i++) {
		low = fmin(low, point_at(thin, i)->value);
		high = fmax(high, point_at(thin, i)->value);
		if (i)
			assert_true(point_at(thin, i)->t_ns > point_at(thin, i - 1)->t_ns);
	}
	expect_near(low, -1000, 0);
	expect_near(high, 1000, 0);
	assert_int_equal(point_at(thin, 0)->t_ns, 0);
	assert_int_equal(point_at(thin, thin->len - 1)->t_ns, 9999000000);
}

static void few_points_stay_as_they_are(void **state)
{
	g_autoptr(GArray) all = points_of(50, spiky), thin = pn_html_thin(all, 60), none = points_of(0, spiky),
			  empty = pn_html_thin(none, 60);

	assert_int_equal(thin->len, 50);
	assert_memory_equal(thin->data, all->data, 50 * sizeof(struct pn_html_point));
	assert_int_equal(empty->len, 0);
}

static void a_counter_that_starts_anew_leaves_a_hole(void **state)
{
	g_autoptr(GArray) all = points_of(10, counter), rates = pn_html_rate(all);

	assert_int_equal(rates->len, 10);
	assert_true(isnan(point_at(rates, 0)->value));
	expect_near(point_at(rates, 1)->value, 10000, 1e-6);
	assert_true(isnan(point_at(rates, 5)->value));
	expect_near(point_at(rates, 6)->value, 10000, 1e-6);
}

/* a mark half a microsecond after a beat must not become a peak */
static void rates_over_next_to_no_time_are_joined(void **state)
{
	g_autoptr(GArray) all = points_of(10, counter), rates = NULL;
	struct pn_html_point close = {.t_ns = 2000500, .value = 29};

	g_array_insert_val(all, 3, close);
	rates = pn_html_rate(all);
	for (guint i = 1; i < 5; i++)
		expect_near(point_at(rates, i)->value, 10000, 1e-6);
}

static void write_file(const char *dir, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(dir, name, NULL), *parent = g_path_get_dirname(path);

	assert_int_equal(pn_fs_mkdir_p(parent, NULL), 0);
	assert_int_equal(pn_fs_write(path, text, strlen(text), NULL), 0);
}

static GString *page_of(const char *dir)
{
	struct pn_html_zoom zoom = {0};
	struct pn_rundir *run = NULL;
	GString *page;

	assert_int_equal(pn_rundir_read(dir, &run, NULL), 0);
	page = pn_html_page(run, &zoom);
	pn_rundir_free(run);
	return page;
}

#define EVIL "</script><img src=x onerror=alert(1)>\\\" ' onload=\\u0001"

static void nothing_from_outside_becomes_markup(void **state)
{
	g_autofree char *dir = g_dir_make_tmp("puncture-html-XXXXXX", NULL);
	g_autoptr(GString) page = NULL;

	write_file(dir, "plan.json",
		   "{\"schema\":1,\"run\":\"" EVIL "\",\"argv\":[\"" EVIL "\"],\"cases\":[{\"index\":1,\"id\":\"" EVIL
		   "\",\"seed\":1,\"params\":{\"" EVIL "\":\"" EVIL "\"}},"
		   "{\"index\":2,\"id\":\"b\",\"params\":{\"" EVIL "\":\"b\"}}]}");
	write_file(dir, "host.json", "{\"kernel\":\"" EVIL "\"}");
	write_file(dir, "cases/0001/verdict.json",
		   "{\"verdict\":\"FAIL\",\"reason\":\"" EVIL "\",\"repro\":\"" EVIL "\",\"findings\":[{\"oracle\":\"" EVIL
		   "\",\"verdict\":\"" EVIL "\",\"reason\":\"" EVIL "\"}],"
		   "\"metrics\":{\"" EVIL "\":{\"value\":1,\"unit\":\"" EVIL "\"}}}");
	write_file(dir, "cases/0001/journal.jsonl",
		   "{\"t_ns\":1,\"ev\":\"phase\",\"name\":\"" EVIL "\"}\n{\"t_ns\":5000000000,\"ev\":\"fault\",\"name\":\"" EVIL
		   "\",\"state\":\"" EVIL "\"}\n{\"t_ns\":9000000000,\"ev\":\"fault\",\"name\":\"" EVIL
		   "\",\"state\":\"fired\",\"evidence\":\"" EVIL "\"}\n");
	write_file(dir, "cases/0001/samples.jsonl", "{\"t_ns\":2,\"balloon.bytes\":5}\n{\"t_ns\":8000000000,\"balloon.bytes\":7}\n");
	write_file(dir, "cases/0001/kmsg.jsonl",
		   "{\"t_ns\":3,\"level\":1,\"text\":\"" EVIL "\"}\n{\"t_ns\":3,\"mark\":\"" EVIL "\"}\n{\"t_ns\":3,\"state\":\"" EVIL
		   "\"}\n");
	write_file(dir, "cases/0001/harness.log", "</script><img src=x onerror=alert(1)>\" '\n");
	write_file(dir, "cases/0001/loads.json", "[{\"load\":\"" EVIL "\",\"touch\":{\"p50\":1000,\"bins\":{\"1000\":3}}}]");
	page = page_of(dir);
	assert_null(strstr(page->str, "<img"));
	assert_null(strstr(page->str, "\" '"));
	assert_non_null(strstr(page->str, "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;&quot; &#39; onload="));
	pn_fs_remove_tree(dir, NULL);
}

static void a_spoilt_record_is_named_and_the_page_made(void **state)
{
	g_autofree char *dir = g_dir_make_tmp("puncture-html-XXXXXX", NULL);
	g_autoptr(GString) page = NULL;

	write_file(dir, "plan.json", "{\"schema\":1,\"run\":\"r\",\"cases\":[{\"index\":1,\"id\":\"a\"},{\"index\":2,\"id\":\"b\"}]}");
	write_file(dir, "cases/0001/verdict.json", "{\"verdict\":\"BROK\",\"reason\":\"why\"}");
	write_file(dir, "cases/0001/journal.jsonl", "{\"t_ns\":1,\"ev\":\"case\"}\nnonsense\n");
	write_file(dir, "cases/0001/loads.json", "[{\"lo");
	write_file(dir, "cases/0002/verdict.json", "{\"verdict\":\"PASS\"}");
	write_file(dir, "cases/0002/journal.jsonl", "{\"t_ns\":1,\"ev\":\"case\"}\n{\"t_ns\":2,\"ev\":\"torn");
	page = page_of(dir);
	assert_non_null(strstr(page->str, "journal.jsonl:2: not a JSON object"));
	assert_non_null(strstr(page->str, "nothing was sampled"));
	pn_fs_remove_tree(dir, NULL);
}

#define TWO_GUESTS "{\"t_ns\":1000000000,\"ev\":\"case\",\"guests\":[\"a\",\"../a\",\"b\",\".\"]}\n"

static void guests_stand_on_one_axis(void **state)
{
	g_autofree char *dir = g_dir_make_tmp("puncture-html-XXXXXX", NULL);
	g_autoptr(GString) page = NULL;
	const char *first, *axis = "data-from=\"-2.000000000\" data-to=\"7.000000000\"";
	unsigned int axes = 0;

	write_file(dir, "plan.json", "{\"schema\":1,\"run\":\"r\",\"cases\":[{\"index\":1,\"id\":\"x\"}]}");
	write_file(dir, "cases/0001/verdict.json", "{\"verdict\":\"FAIL\",\"reason\":\"guest b: why\"}");
	write_file(dir, "cases/0001/journal.jsonl", TWO_GUESTS);
	write_file(dir, "cases/0001/controller.jsonl",
		   "{\"t_ns\":3000000000,\"ev\":\"controller\",\"host_bytes\":1000,\"reserve_bytes\":100}\n"
		   "{\"t_ns\":4000000000,\"ev\":\"tick\",\"guests\":{\"a\":{\"resident_bytes\":300},\"b\":{\"resident_bytes\":400}}}\n"
		   "{\"t_ns\":5000000000,\"ev\":\"fault\",\"name\":\"lie\",\"guest\":\"a\",\"state\":\"fired\"}\n"
		   "{\"t_ns\":6000000000,\"ev\":\"tick\",\"guests\":{\"a\":{\"resident_bytes\":310},\"b\":{}}}\n"
		   "{\"t_ns\":7000000000,\"ev\":\"tick\",\"guests\":{\"a\":{\"resident_bytes\":320},\"b\":{\"resident_bytes\":410}}}\n");
	write_file(dir, "cases/0001/guests/a/journal.jsonl",
		   "{\"t_ns\":2000000000,\"ev\":\"case\"}\n{\"t_ns\":3000000000,\"ev\":\"timeline\",\"state\":\"start\"}\n{\"t_ns\":9000000000,\"ev\":\"x\"}\n");
	write_file(dir, "cases/0001/guests/a/samples.jsonl", "{\"t_ns\":4000000000,\"balloon.bytes\":5}\n{\"t_ns\":8000000000,\"balloon.bytes\":7}\n");
	write_file(dir, "cases/0001/guests/b/journal.jsonl", "{\"t_ns\":2500000000,\"ev\":\"case\"}\n{\"t_ns\":10000000000,\"ev\":\"x\"}\n");
	write_file(dir, "cases/0001/guests/b/samples.jsonl", "{\"t_ns\":4000000000,\"monitor_ns\":5}\n{\"t_ns\":8000000000,\"monitor_ns\":7}\n");
	write_file(dir, "cases/0001/guests/b/kmsg.jsonl", "{\"t_ns\":5000000000,\"level\":2,\"text\":\"of guest b\"}\n");
	page = page_of(dir);
	for (first = page->str; (first = strstr(first, axis)); first++)
		axes++;
	assert_int_equal(axes, 3); /* both guests, and all together */
	assert_non_null(strstr(page->str, "data-guest=\"a\""));
	assert_non_null(strstr(page->str, "data-guest=\"b\""));
	assert_null(strstr(page->str, "data-guest=\"../a"));
	assert_non_null(strstr(page->str, "All guests together"));
	assert_non_null(strstr(page->str, "lie of a"));
	assert_non_null(strstr(page->str, "of guest b"));
	pn_fs_remove_tree(dir, NULL);
}

/* Case @index of a long run: its samples are noise, so that no line of it is short. */
static void write_noisy_case(const char *dir, unsigned int index, const char *samples)
{
	g_autofree char *base = g_strdup_printf("cases/%04u/", index);
	g_autofree char *verdict = g_strconcat(base, "verdict.json", NULL), *journal = g_strconcat(base, "journal.jsonl", NULL);
	g_autofree char *path = g_strconcat(base, "samples.jsonl", NULL);

	write_file(dir, verdict, index == 300 ? "{\"verdict\":\"FAIL\",\"reason\":\"the one\"}" : "{\"verdict\":\"PASS\"}");
	write_file(dir, journal, "{\"t_ns\":1000000000,\"ev\":\"case\"}\n{\"t_ns\":3000000000000,\"ev\":\"x\"}\n");
	write_file(dir, path, samples);
}

static void a_page_stays_below_its_limit(void **state)
{
	g_autofree char *dir = g_dir_make_tmp("puncture-html-XXXXXX", NULL);
	g_autoptr(GString) page = NULL, plan = g_string_new("{\"schema\":1,\"run\":\"r\",\"cases\":["), samples = g_string_new(NULL);
	g_autoptr(GRand) rand = g_rand_new_with_seed(1);

	for (unsigned int i = 0; i < 1000; i++)
		g_string_append_printf(samples, "{\"t_ns\":%u000000000,\"balloon.bytes\":%u,\"qemu.rss_bytes\":%u,\"monitor_ns\":%u}\n",
				       i + 1, g_rand_int(rand), g_rand_int(rand), g_rand_int(rand));
	for (unsigned int i = 1; i <= 300; i++) {
		g_string_append_printf(plan, "%s{\"index\":%u,\"id\":\"case %u\"}", i > 1 ? "," : "", i, i);
		write_noisy_case(dir, i, samples->str);
	}
	g_string_append(plan, "]}");
	write_file(dir, "plan.json", plan->str);
	page = page_of(dir);
	assert_in_range(page->len, PN_HTML_BYTES_MAX / 2, PN_HTML_BYTES_MAX);
	assert_non_null(strstr(page->str, "cases are in the table only"));
	/* the failed one, last of all, has its section; what has none has no link */
	assert_non_null(strstr(page->str, "id=\"case-300\""));
	assert_null(strstr(page->str, "id=\"case-299\""));
	assert_null(strstr(page->str, "href=\"#case-299\""));
	assert_non_null(strstr(page->str, "case 299"));
	pn_fs_remove_tree(dir, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(text_is_escaped),
	    cmocka_unit_test(only_harmless_sources_are_embedded),
	    cmocka_unit_test(steps_are_round),
	    cmocka_unit_test(values_read_well),
	    cmocka_unit_test(thinning_keeps_peaks_and_ends),
	    cmocka_unit_test(few_points_stay_as_they_are),
	    cmocka_unit_test(a_counter_that_starts_anew_leaves_a_hole),
	    cmocka_unit_test(rates_over_next_to_no_time_are_joined),
	    cmocka_unit_test(nothing_from_outside_becomes_markup),
	    cmocka_unit_test(a_spoilt_record_is_named_and_the_page_made),
	    cmocka_unit_test(guests_stand_on_one_axis),
	    cmocka_unit_test(a_page_stays_below_its_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
