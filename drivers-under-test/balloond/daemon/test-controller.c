// SPDX-License-Identifier: GPL-2.0-only
/* Guests that come, go, are refused and are not to be touched; a restart; and that the budget holds in each of these. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "../../../harness/base/diag.h"
#include "../../../harness/base/units.h"
#include "controller.h"

#define GUESTS 3

/* The world: guests that do what they are told, at once. */
struct world {
	struct pn_policy_config policy;
	struct pn_view views[GUESTS];
	struct pn_order orders[GUESTS];
	uint64_t used[GUESTS];
	uint64_t now_ns;
	unsigned int events;
	char last[32]; /* event */
	struct pn_controller *controller;
};

static void count_event(void *data, const char *event, json_t *fields)
{
	struct world *world = data;

	world->events++;
	g_strlcpy(world->last, event, sizeof(world->last));
	assert_non_null(json_object_get(fields, "reason")); /* no change without one */
	assert_non_null(json_object_get(fields, "trust"));
}

static void see(struct world *world, size_t i, uint64_t actual)
{
	world->views[i].observation = (struct pn_observation){
		.resident_bytes = actual + 64 * PN_MIB,
		.actual_bytes = actual,
		.stats_ns = world->now_ns,
		.total_bytes = actual,
		.available_bytes = actual > world->used[i] ? actual - world->used[i] : 0,
		.free_bytes = 0,
		.swap_in_bytes = 0,
		.major_faults = 0,
		.psi_some_ns = PN_UNSET,
	};
}

static int setup(void **state)
{
	static const char *const uuids[] = {"1", "2", "3"}, *const names[] = {"a", "b", "c"};
	struct world *world = g_new0(struct world, 1);

	world->policy = pn_policy_defaults();
	world->policy.capacity_bytes = 2 * PN_GIB;
	world->policy.reserve_bytes = 128 * PN_MIB;
	world->now_ns = 1000 * PN_NS_PER_S;
	for (size_t i = 0; i < GUESTS; i++) {
		world->views[i] = (struct pn_view){
			.uuid = uuids[i],
			.name = names[i],
			.control = true,
			.limits = {.min_bytes = 128 * PN_MIB, .max_bytes = PN_GIB, .overhead_bytes = 64 * PN_MIB, .weight = 100},
		};
		world->used[i] = 200 * PN_MIB;
		see(world, i, 512 * PN_MIB);
	}
	world->controller = pn_controller_new(count_event, world);
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	pn_controller_free(world->controller);
	g_free(world);
	return 0;
}

static void tick(struct world *world, size_t count)
{
	uint64_t held = 0;

	assert_int_equal(pn_controller_tick(world->controller, &world->policy, world->views, count, world->now_ns, false, world->orders, NULL), 0);
	world->now_ns += PN_NS_PER_S;
	for (size_t i = 0; i < count; i++) {
		uint64_t actual = world->views[i].control ? world->orders[i].target_bytes : world->views[i].observation.actual_bytes;

		see(world, i, actual);
		held += actual + world->views[i].limits.overhead_bytes;
	}
	assert_true(held <= world->policy.capacity_bytes - world->policy.reserve_bytes);
}

static uint64_t target_of(const struct world *world, size_t i)
{
	return world->orders[i].target_bytes;
}

static void a_guest_with_more_memory_is_told_its_target_again(void **state)
{
	struct world *world = *state;
	uint64_t target;

	for (unsigned int i = 0; i < 100; i++)
		tick(world, GUESTS);
	assert_false(world->orders[0].send);
	target = target_of(world, 0);
	world->views[0].limits.max_bytes += 256 * PN_MIB;
	see(world, 0, target + 256 * PN_MIB); /* plugged: the balloon is as large as it was */
	tick(world, GUESTS);
	assert_true(world->orders[0].send);
	assert_false(world->orders[1].send);
	assert_true(target_of(world, 0) < target + 64 * PN_MIB);
	tick(world, GUESTS);
	assert_false(world->orders[0].send);
}

static void a_guest_is_told_where_it_stands_first(void **state)
{
	struct world *world = *state;

	tick(world, 2);
	assert_true(world->orders[0].send && world->orders[1].send); /* whatever was in flight when we came is no more */
	assert_true(target_of(world, 0) <= 512 * PN_MIB);
}

static void who_comes_and_goes_leaves_the_others_alone(void **state)
{
	struct world *world = *state;
	uint64_t before;

	for (unsigned int i = 0; i < 60; i++)
		tick(world, 2);
	before = target_of(world, 0);
	assert_true(before < 400 * PN_MIB); /* idle memory was taken */
	tick(world, 3);
	assert_int_equal(target_of(world, 0), before);
	assert_false(world->orders[0].send);
	assert_true(world->orders[2].send);
	tick(world, 1);
	assert_int_equal(target_of(world, 0), before);
}

