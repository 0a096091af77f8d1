/* SPDX-License-Identifier: GPL-2.0-only */
/* Loads in the guest, and its samples. Argument: path of puncture-agent. */
#include "test-host.h"

#include <errno.h>
#include <signal.h>

static void a_load_is_started_watched_and_stopped(void **state)
{
	struct host *host = *state;
	json_t *reply;

	reply = agent_call(host, "{\"op\":\"load.start\",\"id\":\"l\",\"env\":[\"A=b\"],\"argv\":[\"sh\",\"-c\",\"trap 'echo bye; exit 3' INT; echo $A; echo READY; "
			   "while :; do sleep 0.01; done\"]}");
	assert_true(agent_number(reply, "pid") > 1);
	json_decref(reply);
	agent_wait_event(host, "load.ready");
	assert_string_equal(json_string_value(json_object_get(host->event, "id")), "l");
	agent_refused(host, "{\"op\":\"load.start\",\"id\":\"l\",\"argv\":[\"true\"]}", EEXIST, "is running");
	reply = agent_call(host, "{\"op\":\"load.list\"}");
	assert_true(json_is_true(json_object_get(json_array_get(json_object_get(reply, "loads"), 0), "running")));
	json_decref(reply);
	reply = agent_wait_reply(host, agent_ask(host, "{\"op\":\"load.stop\",\"id\":\"l\",\"grace_ms\":20000}"), "load.exit");
	assert_int_equal(agent_number(reply, "exit_code"), 3);
	assert_int_equal(agent_number(reply, "stdout_bytes"), 12);
	json_decref(reply);
	assert_int_equal(agent_number(host->event, "exit_code"), 3);
	reply = agent_call(host, "{\"op\":\"load.output\",\"id\":\"l\",\"stream\":\"stdout\"}");
	assert_int_equal(host->blob_bytes, 12);
	assert_memory_equal(host->blob, "b\nREADY\nbye\n", 12);
	assert_true(json_is_true(json_object_get(reply, "eof")));
	json_decref(reply);
}

static void a_load_that_does_not_listen_is_killed(void **state)
{
	struct host *host = *state;
	json_t *reply;

	json_decref(agent_call(host, "{\"op\":\"load.start\",\"id\":\"l\",\"argv\":[\"sh\",\"-c\",\"trap '' INT; echo READY; while :; do sleep 0.01; done\"]}"));
	agent_wait_event(host, "load.ready");
	reply = agent_call(host, "{\"op\":\"load.stop\",\"id\":\"l\",\"grace_ms\":50}");
	assert_int_equal(agent_number(reply, "signal"), SIGKILL);
	json_decref(reply);
}

static void output_beyond_the_bound_is_counted_not_kept(void **state)
{
	struct host *host = *state;
	json_t *reply;

	json_decref(agent_call(host, "{\"op\":\"load.start\",\"id\":\"l\",\"capture_bytes\":1000,\"argv\":[\"head\",\"-c\",\"3000000\",\"/dev/zero\"]}"));
	agent_wait_event(host, "load.exit");
	reply = agent_call(host, "{\"op\":\"load.stop\",\"id\":\"l\"}");
	assert_int_equal(agent_number(reply, "stdout_bytes"), 3000000);
	json_decref(reply);
	reply = agent_call(host, "{\"op\":\"load.output\",\"id\":\"l\"}");
	assert_int_equal(host->blob_bytes, 1000);
	json_decref(reply);
}

static void samples_come_on_the_beat(void **state)
{
	struct host *host = *state;
	json_t *reply;

	json_decref(agent_call(host, "{\"op\":\"sample.start\",\"interval_ms\":10,\"sets\":[\"mem\",\"vmstat\",\"zones\",\"cpu\",\"balloon\",\"touch\"]}"));
	for (int i = 0; i < 5; i++) {
		agent_wait_event(host, "sample");
		assert_true(agent_number(host->event, "mem.total") > 0);
		assert_true(agent_number(host->event, "vm.pswpin") >= 0);
		assert_true(agent_number(host->event, "vm.pgfault") > 0);
		assert_null(json_object_get(host->event, "driver.held_pages"));
		assert_non_null(json_object_get(json_object_get(host->event, "missing"), "driver.held_pages"));
	}
	reply = agent_wait_reply(host, agent_ask(host, "{\"op\":\"sample.stop\"}"), NULL);
	assert_true(agent_number(reply, "samples") >= 5);
	assert_true(agent_number(reply, "cpu_ns") > 0);
	json_decref(reply);
	agent_refused(host, "{\"op\":\"sample.stop\"}", EALREADY, "no sampling");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		AGENT_TEST(a_load_is_started_watched_and_stopped),
		AGENT_TEST(a_load_that_does_not_listen_is_killed),
		AGENT_TEST(output_beyond_the_bound_is_counted_not_kept),
		AGENT_TEST(samples_come_on_the_beat),
	};

	return agent_test_main(argc, argv, tests, sizeof(tests) / sizeof(tests[0]));
}
