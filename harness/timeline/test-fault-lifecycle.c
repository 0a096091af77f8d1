// SPDX-License-Identifier: GPL-2.0-only
/* Faults that are events in a guest's life, and the phases that faults strike in. */
#include "fake.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../base/diag.h"
#include "../base/units.h"
#include "faults.h"

static int run(struct stage *stage, struct pn_event *events, unsigned int count, struct pn_diag *diag)
{
	stage->scenario.events = events;
	stage->scenario.event_count = count;
	return pn_timeline_run(&stage->timeline, diag);
}

#define RUN(stage, events, diag) run(stage, events, G_N_ELEMENTS(events), diag)

#define TARGET(mib) {.action = PN_DO_TARGET, .after = PN_AFTER_PREVIOUS, .balloon_bytes = (mib)*PN_MIB}
#define HOLD(ms) {.action = PN_DO_HOLD, .after = PN_AFTER_SETTLED, .for_ns = (ms)*PN_NS_PER_MS}
#define FAULT(what, ms, args)                                                                                                              \
	{.action = PN_DO_FAULT, .after = PN_AFTER_PREVIOUS, .name = (char *)(what), .for_ns = (ms)*PN_NS_PER_MS, .fault_args = (char *)(args)}

static json_t *evidence_of(struct stage *stage, const char *name)
{
	json_t *records = stage_records(stage, "fault"), *record, *evidence = NULL;
	size_t i;

	json_array_foreach(records, i, record)
		if (!g_strcmp0(json_string_value(json_object_get(record, "name")), name) && json_object_get(record, "evidence"))
			evidence = json_incref(json_object_get(record, "evidence"));
	json_decref(records);
	return evidence;
}

static void panic_comes_back(void **state)
{
	struct stage *stage = *state;
	/* the hold is long, so that a busy machine sees the balloon rest before the timeline is over */
	struct pn_event events[] = {TARGET(16), HOLD(3000), FAULT("panic", 0, "{\"while\":\"idle\"}")};

	/* The fault is started first, so that it waits for the balloon to rest. */
	struct pn_event fault = events[2];

	memmove(events + 1, events, 2 * sizeof(events[0]));
	events[0] = fault;
	assert_int_equal(RUN(stage, events, NULL), 0);
	assert_string_equal(fake.log->str, "balloon lifecycle reset resume module.load ");
	assert_false(fake.crashed);
	assert_true(fake.bound);
	assert_int_equal(stage_count(stage, "fault", "state", "fired"), 1);
}

static void idle_that_never_comes_is_missed(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {FAULT("panic", 0, "{\"while\":\"idle\"}")};

	assert_int_equal(RUN(stage, events, NULL), -ENODATA);
	assert_int_equal(stage_count(stage, "fault", "state", "missed"), 1);
}

static void migration_is_cancelled(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {FAULT("migration", 50, "{\"bandwidth\":1048576}")};

	assert_int_equal(RUN(stage, events, NULL), 0);
	assert_string_equal(fake.log->str, "migrate-nowhere migrate-cancel ");
	assert_false(fake.migrating);
}

static void hints_that_never_come_are_missed(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {FAULT("migration", 50, "{\"bandwidth\":1048576}")};

	fake.machine.balloon.free_page_hint = true;
	stage->scenario.settle_timeout_ns = 300 * PN_NS_PER_MS;
	assert_int_equal(RUN(stage, events, NULL), -ENODATA);
	assert_false(fake.migrating);
}

static void strikes_while_hinting(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {FAULT("unbind", 20, "{\"while\":\"hinting\"}"), FAULT("migration", 2000, "{\"bandwidth\":1048576}"),
				    {.action = PN_DO_HOLD, .after = PN_AFTER_PREVIOUS, .for_ns = 1500 * PN_NS_PER_MS}};
	json_t *evidence;

	fake.machine.balloon.free_page_hint = true;
	fake.hinted_bytes = 64 * PN_MIB;
	assert_int_equal(RUN(stage, events, NULL), 0);
	evidence = evidence_of(stage, "unbind");
	assert_int_equal(json_integer_value(json_object_get(evidence, "hinted_bytes")), 64 * PN_MIB);
	json_decref(evidence);
}

static void cancel_begins_one_where_there_is_none(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {FAULT("migrate-cancel", 0, "{}")};

	assert_int_equal(RUN(stage, events, NULL), 0);
	assert_string_equal(fake.log->str, "migrate-nowhere migrate-cancel ");
}

