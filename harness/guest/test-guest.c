// SPDX-License-Identifier: GPL-2.0-only
/* The calls of guest.h on a loopback guest that does what it should: actions and their journal, balloon, files, clock. */

#include "test-loopback.h"

static void test_balloon_reaches_its_target(void **state)
{
	load_driver(*state);
	assert_int_equal(pn_guest_balloon(((struct fixture *)*state)->guest, 100 * PN_MIB + 123, NULL), 0);
	assert_int_equal(ballooned(*state), 100 * PN_MIB); /* num_pages = bytes / 4096 */
}

static void test_balloon_moves_at_its_rate(void **state)
{
	struct fixture *fixture = *state;
	struct pn_loopback_script script = { .bytes_per_s = 1024 * PN_MIB };
	uint64_t before = 0, now;

	pn_loopback_set(fixture->guest, &script);
	load_driver(fixture);
	assert_int_equal(pn_guest_balloon(fixture->guest, 64 * PN_MIB, NULL), 0);
	while ((now = ballooned(fixture)) < 64 * PN_MIB) {
		assert_true(now >= before);
		before = now;
	}
	assert_int_equal(pn_guest_balloon(fixture->guest, 0, NULL), 0);
	while (ballooned(fixture) > 0)
		;
}

static void test_balloon_stalls_lies_and_sticks(void **state)
{
	struct fixture *fixture = *state;

	load_driver(fixture);
	pn_loopback_set(fixture->guest, &(struct pn_loopback_script){ .stall_bytes = 32 * PN_MIB });
	assert_int_equal(pn_guest_balloon(fixture->guest, 64 * PN_MIB, NULL), 0);
	assert_int_equal(ballooned(fixture), 32 * PN_MIB);
	pn_loopback_set(fixture->guest, &(struct pn_loopback_script){ .stall_bytes = 32 * PN_MIB, .lie_bytes = 32 * PN_MIB });
	assert_int_equal(ballooned(fixture), 64 * PN_MIB);
	pn_loopback_set(fixture->guest, &(struct pn_loopback_script){ .stuck = true });
	assert_int_equal(pn_guest_balloon(fixture->guest, 0, NULL), 0);
	assert_int_equal(ballooned(fixture), 32 * PN_MIB);
}

static void test_balloon_needs_a_driver_and_a_running_guest(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(pn_guest_balloon(fixture->guest, 8 * PN_MIB, NULL), 0);
	assert_int_equal(ballooned(fixture), 0);
	assert_int_equal(act(fixture, "pause", NULL, 0, NULL), 0);
	assert_int_equal(pn_guest_state(fixture->guest), PN_GUEST_PAUSED);
	assert_int_equal(act(fixture, "resume", NULL, 0, NULL), 0);
	assert_int_equal(pn_guest_state(fixture->guest), PN_GUEST_RUNNING);
	load_driver(fixture);
	assert_int_equal(ballooned(fixture), 8 * PN_MIB);
}

static void test_target_that_the_monitor_refuses(void **state)
{
	struct fixture *fixture = *state;
	struct pn_diag diag = { 0 };

	assert_int_equal(pn_guest_balloon(fixture->guest, 512 * PN_MIB, &diag), -EREMOTEIO);
	assert_non_null(strstr(diag.text, "expects a size"));
}

static void test_every_action_is_journalled_twice(void **state)
{
	struct fixture *fixture = *state;
	json_t *records, *action, *done;
	size_t first;

	assert_int_equal(pn_journal_read(fixture->journal_path, &records, NULL), 0);
	first = json_array_size(records);
	json_decref(records);
	assert_int_equal(act(fixture, "qmp", json_pack("{s:s}", "execute", "no-such-command"), 0, NULL), -EREMOTEIO);
	assert_int_equal(pn_journal_read(fixture->journal_path, &records, NULL), 0);
	assert_int_equal(json_array_size(records), first + 2);
	action = json_array_get(records, first);
	done = json_array_get(records, first + 1);
	assert_string_equal(json_string_value(json_object_get(action, "ev")), "action");
	assert_string_equal(json_string_value(json_object_get(action, "verb")), "qmp");
	assert_string_equal(json_string_value(json_object_get(json_object_get(action, "args"), "execute")), "no-such-command");
	assert_string_equal(json_string_value(json_object_get(done, "ev")), "done");
	assert_int_equal(json_integer_value(json_object_get(done, "errno")), EREMOTEIO);
	assert_int_equal(json_integer_value(json_object_get(done, "n")), json_integer_value(json_object_get(action, "n")));
	assert_non_null(json_object_get(done, "error"));
	json_decref(records);
}

