// SPDX-License-Identifier: GPL-2.0-only
#include "fixture.h"

static double off_by(uint64_t a, uint64_t b)
{
	return a > b ? (double)(a - b) / (double)b : (double)(b - a) / (double)b;
}

/* From wherever it starts: within 1 % of its demand in ten ticks, and then still. */
static void test_constant_demand(void **state)
{
	static const uint64_t used[] = { 300 * MIB, 1 * GIB, 2 * GIB, 3 * GIB };

	for (size_t u = 0; u < 4; u++) {
		const uint64_t from[] = { used[u] + 16 * MIB, used[u] + 70 * MIB, used[u] + 500 * MIB, 4 * GIB };

		for (size_t f = 0; f < 4; f++) {
			struct world world;
			uint64_t settled;

			world_init(&world, 4, 4 * GIB, from[f], used[u], 20 * GIB);
			world_start(&world);
			for (int tick = 0; tick < 10; tick++)
				world_tick(&world);
			settled = world.fakes[0].seen;
			assert_true(off_by(settled, world.decisions[0].demand_bytes) <= 0.01);
			assert_true(settled >= used[u] + 64 * MIB * 99 / 100);
			for (int tick = 0; tick < 1000; tick++) {
				world_tick(&world);
				for (size_t i = 0; i < 4; i++)
					assert_int_equal(world.fakes[i].seen, settled);
			}
			world_end(&world);
		}
	}
}

/* How much a starved guest lacks it can't say. */
static void test_starved_from_the_start(void **state)
{
	struct world world;

	world_init(&world, 2, 8 * GIB, 1 * GIB, 5 * GIB, 20 * GIB);
	world_start(&world);
	for (int tick = 0; tick < 10; tick++) {
		world.fakes[0].psi_ns += world.fakes[0].used > world.fakes[0].actual ? S_NS / 2 : 0;
		world.fakes[1].psi_ns = world.fakes[0].psi_ns;
		world_tick(&world);
	}
	assert_true(world.fakes[0].actual >= 5 * GIB + 64 * MIB);
	assert_true(world.fakes[1].actual >= 5 * GIB + 64 * MIB);
	world_end(&world);
}

static void test_step_demand_has_its_headroom_back_within_two_seconds(void **state)
{
	for (uint64_t step = 64 * MIB; step <= 2 * GIB; step *= 2) {
		struct world world;

		world_init(&world, 3, 4 * GIB, 1 * GIB, 700 * MIB, 12 * GIB);
		world_start(&world);
		for (int tick = 0; tick < 50; tick++)
			world_tick(&world);
		world.fakes[1].used += step;
		world_tick(&world);
		world_tick(&world);
		fake_move(&world.fakes[1]);
		assert_true(world.fakes[1].actual >= world.fakes[1].used + 64 * MIB * 99 / 100);
		world_end(&world);
	}
}

static void test_scarce_memory_is_divided_by_weight(void **state)
{
	struct world world;

	world_init(&world, 3, 4 * GIB, 1 * GIB, 4 * GIB, 6 * GIB);
	world.limits[2].weight = 2;
	world.fakes[0].used = 500 * MIB;
	world_start(&world);
	for (int tick = 0; tick < 60; tick++) {
		world_tick(&world);
		assert_true(world_held(&world) <= world_budget(&world));
	}
	/* the small one has all it wants; above their equal floors the others have 1 : 2 */
	assert_true(world.fakes[0].seen >= 564 * MIB * 99 / 100);
	assert_true(off_by((world.fakes[2].seen - 512 * MIB), 2 * (world.fakes[1].seen - 512 * MIB)) < 0.02);
	assert_true(world.fakes[0].seen + world.fakes[1].seen + world.fakes[2].seen > 6 * GIB * 98 / 100);
	world_end(&world);
}

static void test_pressure_blocks_and_raises(void **state)
{
	struct world world;
	uint64_t before;

	world_init(&world, 1, 4 * GIB, 2 * GIB, 500 * MIB, 8 * GIB);
	world_start(&world);
	for (int tick = 0; tick < 5; tick++) {
		world.fakes[0].psi_ns += S_NS / 100; /* 1 %: not enough to give, enough not to take */
		world_tick(&world);
		if (tick)
			assert_int_equal(world.decisions[0].reason, PN_REASON_BLOCKED);
	}
	before = world.fakes[0].seen;
	world.fakes[0].psi_ns += S_NS / 2;
	world.fakes[0].used = world.fakes[0].actual;
	world_tick(&world);
	assert_int_equal(world.decisions[0].reason, PN_REASON_PRESSURE);
	assert_true(world.fakes[0].seen >= before + before / 4);
	world_end(&world);
}