static void cancel_takes_the_one_under_way(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {FAULT("migrate-cancel", 0, "{}")};

	fake.migrating = true;
	assert_int_equal(RUN(stage, events, NULL), 0);
	assert_string_equal(fake.log->str, "migrate-cancel ");
}

static void cancel_that_does_nothing_never_fired(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {FAULT("migrate-cancel", 0, "{}")};

	fake.migrating = true;
	fake.drop = "migrate-cancel";
	stage->scenario.settle_timeout_ns = 200 * PN_NS_PER_MS;
	assert_int_equal(RUN(stage, events, NULL), -ENODATA);
}

/* The guest has gone when its process has, however long the fault takes to get there. */
static gpointer goes_with_its_process(gpointer data)
{
	waitpid(fake.pid, NULL, 0);
	fake.gone = true;
	return NULL;
}

static int run_killed(struct stage *stage, struct pn_event *events, unsigned int count)
{
	GThread *thread;
	int r;

	fake.pid = fork();
	if (fake.pid == 0) {
		pause();
		_exit(0);
	}
	thread = g_thread_new("gone", goes_with_its_process, NULL);
	r = run(stage, events, count, NULL);
	kill(fake.pid, SIGKILL); /* in case that the fault has not */
	g_thread_join(thread);
	return r;
}

#define RUN_KILLED(stage, events) run_killed(stage, events, G_N_ELEMENTS(events))

static int end_by_kill(struct stage *stage, const char *args)
{
	struct pn_event events[] = {FAULT("qemu-kill", 0, args), {.action = PN_DO_HOLD, .after = PN_AFTER_PREVIOUS, .for_ns = 60 * PN_NS_PER_S}};

	return RUN_KILLED(stage, events);
}

/* The other lane asks for the balloon, and is told so before anybody knows that the guest has gone. */
static int end_by_kill_in_a_movement(struct stage *stage)
{
	struct pn_event events[] = {FAULT("qemu-kill", 0, "{\"planned\":true}"), TARGET(256), HOLD(10)};

	events[0].after = PN_AFTER_TIME;
	fake.speed_bytes_per_s = PN_MIB;
	fake.late_news = 5;
	return RUN_KILLED(stage, events);
}

static void planned_end_is_no_failure(void **state)
{
	assert_int_equal(end_by_kill(*state, "{\"planned\":true}"), 1);
	assert_int_equal(stage_count(*state, "timeline", "ended_by", "qemu-kill"), 1);
}

static void planned_end_is_news_late(void **state)
{
	assert_int_equal(end_by_kill_in_a_movement(*state), 1);
	assert_int_equal(stage_count(*state, "fault", "state", "fired"), 1);
}

static void unplanned_end_breaks_the_case(void **state)
{
	assert_int_equal(end_by_kill(*state, "{\"planned\":false}"), -EHOSTDOWN);
	assert_int_equal(stage_count(*state, "timeline", "ended_by", "qemu-kill"), 0);
}

static void unplugged_and_told_its_target_again(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {TARGET(16), HOLD(10), FAULT("unplug", 50, "{}")};

	assert_int_equal(RUN(stage, events, NULL), 0);
	assert_string_equal(fake.log->str, "balloon unplug plug balloon ");
	assert_int_equal(fake.bytes, 16 * PN_MIB);
}

static void moved_is_another_process(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {FAULT("save-restore", 0, "{}"), FAULT("migrate", 0, "{}")};

	fake.pid = 1000;
	assert_int_equal(RUN(stage, events, NULL), 0);
	assert_int_equal(stage_count(stage, "fault", "state", "fired"), 2);
}

/* Not while its memory has all come: there is nothing that a balloon could meet. */
static void postcopy_that_is_over_never_fired(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {FAULT("postcopy", 50, "{\"bandwidth\":4194304}")};

	stage->scenario.settle_timeout_ns = 100 * PN_NS_PER_MS;
	fake.pid = 1000;
	assert_int_equal(RUN(stage, events, NULL), -ENODATA);
	assert_string_equal(fake.log->str, "move-ahead move move-end ");
}

static void moved_into_itself_never_fired(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {FAULT("migrate", 0, "{}")};

	stage->scenario.settle_timeout_ns = 100 * PN_NS_PER_MS;
	fake.pid = 1000;
	fake.drop = "move";
	assert_int_equal(RUN(stage, events, NULL), -ENODATA);
}

