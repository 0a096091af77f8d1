// SPDX-License-Identifier: GPL-2.0-only
/* Waiting for the balloon: what "settled" is said of, and what it must not be said of. */
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

static void reaches_the_target(void **state)
{
	struct stage *stage = *state;
	uint64_t bytes = 0;

	assert_int_equal(pn_guest_balloon(NULL, 32 * PN_MIB, NULL), 0);
	assert_int_equal(pn_timeline_settle(&stage->timeline, 32 * PN_MIB, 20 * PN_NS_PER_S, &bytes, NULL), 0);
	assert_int_equal(bytes, 32 * PN_MIB);
	assert_int_equal(stage_count(stage, "settled", NULL, NULL), 1);
	assert_string_equal(stage->calls->str, "settled:32 ");
}

static void unaligned_target_is_whole_pages(void **state)
{
	struct stage *stage = *state;
	uint64_t bytes = 0;

	pn_guest_balloon(NULL, 8 * PN_MIB + 123, NULL);
	assert_int_equal(pn_timeline_settle(&stage->timeline, 8 * PN_MIB + 123, 20 * PN_NS_PER_S, &bytes, NULL), 0);
	assert_int_equal(bytes, 8 * PN_MIB);
}

static void rests_elsewhere(void **state)
{
	struct stage *stage = *state;
	uint64_t bytes = 0;

	fake.stuck_at_bytes = 16 * PN_MIB;
	pn_guest_balloon(NULL, 32 * PN_MIB, NULL);
	assert_int_equal(pn_timeline_settle(&stage->timeline, 32 * PN_MIB, 20 * PN_NS_PER_S, &bytes, NULL), 1);
	assert_int_equal(bytes, 16 * PN_MIB);
	assert_int_equal(stage_count(stage, "unsettled", "outcome", "rest"), 1);
	assert_int_equal(stage_count(stage, "settled", NULL, NULL), 0);
	assert_string_equal(stage->calls->str, "");
}

static void still_moving_is_not_rest(void **state)
{
	struct stage *stage = *state;
	uint64_t bytes = 0;

	fake.speed_bytes_per_s = PN_MIB;
	pn_guest_balloon(NULL, 256 * PN_MIB, NULL);
	assert_int_equal(pn_timeline_settle(&stage->timeline, 256 * PN_MIB, 300 * PN_NS_PER_MS, &bytes, NULL), -ETIMEDOUT);
	assert_true(bytes < 256 * PN_MIB);
	assert_int_equal(stage_count(stage, "unsettled", "outcome", "moving"), 1);
}

static void deaf_monitor_never_settles(void **state)
{
	struct stage *stage = *state;
	struct pn_diag diag = {0};
	uint64_t bytes = 7;

	fake.deaf = true;
	assert_int_equal(pn_timeline_settle(&stage->timeline, 0, 300 * PN_NS_PER_MS, &bytes, &diag), -ETIMEDOUT);
	assert_int_equal(bytes, 7);
}

static void interrupt_ends_the_wait(void **state)
{
	struct stage *stage = *state;
	struct pn_diag diag = {0};
	uint64_t bytes = 7;

	stage->stop = 1;
	fake.stuck_at_bytes = PN_MIB;
	pn_guest_balloon(NULL, 32 * PN_MIB, NULL);
	assert_int_equal(pn_timeline_settle(&stage->timeline, 32 * PN_MIB, 20 * PN_NS_PER_S, &bytes, &diag), -EINTR);
	assert_int_equal(bytes, 7);
	assert_int_equal(stage_count(stage, "settled", NULL, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reaches_the_target, stage_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(unaligned_target_is_whole_pages, stage_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(rests_elsewhere, stage_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(still_moving_is_not_rest, stage_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(deaf_monitor_never_settles, stage_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(interrupt_ends_the_wait, stage_setup, stage_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
