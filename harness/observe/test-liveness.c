// SPDX-License-Identifier: GPL-2.0-only
/* Liveness: one record for each word. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "../base/units.h"
#include "fixture.h"
#include "liveness.h"

static void test_healthy(void **state)
{
	assert_finding(fixture_judge(*state, "liveness"), PN_PASS, "every target was answered");
}

/* The inflation does not arrive: its settled record becomes an unsettled one at 3.0 s. */
static void unsettle(struct fixture *fixture, int64_t bytes, const char *outcome)
{
	fixture_forget(fixture, "settled", NULL);
	fixture_journal(fixture, 2.9, "unsettled",
			json_pack("{s:I, s:I, s:i, s:I, s:s, s:b}", "balloon_bytes", (json_int_t)bytes, "asked_bytes",
				  (json_int_t)FIXTURE_BALLOON, "from_bytes", 0, "duration_ns", (json_int_t)1900000000, "outcome", outcome,
				  "may_miss", 0));
	fixture_set(fixture, 1, 4, "guest.vm.balloon_inflate", 77);
	fixture_set(fixture, 1, 4, "guest.vm.balloon_deflate", 77);
	fixture_set(fixture, 1, 4, "guest.driver.cpu_ns", 0);
}

static void test_slow(void **state)
{
	unsettle(*state, FIXTURE_BALLOON / 2, "moving");
	fixture_ramp(*state, 1, 4, "balloon.bytes", 0, FIXTURE_BALLOON * 3 / 4);
	fixture_ramp(*state, 1, 4, "guest.vm.balloon_inflate", 77, 77 + FIXTURE_BALLOON_PAGES);
	assert_finding(fixture_judge(*state, "liveness"), PN_FAIL, "slow: 32 of 64 MiB in the balloon after 1.9 s");
}

static void test_stuck(void **state)
{
	struct fixture *fixture = *state;

	unsettle(fixture, 4 * (int64_t)PN_MIB, "rest");
	fixture_set(fixture, 1, 4, "balloon.bytes", 4 * (int64_t)PN_MIB);
	fixture_ramp(fixture, 1, 1.1, "guest.vm.balloon_inflate", 77, 1077);
	assert_finding(fixture_judge(fixture, "liveness"), PN_FAIL, "slow"); /* moved within the last two seconds */
	fixture_forget(fixture, "unsettled", NULL);
	fixture_forget(fixture, "target", NULL);
	fixture->scenario.event_count = 1;
	fixture_journal(fixture, 0.5, "target", NULL);
	fixture_journal(fixture, 3.9, "unsettled",
			json_pack("{s:i, s:i, s:i}", "balloon_bytes", 4 << 20, "asked_bytes", 64 << 20, "from_bytes", 0));
	fixture_set(fixture, 0.5, 4, "balloon.bytes", 4 << 20);
	assert_finding(fixture_judge(fixture, "liveness"), PN_FAIL, "stuck");
}

static void test_silent_no_op(void **state)
{
	unsettle(*state, 0, "rest");
	fixture_set(*state, 1, 4, "balloon.bytes", 0);
	assert_finding(fixture_judge(*state, "liveness"), PN_FAIL, "silent no-op: 0 of 64 MiB");
}

static void test_livelock(void **state)
{
	unsettle(*state, 0, "moving");
	fixture_set(*state, 1, 4, "balloon.bytes", 0);
	fixture_ramp(*state, 1, 4, "guest.driver.cpu_ns", 0, 2900000000);
	assert_finding(fixture_judge(*state, "liveness"), PN_FAIL, "livelock");
}

static void test_thrash(void **state)
{
	unsettle(*state, 0, "moving");
	fixture_set(*state, 1, 4, "balloon.bytes", 0);
	fixture_ramp(*state, 1, 4, "guest.vm.balloon_inflate", 77, 9000);
	fixture_ramp(*state, 1, 4, "guest.vm.balloon_deflate", 77, 9000);
	assert_finding(fixture_judge(*state, "liveness"), PN_FAIL, "thrash");
}

/* Small steps to and fro are thrash too. */
static void test_turns(void **state)
{
	unsettle(*state, 60 * (int64_t)PN_MIB, "moving");
	for (int i = 0; i < 6; i++)
		fixture_set(*state, 1.5 + 0.2 * i, 1.69 + 0.2 * i, "balloon.bytes", (60 + i % 2) * (int64_t)PN_MIB);
	assert_finding(fixture_judge(*state, "liveness"), PN_FAIL, "thrash");
}

