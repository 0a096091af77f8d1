// SPDX-License-Identifier: GPL-2.0-only
#include "fixture.h"

static void run(struct world *world, int ticks)
{
	while (ticks--)
		world_tick(world);
}

static void test_stuck_guest_is_isolated_in_five_seconds(void **state)
{
	struct world world;
	int took = 0;

	world_init(&world, 3, 4 * GIB, 2 * GIB, 800 * MIB, 6 * GIB);
	world_start(&world);
	world.fakes[0].stuck = true;
	world.fakes[1].used = 2 * GIB;
	while (world.decisions[0].trust != PN_TRUST_STUCK) {
		world_tick(&world);
		assert_true(++took <= 6); /* asked in the first, and five seconds at most */
	}
	/* left where it is, counted with what it holds, and nobody waits for it */
	run(&world, 5);
	assert_int_equal(world.fakes[0].seen, 2 * GIB);
	assert_int_equal(world.decisions[0].reason, PN_REASON_HELD);
	assert_true(world.decisions[0].bound_bytes >= 2 * GIB);
	assert_true(world.fakes[1].actual >= 2 * GIB + 64 * MIB);
	assert_true(world_held(&world) <= world_budget(&world));
	/* asked again by and by, and back as soon as it moves */
	world.fakes[0].stuck = false;
	run(&world, 60);
	assert_int_equal(world.decisions[0].trust, PN_TRUST_FRESH);
	assert_true(world.fakes[0].actual < 1 * GIB);
	world_end(&world);
}

/* Ticks of a real host come a bit late: to the letter all the same, and no sooner than one tick before. */
static void test_stuck_guest_is_isolated_in_five_seconds_however_long_a_tick_is(void **state)
{
	static const uint64_t ticks_ms[] = { 200, 700, 1000, 1010, 1050, 1700, 2400 };

	for (size_t t = 0; t < sizeof(ticks_ms) / sizeof(*ticks_ms); t++) {
		uint64_t ordered;
		struct world world;

		world_init(&world, 1, 4 * GIB, 2 * GIB, 800 * MIB, 6 * GIB);
		world.tick_ns = ticks_ms[t] * 1000000;
		world.fakes[0].stuck = true;
		world_start(&world);
		world_tick(&world);
		ordered = world.now_ns;
		assert_true(world.fakes[0].seen < 2 * GIB);
		while (world.decisions[0].trust != PN_TRUST_STUCK)
			world_tick(&world);
		assert_true(world.now_ns - ordered <= 5 * S_NS);
		assert_true(world.now_ns - ordered + world.tick_ns * 9 / 4 > 5 * S_NS);
		world_end(&world);
	}
}

static void test_guest_that_is_asked_every_tick_is_stuck_all_the_same(void **state)
{
	struct world world;

	world_init(&world, 1, 4 * GIB, 4 * GIB, 3 * GIB, 8 * GIB);
	world_start(&world);
	world.fakes[0].stuck = true;
	for (int tick = 0; tick < 7; tick++) {
		world.fakes[0].used -= 64 * MIB;
		world_tick(&world);
	}
	assert_int_equal(world.decisions[0].trust, PN_TRUST_STUCK);
	world_end(&world);
}

static void test_gaps_between_questions_grow(void **state)
{
	struct world world;
	int asked = 0, early = 0;

	world_init(&world, 1, 4 * GIB, 4 * GIB, 1 * GIB, 8 * GIB);
	world_start(&world);
	world.fakes[0].stuck = true;
	for (int tick = 0; tick < 3600; tick++) {
		uint64_t before = world.fakes[0].seen;

		world_tick(&world);
		asked += world.fakes[0].seen < before && before == 4 * GIB;
		early = tick == 100 ? asked : early;
	}
	assert_in_range(early, 2, 5);
	assert_in_range(asked - early, 3, 10);
	world_end(&world);
}