static void a_restart_goes_on_from_what_it_finds(void **state)
{
	struct world *world = *state;
	uint64_t before[2];

	for (unsigned int i = 0; i < 60; i++)
		tick(world, 2);
	before[0] = target_of(world, 0);
	before[1] = target_of(world, 1);
	pn_controller_free(world->controller);
	world->controller = pn_controller_new(count_event, world);
	tick(world, 2);
	for (size_t i = 0; i < 2; i++) { /* a target is never raised by a restart, nor torn down */
		assert_true(target_of(world, i) <= before[i]);
		assert_true(target_of(world, i) >= before[i] - before[i] / 10);
	}
}

static void a_killed_controller_between_two_orders_keeps_the_budget(void **state)
{
	struct world *world = *state;

	world->policy.capacity_bytes = 128 * PN_MIB + 2 * (600 + 64) * PN_MIB; /* scarce: what one gets another must lose */
	see(world, 0, 600 * PN_MIB);
	see(world, 1, 600 * PN_MIB);
	for (unsigned int round = 0; round < 50; round++) {
		uint64_t actual[2] = {world->views[0].observation.actual_bytes, world->views[1].observation.actual_bytes};

		world->used[round % 2] = 800 * PN_MIB;
		world->used[1 - round % 2] = 150 * PN_MIB;
		assert_int_equal(pn_controller_tick(world->controller, &world->policy, world->views, 2, world->now_ns, false, world->orders, NULL), 0);
		world->now_ns += PN_NS_PER_S;
		/* only one order gets through, then it dies */
		actual[round / 2 % 2] = world->orders[round / 2 % 2].target_bytes;
		see(world, 0, actual[0]);
		see(world, 1, actual[1]);
		assert_true(actual[0] + actual[1] <= 1200 * PN_MIB);
		pn_controller_free(world->controller);
		world->controller = pn_controller_new(count_event, world);
	}
}

static void who_is_not_controlled_keeps_all_its_memory(void **state)
{
	struct world *world = *state;

	world->views[1].control = false;
	world->used[0] = 900 * PN_MIB;
	for (unsigned int i = 0; i < 60; i++) {
		tick(world, 2);
		assert_false(world->orders[1].send);
	}
	/* 2 GiB - 128 MiB - 2 * 64 MiB - all that b may have */
	assert_true(target_of(world, 0) <= 768 * PN_MIB);
	assert_true(target_of(world, 0) >= 700 * PN_MIB);
	world->views[1].control = true; /* from now on: first told where it stands */
	tick(world, 2);
	assert_true(world->orders[1].send);
}

static void a_dry_run_sends_nothing_and_tells_once(void **state)
{
	struct world *world = *state;
	unsigned int first;

	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(pn_controller_tick(world->controller, &world->policy, world->views, 2, world->now_ns, true, world->orders, NULL), 0);
		world->now_ns += PN_NS_PER_S;
		see(world, 0, 512 * PN_MIB);
		see(world, 1, 512 * PN_MIB);
		assert_false(world->orders[0].send || world->orders[1].send);
	}
	first = world->events;
	assert_true(first >= 2);
	assert_string_equal(world->last, "would");
	for (unsigned int i = 0; i < 20; i++) {
		assert_int_equal(pn_controller_tick(world->controller, &world->policy, world->views, 2, world->now_ns, true, world->orders, NULL), 0);
		world->now_ns += PN_NS_PER_S;
		see(world, 0, 512 * PN_MIB);
		see(world, 1, 512 * PN_MIB);
	}
	assert_true(world->events <= first + 4); /* not one a tick */
}

static void a_wrong_configuration_orders_nothing(void **state)
{
	struct world *world = *state;
	struct pn_diag diag = {0};

	world->policy.reserve_bytes = 3 * PN_GIB;
	assert_int_equal(pn_controller_tick(world->controller, &world->policy, world->views, 2, world->now_ns, false, world->orders, &diag), -EINVAL);
	assert_true(*diag.text);
	assert_int_equal(world->events, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_guest_is_told_where_it_stands_first),
		TEST(a_guest_with_more_memory_is_told_its_target_again),
		TEST(who_comes_and_goes_leaves_the_others_alone),
		TEST(a_restart_goes_on_from_what_it_finds),
		TEST(a_killed_controller_between_two_orders_keeps_the_budget),
		TEST(who_is_not_controlled_keeps_all_its_memory),
		TEST(a_dry_run_sends_nothing_and_tells_once),
		TEST(a_wrong_configuration_orders_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
