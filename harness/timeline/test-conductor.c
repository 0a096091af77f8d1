// SPDX-License-Identifier: GPL-2.0-only
/* Order, overlap, and the ways out of a timeline. */
#include "fake.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../base/diag.h"
#include "../base/units.h"
#include "loads.h"

static int run(struct stage *stage, struct pn_event *events, unsigned int count, struct pn_diag *diag)
{
	stage->scenario.events = events;
	stage->scenario.event_count = count;
	return pn_timeline_run(&stage->timeline, diag);
}

#define RUN(stage, events, diag) run(stage, events, G_N_ELEMENTS(events), diag)

/* Indices of the events in the order in which they were done. */
static char *order(struct stage *stage)
{
	GString *text = g_string_new("");
	json_t *records = stage_records(stage, "event"), *record;
	size_t i;

	json_array_foreach(records, i, record)
		g_string_append_printf(text, "%lld ", (long long)json_integer_value(json_object_get(record, "index")));
	json_decref(records);
	return g_string_free(text, FALSE);
}

static void inflates_and_deflates_in_order(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {
		{.action = PN_DO_TARGET, .after = PN_AFTER_PREVIOUS, .balloon_bytes = 32 * PN_MIB, .phase = (char *)"inflate"},
		{.action = PN_DO_TARGET, .after = PN_AFTER_SETTLED, .balloon_bytes = 0, .phase = (char *)"deflate"},
	};

	assert_int_equal(RUN(stage, events, NULL), 0);
	assert_string_equal(stage->calls->str, "phase:inflate settled:32 phase:deflate settled:0 ");
	assert_string_equal(fake.log->str, "balloon balloon ");
	assert_int_equal(stage_count(stage, "settled", NULL, NULL), 2);
	assert_int_equal(stage_count(stage, "target", NULL, NULL), 2);
	assert_int_equal(stage_count(stage, "timeline", "state", "end"), 1);
}

static void flip_in_mid_flight_does_not_wait(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {
		{.action = PN_DO_TARGET, .after = PN_AFTER_PREVIOUS, .balloon_bytes = 400 * PN_MIB},
		{.action = PN_DO_TARGET, .after = PN_AFTER_PREVIOUS, .at_ns = 20 * PN_NS_PER_MS, .balloon_bytes = 4 * PN_MIB},
	};

	assert_int_equal(RUN(stage, events, NULL), 0);
	assert_string_equal(stage->calls->str, "settled:4 ");
}

static void timed_events_overlap_the_waiting(void **state)
{
	struct stage *stage = *state;
	/* The ordered target would take 20 s to settle; the timed one brings it back, and only then can it settle. */
	struct pn_event events[] = {
		{.action = PN_DO_TARGET, .after = PN_AFTER_PREVIOUS, .balloon_bytes = 400 * PN_MIB},
		{.action = PN_DO_HOLD, .after = PN_AFTER_SETTLED, .for_ns = 1},
		{.action = PN_DO_TARGET, .after = PN_AFTER_TIME, .at_ns = 400 * PN_NS_PER_MS, .balloon_bytes = 1 * PN_MIB},
		{.action = PN_DO_HOLD, .after = PN_AFTER_TIME, .at_ns = 200 * PN_NS_PER_MS},
	};
	g_autofree char *done = NULL;

	fake.speed_bytes_per_s = 20 * PN_MIB;
	assert_int_equal(RUN(stage, events, NULL), 0);
	done = order(stage);
	assert_string_equal(done, "0 3 2 1 ");
	assert_string_equal(stage->calls->str, "settled:1 ");
}

static void stop_at_wait(void *data, const char *phase)
{
	if (strcmp(phase, "wait") == 0)
		__atomic_store_n(&((struct stage *)data)->stop, 1, __ATOMIC_RELAXED);
}

static void stop_flag_ends_it_and_keeps_the_record(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {
		{.action = PN_DO_TARGET, .after = PN_AFTER_PREVIOUS, .balloon_bytes = PN_MIB},
		{.action = PN_DO_HOLD, .after = PN_AFTER_SETTLED, .for_ns = 3600 * PN_NS_PER_S, .phase = (char *)"wait"},
		{.action = PN_DO_TARGET, .after = PN_AFTER_PREVIOUS, .balloon_bytes = 0},
	};
	struct pn_diag diag = {0};

	stage->timeline.on_phase = stop_at_wait;
	assert_int_equal(RUN(stage, events, &diag), -EINTR);
	assert_non_null(strstr(diag.text, "interrupted"));
	assert_int_equal(stage_count(stage, "event", NULL, NULL), 2);
	assert_int_equal(stage_count(stage, "settled", NULL, NULL), 1);
	assert_int_equal(stage_count(stage, "timeline", "state", "end"), 1);
}

static void dead_guest_ends_it(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {
		{.action = PN_DO_HOLD, .after = PN_AFTER_PREVIOUS, .for_ns = 3600 * PN_NS_PER_S},
	};

	fake.gone = true;
	assert_true(RUN(stage, events, NULL) < 0);
}