/* It does not take what it is given: others may have it. */
static void test_guest_that_does_not_grow_holds_nothing_back(void **state)
{
	struct world world;

	world_init(&world, 2, 4 * GIB, 1 * GIB, 900 * MIB, 4 * GIB);
	world_start(&world);
	world.fakes[0].stuck = true;
	world.fakes[0].used = 1 * GIB;
	world.fakes[0].psi_ns = 1;
	for (int tick = 0; tick < 8; tick++) {
		world.fakes[0].psi_ns += S_NS / 2;
		world_tick(&world);
	}
	assert_int_equal(world.decisions[0].trust, PN_TRUST_STUCK);
	world.fakes[1].used = 2800 * MIB;
	run(&world, 5);
	assert_true(world.fakes[1].actual >= 2864 * MIB);
	world_end(&world);
}

static void test_stale_guest_is_held(void **state)
{
	struct world world;
	uint64_t held;

	world_init(&world, 2, 4 * GIB, 2 * GIB, 1 * GIB, 8 * GIB);
	world_start(&world);
	run(&world, 20);
	held = world.fakes[0].seen;
	world.fakes[0].silent = true;
	run(&world, 3);
	assert_int_equal(world.decisions[0].trust, PN_TRUST_FRESH);
	run(&world, 1);
	assert_int_equal(world.decisions[0].trust, PN_TRUST_STALE);
	world.fakes[0].used = 3 * GIB;
	world.fakes[1].used = 2 * GIB;
	for (int tick = 0; tick < 100; tick++) {
		world_tick(&world);
		assert_int_equal(world.fakes[0].seen, held);
		assert_int_equal(world.decisions[0].reason, PN_REASON_HELD);
	}
	assert_true(world.fakes[1].actual >= 2112 * MIB * 99 / 100);
	world.fakes[0].silent = false;
	run(&world, 5);
	assert_true(world.fakes[0].seen >= 3 * GIB);
	world_end(&world);
}

static void test_guest_without_statistics_is_held_from_the_start(void **state)
{
	struct world world;

	world_init(&world, 1, 4 * GIB, 2 * GIB, 1 * GIB, 8 * GIB);
	world_start(&world);
	for (int tick = 0; tick < 50; tick++) {
		world_live(&world);
		world.seen[0] = (struct pn_observation){ PN_UNSET, 0, false, PN_UNSET, 0, PN_UNSET, PN_UNSET, PN_UNSET, PN_UNSET, PN_UNSET, PN_UNSET };
		world_decide(&world);
		assert_int_equal(world.decisions[0].trust, PN_TRUST_STALE);
		assert_int_equal(world.fakes[0].seen, 2 * GIB);
		/* what is not known is the worst there can be */
		assert_int_equal(world.decisions[0].bound_bytes, 4 * GIB);
	}
	world_end(&world);
}

static void test_reboot_is_no_lie(void **state)
{
	struct world world;

	world_init(&world, 1, 4 * GIB, 2 * GIB, 1 * GIB, 8 * GIB);
	world.fakes[0].swap_in = world.fakes[0].faults = world.fakes[0].psi_ns = 1000000;
	world_start(&world);
	run(&world, 10);
	world.fakes[0].swap_in = world.fakes[0].faults = world.fakes[0].psi_ns = 0;
	world.fakes[0].boots++;
	world.fakes[0].actual = 4 * GIB; /* the balloon is gone until its driver is back */
	run(&world, 1);
	assert_int_equal(world.decisions[0].trust, PN_TRUST_FRESH);
	run(&world, 60);
	assert_int_equal(world.decisions[0].trust, PN_TRUST_FRESH);
	world_end(&world);
}

static void test_counters_that_run_back_without_one_are(void **state)
{
	struct world world;

	world_init(&world, 1, 4 * GIB, 2 * GIB, 1 * GIB, 8 * GIB);
	world_start(&world);
	for (int lie = 0; lie < 3; lie++) {
		world.fakes[0].swap_in = 1000000;
		run(&world, 10);
		world.fakes[0].swap_in = 0;
		run(&world, 1);
		assert_int_equal(world.decisions[0].trust, PN_TRUST_LYING);
	}
	run(&world, 61); /* a minute without one: forgiven */
	assert_int_equal(world.decisions[0].trust, PN_TRUST_FRESH);
	for (int lie = 0; lie < 4; lie++) {
		world.fakes[0].swap_in = 1000000;
		run(&world, 1);
		world.fakes[0].swap_in = 0;
		run(&world, 1);
	}
	assert_int_equal(world.decisions[0].trust, PN_TRUST_QUARANTINED);
	run(&world, 1000);
	assert_int_equal(world.decisions[0].trust, PN_TRUST_QUARANTINED);
	world_end(&world);
}

