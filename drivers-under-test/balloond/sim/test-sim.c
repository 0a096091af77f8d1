// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../laws/law.h"
#include "compare.h"
#include "guest.h"

#define GIB 1073741824.0

static struct pn_sim_config small(void)
{
	struct pn_sim_config config = pn_sim_defaults();

	config.guests = 40;
	config.hours = 12;
	return config;
}

static struct pn_sim_result run(const struct pn_sim_config *config, const struct pn_law *law)
{
	struct pn_sim_result result = { 0 };

	assert_int_equal(pn_sim_run(config, law, NULL, &result, NULL), 0);
	return result;
}

/* Nothing is lost in the model: what the guest has is kernel, resident, cache and free, at all times and within its size. */
static void test_guest_adds_up(void **state)
{
	struct pn_sim_rates rates = pn_sim_rates_of(10);

	for (uint64_t seed = 0; seed < 40; seed++) {
		struct pn_sim_guest guest;

		pn_sim_guest_init(&guest, seed, 4 * GIB, PN_SIM_HONEST);
		pn_sim_load_synthetic(&guest.load, seed, 4 * GIB);
		guest.target = guest.actual = 2 * GIB;
		for (int tick = 0; tick < 5000; tick++) {
			double anon, sum;

			guest.target = (0.5 + (tick / 50 % 8) * 0.5) * GIB;
			pn_sim_guest_step(&guest, &rates);
			anon = guest.load.anon_bytes - guest.swapped;
			sum = guest.kernel + anon + guest.cached;
			assert_true(guest.swapped >= -1 && guest.swapped <= guest.swap_size + 1 && guest.swapped <= guest.load.anon_bytes + 1);
			assert_true(guest.cached >= 0);
			assert_true(guest.actual >= 0 && guest.actual <= guest.max + 1);
			assert_true(sum <= guest.actual + 1 || guest.ooms);
			assert_true(guest.resident <= guest.actual + 1);
			assert_true(guest.load.hot_bytes <= guest.load.anon_bytes * 1.000001 + 1);
			assert_true(guest.load.anon_bytes + guest.load.file_bytes <= 0.86 * guest.max);
		}
	}
}

/* All stalls are the controller's: a guest that is left alone has none. */
static void test_guest_at_its_largest_never_stalls(void **state)
{
	struct pn_sim_rates rates = pn_sim_rates_of(10);

	for (uint64_t seed = 0; seed < 40; seed++) {
		struct pn_sim_guest guest;

		pn_sim_guest_init(&guest, seed, 2 * GIB, PN_SIM_HONEST);
		pn_sim_load_synthetic(&guest.load, seed, 2 * GIB);
		guest.target = guest.actual = guest.max;
		guest.cached = guest.load.file_bytes;
		guest.event_s = INFINITY; /* a reboot has to read its cache anew */
		for (int tick = 0; tick < 20000; tick++)
			pn_sim_guest_step(&guest, &rates);
		assert_true(guest.total_stalled_s == 0 && guest.total_swap_in == 0 && !guest.ooms);
	}
}

static void test_squeezed_guest_pays(void **state)
{
	struct pn_sim_rates rates = pn_sim_rates_of(10);
	struct pn_sim_guest guest;

	pn_sim_guest_init(&guest, 3, 4 * GIB, PN_SIM_HONEST);
	pn_sim_load_synthetic(&guest.load, 3, 4 * GIB);
	guest.event_s = INFINITY;
	guest.actual = guest.max;
	for (int tick = 0; tick < 100; tick++) {
		guest.target = pn_sim_guest_need(&guest) * 0.8;
		pn_sim_guest_step(&guest, &rates);
	}
	assert_true(guest.total_stalled_s > 1);
}

