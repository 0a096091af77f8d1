// SPDX-License-Identifier: GPL-2.0-only
/* Events at points, against a plugin that the test plays: the event is done while the vCPU is held, and it is let go whatever becomes of the event. */
#include "fake.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../base/diag.h"
#include "../base/units.h"
#include "../pin/pin.h"
#include "../pin/symbols.h"
#include "../pin/test-plugin.h"

#define BASE 0xffffffffc0000000ULL

static struct test_plugin plugin;
static bool moved_while_held; /* the fake had a new target before the vCPU was let go */

static void on_released(void *data)
{
	moved_while_held = fake.asked_bytes == 7 * PN_MIB;
}

static void give_symbols(void)
{
	GArray *symbols = g_array_new(FALSE, FALSE, sizeof(struct pn_symbol));
	struct pn_symbol tell = {.name = (char *)"tell_host", .offset = 0x40, .bytes = 0x80};

	g_array_append_val(symbols, tell);
	pn_pin_driver(fake.pin, BASE, 0x1000, symbols);
}

static int setup(void **state)
{
	stage_setup(state);
	plugin = (struct test_plugin){.released_fn = on_released};
	moved_while_held = false;
	test_plugin_begin(&plugin, ((struct stage *)*state)->dir);
	fake.pin = plugin.pin;
	return 0;
}

static int teardown(void **state)
{
	test_plugin_end(&plugin);
	pn_pin_free(plugin.pin);
	return stage_teardown(state);
}

static int run(struct stage *stage, const char *point, struct pn_diag *diag)
{
	struct pn_event events[] = {
		{.action = PN_DO_TARGET, .after = PN_AFTER_POINT, .point = (char *)point, .balloon_bytes = 7 * PN_MIB},
	};

	stage->scenario.events = events;
	stage->scenario.event_count = G_N_ELEMENTS(events);
	return pn_timeline_run(&stage->timeline, diag);
}

static void no_plugin(void **state)
{
	struct pn_diag diag = {0};

	assert_int_equal(run(*state, "tell_host", &diag), -ENOTSUP);
	assert_non_null(strstr(diag.text, "timeline event 0: point 'tell_host': no plugin holds vCPUs"));
}

static void unknown_function(void **state)
{
	struct pn_diag diag = {0};

	fake.refuse = "symbols";
	assert_true(run(*state, "no_such", &diag) < 0);
	assert_int_equal(stage_count(*state, "point", "state", "set"), 0);
}

static void never_reached(void **state)
{
	struct pn_diag diag = {0};

	give_symbols();
	assert_int_equal(run(*state, "tell_host#100", &diag), -ENODATA);
	assert_non_null(strstr(diag.text, "point 'tell_host#100' (timeline event 0) was never reached: 0 hits of 100"));
	assert_int_equal(stage_count(*state, "point", "state", "missed"), 1);
	assert_int_equal(stage_count(*state, "event", NULL, NULL), 0);
}

/* The end of the timeline may come before the point's thread has been heard: then it is not reached. So there is a wait, for the release. */
static void done_while_held(void **state)
{
	struct pn_event events[] = {
		{.action = PN_DO_TARGET, .after = PN_AFTER_POINT, .point = (char *)"tell_host#100", .balloon_bytes = 7 * PN_MIB},
		{.action = PN_DO_HOLD, .after = PN_AFTER_PREVIOUS, .for_ns = 2 * PN_NS_PER_S},
	};
	struct stage *stage = *state;
	json_t *points, *record;
	json_int_t insns = 0;
	size_t i;

	give_symbols();
	plugin.hit = true;
	stage->scenario.events = events;
	stage->scenario.event_count = G_N_ELEMENTS(events);
	assert_int_equal(pn_timeline_run(&stage->timeline, NULL), 0);
	assert_int_equal(plugin.held, 1);
	assert_true(moved_while_held);
	points = stage_records(stage, "point");
	assert_int_equal(json_array_size(points), 3); /* set, held, released; the first two in either order */
	json_array_foreach(points, i, record)
		insns += json_integer_value(json_object_get(record, "insns"));
	assert_int_equal(insns, 12345);
	json_decref(points);
}

/* Whatever becomes of the event, the vCPU goes on. */
static void let_go_after_a_failure(void **state)
{
	struct pn_event events[] = {
		{.action = PN_DO_TARGET, .after = PN_AFTER_POINT, .point = (char *)"tell_host", .balloon_bytes = 7 * PN_MIB},
		{.action = PN_DO_HOLD, .after = PN_AFTER_PREVIOUS, .for_ns = 20 * PN_NS_PER_S},
	};
	struct stage *stage = *state;
	struct pn_diag diag = {0};

	give_symbols();
	plugin.hit = true;
	fake.refuse = "balloon";
	stage->scenario.events = events;
	stage->scenario.event_count = G_N_ELEMENTS(events);
	assert_int_equal(pn_timeline_run(&stage->timeline, &diag), -EREMOTEIO);
	assert_int_equal(pn_pin_holding(fake.pin), 0);
	assert_int_equal(stage_count(stage, "point", "state", "released"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_plugin, stage_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(unknown_function, setup, teardown),
		cmocka_unit_test_setup_teardown(never_reached, setup, teardown),
		cmocka_unit_test_setup_teardown(done_while_held, setup, teardown),
		cmocka_unit_test_setup_teardown(let_go_after_a_failure, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