enum lie { LIE_NOTHING_AVAILABLE, LIE_PRESSURE, LIE_AVAILABLE_ABOVE_TOTAL, LIE_TOTAL, LIE_BACKWARDS, LIE_ACTUAL_LOW, LIE_ACTUAL_HIGH, LIES };

static void tell(enum lie lie, struct world *world, int tick)
{
	struct pn_observation *o = &world->seen[0];

	switch (lie) {
	case LIE_NOTHING_AVAILABLE:
		o->available_bytes = o->free_bytes = 0;
		break;
	case LIE_PRESSURE:
		o->psi_some_ns = (uint64_t)tick * S_NS;
		o->swap_in_bytes = (uint64_t)tick * GIB;
		break;
	case LIE_AVAILABLE_ABOVE_TOTAL:
		o->available_bytes = 2 * o->total_bytes;
		break;
	case LIE_TOTAL:
		o->total_bytes = 1000 * GIB;
		o->available_bytes = 0;
		break;
	case LIE_BACKWARDS:
		o->swap_in_bytes = (1000000 - (uint64_t)tick) * MIB;
		break;
	case LIE_ACTUAL_LOW:
		o->actual_bytes = 0;
		break;
	default:
		o->actual_bytes = 100 * GIB;
		break;
	}
}

/*
 * Whatever it says: it never has more than its share of what all would have if all wanted everything, unless nobody else wants it; and everybody
 * else has what it needs or its own share. What contradicts itself is never raised.
 */
static void test_lying_gains_nothing(void **state)
{
	for (int lie = 0; lie < LIES; lie++) {
		for (int scarce = 0; scarce < 2; scarce++) {
			struct world world;
			uint64_t share = 4 * GIB / 4, start = 600 * MIB;

			world_init(&world, 4, 4 * GIB, start, 500 * MIB, 4 * GIB);
			for (size_t i = 1; i < 4; i++)
				world.fakes[i].used = scarce ? 3 * GIB : 700 * MIB;
			world_start(&world);
			for (int tick = 1; tick < 200; tick++) {
				world_live(&world);
				tell(lie, &world, tick);
				world_decide(&world);
				assert_true(world_held(&world) <= world_budget(&world));
				for (size_t i = 0; i < 4; i++)
					world.fakes[i].psi_ns += world.fakes[i].used > world.fakes[i].actual ? S_NS / 2 : 0;
				if (lie >= LIE_AVAILABLE_ABOVE_TOTAL && lie <= LIE_BACKWARDS && tick > 2)
					assert_true(world.fakes[0].seen <= start);
			}
			/* it may have what is left over: a quarter GiB where the others need 764 MiB each */
			assert_true(world.fakes[0].actual <= (scarce ? share : 4 * GIB - 3 * 764 * MIB) + 16 * MIB || lie == LIE_ACTUAL_HIGH);
			for (size_t i = 1; i < 4 && lie != LIE_ACTUAL_HIGH; i++)
				assert_true(world.fakes[i].actual >= (scarce ? share : 764 * MIB) * 98 / 100);
			world_end(&world);
		}
	}
}

/* As on huge pages: actual follows the target to the byte, and the host has nothing of it. */
static void test_what_is_claimed_but_not_freed_is_no_slack(void **state)
{
	struct world world;

	world_init(&world, 2, 4 * GIB, 3 * GIB, 500 * MIB, 6 * GIB);
	world.fakes[0].keeps = true;
	world.fakes[1].used = 3 * GIB;
	world_start(&world);
	for (int tick = 0; tick < 300; tick++) {
		world.fakes[1].psi_ns += S_NS / 2;
		world_tick(&world);
		assert_true(world_held(&world) <= world_budget(&world));
		assert_true(pn_policy_committed(world.policy) <= world_budget(&world));
		assert_true(world.fakes[1].seen <= 3 * GIB);
	}
	assert_int_equal(world.decisions[0].trust, PN_TRUST_LYING);
	world_end(&world);
}