/* A real process, whose first thread stands for QEMU's main loop. */
static void one_thread_stops_and_goes_on(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {FAULT("main-loop-stop", 50, "{}")};
	json_t *evidence;
	int r, status;

	fake.pid = fork();
	if (fake.pid == 0) {
		pause();
		_exit(0);
	}
	r = RUN(stage, events, NULL);
	kill(fake.pid, SIGKILL);
	waitpid(fake.pid, &status, 0);
	assert_int_equal(r, 0);
	assert_true(WIFSIGNALED(status));
	evidence = evidence_of(stage, "main-loop-stop");
	assert_string_equal(json_string_value(json_object_get(evidence, "state")), "t");
	json_decref(evidence);
}

static void thread_that_is_not_there_is_an_error(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {FAULT("iothread-stop", 50, "{}")};
	struct pn_diag diag = {0};

	fake.pid = getpid();
	assert_int_equal(RUN(stage, events, &diag), -ENOTSUP);
	assert_non_null(strstr(diag.text, "iothread"));
}

static void suspended_and_woken(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {FAULT("suspend", 50, "{}")};

	assert_int_equal(RUN(stage, events, NULL), 0);
	assert_string_equal(fake.log->str, "lifecycle qmp ");
	assert_false(fake.asleep);
}

static void guest_that_does_not_sleep_is_missed(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {FAULT("suspend", 50, "{}")};

	fake.drop = "lifecycle";
	stage->scenario.settle_timeout_ns = 100 * PN_NS_PER_MS;
	assert_int_equal(RUN(stage, events, NULL), -ENODATA);
}

static void flapping_ends_where_it_was(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {TARGET(16), HOLD(10), FAULT("flap", 100, "{\"balloon\":0,\"hz\":1000}")};
	json_t *evidence;

	assert_int_equal(RUN(stage, events, NULL), 0);
	assert_int_equal(fake.asked_bytes, 16 * PN_MIB);
	evidence = evidence_of(stage, "flap");
	assert_true(json_integer_value(json_object_get(evidence, "targets")) >= 10);
	json_decref(evidence);
}

static void traffic_is_changed_for_a_while(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {FAULT("driver-output", 50, "{\"kind\":\"pfn\",\"value\":7}")};
	json_t *evidence;

	fake.tampers = 3;
	assert_int_equal(RUN(stage, events, NULL), 0);
	assert_string_equal(fake.log->str, "tamper tamper ");
	assert_string_equal(fake.tampered, "");
	evidence = evidence_of(stage, "driver-output");
	assert_int_equal(json_integer_value(json_object_get(evidence, "struck")), 3);
	json_decref(evidence);
}

static void traffic_that_does_not_flow_is_missed(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {FAULT("interrupts", 50, "{\"kind\":\"lost\"}")};

	stage->scenario.settle_timeout_ns = 100 * PN_NS_PER_MS;
	assert_int_equal(RUN(stage, events, NULL), -ENODATA);
	assert_string_equal(fake.tampered, "");
}

static void what_a_guest_lacks_is_an_error_before_the_blow(void **state)
{
	static const char *const names[] = {"swap-fail", "swap-slow", "swap-hang", "throttle", "host-oom", "main-loop-stop", "discard-fail"};
	struct stage *stage = *state;

	for (unsigned int i = 0; i < G_N_ELEMENTS(names); i++) {
		struct pn_event events[] = {FAULT(names[i], 50, "{}")};

		assert_int_not_equal(RUN(stage, events, NULL), 0);
	}
	assert_int_equal(stage_count(stage, "fault", "state", "armed"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stage_setup, stage_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(panic_comes_back),
		TEST(idle_that_never_comes_is_missed),
		TEST(migration_is_cancelled),
		TEST(hints_that_never_come_are_missed),
		TEST(strikes_while_hinting),
		TEST(cancel_begins_one_where_there_is_none),
		TEST(cancel_takes_the_one_under_way),
		TEST(cancel_that_does_nothing_never_fired),
		TEST(planned_end_is_no_failure),
		TEST(planned_end_is_news_late),
		TEST(unplanned_end_breaks_the_case),
		TEST(unplugged_and_told_its_target_again),
		TEST(moved_is_another_process),
		TEST(moved_into_itself_never_fired),
		TEST(postcopy_that_is_over_never_fired),
		TEST(one_thread_stops_and_goes_on),
		TEST(thread_that_is_not_there_is_an_error),
		TEST(suspended_and_woken),
		TEST(guest_that_does_not_sleep_is_missed),
		TEST(flapping_ends_where_it_was),
		TEST(traffic_is_changed_for_a_while),
		TEST(traffic_that_does_not_flow_is_missed),
		TEST(what_a_guest_lacks_is_an_error_before_the_blow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