static void guest_paused_by_an_event_runs_in_the_end(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {
		{.action = PN_DO_TARGET, .after = PN_AFTER_PREVIOUS, .balloon_bytes = 8 * PN_MIB},
		{.action = PN_DO_LIFECYCLE, .after = PN_AFTER_PREVIOUS, .name = (char *)"pause"},
	};

	assert_int_equal(RUN(stage, events, NULL), 0);
	assert_false(fake.paused);
	assert_string_equal(stage->calls->str, "settled:8 ");
}

static void refused_target_within_memory_is_an_error(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {
		{.action = PN_DO_TARGET, .after = PN_AFTER_PREVIOUS, .balloon_bytes = 8 * PN_MIB},
	};

	fake.refuse = "balloon";
	assert_int_equal(RUN(stage, events, NULL), -EREMOTEIO);
}

static void refused_target_beyond_memory_is_recorded(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {
		{.action = PN_DO_TARGET, .after = PN_AFTER_PREVIOUS, .balloon_bytes = 513 * PN_MIB, .may_miss = true},
	};

	fake.refuse = "balloon";
	assert_int_equal(RUN(stage, events, NULL), 0);
	assert_int_equal(stage_count(stage, "target", "refused", "balloon refused"), 1);
	assert_int_equal(stage_count(stage, "settled", NULL, NULL), 0);
}

static void unreached_target_is_recorded_not_hidden(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {
		{.action = PN_DO_TARGET, .after = PN_AFTER_PREVIOUS, .balloon_bytes = 64 * PN_MIB},
		{.action = PN_DO_TARGET, .after = PN_AFTER_SETTLED, .balloon_bytes = 0},
	};

	fake.stuck_at_bytes = 32 * PN_MIB;
	assert_int_equal(RUN(stage, events, NULL), 0);
	assert_int_equal(stage_count(stage, "unsettled", "outcome", "rest"), 1);
	assert_int_equal(stage_count(stage, "settled", NULL, NULL), 1);
}

static void driver_that_does_not_bind_is_an_error(void **state)
{
	struct stage *stage = *state;
	struct pn_diag diag = {0};

	fake.bound = false;
	fake.drop = "module.load";
	assert_int_equal(pn_driver_load(&stage->timeline, &diag), -ENODEV);
	assert_non_null(strstr(diag.text, "not bound"));
	fake.drop = NULL;
	assert_int_equal(pn_driver_load(&stage->timeline, &diag), 0);
	assert_int_equal(pn_driver_load(&stage->timeline, &diag), -EBUSY);
	assert_int_equal(pn_driver_unload(&stage->timeline, &diag), 0);
	assert_false(fake.bound);
}

static void warm_up_of_native_loads_ends_at_the_start(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {{.action = PN_DO_HOLD, .after = PN_AFTER_PREVIOUS}};

	fake.load_ready = fake.load_marks = true;
	assert_int_equal(pn_load_start(&stage->timeline, "touch", NULL), 0);
	assert_int_equal(RUN(stage, events, NULL), 0);
	assert_int_equal(stage_count(stage, "load", "state", "marked"), 1);
	assert_int_equal(pn_loads_end(&stage->timeline, NULL), 0);
	assert_int_equal(stage_count(stage, "load", "state", "measured"), 1);
}

/* A phase that makes the state to start from is warm-up too. */
static void warm_up_ends_with_the_first_measured_phase(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {
		{.action = PN_DO_TARGET, .after = PN_AFTER_PREVIOUS, .balloon_bytes = 32 * PN_MIB, .phase = (char *)"setup"},
		{.action = PN_DO_TARGET, .after = PN_AFTER_SETTLED, .balloon_bytes = 0, .phase = (char *)"deflate"},
		{.action = PN_DO_HOLD, .after = PN_AFTER_SETTLED, .phase = (char *)"hold"},
	};
	json_t *records, *record;
	g_autoptr(GString) order = g_string_new("");
	size_t i;

	fake.load_ready = fake.load_marks = true;
	assert_int_equal(pn_load_start(&stage->timeline, "touch", NULL), 0);
	assert_int_equal(RUN(stage, events, NULL), 0);
	assert_int_equal(pn_journal_read(stage->journal_path, &records, NULL), 0);
	json_array_foreach(records, i, record) {
		const char *name = json_string_value(json_object_get(record, "name")), *what = json_string_value(json_object_get(record, "state"));

		if (strcmp(json_string_value(json_object_get(record, "ev")), "phase") == 0)
			g_string_append_printf(order, "%s ", name);
		else if (what && strcmp(what, "marked") == 0)
			g_string_append(order, "marked ");
	}
	assert_string_equal(order->str, "setup marked deflate hold ");
	json_decref(records);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(inflates_and_deflates_in_order, stage_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(flip_in_mid_flight_does_not_wait, stage_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(timed_events_overlap_the_waiting, stage_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(stop_flag_ends_it_and_keeps_the_record, stage_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(dead_guest_ends_it, stage_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(guest_paused_by_an_event_runs_in_the_end, stage_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(refused_target_within_memory_is_an_error, stage_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(refused_target_beyond_memory_is_recorded, stage_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(unreached_target_is_recorded_not_hidden, stage_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(driver_that_does_not_bind_is_an_error, stage_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(warm_up_of_native_loads_ends_at_the_start, stage_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(warm_up_ends_with_the_first_measured_phase, stage_setup, stage_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