/* What one relief for want of memory takes, and the way back after a pause, is not. */
static void test_relief(void **state)
{
	struct fixture *fixture = *state;

	unsettle(fixture, 60 * (int64_t)PN_MIB, "moving");
	fixture_set(fixture, 1.5, 2.0, "balloon.bytes", 60 * (int64_t)PN_MIB);
	fixture_set(fixture, 2.01, 2.5, "balloon.bytes", 20 * (int64_t)PN_MIB);
	fixture_set(fixture, 2.51, 4, "balloon.bytes", 60 * (int64_t)PN_MIB);
	fixture_ramp(fixture, 1, 2.5, "guest.vm.balloon_inflate", 77, 26000);
	fixture_ramp(fixture, 2.0, 2.05, "guest.vm.balloon_deflate", 77, 10000);
	fixture_set(fixture, 2.06, 4, "guest.vm.balloon_deflate", 10000);
	assert_finding(fixture_judge(fixture, "liveness"), PN_FAIL, "slow");

	assert_string_equal(pn_stall_word(&(struct pn_stall){.seconds = 10, .turns = 3, .progressed = true}), "slow"); /* two of them */
	assert_string_equal(pn_stall_word(&(struct pn_stall){.seconds = 10, .turns = 6, .progressed = true}), "thrash");
}

static void test_host_starves(void **state)
{
	unsettle(*state, 0, "moving");
	fixture_ramp(*state, 0.9, 4, "qemu.vcpu0.run_delay_ns", 0, 3000000000);
	assert_finding(fixture_judge(*state, "liveness"), PN_BROK, "the host did not run the guest");
}

static void test_may_miss(void **state)
{
	struct fixture *fixture = *state;
	json_t *entry;
	size_t i;

	unsettle(fixture, 0, "rest");
	json_array_foreach(fixture->record.journal, i, entry) {
		if (pn_is(entry, "ev", "unsettled"))
			json_object_set_new(entry, "may_miss", json_true());
	}
	assert_finding(fixture_judge(fixture, "liveness"), PN_PASS, "");
	json_array_foreach(fixture->record.journal, i, entry) {
		if (pn_is(entry, "ev", "unsettled"))
			json_object_set_new(entry, "outcome", json_string("moving"));
	}
	fixture_set(fixture, 1, 4, "balloon.bytes", 0);
	assert_finding(fixture_judge(fixture, "liveness"), PN_PASS, "");
	fixture_ramp(fixture, 1, 4, "guest.driver.cpu_ns", 0, 2900000000);
	assert_finding(fixture_judge(fixture, "liveness"), PN_FAIL, "livelock");
}

static void test_no_samples(void **state)
{
	unsettle(*state, 0, "rest");
	fixture_drop(*state, "monitor", 0, 6);
	fixture_drop(*state, "mark", 0, 6);
	assert_finding(fixture_judge(*state, "liveness"), PN_BROK, "no samples to say why");
}

static void test_targets_missing(void **state)
{
	fixture_forget(*state, "target", NULL);
	assert_finding(fixture_judge(*state, "liveness"), PN_BROK, "the scenario sets 2 targets, the journal has 0");
}

/* A longer case, so that silence has room. */
static void stretch(struct fixture *fixture)
{
	fixture_forget(fixture, "timeline", "end");
	fixture_journal(fixture, 30, "timeline", json_pack("{s:s}", "state", "end"));
	for (int i = 60; i < 300; i++) {
		json_t *line = json_pack("{s:I, s:s, s:i, s:i, s:i}", "t_ns", (json_int_t)i * 100000000, "src", "guest", "guest.mem.free",
					 1, "balloon.change_events", 1, "guest.driver.cpu_ns", 200000000);

		json_array_append_new(fixture->record.samples, line);
	}
}

static void test_heartbeat(void **state)
{
	struct fixture *fixture = *state;

	stretch(fixture);
	assert_finding(fixture_judge(fixture, "liveness"), PN_PASS, "");
	fixture_drop(fixture, "guest", 10, 20);
	assert_finding(fixture_judge(fixture, "liveness"), PN_FAIL, "stuck: nothing was heard of the guest for 10.2 s");
	/* A fault that stops QEMU explains it. */
	fixture_journal(fixture, 10, "fault", json_pack("{s:s, s:s}", "name", "qemu-stop", "state", "armed"));
	fixture_journal(fixture, 20, "fault", json_pack("{s:s, s:s}", "name", "qemu-stop", "state", "disarmed"));
	assert_finding(fixture_judge(fixture, "liveness"), PN_PASS, "");
}

static void test_silent_guest(void **state)
{
	fixture_drop(*state, "guest", 0, 6);
	fixture_drop(*state, "mark", 0, 6);
	assert_finding(fixture_judge(*state, "liveness"), PN_BROK, "no samples of the guest");
}

