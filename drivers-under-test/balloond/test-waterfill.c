// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "sim/random.h"
#include "waterfill.h"

#define MOST 40

static size_t scratch[MOST];

static size_t draw(uint64_t *random, struct pn_share *shares, uint64_t *ret_floors, uint64_t *ret_wants)
{
	size_t count = 1 + pn_random_next(random) % MOST;

	*ret_floors = *ret_wants = 0;
	for (size_t i = 0; i < count; i++) {
		shares[i].floor_bytes = pn_random_next(random) % 3 ? pn_random_next(random) % 1000000 : 0;
		shares[i].want_bytes = shares[i].floor_bytes + (pn_random_next(random) % 5 ? pn_random_next(random) % 5000000 : 0);
		shares[i].weight = pn_random_between(random, 0.1, 8);
		*ret_floors += shares[i].floor_bytes;
		*ret_wants += shares[i].want_bytes;
	}
	return count;
}

static double level(const struct pn_share *share)
{
	return (double)(share->got_bytes - share->floor_bytes) / share->weight;
}

/* The definition: within limits, nothing wasted, and nobody who lacks something is below anybody else. */
static void test_is_max_min(void **state)
{
	uint64_t random = 7;

	for (int n = 0; n < 20000; n++) {
		struct pn_share shares[MOST];
		uint64_t floors, wants, total, left, got = 0;
		size_t count = draw(&random, shares, &floors, &wants);

		total = floors + pn_random_next(&random) % (wants - floors + wants / 4 + 1);
		left = pn_waterfill(shares, scratch, count, total);
		for (size_t i = 0; i < count; i++) {
			assert_in_range(shares[i].got_bytes, shares[i].floor_bytes, shares[i].want_bytes);
			got += shares[i].got_bytes;
			if (shares[i].got_bytes == shares[i].want_bytes)
				continue;
			for (size_t j = 0; j < count; j++)
				assert_true(shares[j].got_bytes == shares[j].floor_bytes || level(&shares[j]) <= level(&shares[i]) + 25);
		}
		assert_int_equal(got + left, total);
		assert_true(wants <= total ? got == wants : left <= count); /* rounding */
	}
}

static void test_wanting_more_takes_from_nobody_below_its_share(void **state)
{
	uint64_t random = 11;

	for (int n = 0; n < 5000; n++) {
		struct pn_share shares[MOST], greedy[MOST];
		uint64_t floors, wants, total;
		size_t count = draw(&random, shares, &floors, &wants), i = pn_random_next(&random) % count;

		total = floors + pn_random_next(&random) % (wants - floors + 1);
		memcpy(greedy, shares, sizeof(greedy));
		greedy[i].want_bytes += 100000000;
		pn_waterfill(shares, scratch, count, total);
		pn_waterfill(greedy, scratch, count, total);
		for (size_t j = 0; j < count; j++) {
			if (j == i || greedy[j].got_bytes == greedy[j].want_bytes)
				continue;
			/* whoever lost stands no lower than the greedy one */
			assert_true(level(&greedy[j]) + 25 >= level(&greedy[i]) || greedy[i].got_bytes == greedy[i].floor_bytes);
		}
		assert_true(greedy[i].got_bytes + 2 >= shares[i].got_bytes);
	}
}

static void test_order_does_not_matter(void **state)
{
	uint64_t random = 13;

	for (int n = 0; n < 5000; n++) {
		struct pn_share shares[MOST], turned[MOST];
		uint64_t floors, wants, total;
		size_t count = draw(&random, shares, &floors, &wants);

		total = floors + pn_random_next(&random) % (wants - floors + 1);
		for (size_t i = 0; i < count; i++)
			turned[i] = shares[count - 1 - i];
		pn_waterfill(shares, scratch, count, total);
		pn_waterfill(turned, scratch, count, total);
		for (size_t i = 0; i < count; i++) {
			uint64_t a = shares[i].got_bytes, b = turned[count - 1 - i].got_bytes;

			assert_true((a > b ? a - b : b - a) <= count); /* rounding */
		}
	}
}

static void test_too_little_for_the_floors(void **state)
{
	struct pn_share shares[] = { { .floor_bytes = 10, .want_bytes = 20, .weight = 1 }, { .floor_bytes = 5, .want_bytes = 5, .weight = 1 } };

	assert_int_equal(pn_waterfill(shares, scratch, 2, 14), 0);
	assert_int_equal(shares[0].got_bytes, 10);
	assert_int_equal(shares[1].got_bytes, 5);
	assert_int_equal(pn_waterfill(shares, scratch, 0, 14), 14);
}

static void test_by_hand(void **state)
{
	struct pn_share shares[] = { { .want_bytes = 100, .weight = 1 }, { .want_bytes = 1000, .weight = 1 }, { .want_bytes = 1000, .weight = 3 } };

	assert_int_equal(pn_waterfill(shares, scratch, 3, 900), 0);
	assert_int_equal(shares[0].got_bytes, 100);
	assert_int_equal(shares[1].got_bytes, 200);
	assert_int_equal(shares[2].got_bytes, 600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_max_min),
		cmocka_unit_test(test_wanting_more_takes_from_nobody_below_its_share),
		cmocka_unit_test(test_order_does_not_matter),
		cmocka_unit_test(test_too_little_for_the_floors),
		cmocka_unit_test(test_by_hand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
