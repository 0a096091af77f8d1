// SPDX-License-Identifier: GPL-2.0-only
/* Shrinking cases whose failure is known: three events of two hundred, a load, a flaky one; and patterns written out event by event. */
#include "fake.h"

#include <errno.h>

#include "../base/units.h"
#include "../scenario/doc.h"
#include "explicit.h"
#include "shrink.h"

static const struct pn_signature leak = {.verdict = "FAIL", .oracle = "ledger", .reason = "# page leaked at MARK", .kernel = ""};

static bool targets_in_order(const struct pn_scenario *scenario)
{
	static const uint64_t wanted[] = {17 * PN_MIB, 5 * PN_MIB, 31 * PN_MIB};
	unsigned int found = 0;

	for (unsigned int i = 0; i < scenario->event_count && found < G_N_ELEMENTS(wanted); i++)
		found += scenario->events[i].action == PN_DO_TARGET && scenario->events[i].balloon_bytes == wanted[found];
	return found == G_N_ELEMENTS(wanted);
}

static const char *needs_three(const struct pn_scenario *scenario, unsigned int index)
{
	return targets_in_order(scenario) ? "FAIL" : index % 3 ? "PASS" : "OTHER";
}

/* Now and then what is too small fails all the same, never twice in a row. */
static const char *lucky(const struct pn_scenario *scenario, unsigned int index)
{
	return targets_in_order(scenario) || index % 5 == 0 ? "FAIL" : "PASS";
}

static const char *every_second(const struct pn_scenario *scenario, unsigned int index)
{
	return targets_in_order(scenario) && (index * 2654435761U >> 16) % 2 ? "FAIL" : "PASS";
}

static const char *needs_packed(const struct pn_scenario *scenario, unsigned int index)
{
	return scenario->guest.balloon.packed && scenario->guest.memory_bytes >= 512 * PN_MIB ? "FAIL" : "PASS";
}

static const char *gone(const struct pn_scenario *scenario, unsigned int index)
{
	return "PASS";
}

static char *two_hundred(void)
{
	GString *yaml = g_string_new("summary: x\nseed: 7\nguest: {memory: 512MiB}\ntimeline:\n");

	for (unsigned int i = 0; i < 200; i++)
		g_string_append_printf(yaml, "  - {%sdo: target, balloon: %uMiB}\n", i ? "after: settled, " : "",
				       i == 40 ? 17 : i == 111 ? 5 : i == 187 ? 31 : 40 + i % 50);
	return g_string_free(yaml, FALSE);
}

static int shrink(const char *dir, const char *yaml, struct pn_shrink_result *result)
{
	struct pn_lab lab = fake_lab(dir);
	struct pn_shrink_config config = {.yaml = yaml, .signature = &leak};
	struct pn_diag diag = {0};
	char *text = NULL;
	size_t len;
	int err;

	config.out = open_memstream(&text, &len);
	err = pn_shrink_run(&lab, &config, result, &diag);
	fclose(config.out);
	if (err && (err != -ENOENT || fake_judge != gone))
		fail_msg("%s\n%s", diag.text, text);
	free(text);
	pn_lab_deinit(&lab);
	return err;
}

static void test_three_of_two_hundred(void **state)
{
	g_autofree char *yaml = two_hundred(), *verdict = NULL;
	struct pn_shrink_result result;

	fake_judge = needs_three;
	assert_int_equal(shrink(*state, yaml, &result), 0);
	assert_in_range(result.events_before, 200, 201);
	assert_int_equal(result.events, 3);
	assert_int_equal(result.repeats, 1);
	assert_int_equal(result.hits, result.verified);
	assert_true(result.trials < 120);
	assert_null(strstr(result.yaml, "after"));
	assert_non_null(strstr(result.yaml, "256MiB"));
	/* the directory that is kept is one of the result */
	verdict = g_build_filename(result.dir, "verdict.json", NULL);
	assert_true(g_file_test(verdict, G_FILE_TEST_EXISTS));
	pn_shrink_result_deinit(&result);
}

/* What failed by luck alone is not kept: the result fails each time, as the case did. */
static void test_lucky(void **state)
{
	g_autofree char *yaml = two_hundred();
	struct pn_shrink_result result;

	fake_judge = lucky;
	assert_int_equal(shrink(*state, yaml, &result), 0);
	assert_int_equal(result.repeats, 1);
	assert_int_equal(result.events, 3);
	assert_int_equal(result.hits, result.verified);
	pn_shrink_result_deinit(&result);
}

static void test_flaky(void **state)
{
	struct pn_shrink_result result;

	fake_judge = every_second;
	assert_int_equal(shrink(*state,
				"summary: x\nseed: 7\ntimeline:\n  - {do: target, balloon: 17MiB}\n  - {do: hold, for: 10ms}\n"
				"  - {do: target, balloon: 5MiB}\n  - {do: target, balloon: 9MiB}\n  - {do: target, balloon: 31MiB}\n",
				&result),
			 0);
	assert_true(result.repeats > 1);
	assert_int_equal(result.events, 3);
	pn_shrink_result_deinit(&result);
}

