// SPDX-License-Identifier: GPL-2.0-only
#include "../fixture.h"

#include "law.h"

static void run(struct world *world, const struct pn_law *law, int ticks)
{
	uint64_t targets[GUESTS_MOST];
	void *state;

	for (size_t i = 0; i < world->count; i++)
		targets[i] = world->fakes[i].seen;
	state = law->new(&world->config, world->limits, targets, world->count);
	assert_non_null(state);
	while (ticks--) {
		world_live(world);
		law->step(state, world->seen, world->now_ns, world->decisions);
		for (size_t i = 0; i < world->count; i++)
			world->fakes[i].seen = world->decisions[i].target_bytes;
	}
	law->free(state);
}

static void start(struct world *world, size_t count, uint64_t target, uint64_t used, uint64_t capacity)
{
	world_init(world, count, 4 * GIB, target, used, capacity);
	world->tick_ns = 10 * S_NS;
}

static void test_table(void **state)
{
	for (size_t i = 0; pn_laws[i]; i++) {
		assert_true(pn_law_find(pn_laws[i]->name) == pn_laws[i]);
		assert_true(*pn_laws[i]->help && *pn_laws[i]->source);
	}
	assert_null(pn_law_find("none"));
	assert_true(pn_laws[0] == &pn_law_balloond);
}

/* whatever is observed, even nothing */
static void test_all_stay_within_limits(void **state)
{
	for (size_t l = 0; pn_laws[l]; l++) {
		struct world world;
		uint64_t targets[4] = { GIB, GIB, GIB, GIB };
		void *law;

		start(&world, 4, 1 * GIB, 900 * MIB, 6 * GIB);
		law = pn_laws[l]->new(&world.config, world.limits, targets, 4);
		for (int tick = 0; tick < 400; tick++) {
			world.fakes[tick % 4].used = (uint64_t)(tick * 7919 % 4096) * MIB;
			world.fakes[tick % 3].psi_ns += (uint64_t)(tick % 50) * 100000000ULL;
			world_live(&world);
			if (tick % 7 == 0)
				world.seen[tick % 4] = (struct pn_observation){ PN_UNSET, 0, false, PN_UNSET, 0, PN_UNSET, PN_UNSET, PN_UNSET, PN_UNSET, PN_UNSET, PN_UNSET };
			pn_laws[l]->step(law, world.seen, world.now_ns, world.decisions);
			for (size_t i = 0; i < 4; i++) {
				world.fakes[i].seen = world.decisions[i].target_bytes;
				assert_in_range(world.fakes[i].seen, 512 * MIB, 4 * GIB);
			}
		}
		pn_laws[l]->free(law);
	}
}

static void test_static_never_moves(void **state)
{
	struct world world;

	start(&world, 3, 1 * GIB, 100 * MIB, 6 * GIB);
	run(&world, &pn_law_static, 1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(world.fakes[i].seen, 2 * GIB);
}

/* 5 % a cycle, and no further down than used and its scaled part of 20 % */
static void test_mom_by_its_rules(void **state)
{
	struct world world;

	start(&world, 2, 2 * GIB, 1 * GIB, 4400 * MIB); /* 7 % free */
	run(&world, &pn_law_mom, 1);
	assert_int_equal(world.fakes[0].seen / MIB, 2048 * 95 / 100);
	start(&world, 2, 2 * GIB, 1 * GIB, 16 * GIB);
	run(&world, &pn_law_mom, 1);
	assert_int_equal(world.fakes[0].seen / MIB, 2048 * 105 / 100);
	run(&world, &pn_law_mom, 40);
	assert_int_equal(world.fakes[0].seen, 4 * GIB);
}

static void test_proxmox_aims_at_80_percent_by_steps_of_100_mib(void **state)
{
	struct world world;

	start(&world, 2, 1 * GIB, 500 * MIB, 5 * GIB);
	run(&world, &pn_law_proxmox, 1);
	assert_int_equal(world.fakes[0].seen, 1124 * MIB);
	run(&world, &pn_law_proxmox, 50);
	assert_in_range(world.fakes[0].seen + world.fakes[1].seen, 4 * GIB - 11 * MIB, 4 * GIB + 11 * MIB);
}

static void test_squeezed_gives_the_same_part_of_each_range(void **state)
{
	struct world world;

	start(&world, 3, 1 * GIB, 500 * MIB, 6 * GIB);
	world.limits[2].max_bytes = 2 * GIB;
	run(&world, &pn_law_squeezed, 20);
	assert_in_range((world.fakes[0].seen - 512 * MIB) * 1000 / (3584 * MIB), (world.fakes[2].seen - 512 * MIB) * 1000 / (1536 * MIB) - 1,
			(world.fakes[2].seen - 512 * MIB) * 1000 / (1536 * MIB) + 1);
	assert_in_range(world_held(&world), 6 * GIB - 32 * MIB, 6 * GIB);
}

static void test_balance_ends_where_both_sides_have_as_much(void **state)
{
	struct world world;
	uint64_t guest_above, host_above;

	start(&world, 1, 2 * GIB, 1 * GIB, 4 * GIB);
	run(&world, &pn_law_balance, 100);
	guest_above = world.fakes[0].actual - 1 * GIB - 400 * MIB;
	host_above = 4 * GIB - world.fakes[0].actual;
	assert_in_range(guest_above, host_above * 95 / 100, host_above * 105 / 100);
}

static void test_senpai_takes_a_percent_and_gives_on_pressure(void **state)
{
	struct world world;
	uint64_t before;

	start(&world, 1, 2 * GIB, 1 * GIB, 4 * GIB);
	world.tick_ns = 6 * S_NS;
	run(&world, &pn_law_senpai, 2);
	assert_int_equal(world.fakes[0].seen / MIB, 2048 * 99 / 100);
	before = world.fakes[0].seen;
	start(&world, 1, before, 1 * GIB, 4 * GIB);
	world.tick_ns = 6 * S_NS;
	world.fakes[0].psi_ns = 0;
	{
		uint64_t targets[1] = { before };
		void *law = pn_law_senpai.new(&world.config, world.limits, targets, 1);

		world_live(&world);
		pn_law_senpai.step(law, world.seen, world.now_ns, world.decisions);
		world.fakes[0].psi_ns = S_NS; /* a hundred times what it aims at */
		world_live(&world);
		pn_law_senpai.step(law, world.seen, world.now_ns, world.decisions);
		assert_int_equal(world.decisions[0].target_bytes, 2 * before);
		pn_law_senpai.free(law);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_all_stay_within_limits),
		cmocka_unit_test(test_static_never_moves),
		cmocka_unit_test(test_mom_by_its_rules),
		cmocka_unit_test(test_proxmox_aims_at_80_percent_by_steps_of_100_mib),
		cmocka_unit_test(test_squeezed_gives_the_same_part_of_each_range),
		cmocka_unit_test(test_balance_ends_where_both_sides_have_as_much),
		cmocka_unit_test(test_senpai_takes_a_percent_and_gives_on_pressure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
