// SPDX-License-Identifier: GPL-2.0-only
/* Sanity, faults, host, and judging by all: each passes, fails and is broken where it must. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "../base/units.h"
#include "fixture.h"

static json_t *native(const char *load, const char *program, int corrupt, int dirty)
{
	return json_pack("{s:s, s:i, s:{s:i, s:i, s:i, s:i}}", "load", load, "ops", 5, program, "ops", 5, "checked", 40, "corrupt", corrupt, "dirty",
			 dirty);
}

static void test_all_pass(void **state)
{
	struct fixture *fixture = *state;
	json_t *findings = NULL, *finding;
	size_t i;

	json_array_append_new(fixture->record.loads, native("churn", "churn", 0, 0));

	assert_int_equal(pn_oracle_judge_all(&fixture->record, &findings), PN_PASS);
	json_array_foreach(findings, i, finding) assert_string_equal(json_string_value(json_object_get(finding, "verdict")), "PASS");
	assert_int_equal(i, 8);
	json_decref(findings);
}

/* A case that fails is a failure, whatever else is broken. */
static void test_worst_wins(void **state)
{
	struct fixture *fixture = *state;
	json_t *findings = NULL;

	json_array_append_new(fixture->record.host, json_pack("{s:s, s:s}", "kind", "swap", "what", "/run/x.swap"));
	fixture_forget(fixture, "driver", NULL);
	assert_int_equal(pn_oracle_judge_all(&fixture->record, &findings), PN_FAIL);
	json_decref(findings);
}

static void test_host(void **state)
{
	struct fixture *fixture = *state;

	assert_finding(fixture_judge(fixture, "host"), PN_PASS, "nothing left");
	json_array_append_new(fixture->record.host, json_pack("{s:s, s:{s:i}}", "kind", "process", "what", "pid", 4711));
	assert_finding(fixture_judge(fixture, "host"), PN_FAIL, "1 left behind on the host: process {\"pid\":4711}");
	json_decref(fixture->record.host);
	fixture->record.host = NULL;
	assert_finding(fixture_judge(fixture, "host"), PN_BROK, "nobody looked");
}

static void fault_record(struct fixture *fixture, double s, const char *name, const char *fault_state)
{
	fixture_journal(fixture, s, "fault", json_pack("{s:s, s:i, s:s}", "name", name, "event", 2, "state", fault_state));
}

static void test_faults(void **state)
{
	struct fixture *fixture = *state;

	assert_finding(fixture_judge(fixture, "faults"), PN_PASS, "no faults");
	fixture_fault(fixture, "vcpu-pause");
	assert_finding(fixture_judge(fixture, "faults"), PN_BROK, "fault vcpu-pause (event 2) was never armed");
	fault_record(fixture, 1.1, "vcpu-pause", "armed");
	assert_finding(fixture_judge(fixture, "faults"), PN_BROK, "never fired");
	fault_record(fixture, 1.2, "vcpu-pause", "fired");
	fixture->events[2].for_ns = PN_NS_PER_S;
	assert_finding(fixture_judge(fixture, "faults"), PN_BROK, "never disarmed");
	fault_record(fixture, 1.4, "vcpu-pause", "disarmed");
	assert_finding(fixture_judge(fixture, "faults"), PN_PASS, "1 fault armed and fired");
}

/* Only one that was drawn at random may find nothing to strike at. */
static void test_fault_that_may_miss(void **state)
{
	struct fixture *fixture = *state;

	fixture_fault(fixture, "vcpu-pause");
	fault_record(fixture, 1.1, "vcpu-pause", "missed");
	assert_finding(fixture_judge(fixture, "faults"), PN_BROK, "never fired");
	fixture->events[2].may_miss = true;
	assert_finding(fixture_judge(fixture, "faults"), PN_PASS, "1 of 1 faults never fired, as they may");
}

static void test_sanity(void **state)
{
	struct fixture *fixture = *state;

	assert_finding(fixture_judge(fixture, "sanity"), PN_PASS, "samples");
	fixture->scenario.sample_monitor_ns = fixture->scenario.sample_free_ns = PN_NS_PER_MS; /* a wish, which a busy host does not grant */
	assert_finding(fixture_judge(fixture, "sanity"), PN_PASS, "samples");
	fixture_drop(fixture, "monitor", 1.2, 4);
	assert_finding(fixture_judge(fixture, "sanity"), PN_BROK, "samples of the monitor");
}

static void test_sanity_no_timeline(void **state)
{
	fixture_forget(*state, "timeline", "end");
	assert_finding(fixture_judge(*state, "sanity"), PN_BROK, "the timeline did not start and end");
}

static void test_sanity_not_bound(void **state)
{
	fixture_forget(*state, "driver", NULL);
	assert_finding(fixture_judge(*state, "sanity"), PN_BROK, "bound");
}

