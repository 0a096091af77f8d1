// SPDX-License-Identifier: GPL-2.0-only
/* A controller judged from its record: the reserve, faults that never fired, too little to judge by; and what faults make of an observation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../base/units.h"
#include "../observe/observe.h"
#include "controlled.h"
#include "controlled_private.h"

const char *const pn_verdict_names[] = {[PN_SKIP] = "SKIP", [PN_PASS] = "PASS", [PN_BROK] = "BROK", [PN_FAIL] = "FAIL"};

static struct pn_scenario guests[] = {{.guest_name = (char *)"a", .guest.memory_bytes = 512 * PN_MIB},
				      {.guest_name = (char *)"b", .guest.memory_bytes = 512 * PN_MIB}};
static struct pn_scenario *members[] = {&guests[0], &guests[1]};

static struct pn_scenario scenario_of(struct pn_controller_fault *fault)
{
	return (struct pn_scenario){
		.members = members,
		.member_count = 2,
		.controller = {.law = (char *)"balloond",
			       .host_bytes = 900 * PN_MIB,
			       .reserve_bytes = 100 * PN_MIB,
			       .faults = fault,
			       .fault_count = fault != NULL},
	};
}

static void add_tick(json_t *records, double t_s, unsigned int a_mib, unsigned int b_mib, const char *trust)
{
	json_array_append_new(records, json_pack("{s:I, s:s, s:i, s:{s:{s:I, s:s}, s:{s:I, s:s}}}", "t_ns", (json_int_t)(t_s * 1e9), "ev", "tick", "decision_ns",
						 20000, "guests", "a", "resident_bytes", (json_int_t)a_mib * (json_int_t)PN_MIB, "trust", trust, "b",
						 "resident_bytes", (json_int_t)b_mib * (json_int_t)PN_MIB, "trust", "fresh"));
}

static json_t *begin(void)
{
	return json_pack("[{s:i, s:s, s:s}]", "t_ns", 0, "ev", "controller", "law", "balloond");
}

static double metric(const json_t *judgement, const char *name)
{
	const json_t *value = json_object_get(json_object_get(json_object_get(judgement, "metrics"), name), "value");

	return value ? json_number_value(value) : -1;
}

static void assert_verdict(const json_t *judgement, const char *verdict, const char *words)
{
	const json_t *finding = json_object_get(judgement, "finding");

	assert_string_equal(json_string_value(json_object_get(finding, "verdict")), verdict);
	assert_non_null(strstr(json_string_value(json_object_get(finding, "reason")), words));
}

static json_t *judged(struct pn_controller_fault *fault, json_t *records)
{
	struct pn_scenario scenario = scenario_of(fault);
	json_t *judgement = pn_controlled_judge(&scenario, records);

	json_decref(records);
	return judgement;
}

static void within_the_budget_is_well(void **state)
{
	json_t *records = begin(), *judgement;

	add_tick(records, 0.5, 500, 500, "fresh"); /* as they began */
	for (int i = 1; i < 10; i++)
		add_tick(records, i, 300, 400, "fresh");
	judgement = judged(NULL, records);
	assert_verdict(judgement, "PASS", "within the budget after 1.0 s");
	assert_true(metric(judgement, "controller.reserve_crossed") == 0);
	assert_true(metric(judgement, "controller.resident_bytes.max") == 700 * PN_MIB);
	assert_true(metric(judgement, "controller.reclaimed_bytes") > 290 * PN_MIB);
	json_decref(judgement);
}

static void a_touched_reserve_fails(void **state)
{
	json_t *records = begin(), *judgement;

	for (int i = 1; i < 10; i++)
		add_tick(records, i, 300, i == 7 ? 501 : 400, "fresh");
	judgement = judged(NULL, records);
	assert_verdict(judgement, "FAIL", "the reserve was touched in 1 of 9 ticks");
	json_decref(judgement);
	records = begin();
	for (int i = 1; i < 10; i++)
		add_tick(records, i, 500, 500, "fresh");
	judgement = judged(NULL, records);
	assert_verdict(judgement, "FAIL", "never came within the budget");
	assert_true(metric(judgement, "controller.within_s") == -1);
	json_decref(judgement);
}

static void what_was_not_seen_is_no_pass(void **state)
{
	struct pn_controller_fault fault = {.kind = PN_CONTROLLER_LIE, .guest = (char *)"a"};
	json_t *records = begin(), *judgement;

	judgement = judged(NULL, begin());
	assert_verdict(judgement, "BROK", "0 ticks");
	json_decref(judgement);
	for (int i = 1; i < 10; i++)
		add_tick(records, i, 300, 400, "fresh");
	judgement = judged(&fault, records);
	assert_verdict(judgement, "BROK", "the fault 'lie' never fired");
	json_decref(judgement);
}

static void isolation_is_timed_from_the_fault(void **state)
{
	struct pn_controller_fault fault = {.kind = PN_CONTROLLER_LIE, .guest = (char *)"a"};
	json_t *records = begin(), *judgement;

	for (int i = 1; i < 10; i++) {
		if (i == 4)
			json_array_append_new(records, json_pack("{s:I, s:s, s:s, s:s, s:s}", "t_ns", (json_int_t)4e9, "ev", "fault", "name", "lie", "guest", "a",
								 "state", "fired"));
		add_tick(records, i, 300, 400, i >= 6 ? "lying" : "fresh");
	}
	judgement = judged(&fault, records);
	assert_verdict(judgement, "PASS", "within");
	assert_true(metric(judgement, "controller.isolated_s.a") == 2);
	json_decref(judgement);
}

