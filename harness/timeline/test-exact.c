// SPDX-License-Identifier: GPL-2.0-only
/* The timeline in the guest's own time: every instant is where the scenario has it, whatever the host's clock says. */
#include "fake.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../base/diag.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "exact.h"

#define MS PN_NS_PER_MS

static int setup(void **state)
{
	stage_setup(state);
	fake.machine.exact = true;
	fake.moved_ns = 0; /* its own time begins */
	fake.speed_bytes_per_s = 1000 * PN_MIB;
	return 0;
}

static int run(struct stage *stage, struct pn_event *events, unsigned int count, struct pn_diag *diag)
{
	stage->scenario.events = events;
	stage->scenario.event_count = count;
	return pn_timeline_run(&stage->timeline, diag);
}

#define RUN(stage, events, diag) run(stage, events, G_N_ELEMENTS(events), diag)

/* 100 MiB at 1000 MiB/s: there after 100 ms of its own time, seen in steps of a twentieth of what has passed. */
static void settles_in_the_guests_time(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {
		{.action = PN_DO_TARGET, .after = PN_AFTER_PREVIOUS, .balloon_bytes = 100 * PN_MIB, .phase = (char *)"inflate"},
		{.action = PN_DO_HOLD, .after = PN_AFTER_SETTLED, .for_ns = 500 * MS, .phase = (char *)"hold"},
	};
	json_t *settled;

	assert_int_equal(RUN(stage, events, NULL), 0);
	assert_string_equal(stage->calls->str, "phase:inflate settled:100 phase:hold ");
	settled = stage_records(stage, "settled");
	assert_int_equal(json_array_size(settled), 1);
	assert_in_range(json_integer_value(json_object_get(json_array_get(settled, 0), "duration_ns")), 98 * MS, 106 * MS);
	assert_in_range(json_integer_value(json_object_get(json_array_get(settled, 0), "resolution_ns")), 1, 6 * MS);
	assert_in_range(fake.own_ns, 598 * MS, 606 * MS);
	json_decref(settled);
}

static void timed_events_come_at_their_instant(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {
		{.action = PN_DO_HOLD, .after = PN_AFTER_PREVIOUS, .for_ns = 200 * MS},
		{.action = PN_DO_TARGET, .after = PN_AFTER_TIME, .at_ns = 150 * MS, .balloon_bytes = 10 * PN_MIB, .phase = (char *)"b"},
		{.action = PN_DO_TARGET, .after = PN_AFTER_TIME, .at_ns = 50 * MS, .balloon_bytes = 20 * PN_MIB, .phase = (char *)"a"},
	};

	assert_int_equal(RUN(stage, events, NULL), 0);
	assert_string_equal(stage->calls->str, "phase:a phase:b settled:10 ");
	assert_int_equal(fake.own_ns, 200 * MS); /* by then it has long settled */
}

/* A target set while another is waited for: that one is never said to have been reached. */
static void a_new_target_takes_over(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {
		{.action = PN_DO_TARGET, .after = PN_AFTER_PREVIOUS, .balloon_bytes = 400 * PN_MIB, .phase = (char *)"up"},
		{.action = PN_DO_TARGET, .after = PN_AFTER_TIME, .at_ns = 100 * MS, .balloon_bytes = 50 * PN_MIB},
		{.action = PN_DO_HOLD, .after = PN_AFTER_SETTLED, .for_ns = MS},
	};

	assert_int_equal(RUN(stage, events, NULL), 0);
	assert_string_equal(stage->calls->str, "phase:up settled:50 ");
	assert_int_equal(stage_count(stage, "unsettled", NULL, NULL), 0);
}

static void rest_elsewhere_is_said(void **state)
{
	struct stage *stage = *state;
	uint64_t bytes = 0;

	fake.stuck_at_bytes = 16 * PN_MIB;
	pn_guest_balloon(NULL, 32 * PN_MIB, NULL);
	assert_int_equal(pn_timeline_settle(&stage->timeline, 32 * PN_MIB, 20 * PN_NS_PER_S, &bytes, NULL), 1);
	assert_int_equal(bytes, 16 * PN_MIB);
	assert_int_equal(stage_count(stage, "unsettled", "outcome", "rest"), 1);
	assert_in_range(fake.own_ns, PN_NS_PER_S, 2 * PN_NS_PER_S);
}

static void still_moving_is_not_rest(void **state)
{
	struct stage *stage = *state;
	uint64_t bytes = 0;

	fake.speed_bytes_per_s = PN_MIB;
	pn_guest_balloon(NULL, 256 * PN_MIB, NULL);
	assert_int_equal(pn_timeline_settle(&stage->timeline, 256 * PN_MIB, 10 * PN_NS_PER_S, &bytes, NULL), -ETIMEDOUT);
	assert_int_equal(stage_count(stage, "unsettled", "outcome", "moving"), 1);
	assert_in_range(fake.own_ns, 10 * PN_NS_PER_S, 11 * PN_NS_PER_S);
}

static void interrupt_ends_it(void **state)
{
	struct stage *stage = *state;
	struct pn_diag diag = {0};
	struct pn_event events[] = {{.action = PN_DO_HOLD, .after = PN_AFTER_PREVIOUS, .for_ns = 60 * PN_NS_PER_S}};

	stage->stop = 1;
	assert_int_equal(RUN(stage, events, &diag), -EINTR);
	assert_int_equal(fake.own_ns, 0);
}

/* The whole journal but for the host's clock. */
static char *journal_of(struct stage *stage)
{
	GString *text = g_string_new("");
	json_t *all, *record;
	size_t i;

	assert_int_equal(pn_journal_read(stage->journal_path, &all, NULL), 0);
	json_array_foreach(all, i, record) {
		char *line;

		json_object_del(record, "t_ns");
		line = json_dumps(record, JSON_COMPACT | JSON_SORT_KEYS);
		g_string_append_printf(text, "%s\n", line);
		free(line);
	}
	json_decref(all);
	return g_string_free(text, FALSE);
}

static void two_runs_are_the_same(void **state)
{
	char *journals[2];

	for (unsigned int i = 0; i < 2; i++) {
		struct pn_event events[] = {
			{.action = PN_DO_TARGET, .after = PN_AFTER_PREVIOUS, .balloon_bytes = 300 * PN_MIB, .phase = (char *)"up"},
			{.action = PN_DO_TARGET, .after = PN_AFTER_TIME, .at_ns = 70 * MS, .balloon_bytes = 30 * PN_MIB},
			{.action = PN_DO_TARGET, .after = PN_AFTER_SETTLED, .balloon_bytes = 0, .phase = (char *)"down"},
		};
		void *own;

		setup(&own);
		assert_int_equal(RUN((struct stage *)own, events, NULL), 0);
		journals[i] = journal_of(own);
		stage_teardown(&own);
	}
	assert_string_equal(journals[0], journals[1]);
	g_free(journals[0]);
	g_free(journals[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(settles_in_the_guests_time, setup, stage_teardown),
		cmocka_unit_test_setup_teardown(timed_events_come_at_their_instant, setup, stage_teardown),
		cmocka_unit_test_setup_teardown(a_new_target_takes_over, setup, stage_teardown),
		cmocka_unit_test_setup_teardown(rest_elsewhere_is_said, setup, stage_teardown),
		cmocka_unit_test_setup_teardown(still_moving_is_not_rest, setup, stage_teardown),
		cmocka_unit_test_setup_teardown(interrupt_ends_it, setup, stage_teardown),
		cmocka_unit_test(two_runs_are_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