static void test_sanity_clock(void **state)
{
	struct fixture *fixture = *state;

	fixture_forget(fixture, "clock", NULL);
	assert_finding(fixture_judge(fixture, "sanity"), PN_PASS, "");
	fixture_journal(fixture, 0.2, "clock", json_pack("{s:s, s:i, s:i}", "when", "start", "offset_ns", 0, "error_ns", 0));
	fixture_journal(fixture, 5.2, "clock", json_pack("{s:s, s:i, s:i}", "when", "end", "offset_ns", 300000000, "error_ns", 0));
	assert_finding(fixture_judge(fixture, "sanity"), PN_BROK, "drifted by 300 ms");
	fixture_journal(fixture, 3.0, "clock", json_pack("{s:s, s:i, s:i}", "when", "stepped", "offset_ns", 300000000, "error_ns", 0));
	assert_finding(fixture_judge(fixture, "sanity"), PN_PASS, "");
}

static void test_sanity_loads(void **state)
{
	struct fixture *fixture = *state;
	json_t *load = json_pack("{s:s, s:i, s:b}", "load", "vm-swap", "ops", 5, "must_swap", 1);

	fixture->loads[0] = (char *)"vm-swap";
	assert_finding(fixture_judge(fixture, "sanity"), PN_BROK, "results are there of 0");
	json_array_append_new(fixture->record.loads, load);
	assert_finding(fixture_judge(fixture, "sanity"), PN_BROK, "the guest saw 0 KiB of it");
	fixture_ramp(fixture, 0, 0.9, "guest.vm.pswpout", 0, 5000); /* before anything is measured */
	fixture_set(fixture, 0.9, 1, "guest.vm.pswpout", 5000);
	fixture_ramp(fixture, 1, 2, "guest.vm.pswpout", 5000, 5002);
	fixture_set(fixture, 2, 6, "guest.vm.pswpout", 5002);
	assert_finding(fixture_judge(fixture, "sanity"), PN_BROK, "load vm-swap must swap, but the guest saw 8 KiB of it");
	fixture_ramp(fixture, 1, 6, "guest.vm.pswpout", 0, 5000);
	assert_finding(fixture_judge(fixture, "sanity"), PN_BROK, "the swap disk saw 0 KiB of it");
	fixture_ramp(fixture, 1, 6, "swapdev.write_bytes", 0, 5000 * 4096);
	assert_finding(fixture_judge(fixture, "sanity"), PN_PASS, "");
	json_object_set_new(load, "ops", json_integer(0));
	assert_finding(fixture_judge(fixture, "sanity"), PN_BROK, "did no work");
	json_object_set_new(load, "oom_killed", json_true());
	assert_finding(fixture_judge(fixture, "sanity"), PN_FAIL, "killed for want of memory");
	fixture_fault(fixture, "oom");
	assert_finding(fixture_judge(fixture, "sanity"), PN_PASS, "");
}

/* The balloon was filled before anything is measured: what the load has to swap now, it swaps in. */
static void test_sanity_swap_after_setup(void **state)
{
	struct fixture *fixture = *state;
	json_t *entry;
	size_t i;

	fixture->loads[0] = (char *)"vm-swap";
	json_array_append_new(fixture->record.loads, json_pack("{s:s, s:i, s:b}", "load", "vm-swap", "ops", 5, "must_swap", 1));
	fixture->events[0].phase = (char *)"setup";
	json_array_foreach(fixture->record.journal, i, entry) {
		if (pn_is(entry, "name", "inflate"))
			json_object_set_new(entry, "name", json_string("setup"));
	}
	assert_finding(fixture_judge(fixture, "sanity"), PN_BROK, "the guest saw 0 KiB of it");
	fixture_ramp(fixture, 3, 4, "guest.vm.pswpin", 0, 1000);
	fixture_ramp(fixture, 3, 4, "swapdev.read_bytes", 0, 1000 * 4096);
	assert_finding(fixture_judge(fixture, "sanity"), PN_PASS, "");
	fixture->events[0].phase = NULL; /* without a setup it must swap out */
	assert_finding(fixture_judge(fixture, "sanity"), PN_BROK, "the guest saw 0 KiB of it");
}

/* A reason that is cut must stay text: here in the middle of a two-byte character. */
static void test_reason_cut(void **state)
{
	struct fixture *fixture = *state;
	g_autofree char *text = g_strnfill(1000, 'x');
	g_autofree char *long_text = NULL;
	json_t *findings = NULL, *finding;
	size_t i;

	for (size_t at = 400; at < 600; at++) {
		text[at] = '\0';
		g_free(long_text);
		long_text = g_strconcat("WARNING: ", text, "\u00e4\u00e4", NULL);
		text[at] = 'x';
		fixture_kmsg(fixture, 5.2, long_text);
		assert_int_equal(pn_oracle_judge_all(&fixture->record, &findings), PN_FAIL);
		json_array_foreach(findings, i, finding)
			assert_true(json_is_object(finding));
		assert_int_equal(i, 8);
		json_decref(findings);
		json_array_remove(fixture->record.kmsg, json_array_size(fixture->record.kmsg) - 1);
	}
}