static void test_query_must_be_one_and_is_not_journalled(void **state)
{
	struct fixture *fixture = *state;
	json_t *before, *after, *reply;
	uint64_t latency_ns = 0;

	assert_int_equal(pn_journal_read(fixture->journal_path, &before, NULL), 0);
	assert_int_equal(pn_guest_query(fixture->guest, "system_reset", NULL, SHORT_NS, NULL, NULL, NULL), -EINVAL);
	assert_int_equal(pn_guest_query(fixture->guest, "query-status", NULL, 10 * PN_NS_PER_S, &reply, &latency_ns, NULL), 0);
	assert_true(json_is_true(json_object_get(reply, "running")));
	assert_true(latency_ns > 0);
	assert_int_equal(pn_journal_read(fixture->journal_path, &after, NULL), 0);
	assert_int_equal(json_array_size(before), json_array_size(after));
	json_decref(reply);
	json_decref(before);
	json_decref(after);
}

static void test_unknown_and_incomplete_actions(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(act(fixture, "explode", NULL, 0, NULL), -EINVAL);
	assert_int_equal(act(fixture, "balloon", NULL, 0, NULL), -EINVAL);
	assert_int_equal(act(fixture, "signal", NULL, 0, NULL), -EINVAL);
	assert_int_equal(act(fixture, "put", NULL, 0, NULL), -EINVAL);
	assert_int_equal(act(fixture, "agent", json_object(), 0, NULL), -EINVAL);
}

static void test_clock_offset_is_bounded_by_its_error(void **state)
{
	struct fixture *fixture = *state;
	struct pn_guest_clock clock;

	assert_int_equal(pn_guest_clock(fixture->guest, 0, &clock, NULL), -EINVAL);
	assert_int_equal(pn_guest_clock(fixture->guest, 5, &clock, NULL), 0);
	/* The peer reads the same clock. */
	assert_true((uint64_t)llabs(clock.offset_ns) <= clock.error_ns);
	assert_true(pn_guest_heartbeat_ns(fixture->guest) > 0);
}

static void test_files_both_ways(void **state)
{
	struct fixture *fixture = *state;
	g_autofree char *from = g_build_filename(fixture->dir, "from", NULL), *to = g_build_filename(fixture->dir, "to", NULL);
	struct pn_action put = { .verb = "put", .args = json_pack("{s:s,s:s,s:i}", "from", from, "path", "/x", "mode", 0755) };
	g_autofree char *text = NULL;
	json_t *reply = NULL;

	assert_int_equal(pn_guest_act(fixture->guest, &put, NULL, NULL), -ENOENT);
	assert_int_equal(pn_fs_write(from, "twelve bytes", 12, NULL), 0);
	assert_int_equal(pn_guest_act(fixture->guest, &put, &reply, NULL), 0);
	assert_int_equal(json_integer_value(json_object_get(reply, "size")), 12);
	json_decref(put.args);
	json_decref(reply);
	assert_int_equal(pn_guest_agent(fixture->guest, json_pack("{s:s,s:s,s:s}", "op", "load.output", "id", "x", "to", to), 0, NULL, NULL), 0);
	assert_int_equal(pn_fs_read(to, &text, NULL, NULL), 0);
	assert_string_equal(text, "load.output");
}

static void test_loopback_has_no_process(void **state)
{
	struct fixture *fixture = *state;
	struct pn_guest_thread *threads;
	unsigned int count;

	assert_int_equal(pn_guest_pid(fixture->guest), 0);
	assert_int_equal(pn_guest_threads(fixture->guest, &threads, &count, NULL), 0);
	assert_int_equal(count, 0);
	g_free(threads);
	assert_null(pn_guest_disk(fixture->guest, "swap"));
	assert_int_equal(pn_guest_machine(fixture->guest)->memory_bytes, 512 * PN_MIB);
}

static void test_uris_of_other_hosts_are_refused(void **state)
{
	static const char *const local[] = { "qemu:///system", "qemu:///session", "qemu+unix:///system?socket=/run/x/libvirt-sock" };
	static const char *const refused[] = { "qemu+ssh://root@host/system", "qemu+tls://host/system", "qemu+tcp:///system", "qemu://host/system",
					       "qemu+unix://host/system", "xen:///system", "qemu:///embed?root=/tmp/x", "system", "" };
	struct pn_diag diag = { 0 };

	for (size_t i = 0; i < G_N_ELEMENTS(local); i++)
		assert_int_equal(pn_host_check_uri(local[i], &diag), 0);
	for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
		assert_int_equal(pn_host_check_uri(refused[i], &diag), -EINVAL);
		assert_non_null(strstr(diag.text, "a libvirtd of this host"));
		assert_null(strchr(diag.text, '\n'));
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_balloon_reaches_its_target),
		CASE(test_balloon_moves_at_its_rate),
		CASE(test_balloon_stalls_lies_and_sticks),
		CASE(test_balloon_needs_a_driver_and_a_running_guest),
		CASE(test_target_that_the_monitor_refuses),
		CASE(test_every_action_is_journalled_twice),
		CASE(test_query_must_be_one_and_is_not_journalled),
		CASE(test_unknown_and_incomplete_actions),
		CASE(test_clock_offset_is_bounded_by_its_error),
		CASE(test_files_both_ways),
		CASE(test_loopback_has_no_process),
		cmocka_unit_test(test_uris_of_other_hosts_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
