// SPDX-License-Identifier: GPL-2.0-only
/*
 * The trace of a run (../trace.c) in the engine that reads traces for the Performance panel of Chromium's DevTools: it takes the file, knows our
 * processes and threads by their names, and has each of our slices. Exits with 77 (skipped) where there is no Chromium, or one without that engine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../report.h"
#include "../rundir.h"
#include "browser.h"

/* pages of DevTools alone may import its modules */
#define PAGE "devtools://devtools/bundled/devtools_app.html"
#define ENGINE "import('devtools://devtools/bundled/models/trace/trace.js')"

static struct pn_browser *browser;

static json_t *make_trace(void)
{
	struct pn_rundir *run = NULL;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	json_t *trace;

	assert_int_equal(pn_rundir_read(PN_GOLDEN_DIR "/plots", &run, NULL), 0);
	assert_int_equal(pn_report_trace(run, NULL, out, NULL), 0);
	fclose(out);
	trace = json_loads(text, 0, NULL);
	assert_non_null(trace);
	free(text);
	pn_rundir_free(run);
	return trace;
}

/* what we wrote, in the words in which the engine is asked: "PROCESS/THREAD" -> slices */
static json_t *count_slices(const json_t *events)
{
	g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	json_t *counts = json_object(), *event;
	size_t i;

	json_array_foreach ((json_t *)events, i, event) {
		const char *ph = json_string_value(json_object_get(event, "ph"));
		json_int_t pid = json_integer_value(json_object_get(event, "pid")), tid = json_integer_value(json_object_get(event, "tid"));
		g_autofree char *process = g_strdup_printf("%lld", (long long)pid), *thread = g_strdup_printf("%lld.%lld", (long long)pid, (long long)tid);
		const char *name = json_string_value(json_object_get(json_object_get(event, "args"), "name"));

		if (!strcmp(ph, "M")) {
			bool is_process = !strcmp(json_string_value(json_object_get(event, "name")), "process_name");

			g_hash_table_insert(names, g_strdup(is_process ? process : thread), (void *)name);
		} else if (!strcmp(ph, "X")) {
			g_autofree char *key = g_strdup_printf("%s/%s", (char *)g_hash_table_lookup(names, process),
							       (char *)g_hash_table_lookup(names, thread));

			json_object_set_new(counts, key, json_integer(json_integer_value(json_object_get(counts, key)) + 1));
		}
	}
	return counts;
}

/* the same from the engine */
#define ASK                                                                                                                       \
	"(async () => { const engine = await " ENGINE "; const model = engine.TraceModel.Model.createWithAllHandlers();"          \
	" await model.parse(window.ours.traceEvents, {metadata: {}, isFreshRecording: false});"                                   \
	" const parsed = model.parsedTrace(0), data = parsed.data ?? parsed, counts = {};"                                        \
	" for (const [pid, process] of data.Renderer.processes) for (const thread of process.threads.values())"                   \
	"  if (thread.entries.length) counts[data.Meta.processNames.get(pid).args.name + '/' + thread.name] = thread.entries.length;" \
	" return counts; })()"

static void has_each_slice(void **state)
{
	json_t *trace = make_trace(), *want = count_slices(json_object_get(trace, "traceEvents")), *have, *set;
	char *text = json_dumps(trace, JSON_COMPACT), *seen;
	g_autofree char *hand_over = g_strdup_printf("window.ours = %s; window.ours.traceEvents.length", text);

	set = pn_browser_eval(browser, hand_over);
	assert_int_equal(json_integer_value(set), json_array_size(json_object_get(trace, "traceEvents")));
	have = pn_browser_eval(browser, ASK);
	seen = json_dumps(have, JSON_COMPACT | JSON_ENCODE_ANY);
	if (!json_equal(have, want))
		print_error("%s\n", seen ? seen : "the engine does not take it");
	assert_true(json_object_size(want) > 3);
	assert_true(json_equal(have, want));
	free(seen);
	free(text);
	json_decref(set);
	json_decref(have);
	json_decref(want);
	json_decref(trace);
}

/* the test's own eyes */
static void a_spoilt_trace_is_refused(void **state)
{
	json_t *set = pn_browser_eval(browser, "window.ours = {traceEvents: [{ph: 'X', name: null}, null]}; 1"), *have = pn_browser_eval(browser, ASK);

	assert_null(have);
	json_decref(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(has_each_slice), cmocka_unit_test(a_spoilt_trace_is_refused)};
	g_autofree char *program = pn_browser_find();
	json_t *engine = NULL;
	int failed = 77;

	if (!program) {
		puts("SKIP: no Chromium here: apt-get install chromium");
		return 77;
	}
	if (pn_browser_open(program, &browser)) {
		puts("Chromium does not answer");
		return 1;
	}
	if (!pn_browser_load(browser, PAGE))
		engine = pn_browser_eval(browser, ENGINE ".then(engine => typeof engine.TraceModel)");
	if (engine)
		failed = cmocka_run_group_tests(tests, NULL, NULL);
	else
		puts("SKIP: this Chromium has no trace engine where it was looked for: " PAGE);
	json_decref(engine);
	pn_browser_close(browser);
	return failed;
}