static void spoil_rule(struct fixture *fixture, unsigned int rule, unsigned int broken)
{
	json_array_append_new(json_object_get(fixture->record.protocol, "rules"),
			      json_pack("{s:i, s:i, s:i, s:s}", "rule", rule, "checked", 5, "broken", broken, "first", "at 1.000 s: this"));
}

static void test_protocol(void **state)
{
	struct fixture *fixture = *state;

	spoil_rule(fixture, 53, 0);
	assert_finding(fixture_judge(fixture, "protocol"), PN_PASS, "2 requirements exercised");
	spoil_rule(fixture, 46, 2); /* advice */
	assert_finding(fixture_judge(fixture, "protocol"), PN_PASS, "advice D46 not followed 2 times");
	spoil_rule(fixture, 48, 1);
	assert_finding(fixture_judge(fixture, "protocol"), PN_FAIL, "broken 1 of 5 times; first at 1.000 s: this");
	fixture->scenario.driver.name = (char *)"stock";
	assert_finding(fixture_judge(fixture, "protocol"), PN_PASS, "D48 broken 1 times, as known of this driver");
	fixture->scenario.known_reason = (char *)"r";
	fixture->scenario.expect = (char *)"fail:protocol:D40";
	assert_finding(fixture_judge(fixture, "protocol"), PN_PASS, "D48 broken 1 times, as known of this driver");
	fixture->scenario.expect = (char *)"fail:protocol:D48"; /* which the scenario is there to show */
	assert_finding(fixture_judge(fixture, "protocol"), PN_FAIL, "D48 (");
	fixture->scenario.known_reason = NULL;
	spoil_rule(fixture, 13, 1);
	assert_finding(fixture_judge(fixture, "protocol"), PN_FAIL, "D13");
}

static void test_protocol_blind(void **state)
{
	struct fixture *fixture = *state;

	json_array_clear(json_object_get(fixture->record.protocol, "rules"));
	assert_finding(fixture_judge(fixture, "protocol"), PN_BROK, "nothing of the driver was seen");
	json_object_set_new(fixture->record.protocol, "blind", json_string("no such symbol"));
	assert_finding(fixture_judge(fixture, "protocol"), PN_BROK, "could not be watched: no such symbol");
	json_decref(fixture->record.protocol);
	fixture->record.protocol = NULL;
	assert_finding(fixture_judge(fixture, "protocol"), PN_SKIP, "not watched");
}

static void test_integrity(void **state)
{
	struct fixture *fixture = *state;

	assert_finding(fixture_judge(fixture, "integrity"), PN_SKIP, "nobody looked");
	json_array_append_new(fixture->record.loads, json_pack("{s:s, s:i, s:{s:{s:i}}}", "load", "vm", "ops", 5, "stress", "vm", "ops", 5));
	assert_finding(fixture_judge(fixture, "integrity"), PN_SKIP, "nobody looked");
	json_array_append_new(fixture->record.loads, native("touch", "touch", 0, 0));
	assert_finding(fixture_judge(fixture, "integrity"), PN_PASS, "40 pages were looked at by 1 load");
	json_array_append_new(fixture->record.loads, native("churn", "churn", 0, 2));
	assert_finding(fixture_judge(fixture, "integrity"), PN_FAIL, "load churn: 2 pages came from the guest's kernel with stale data");
	json_array_insert_new(fixture->record.loads, 0, native("touch", "touch", 3, 0));
	assert_finding(fixture_judge(fixture, "integrity"), PN_FAIL, "load touch: 3 pages that the guest was using did not hold");
}

static void test_integrity_poison(void **state)
{
	struct fixture *fixture = *state;

	fixture->scenario.guest.kernel_args = (char *)"quiet page_poison=1";
	assert_finding(fixture_judge(fixture, "integrity"), PN_PASS, "found the poison");
	fixture_kmsg(fixture, 5.2, "pagealloc: memory corruption");
	assert_finding(fixture_judge(fixture, "integrity"), PN_FAIL, "1 free page did not hold the poison");
	assert_finding(fixture_judge(fixture, "kernel-log"), PN_PASS, "");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_all_pass),
	    TEST(test_worst_wins),
	    TEST(test_host),
	    TEST(test_faults), TEST(test_fault_that_may_miss),
	    TEST(test_sanity),
	    TEST(test_sanity_no_timeline),
	    TEST(test_sanity_not_bound),
	    TEST(test_sanity_clock),
	    TEST(test_sanity_loads), TEST(test_sanity_swap_after_setup), TEST(test_integrity), TEST(test_integrity_poison), TEST(test_reason_cut),
	    TEST(test_protocol), TEST(test_protocol_blind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