/* @a_bytes: says that much is left to it, and @resident_bytes are on the host */
static void add_said(json_t *records, double t_s, unsigned int target_mib, unsigned int actual_mib, unsigned int resident_mib, const char *trust)
{
	json_array_append_new(records, json_pack("{s:I, s:s, s:{s:{s:I, s:I, s:I, s:s}, s:{s:I, s:s}}}", "t_ns", (json_int_t)(t_s * 1e9), "ev", "tick", "guests",
						 "a", "target_bytes", (json_int_t)target_mib * (json_int_t)PN_MIB, "actual_bytes",
						 (json_int_t)actual_mib * (json_int_t)PN_MIB, "resident_bytes", (json_int_t)resident_mib * (json_int_t)PN_MIB,
						 "trust", trust, "b", "resident_bytes", (json_int_t)200 * (json_int_t)PN_MIB, "trust", "fresh"));
}

static json_t *of_untrue(const char *in_the_end)
{
	json_t *records = begin();

	add_said(records, 1, 300, 512, 512, "fresh"); /* told at 1 s, as it still was what it had been told */
	for (int i = 2; i < 7; i++)
		add_said(records, i, 300, 300, 512, "fresh");
	for (int i = 7; i < 10; i++)
		add_said(records, i, 300, 300, 512, in_the_end);
	return records;
}

static void whom_to_distrust_is_the_scenarios_word(void **state)
{
	char *names[] = {(char *)"a", NULL};
	struct pn_scenario scenario = scenario_of(NULL);
	json_t *records = of_untrue("lying"), *judgement;

	scenario.controller.distrusts = names;
	judgement = pn_controlled_judge(&scenario, records);
	assert_verdict(judgement, "PASS", "within");
	assert_true(metric(judgement, "controller.isolated_s.a") == 6);
	assert_true(metric(judgement, "controller.decision_ns.p50") == -1); /* a daemon does not tell */
	json_decref(judgement);
	scenario.controller.distrusts = NULL; /* then nobody expected it to lie */
	judgement = pn_controlled_judge(&scenario, records);
	assert_verdict(judgement, "FAIL", "guest a is honest, and was called lying");
	json_decref(judgement);
	json_decref(records);
	records = of_untrue("stale");
	scenario.controller.distrusts = names;
	judgement = pn_controlled_judge(&scenario, records);
	assert_verdict(judgement, "FAIL", "guest a does not do what it says, and was trusted to the end");
	json_decref(judgement);
	json_decref(records);
}

static void reversals_are_counted(void **state)
{
	static const int targets[] = {500, 400, 300, 350, 300};
	json_t *records = begin(), *judgement;

	for (int i = 1; i < 10; i++)
		add_tick(records, i, 300, 400, "fresh");
	for (size_t i = 1; i < G_N_ELEMENTS(targets); i++)
		json_array_append_new(records, json_pack("{s:i, s:s, s:s, s:I, s:I}", "t_ns", 1, "ev", "order", "guest", "a", "from_bytes",
							 targets[i - 1] * (json_int_t)PN_MIB, "target_bytes", targets[i] * (json_int_t)PN_MIB));
	judgement = judged(NULL, records);
	assert_true(metric(judgement, "controller.reversals") == 2);
	json_decref(judgement);
}

static void faults_leave_what_the_host_sees(void **state)
{
	const struct pn_observation before = {.resident_bytes = 1, .actual_bytes = 2, .stats_ns = 3, .total_bytes = 4 * PN_MIB, .available_bytes = PN_MIB};

	for (int kind = 0; kind < PN_CONTROLLER_FAULTS; kind++) {
		struct pn_observation o = before;

		o.stats_ns = 9;
		o.resident_bytes = 77;
		pn_controlled_spoil(kind, &before, 1, 512 * PN_MIB, &o);
		assert_int_equal(o.resident_bytes, 77);
		if (kind == PN_CONTROLLER_STALE)
			assert_int_equal(o.stats_ns, 3);
		if (kind == PN_CONTROLLER_MISSING)
			assert_true(o.actual_bytes == PN_UNSET && o.available_bytes == PN_UNSET);
		if (kind == PN_CONTROLLER_UNSET)
			assert_true(o.actual_bytes == 2 && o.total_bytes == PN_UNSET && o.stats_ns == 9);
		if (kind == PN_CONTROLLER_LIE)
			assert_true(o.available_bytes > o.total_bytes);
		if (kind == PN_CONTROLLER_GREED)
			assert_int_equal(o.available_bytes, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(within_the_budget_is_well),   cmocka_unit_test(a_touched_reserve_fails),
		cmocka_unit_test(what_was_not_seen_is_no_pass), cmocka_unit_test(isolation_is_timed_from_the_fault),
		cmocka_unit_test(whom_to_distrust_is_the_scenarios_word),
		cmocka_unit_test(reversals_are_counted),       cmocka_unit_test(faults_leave_what_the_host_sees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
