// SPDX-License-Identifier: GPL-2.0-only
/* Sweeps over the allocations of a path: how many there are is found out one by one, and that there are none is shown and not believed. */
#include "fake.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../base/diag.h"
#include "../base/units.h"

static int sweep(struct stage *stage, const char *args, unsigned int allocations, struct pn_diag *diag)
{
	struct pn_event event = {.action = PN_DO_FAULT, .after = PN_AFTER_PREVIOUS, .name = (char *)"alloc-nth", .fault_args = (char *)args};

	fake.probe_allocations = allocations;
	stage->scenario.events = &event;
	stage->scenario.event_count = 1;
	return pn_timeline_run(&stage->timeline, diag);
}

/* Of the one fault: what it says it has seen. */
static json_t *evidence_of(struct stage *stage)
{
	json_t *records = stage_records(stage, "fault"), *found = NULL, *record;
	size_t i;

	json_array_foreach(records, i, record)
		if (strcmp(json_string_value(json_object_get(record, "state")), "fired") == 0)
			found = json_incref(json_object_get(record, "evidence"));
	json_decref(records);
	assert_non_null(found);
	return found;
}

static void each_fails_once(void **state)
{
	json_t *evidence;

	assert_int_equal(sweep(*state, "{\"path\":\"probe\",\"kind\":\"slab\",\"cap\":9}", 4, NULL), 0);
	evidence = evidence_of(*state);
	assert_int_equal(json_integer_value(json_object_get(evidence, "failures")), 4);
	assert_null(json_object_get(evidence, "failed_elsewhere"));
	assert_true(fake.bound);
	assert_int_equal(fake.injection.probability, 0);
	json_decref(evidence);
}

static void none_on_the_path_is_shown_elsewhere(void **state)
{
	json_t *evidence;

	assert_int_equal(sweep(*state, "{\"path\":\"remove\",\"kind\":\"slab\",\"cap\":9}", 4, NULL), 0);
	evidence = evidence_of(*state);
	assert_int_equal(json_integer_value(json_object_get(evidence, "failures")), 0);
	assert_string_equal(json_string_value(json_object_get(evidence, "failed_elsewhere")), "probe");
	assert_true(fake.bound);
	json_decref(evidence);
}

/* A kernel that fails nothing looks like a driver that allocates nothing. */
static void none_anywhere_shows_nothing(void **state)
{
	struct pn_diag diag = {0};

	assert_int_equal(sweep(*state, "{\"path\":\"remove\",\"kind\":\"slab\",\"cap\":9}", 0, &diag), -ENODATA);
	assert_non_null(strstr(diag.text, "no allocation failed on path 'remove', nor on path 'probe'"));
}

static void more_than_the_cap_is_an_error(void **state)
{
	struct pn_diag diag = {0};

	assert_int_equal(sweep(*state, "{\"path\":\"probe\",\"kind\":\"slab\",\"cap\":3}", 4, &diag), -E2BIG);
	assert_non_null(strstr(diag.text, "still allocates after 3 failures"));
}

static void a_driver_that_does_not_recover_is_named(void **state)
{
	struct pn_diag diag = {0};

	fake.probe_never_again = true;
	assert_int_equal(sweep(*state, "{\"path\":\"probe\",\"kind\":\"slab\",\"cap\":9}", 4, &diag), -EREMOTEIO);
	assert_non_null(strstr(diag.text, "path 'probe', allocation 1:"));
	assert_int_equal(fake.injection.probability, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stage_setup, stage_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_fails_once), TEST(none_on_the_path_is_shown_elsewhere), TEST(none_anywhere_shows_nothing), TEST(more_than_the_cap_is_an_error),
		TEST(a_driver_that_does_not_recover_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