/* bugs.md, 4: an unaligned target makes BALLOON_CHANGE fire once a second for ever. */
static void test_change_storm(void **state)
{
	stretch(*state);
	fixture_ramp(*state, 6, 30, "balloon.change_events", 1, 24);
	assert_finding(fixture_judge(*state, "liveness"), PN_FAIL, "BALLOON_CHANGE events in 25.2 s at rest");
}

static void test_busy_at_rest(void **state)
{
	stretch(*state);
	fixture_ramp(*state, 5.99, 30, "guest.driver.cpu_ns", 200000000, 24000000000);
	assert_finding(fixture_judge(*state, "liveness"), PN_FAIL, "livelock: the driver used");
}

static void test_stats(void **state)
{
	struct fixture *fixture = *state;

	fixture_set(fixture, 2, 2.2, "balloon.stats.age_ns", 9000000000);
	assert_finding(fixture_judge(fixture, "liveness"), PN_FAIL, "statistics were 9.0 s old");
	fixture->scenario.guest.exact = true; /* the host's clock says nothing then */
	assert_finding(fixture_judge(fixture, "liveness"), PN_PASS, "");
	fixture->scenario.guest.exact = false;
	fixture_journal(fixture, 1.1, "fault", json_pack("{s:s, s:s}", "name", "vcpu-pause", "state", "armed"));
	assert_finding(fixture_judge(fixture, "liveness"), PN_PASS, "");
}

static void test_driver_stuck(void **state)
{
	fixture_journal(*state, 5.2, "driver",
			json_pack("{s:s, s:s, s:I}", "state", "stuck", "op", "module.unload", "waited_ns", (json_int_t)30000000000));
	assert_finding(fixture_judge(*state, "liveness"), PN_FAIL, "stuck: module.unload did not end in 30 s");
}

static void tell_kills(struct fixture *fixture, double s, int kills)
{
	json_array_append_new(fixture->record.samples, json_pack("{s:I, s:s, s:i}", "t_ns", (json_int_t)(s * PN_NS_PER_S), "src", "guest",
								 "guest.vm.oom_kill", kills));
}

static void test_killed_under_a_balloon(void **state)
{
	struct fixture *fixture = *state;

	tell_kills(fixture, 1.8, 0);
	tell_kills(fixture, 2.2, 1); /* the balloon is full */
	assert_finding(fixture_judge(fixture, "liveness"), PN_PASS, "");
	fixture->scenario.guest.balloon.deflate_on_oom = true;
	assert_finding(fixture_judge(fixture, "liveness"), PN_FAIL, "silent no-op: the guest killed 1 process for want of memory while 64 MiB");
	fixture_set(fixture, 0, 6, "guest.vm.oom_kill", 0);
	assert_finding(fixture_judge(fixture, "liveness"), PN_PASS, "");
	tell_kills(fixture, 3.8, 0);
	tell_kills(fixture, 4.2, 1); /* it is empty */
	assert_finding(fixture_judge(fixture, "liveness"), PN_PASS, "");
}

static void test_moved_while_paused(void **state)
{
	struct fixture *fixture = *state;

	fixture_journal(fixture, 1.6, "event", json_pack("{s:s, s:s}", "do", "lifecycle", "name", "pause"));
	fixture_journal(fixture, 2.9, "event", json_pack("{s:s, s:s}", "do", "lifecycle", "name", "resume"));
	assert_finding(fixture_judge(fixture, "liveness"), PN_PASS, "");
	fixture_set(fixture, 2.5, 2.9, "balloon.bytes", FIXTURE_BALLOON - 8192);
	assert_finding(fixture_judge(fixture, "liveness"), PN_FAIL, "the balloon changed by -2 pages while the guest was paused");
}

static void test_no_timeline(void **state)
{
	fixture_forget(*state, "timeline", NULL);
	assert_finding(fixture_judge(*state, "liveness"), PN_BROK, "timeline");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_healthy), TEST(test_slow), TEST(test_stuck), TEST(test_silent_no_op),
	    TEST(test_livelock), TEST(test_thrash), TEST(test_turns), TEST(test_relief),
	    TEST(test_host_starves), TEST(test_may_miss), TEST(test_no_samples), TEST(test_targets_missing),
	    TEST(test_heartbeat), TEST(test_silent_guest), TEST(test_change_storm), TEST(test_busy_at_rest),
	    TEST(test_stats), TEST(test_driver_stuck), TEST(test_killed_under_a_balloon), TEST(test_moved_while_paused),
	    TEST(test_no_timeline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