static void test_what_is_called_available_but_is_in_use_is_learned(void **state)
{
	struct world world;

	world_init(&world, 1, 4 * GIB, 2 * GIB, 1 * GIB, 8 * GIB);
	world_start(&world);
	for (int tick = 0; tick < 600; tick++) {
		world_live(&world);
		world.seen[0].free_bytes = 0;
		/* needs 1.4 GiB, of which 0.4 is cache */
		if (world.fakes[0].actual < 1400 * MIB)
			world.fakes[0].faults += 2000;
		world.seen[0].major_faults = world.fakes[0].faults;
		world_decide(&world);
		if (tick > 300)
			assert_true(world.fakes[0].seen >= 1400 * MIB);
	}
	assert_true(world.fakes[0].seen <= 1800 * MIB);
	world_end(&world);
}

static void test_no_lowering_right_after_a_raise(void **state)
{
	struct world world;
	uint64_t high;

	world_init(&world, 1, 4 * GIB, 1 * GIB, 800 * MIB, 8 * GIB);
	world_start(&world);
	world_tick(&world);
	world.fakes[0].used = 2 * GIB;
	world_tick(&world);
	high = world.fakes[0].seen;
	world.fakes[0].used = 800 * MIB;
	for (int tick = 0; tick < 29; tick++) {
		world_tick(&world);
		assert_true(world.fakes[0].seen >= high);
	}
	for (int tick = 0; tick < 60; tick++)
		world_tick(&world);
	assert_true(world.fakes[0].seen < high);
	world_end(&world);
}

static void test_probing_finds_what_is_never_touched(void **state)
{
	struct world world;
	uint64_t least = UINT64_MAX;

	world_init(&world, 1, 4 * GIB, 2 * GIB, 2 * GIB, 8 * GIB);
	world.config.probe_per_s = 0.001;
	world.config.probe_after_ns = 10 * S_NS;
	world_start(&world);
	for (int tick = 0; tick < 4000; tick++) {
		struct fake *fake = &world.fakes[0];

		/* 1 GiB of its 2 is never touched: it is swapped out when it has to be, and below that it stalls */
		world_live(&world);
		if (fake->used > fake->actual)
			fake->used = fake->actual;
		if (fake->actual < 1 * GIB)
			fake->psi_ns += S_NS / 10;
		fake_observe(fake, &world.limits[0], world.now_ns, &world.seen[0]);
		world_decide(&world);
		least = fake->seen < least ? fake->seen : least;
	}
	assert_in_range(least, 900 * MIB, 1100 * MIB);
	world_end(&world);
}

static void test_refuses_what_makes_no_sense(void **state)
{
	struct pn_policy_config config = pn_policy_defaults();
	struct pn_policy_guest guest = { .min_bytes = 2, .max_bytes = 1, .weight = 1 };
	uint64_t target = 1;

	assert_null(pn_policy_new(&config, &guest, &target, 1));
	guest.min_bytes = 0;
	guest.weight = 0;
	assert_null(pn_policy_new(&config, &guest, &target, 1));
	guest.weight = 1;
	config.reserve_bytes = 1;
	assert_null(pn_policy_new(&config, &guest, &target, 1));
	config.capacity_bytes = 1;
	config.shrink_step = 0;
	assert_null(pn_policy_new(&config, &guest, &target, 1));
	pn_policy_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_constant_demand),
		cmocka_unit_test(test_starved_from_the_start),
		cmocka_unit_test(test_step_demand_has_its_headroom_back_within_two_seconds),
		cmocka_unit_test(test_scarce_memory_is_divided_by_weight),
		cmocka_unit_test(test_pressure_blocks_and_raises),
		cmocka_unit_test(test_what_is_called_available_but_is_in_use_is_learned),
		cmocka_unit_test(test_no_lowering_right_after_a_raise),
		cmocka_unit_test(test_probing_finds_what_is_never_touched),
		cmocka_unit_test(test_refuses_what_makes_no_sense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