static void test_oom_quota_is_budgeted(void **state)
{
	struct world world;

	world_init(&world, 3, 4 * GIB, 1 * GIB, 2 * GIB, 6 * GIB);
	for (size_t i = 0; i < 3; i++)
		world.limits[i].oom_quota_bytes = 256 * MIB;
	world_start(&world);
	for (int tick = 0; tick < 100; tick++) {
		uint64_t held = 0;

		for (size_t i = 0; i < 3; i++)
			world.fakes[i].psi_ns += S_NS / 2;
		world_tick(&world);
		for (size_t i = 0; i < 3; i++) {
			uint64_t size = world.fakes[i].seen > world.fakes[i].actual ? world.fakes[i].seen : world.fakes[i].actual;

			held += size + 256 * MIB; /* all of them at once */
		}
		assert_true(held <= world_budget(&world));
	}
	assert_true(world.fakes[0].actual > 1700 * MIB);
	world_end(&world);
}

/* The Linux driver leaves ballooned pages in the total then, and they are not available. */
static void test_balloon_within_the_total_is_not_use(void **state)
{
	struct world world;

	world_init(&world, 1, 4 * GIB, 4 * GIB, 1 * GIB, 8 * GIB);
	world.limits[0].oom_quota_bytes = 128 * MIB;
	world_start(&world);
	for (int tick = 0; tick < 100; tick++) {
		world_live(&world);
		world.seen[0].total_bytes = 4 * GIB;
		world_decide(&world);
	}
	assert_in_range(world.fakes[0].actual, 1088 * MIB * 99 / 100, 1200 * MIB);
	world_end(&world);
}

static void test_what_could_not_be_applied_did_not_happen(void **state)
{
	struct world world;

	world_init(&world, 2, 4 * GIB, 3 * GIB, 1 * GIB, 6 * GIB);
	world.fakes[1].used = 3 * GIB;
	world_start(&world);
	for (int tick = 0; tick < 30; tick++) {
		world_live(&world);
		world.seen[0].refused = tick > 0;
		world_decide(&world);
		world.fakes[0].seen = 3 * GIB;
		assert_true(world.decisions[0].bound_bytes >= 3 * GIB);
		assert_true(world_held(&world) <= world_budget(&world));
	}
	world_end(&world);
}

static void test_restart_goes_on_from_what_is_there(void **state)
{
	struct world world;

	world_init(&world, 3, 4 * GIB, 2 * GIB, 1 * GIB, 7 * GIB);
	world_start(&world);
	for (int life = 0; life < 20; life++) {
		world.fakes[life % 3].used = (life % 5 + 1) * 500 * MIB;
		run(&world, life % 4 + 1);
		world_end(&world);
		world_start(&world);
		assert_true(world_held(&world) <= world_budget(&world));
	}
	run(&world, 60);
	assert_int_equal(world.decisions[0].trust, PN_TRUST_FRESH);
	world_end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stuck_guest_is_isolated_in_five_seconds),
		cmocka_unit_test(test_stuck_guest_is_isolated_in_five_seconds_however_long_a_tick_is),
		cmocka_unit_test(test_guest_that_is_asked_every_tick_is_stuck_all_the_same),
		cmocka_unit_test(test_gaps_between_questions_grow),
		cmocka_unit_test(test_guest_that_does_not_grow_holds_nothing_back),
		cmocka_unit_test(test_stale_guest_is_held),
		cmocka_unit_test(test_guest_without_statistics_is_held_from_the_start),
		cmocka_unit_test(test_reboot_is_no_lie),
		cmocka_unit_test(test_counters_that_run_back_without_one_are),
		cmocka_unit_test(test_lying_gains_nothing),
		cmocka_unit_test(test_what_is_claimed_but_not_freed_is_no_slack),
		cmocka_unit_test(test_oom_quota_is_budgeted),
		cmocka_unit_test(test_balloon_within_the_total_is_not_use),
		cmocka_unit_test(test_what_could_not_be_applied_did_not_happen),
		cmocka_unit_test(test_restart_goes_on_from_what_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
