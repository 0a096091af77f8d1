// SPDX-License-Identifier: GPL-2.0-only
/* Random worlds, in which everything that can happen does: the budget holds. */
#include "fixture.h"

#include "sim/random.h"

#define WORLDS 400
#define TICKS 400

static void draw_world(struct world *world, uint64_t *random)
{
	size_t count = 1 + pn_random_next(random) % GUESTS_MOST;
	uint64_t held = 0, sum = 0;

	world_init(world, count, 0, 0, 0, 0);
	for (size_t i = 0; i < count; i++) {
		struct pn_policy_guest *limits = &world->limits[i];
		struct fake *fake = &world->fakes[i];

		limits->max_bytes = (256 + pn_random_next(random) % 8000) * MIB + pn_random_next(random) % MIB;
		limits->min_bytes = (uint64_t)((double)limits->max_bytes * pn_random_between(random, 0, 0.5));
		limits->oom_quota_bytes = pn_random_next(random) % 3 ? 0 : pn_random_next(random) % (256 * MIB);
		limits->overhead_bytes = pn_random_next(random) % (64 * MIB);
		limits->weight = pn_random_between(random, 0.1, 4);
		fake->seen = limits->min_bytes + (uint64_t)((double)(limits->max_bytes - limits->min_bytes) * pn_random_between(random, 0, 1));
		fake->actual = fake->resident = fake->seen;
		fake->used = pn_random_next(random) % limits->max_bytes;
		fake->speed = (1 + pn_random_next(random) % 2000) * MIB;
		held += fake->seen + limits->oom_quota_bytes + limits->overhead_bytes;
		sum += limits->max_bytes;
	}
	world->config.reserve_bytes = pn_random_next(random) % GIB;
	world->config.capacity_bytes = held + world->config.reserve_bytes + pn_random_next(random) % (sum / 2 + 1);
	world->config.shrink_step = pn_random_between(random, 0.1, 1);
	world->config.probe_per_s = pn_random_next(random) % 2 ? 0.01 : 0;
	world->config.probe_after_ns = 5 * S_NS;
}

static void happen(struct fake *fake, const struct pn_policy_guest *limits, uint64_t *random)
{
	switch (pn_random_next(random) % 40) {
	case 0:
		fake->used = pn_random_next(random) % limits->max_bytes;
		break;
	case 1:
		fake->stuck = !fake->stuck;
		break;
	case 2:
		fake->silent = !fake->silent;
		break;
	case 3:
		fake->speed = (1 + pn_random_next(random) % 2000) * MIB;
		break;
	case 4:
		fake->psi_ns += pn_random_next(random) % S_NS;
		break;
	case 5:
		fake->swap_in += pn_random_next(random) % (64 * MIB);
		break;
	case 6: /* the host has not had it all back yet */
		fake->keeps = !fake->keeps;
		break;
	default:
		break;
	}
}

static void spoil(struct pn_observation *o, uint64_t *random)
{
	uint64_t *const words[] = { &o->actual_bytes, &o->total_bytes, &o->available_bytes, &o->free_bytes, &o->swap_in_bytes, &o->psi_some_ns };

	if (pn_random_next(random) % 20 == 0)
		for (size_t i = 0; i < 6; i++)
			if (pn_random_next(random) % 2)
				*words[i] = PN_UNSET;
	if (pn_random_next(random) % 30 == 0) /* its words about itself may be anything */
		*words[1 + pn_random_next(random) % 5] = pn_random_next(random) >> (pn_random_next(random) % 64);
}

/* Guests that obey, at whatever speed and whatever they say: the reserve is never touched, even if all take their quotas at once. */
static void test_reserve_is_never_touched(void **state)
{
	uint64_t random = 2026;

	for (int n = 0; n < WORLDS; n++) {
		struct world world;

		draw_world(&world, &random);
		world_start(&world);
		for (int tick = 0; tick < TICKS; tick++) {
			uint64_t worst = 0, bounds = 0;

			world_live(&world);
			for (size_t i = 0; i < world.count; i++) {
				happen(&world.fakes[i], &world.limits[i], &random);
				spoil(&world.seen[i], &random);
			}
			if (pn_random_next(&random) % 100 == 0) { /* killed, and started again */
				for (size_t i = 0; i < world.count; i++)
					world.seen[i].boots = world.fakes[i].boots;
				world_end(&world);
				world_start(&world);
				world_live(&world);
			}
			world_decide(&world);
			for (size_t i = 0; i < world.count; i++) {
				const struct fake *fake = &world.fakes[i];
				uint64_t most = fake->resident > fake->actual ? fake->resident : fake->actual;

				most = fake->seen > most ? fake->seen : most;
				worst += most + world.limits[i].oom_quota_bytes + world.limits[i].overhead_bytes;
				bounds += world.decisions[i].bound_bytes;
				assert_true(fake->seen <= world.limits[i].max_bytes);
				assert_true(world.decisions[i].reason == PN_REASON_HELD || world.decisions[i].target_bytes >= world.limits[i].min_bytes);
			}
			assert_true(worst <= world_budget(&world));
			assert_true(bounds <= pn_policy_committed(world.policy));
		}
		world_end(&world);
	}
}

/* Guests that take what they were not given: what is over is not of the controller's making, and it adds nothing to it. */
static void test_what_is_over_is_not_ours(void **state)
{
	uint64_t random = 7;

	for (int n = 0; n < WORLDS; n++) {
		uint64_t prior[GUESTS_MOST] = { 0 };
		struct world world;

		draw_world(&world, &random);
		world_start(&world);
		for (int tick = 0; tick < TICKS; tick++) {
			uint64_t before = 0, bounds = 0, budget = world_budget(&world);

			world_live(&world);
			for (size_t i = 0; i < world.count; i++) {
				struct fake *fake = &world.fakes[i];
				uint64_t held;

				happen(fake, &world.limits[i], &random);
				if (tick && pn_random_next(&random) % 50 == 0) {
					fake->boots++;
					fake->actual = fake->resident = world.limits[i].max_bytes;
					fake->swap_in = fake->psi_ns = 0;
				}
				fake_observe(fake, &world.limits[i], world.now_ns, &world.seen[i]);
				held = fake->resident > fake->actual ? fake->resident : fake->actual;
				held = fake->seen > held ? fake->seen : held;
				held = prior[i] > held ? prior[i] : held; /* it may not have seen more than that yet */
				prior[i] = fake->seen;
				before += held + world.limits[i].oom_quota_bytes + world.limits[i].overhead_bytes;
			}
			world_decide(&world);
			assert_true(pn_policy_committed(world.policy) <= (before > budget ? before : budget));
			/* and memory cgroups would have kept it from being over */
			for (size_t i = 0; i < world.count; i++)
				bounds += world.decisions[i].bound_bytes;
			assert_true(bounds <= budget);
		}
		world_end(&world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reserve_is_never_touched),
		cmocka_unit_test(test_what_is_over_is_not_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
