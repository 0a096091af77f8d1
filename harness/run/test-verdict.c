// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "../base/fs.h"
#include "../base/journal.h"
#include "../base/test-dir.h"
#include "pool.h"
#include "verdict.h"

static const char *verdict_of(const json_t *verdict)
{
	return json_string_value(json_object_get(verdict, "verdict"));
}

static const char *reason_of(const json_t *verdict)
{
	return json_string_value(json_object_get(verdict, "reason"));
}

static void write_outcome(const char *dir, const char *text)
{
	g_autofree char *path = g_build_filename(dir, "outcome.json", NULL);

	assert_int_equal(pn_fs_write(path, text, strlen(text), NULL), 0);
}

static void an_outcome_counts(void **state)
{
	struct pn_task_end end = {.how = PN_TASK_RETURNED};
	json_t *verdict;

	write_outcome(*state, "{\"verdict\":\"PASS\",\"reason\":\"\",\"duration_s\":2.5}");
	verdict = pn_verdict_of_end(*state, &end);
	assert_string_equal(verdict_of(verdict), "PASS");
	json_decref(verdict);
}

static void no_outcome_is_broken(void **state)
{
	struct pn_task_end end = {.how = PN_TASK_RETURNED};
	json_t *verdict = pn_verdict_of_end(*state, &end);

	assert_string_equal(verdict_of(verdict), "BROK");
	json_decref(verdict);
	write_outcome(*state, "{\"verdict\":");
	verdict = pn_verdict_of_end(*state, &end);
	assert_string_equal(verdict_of(verdict), "BROK");
	json_decref(verdict);
}

static void an_outcome_of_a_crashed_case_does_not_count(void **state)
{
	struct pn_task_end end = {.how = PN_TASK_CRASHED, .code = SIGSEGV};
	g_autofree char *path = g_build_filename(*state, "journal.jsonl", NULL);
	struct pn_journal *journal = NULL;
	json_t *verdict;

	write_outcome(*state, "{\"verdict\":\"PASS\",\"reason\":\"\"}");
	assert_int_equal(pn_journal_open(path, &journal, NULL), 0);
	pn_journal_add(journal, "action", json_pack("{s:s}", "verb", "balloon"));
	pn_journal_free(journal);
	verdict = pn_verdict_of_end(*state, &end);
	assert_string_equal(verdict_of(verdict), "BROK");
	assert_non_null(strstr(reason_of(verdict), "Segmentation fault"));
	assert_non_null(strstr(reason_of(verdict), "action balloon"));
	json_decref(verdict);
}

static void leftovers_take_a_pass_away(void **state)
{
	json_t *things = json_pack("[{s:s, s:{s:s}}]", "kind", "file", "what", "path", "/x");
	json_t *verdict = json_pack("{s:s, s:s, s:[]}", "verdict", "PASS", "reason", "", "findings");

	pn_verdict_add_leftovers(verdict, things);
	assert_string_equal(verdict_of(verdict), "BROK");
	assert_non_null(strstr(reason_of(verdict), "/x"));
	assert_int_equal(json_array_size(json_object_get(verdict, "findings")), 1);
	json_decref(verdict);
	json_decref(things);
}

static void expect(const char *raw, const char *oracle, const char *expected, const char *verdict_after)
{
	json_t *verdict = json_pack("{s:s, s:s, s:[{s:s, s:s}]}", "verdict", raw, "reason", "no agent", "findings", "oracle", oracle, "verdict",
				    "FAIL");

	pn_verdict_expect(verdict, expected);
	assert_string_equal(verdict_of(verdict), verdict_after);
	json_decref(verdict);
}

static void expectations_turn_verdicts_round(void **state)
{
	expect("PASS", "", "pass", "PASS");
	expect("FAIL", "ledger", "pass", "FAIL");
	expect("FAIL", "ledger", "fail:ledger", "PASS");
	expect("FAIL", "klog", "fail:ledger", "FAIL");
	expect("PASS", "", "fail:ledger", "FAIL");
	expect("BROK", "", "fail:ledger", "BROK");
	expect("BROK", "", "brok", "PASS");
	expect("BROK", "", "brok:no agent", "PASS");
	expect("BROK", "", "brok:timed out", "FAIL");
	expect("PASS", "", "brok", "FAIL");
	expect("SKIP", "", "brok", "SKIP");
}

static void known(const char *raw, const char *today, const char *verdict_after, const char *says)
{
	json_t *verdict = json_pack("{s:s, s:s, s:[{s:s, s:s}]}", "verdict", raw, "reason", "no memory back", "findings", "oracle",
				    strcmp(raw, "FAIL") ? "" : "ledger", "verdict", "FAIL");

	pn_verdict_expect(verdict, "fail:ledger");
	pn_verdict_known(verdict, "256 PFNs never fill a page", "2027-06-30", today);
	assert_string_equal(verdict_of(verdict), verdict_after);
	assert_non_null(strstr(reason_of(verdict), says));
	json_decref(verdict);
}

static void a_known_issue_passes_until_it_expires_and_its_end_is_news(void **state)
{
	known("FAIL", "2026-11-23", "PASS", "known issue until 2027-06-30: 256 PFNs never fill a page (as expected, FAIL");
	known("PASS", "2026-11-23", "FAIL", "unexpected pass");
	known("FAIL", "2027-06-30", "FAIL", "look again");
	known("PASS", "2028-01-01", "FAIL", "look again");
	known("BROK", "2026-11-23", "BROK", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_outcome_counts, test_dir_setup, test_dir_teardown),
		cmocka_unit_test_setup_teardown(no_outcome_is_broken, test_dir_setup, test_dir_teardown),
		cmocka_unit_test_setup_teardown(an_outcome_of_a_crashed_case_does_not_count, test_dir_setup, test_dir_teardown),
		cmocka_unit_test(leftovers_take_a_pass_away),
		cmocka_unit_test(expectations_turn_verdicts_round),
		cmocka_unit_test(a_known_issue_passes_until_it_expires_and_its_end_is_news),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
