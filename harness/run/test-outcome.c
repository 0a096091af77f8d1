// SPDX-License-Identifier: GPL-2.0-only
/* What becomes of the oracles' word and of what broke; the oracles themselves are doubles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/journal.h"
#include "../base/test-dir.h"
#include "../base/units.h"
#include "../observe/observe.h"
#include "../observe/protocol.h"
#include "../scenario/scenario.h"
#include "outcome.h"

const char *const pn_verdict_names[] = {[PN_SKIP] = "SKIP", [PN_PASS] = "PASS", [PN_BROK] = "BROK", [PN_FAIL] = "FAIL"};

static enum pn_verdict said;
static size_t samples_seen;

enum pn_verdict pn_oracle_judge_all(const struct pn_record *record, json_t **ret_findings)
{
	samples_seen = json_array_size(record->samples);
	*ret_findings = json_pack("[{s:s, s:s, s:s}, {s:s, s:s, s:s}]", "oracle", "sanity", "verdict", "PASS", "reason", "fine", "oracle",
				  "ledger", "verdict", pn_verdict_names[said], "reason", "12 pages");
	return said;
}

int pn_metrics_compute(const struct pn_record *record, json_t **ret_metrics, struct pn_diag *diag)
{
	*ret_metrics = json_pack("{s:{s:f, s:s}}", "case.start_s", "value", 0.4, "unit", "s");
	return 0;
}

int pn_protocol_read(const char *path, const struct pn_protocol_context *context, json_t **ret_result, struct pn_diag *diag)
{
	return -ENOENT;
}

static json_t *outcome_of(const char *dir, enum pn_verdict verdict, int err, bool interrupted)
{
	g_autofree char *path = g_build_filename(dir, "outcome.json", NULL);
	struct pn_scenario scenario = {0};
	struct pn_outcome outcome = {
		.scenario = &scenario,
		.case_dir = dir,
		.loads = json_array(),
		.host = json_array(),
		.err = err,
		.reason = err ? "the agent is silent" : "",
		.interrupted = interrupted,
		.start_s = 1700000000.5,
		.duration_ns = 1500 * PN_NS_PER_MS,
	};
	json_t *result;

	said = verdict;
	assert_int_equal(pn_outcome_write(&outcome, NULL), 0);
	result = json_load_file(path, 0, NULL);
	assert_non_null(result);
	json_decref(outcome.loads);
	json_decref(outcome.host);
	return result;
}

static void assert_outcome(const char *dir, enum pn_verdict verdict, int err, bool interrupted, const char *name, const char *reason)
{
	json_t *result = outcome_of(dir, verdict, err, interrupted);

	assert_string_equal(json_string_value(json_object_get(result, "verdict")), name);
	assert_string_equal(json_string_value(json_object_get(result, "reason")), reason);
	assert_int_equal(json_is_true(json_object_get(result, "interrupted")), interrupted);
	assert_int_equal(json_array_size(json_object_get(result, "findings")), err ? 3 : 2);
	json_decref(result);
}

static void the_worst_word_counts(void **state)
{
	assert_outcome(*state, PN_PASS, 0, false, "PASS", "");
	assert_outcome(*state, PN_FAIL, 0, false, "FAIL", "ledger: 12 pages");
	assert_outcome(*state, PN_BROK, 0, false, "BROK", "ledger: 12 pages");
	/* what broke says more than oracles that had too little to judge by */
	assert_outcome(*state, PN_PASS, -EIO, false, "BROK", "the agent is silent");
	assert_outcome(*state, PN_BROK, -EIO, false, "BROK", "the agent is silent");
	assert_outcome(*state, PN_FAIL, -EIO, false, "FAIL", "ledger: 12 pages");
	assert_outcome(*state, PN_FAIL, -EINTR, true, "BROK", "interrupted by the user");
}

static void the_record_is_read_back(void **state)
{
	g_autofree char *journal_path = g_build_filename(*state, "journal.jsonl", NULL);
	g_autofree char *samples = g_build_filename(*state, "samples.jsonl", NULL);
	static const char lines[] = "{\"t_ns\":1,\"src\":\"host\"}\n{\"t_ns\":2,\"src\":\"host\"}\n{\"t_ns\":3,\"sr";
	struct pn_journal *journal = NULL;
	json_t *result;

	assert_int_equal(pn_journal_open(journal_path, &journal, NULL), 0);
	pn_journal_add(journal, "event", NULL);
	pn_journal_add(journal, "target", NULL);
	pn_journal_add(journal, "event", NULL);
	pn_journal_free(journal);
	assert_int_equal(pn_fs_write(samples, lines, strlen(lines), NULL), 0);
	result = outcome_of(*state, PN_PASS, 0, false);
	assert_int_equal(json_integer_value(json_object_get(result, "events")), 2);
	assert_int_equal(samples_seen, 2);
	assert_non_null(json_object_get(json_object_get(result, "metrics"), "case.start_s"));
	json_decref(result);
}

static void what_can_not_be_written_is_said(void **state)
{
	struct pn_outcome outcome = {.case_dir = "/nonexistent/case", .loads = json_array(), .host = json_array(), .reason = ""};
	struct pn_diag diag = {0};

	assert_int_equal(pn_outcome_write(&outcome, &diag), -ENOENT);
	assert_non_null(strstr(diag.text, "/nonexistent/case"));
	json_decref(outcome.loads);
	json_decref(outcome.host);
}

int main(void)
{
#define OUTCOME_TEST(name) cmocka_unit_test_setup_teardown(name, test_dir_setup, test_dir_teardown)
	const struct CMUnitTest tests[] = {
		OUTCOME_TEST(the_worst_word_counts),
		OUTCOME_TEST(the_record_is_read_back),
		OUTCOME_TEST(what_can_not_be_written_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