/* keys that matter stay, all others go; a smaller guest would not fail and is not taken */
static void test_keys(void **state)
{
	struct pn_shrink_result result;

	fake_judge = needs_packed;
	assert_int_equal(shrink(*state,
				"summary: x\nseed: 7\nguest: {memory: 1GiB, backing: memfd, balloon: {packed: true, deflate-on-oom: true}}\n"
				"driver: {name: stock, params: \"debug=1\"}\npattern: {kind: oscillate, cycles: 2}\n"
				"faults: [{fault: unbind, during: oscillate, for: 1s}]\n",
				&result),
			 0);
	assert_int_equal(result.events, 1);
	assert_non_null(strstr(result.yaml, "packed"));
	assert_null(strstr(result.yaml, "deflate-on-oom"));
	assert_null(strstr(result.yaml, "memfd"));
	assert_null(strstr(result.yaml, "params"));
	assert_null(strstr(result.yaml, "unbind"));
	assert_non_null(strstr(result.yaml, "512MiB"));
	pn_shrink_result_deinit(&result);
}

static void test_gone(void **state)
{
	struct pn_shrink_result result;

	fake_judge = gone;
	assert_int_equal(shrink(*state, "summary: x\nseed: 7\npattern: inflate\n", &result), -ENOENT);
}

static void same_events(const struct pn_scenario *a, const struct pn_scenario *b, const char *file)
{
	if (a->event_count != b->event_count)
		fail_msg("%s: %u events became %u", file, a->event_count, b->event_count);
	for (unsigned int i = 0; i < a->event_count; i++) {
		const struct pn_event *x = &a->events[i], *y = &b->events[i];

		if (x->action != y->action || x->after != y->after || x->at_ns != y->at_ns || x->for_ns != y->for_ns ||
		    x->balloon_bytes != y->balloon_bytes || x->may_miss != y->may_miss || g_strcmp0(x->name, y->name) ||
		    g_strcmp0(x->fault_args, y->fault_args) || g_strcmp0(x->phase, y->phase) || g_strcmp0(x->point, y->point))
			fail_msg("%s: event %u is another one: %s %s, %s %s", file, i, x->name, x->fault_args, y->name, y->fault_args);
	}
}

static void check_explicit(const char *dir, const char *file, const struct pn_case *one)
{
	g_autofree char *path = g_build_filename(dir, "explicit.yaml", NULL), *text = NULL;
	const char *names[] = {path, NULL};
	struct pn_plan_config config = {.names = names, .workloads_dir = PN_SOURCE "/workloads"};
	struct pn_diag diag = {0};
	struct pn_plan *plan = NULL;
	struct pn_doc *doc = NULL;

	assert_int_equal(pn_doc_parse(one->yaml, strlen(one->yaml), "x", &doc, &diag), 0);
	pn_explicit_timeline(doc, one->scenario);
	text = pn_doc_emit(doc);
	pn_doc_free(doc);
	assert_int_equal(pn_fs_write(path, text, strlen(text), NULL), 0);
	if (pn_plan_build(&config, &plan, &diag))
		fail_msg("%s: %s\n%s", file, diag.text, text);
	for (unsigned int i = 0; i < pn_scenario_guests(one->scenario); i++)
		same_events(pn_scenario_guest(one->scenario, i), pn_scenario_guest(plan->cases[0].scenario, i), file);
	pn_plan_free(plan);
}

/* every scenario that ships, written out, is the same scenario */
static void test_explicit(void **state)
{
	g_autoptr(GDir) entries = g_dir_open(PN_SOURCE "/workloads/scenarios", 0, NULL);
	unsigned int checked = 0;
	const char *name;

	while ((name = g_dir_read_name(entries))) {
		g_autofree char *path = g_build_filename(PN_SOURCE "/workloads/scenarios", name, NULL);
		const char *names[] = {path, NULL};
		struct pn_plan_config config = {.names = names, .workloads_dir = PN_SOURCE "/workloads"};
		struct pn_diag diag = {0};
		struct pn_plan *plan = NULL;

		if (!g_str_has_suffix(name, ".yaml"))
			continue;
		if (pn_plan_build(&config, &plan, &diag))
			fail_msg("%s", diag.text);
		check_explicit(*state, name, &plan->cases[0]);
		pn_plan_free(plan);
		checked++;
	}
	assert_true(checked > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_three_of_two_hundred, test_dir_setup, test_dir_teardown),
	    cmocka_unit_test_setup_teardown(test_lucky, test_dir_setup, test_dir_teardown),
	    cmocka_unit_test_setup_teardown(test_flaky, test_dir_setup, test_dir_teardown),
	    cmocka_unit_test_setup_teardown(test_keys, test_dir_setup, test_dir_teardown),
	    cmocka_unit_test_setup_teardown(test_gone, test_dir_setup, test_dir_teardown),
	    cmocka_unit_test_setup_teardown(test_explicit, test_dir_setup, test_dir_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
