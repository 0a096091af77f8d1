// SPDX-License-Identifier: GPL-2.0-only
/* The outcome of a case with several guests: the worst verdict with its guest, metrics of each, and sums only of what adds up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/test-dir.h"
#include "../observe/observe.h"
#include "../scenario/scenario.h"
#include "merge.h"

const char *const pn_verdict_names[] = {[PN_SKIP] = "SKIP", [PN_PASS] = "PASS", [PN_BROK] = "BROK", [PN_FAIL] = "FAIL"};

static struct pn_scenario guests[] = {{.guest_name = (char *)"a"}, {.guest_name = (char *)"b"}};
static struct pn_scenario *members[] = {&guests[0], &guests[1]};
static const struct pn_scenario scenario = {.members = members, .member_count = 2};

static void write_guest(const char *dir, const char *name, const char *outcome)
{
	g_autofree char *below = g_build_filename(dir, "guests", name, NULL);
	g_autofree char *path = g_build_filename(below, "outcome.json", NULL), *loads = g_build_filename(below, "loads.json", NULL);

	assert_int_equal(pn_fs_mkdir_p(below, NULL), 0);
	assert_int_equal(pn_fs_write(path, outcome, strlen(outcome), NULL), 0);
	assert_int_equal(pn_fs_write(loads, "[{\"load\":\"vm\"}]", 15, NULL), 0);
}

static json_t *merged(const char *dir, const char *a, const char *b)
{
	g_autofree char *path = g_build_filename(dir, "outcome.json", NULL);
	json_t *result;

	write_guest(dir, "a", a);
	write_guest(dir, "b", b);
	assert_int_equal(pn_outcome_merge(&scenario, dir, NULL), 0);
	result = json_load_file(path, 0, NULL);
	assert_non_null(result);
	return result;
}

#define OUTCOME(verdict, reason, metrics)                                                                                                          \
	"{\"verdict\":\"" verdict "\",\"reason\":\"" reason "\",\"findings\":[{\"oracle\":\"ledger\",\"verdict\":\"" verdict "\",\"reason\":\"\"}]," \
	"\"metrics\":{" metrics "},\"start_s\":5.5,\"duration_s\":2.5,\"events\":3}"

static double value_of(const json_t *result, const char *metric)
{
	const json_t *value = json_object_get(json_object_get(json_object_get(result, "metrics"), metric), "value");

	return value ? json_number_value(value) : -1;
}

static void sums_what_adds_up(void **state)
{
	json_t *result = merged(*state,
				OUTCOME("PASS", "", "\"guest.swap_in_bytes\":{\"value\":10,\"unit\":\"bytes\"},\"monitor_ns.p50\":{\"value\":7,\"unit\":\"ns\"},"
						    "\"guest.oom_kills\":{\"value\":1,\"unit\":\"count\"}"),
				OUTCOME("PASS", "", "\"guest.swap_in_bytes\":{\"value\":32,\"unit\":\"bytes\"},\"monitor_ns.p50\":{\"value\":9,\"unit\":\"ns\"}"));

	assert_string_equal(json_string_value(json_object_get(result, "verdict")), "PASS");
	assert_true(value_of(result, "guest.swap_in_bytes") == 42);
	assert_true(value_of(result, "guests.b.guest.swap_in_bytes") == 32);
	assert_true(value_of(result, "guests.a.monitor_ns.p50") == 7);
	assert_true(value_of(result, "monitor_ns.p50") == -1);	/* a quantile */
	assert_true(value_of(result, "guest.oom_kills") == -1); /* one guest does not know: the sum would be wrong */
	assert_int_equal(json_integer_value(json_object_get(result, "events")), 6);
	assert_int_equal(json_array_size(json_object_get(result, "findings")), 2);
	assert_string_equal(json_string_value(json_object_get(json_array_get(json_object_get(result, "findings"), 1), "guest")), "b");
	json_decref(result);
}

static void the_worst_counts_and_says_which(void **state)
{
	json_t *result = merged(*state, OUTCOME("BROK", "case: ended because another guest of the case broke", ""), OUTCOME("BROK", "case: no agent", ""));

	assert_string_equal(json_string_value(json_object_get(result, "reason")), "guest b: case: no agent");
	json_decref(result);
	result = merged(*state, OUTCOME("FAIL", "ledger: 3 pages", ""), OUTCOME("BROK", "case: no agent", ""));
	assert_string_equal(json_string_value(json_object_get(result, "verdict")), "FAIL");
	assert_string_equal(json_string_value(json_object_get(result, "reason")), "guest a: ledger: 3 pages");
	json_decref(result);
}

static void a_guest_without_outcome_is_an_error(void **state)
{
	struct pn_diag diag = {0};

	write_guest(*state, "a", OUTCOME("PASS", "", ""));
	assert_int_equal(pn_outcome_merge(&scenario, *state, &diag), -EINVAL);
	assert_non_null(strstr(diag.text, "guests/b/outcome.json"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sums_what_adds_up, test_dir_setup, test_dir_teardown),
		cmocka_unit_test_setup_teardown(the_worst_counts_and_says_which, test_dir_setup, test_dir_teardown),
		cmocka_unit_test_setup_teardown(a_guest_without_outcome_is_an_error, test_dir_setup, test_dir_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