static void test_same_seed_same_figures(void **state)
{
	struct pn_sim_config config = small();
	struct pn_sim_result a = run(&config, &pn_law_balloond), b = run(&config, &pn_law_balloond), c;

	assert_true(a.reclaimed_bytes == b.reclaimed_bytes && a.stall_s == b.stall_s && a.reversals == b.reversals && a.jain == b.jain);
	config.seed = 2;
	c = run(&config, &pn_law_balloond);
	assert_true(a.stall_s != c.stall_s);
}

static void test_reserve_holds_with_honest_guests(void **state)
{
	for (uint64_t seed = 1; seed <= 4; seed++) {
		struct pn_sim_config config = small();
		struct pn_sim_result result;

		config.seed = seed;
		result = run(&config, &pn_law_balloond);
		assert_int_equal(result.reserve_crossed, 0);
		assert_true(result.jain >= 0.99);
		assert_true(result.swap_in_ratio <= 0.01);
	}
}

static void test_reserve_holds_with_hostile_guests_in_cgroups(void **state)
{
	struct pn_sim_config config = small();
	struct pn_sim_result result;

	config.hostile = 1;
	result = run(&config, &pn_law_balloond);
	assert_true(result.reserve_crossed > 0); /* nothing else binds them */
	config.cgroups = true;
	result = run(&config, &pn_law_balloond);
	assert_int_equal(result.reserve_crossed, 0);
	config.hostile = 0.1;
	result = run(&config, &pn_law_balloond);
	assert_int_equal(result.reserve_crossed, 0);
}

static void test_forms(void **state)
{
	const struct pn_law *laws[] = { &pn_law_balloond, &pn_law_static, NULL };
	struct pn_sim_config config = small();
	struct pn_sim_result results[2];
	json_t *root, *policy;
	char *json, *svg;

	config.hours = 1;
	assert_int_equal(pn_sim_compare(&config, laws, 2, NULL, NULL, results, NULL), 0);
	assert_true(results[0].law == laws[0] && results[1].law == laws[1]);
	json = pn_sim_json(&config, results, 2);
	root = json_loads(json, 0, NULL);
	assert_non_null(root);
	assert_int_equal(json_object_size(root), 5);
	assert_int_equal(json_integer_value(json_object_get(root, "guests")), 40);
	assert_true(json_is_real(json_object_get(json_object_get(root, "tick_ms"), "p99")));
	policy = json_array_get(json_object_get(root, "policies"), 1);
	assert_string_equal(json_string_value(json_object_get(policy, "name")), "static");
	assert_int_equal(json_object_size(policy), 6);
	assert_true(json_is_integer(json_object_get(policy, "reversals")));
	json_decref(root);
	svg = pn_sim_svg(&config, results, 2);
	assert_non_null(strstr(svg, ">static</text>"));
	g_free(svg);
	free(json);
}

static void test_ahead(void **state)
{
	struct pn_sim_result a = { .reclaimed_bytes = 2, .stall_s = 1 }, b = { .reclaimed_bytes = 1, .stall_s = 1 };

	assert_true(pn_sim_ahead(&a, &b));
	assert_false(pn_sim_ahead(&b, &a));
	assert_false(pn_sim_ahead(&a, &a));
	b.stall_s = 0;
	assert_false(pn_sim_ahead(&a, &b));
}

static void test_stops_when_told(void **state)
{
	struct pn_sim_config config = small();
	const struct pn_law *laws[] = { &pn_law_static, NULL };
	struct pn_sim_result result;
	int stop = 1;

	assert_int_equal(pn_sim_compare(&config, laws, 1, &stop, NULL, &result, NULL), -EINTR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guest_adds_up),
		cmocka_unit_test(test_guest_at_its_largest_never_stalls),
		cmocka_unit_test(test_squeezed_guest_pays),
		cmocka_unit_test(test_same_seed_same_figures),
		cmocka_unit_test(test_reserve_holds_with_honest_guests),
		cmocka_unit_test(test_reserve_holds_with_hostile_guests_in_cgroups),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_ahead),
		cmocka_unit_test(test_stops_when_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
