// SPDX-License-Identifier: GPL-2.0-only
/* The calls of guest.h on guests that are stopped, killed, wedged, mute, panicking or reset. */

#include "test-loopback.h"

static void test_stopped_qemu_hangs_nobody(void **state)
{
	struct fixture *fixture = *state;
	struct pn_diag diag = { 0 };

	load_driver(fixture);
	assert_int_equal(act(fixture, "signal", json_pack("{s:i}", "signal", SIGSTOP), 0, NULL), 0);
	/* On a busy host its thread may not have begun with it by then: it says "busy", and nothing was sent. */
	do
		assert_int_equal(act(fixture, "balloon", json_pack("{s:I}", "bytes", (json_int_t)(4 * PN_MIB)), SHORT_NS, &diag), -ETIMEDOUT);
	while (strstr(diag.text, "busy"));
	assert_int_equal(act(fixture, "balloon", json_pack("{s:I}", "bytes", (json_int_t)(8 * PN_MIB)), SHORT_NS, &diag), -ETIMEDOUT);
	assert_non_null(strstr(diag.text, "busy"));
	assert_int_equal(act(fixture, "agent", json_pack("{s:s}", "op", "clock"), SHORT_NS, &diag), -ETIMEDOUT);
	assert_int_equal(act(fixture, "signal", json_pack("{s:i}", "signal", SIGCONT), 0, NULL), 0);
	/* The first command had reached QEMU and takes effect; the second had not and never does. */
	while (ballooned(fixture) != 4 * PN_MIB)
		;
}

static void test_stopped_qemu_can_be_ended(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(act(fixture, "signal", json_pack("{s:i}", "signal", SIGSTOP), 0, NULL), 0);
	assert_int_equal(act(fixture, "pause", NULL, SHORT_NS, NULL), -ETIMEDOUT);
}

static void test_death_ends_everything(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(pn_guest_subscribe(fixture->guest, hear, fixture), 0);
	assert_int_equal(act(fixture, "signal", json_pack("{s:i}", "signal", SIGKILL), 0, NULL), 0);
	assert_int_equal(pn_guest_state(fixture->guest), PN_GUEST_GONE);
	assert_true(has_heard(fixture, "state:gone"));
	assert_int_equal(pn_guest_balloon(fixture->guest, 0, NULL), -ENOTCONN);
	assert_int_equal(pn_guest_agent(fixture->guest, json_pack("{s:s}", "op", "clock"), 0, NULL, NULL), -ENOTCONN);
	assert_int_equal(act(fixture, "signal", json_pack("{s:i}", "signal", SIGCONT), 0, NULL), -ENOTCONN);
}

static void test_wedged_and_lying_agents(void **state)
{
	struct fixture *fixture = *state;
	struct pn_diag diag = { 0 };

	pn_loopback_set(fixture->guest, &(struct pn_loopback_script){ .agent_silent = true });
	assert_int_equal(pn_guest_agent(fixture->guest, json_pack("{s:s}", "op", "clock"), SHORT_NS, NULL, &diag), -ETIMEDOUT);
	pn_loopback_set(fixture->guest, &(struct pn_loopback_script){ .agent_flood = true });
	for (int i = 0; i < 50; i++)
		assert_int_equal(pn_guest_agent(fixture->guest, json_pack("{s:s}", "op", "clock"), 0, NULL, NULL), 0);
	pn_loopback_set(fixture->guest, &(struct pn_loopback_script){ .refuse_op = "swap.on" });
	assert_int_equal(pn_guest_agent(fixture->guest, json_pack("{s:s}", "op", "swap.on"), 0, NULL, &diag), -EREMOTEIO);
	assert_non_null(strstr(diag.text, "scripted refusal"));
	assert_int_equal(pn_guest_agent(fixture->guest, json_pack("{s:s}", "op", "no.such"), 0, NULL, NULL), -EREMOTEIO);
}

static void test_panic_is_a_crash_with_its_last_words(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(pn_guest_subscribe(fixture->guest, hear, fixture), 0);
	pn_loopback_panic(fixture->guest, "Kernel panic - not syncing");
	assert_int_equal(pn_guest_state(fixture->guest), PN_GUEST_CRASHED);
	wait_heard(fixture, "kmsg:Kernel panic - not syncing");
	assert_true(has_heard(fixture, "qmp:GUEST_PANICKED"));
	assert_true(has_heard(fixture, "state:crashed"));
	assert_false(has_heard(fixture, "state:paused"));
}

static void test_kernel_log_is_replayed_once(void **state)
{
	struct fixture *fixture = *state;
	guint count = 0;

	for (int i = 0; i < 3; i++)
		pn_loopback_event(fixture->guest, json_pack("{s:s,s:i,s:s}", "ev", "kmsg", "seq", i, "text", "boot"));
	/* The agent begins its stream again: what is known is not heard twice. */
	pn_loopback_event(fixture->guest, json_pack("{s:s,s:i,s:s}", "ev", "kmsg", "seq", 1, "text", "boot"));
	assert_int_equal(pn_guest_agent(fixture->guest, json_pack("{s:s}", "op", "clock"), 0, NULL, NULL), 0);
	assert_int_equal(pn_guest_subscribe(fixture->guest, hear, fixture), 0);
	for (guint i = 0; i < fixture->heard->len; i++)
		count += strcmp(fixture->heard->pdata[i], "kmsg:boot") == 0;
	assert_int_equal(count, 3);
	pn_guest_unsubscribe(fixture->guest, hear, fixture);
	pn_loopback_event(fixture->guest, json_pack("{s:s,s:i,s:s}", "ev", "kmsg", "seq", 3, "text", "late"));
	assert_int_equal(pn_guest_agent(fixture->guest, json_pack("{s:s}", "op", "clock"), 0, NULL, NULL), 0);
	assert_false(has_heard(fixture, "kmsg:late"));
}

static void test_reset_boots_again(void **state)
{
	struct fixture *fixture = *state;

	load_driver(fixture);
	assert_int_equal(pn_guest_balloon(fixture->guest, 8 * PN_MIB, NULL), 0);
	assert_int_equal(pn_guest_subscribe(fixture->guest, hear, fixture), 0);
	assert_int_equal(act(fixture, "reset", NULL, 0, NULL), 0);
	wait_heard(fixture, "hello");
	assert_true(has_heard(fixture, "qmp:RESET"));
	assert_int_equal(ballooned(fixture), 0);
	load_driver(fixture);
}

static void test_start_that_fails_leaves_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct pn_guest_config config = { .name = "mute", .machine = &machine, .dir = fixture->dir };
	struct pn_guest *guest = NULL;
	struct pn_diag diag = { 0 };

	pn_loopback_default(&(struct pn_loopback_script){ .no_hello = true });
	assert_int_equal(pn_guest_start(fixture->host, &config, &guest, &diag), -ETIMEDOUT);
	pn_loopback_default(NULL);
	assert_null(guest);
	assert_non_null(strstr(diag.text, "did not answer"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_stopped_qemu_hangs_nobody),
		CASE(test_stopped_qemu_can_be_ended),
		CASE(test_death_ends_everything),
		CASE(test_wedged_and_lying_agents),
		CASE(test_panic_is_a_crash_with_its_last_words),
		CASE(test_kernel_log_is_replayed_once),
		CASE(test_reset_boots_again),
		CASE(test_start_that_fails_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
