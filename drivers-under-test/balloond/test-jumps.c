// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "jumps.h"

#define S_NS 1000000000ULL
#define SIZE 1024.0

/* one jump of @jump in every @every looks of a second, none between */
static struct pn_jumps live(unsigned int looks, unsigned int every, double jump)
{
	struct pn_jumps jumps = { 0 };

	for (unsigned int look = 1; look <= looks; look++)
		pn_jumps_note(&jumps, look % every ? 0 : jump, SIZE, 1, look * S_NS);
	return jumps;
}

static void test_nothing_known_nothing_kept(void **state)
{
	struct pn_jumps jumps = { 0 };

	assert_true(pn_jumps_headroom(&jumps, SIZE, 1000) == 0);
	jumps = live(1000, 2000, 0);
	assert_true(pn_jumps_headroom(&jumps, SIZE, 1e9) == 0);
}

/* small jumps that don't agitate: worth it just when the price is above the time between two */
static void test_keeps_what_pays(void **state)
{
	struct pn_jumps jumps = live(6001, 100, 9);

	assert_true(pn_jumps_headroom(&jumps, SIZE, 50) == 0);
	assert_true(pn_jumps_headroom(&jumps, SIZE, 200) >= 9);
	assert_true(pn_jumps_headroom(&jumps, SIZE, 200) <= 9 * 1.4);
}

static void test_a_dearer_stall_never_means_less_headroom(void **state)
{
	struct pn_jumps jumps = { 0 };
	double before = 0;

	for (unsigned int look = 1; look <= 5000; look++)
		pn_jumps_note(&jumps, look % 7 == 0 ? look % 10 : 0, SIZE, 1, look * S_NS);
	for (double price = 1; price < 1e6; price *= 2) {
		double headroom = pn_jumps_headroom(&jumps, SIZE, price);

		assert_true(headroom >= before);
		before = headroom;
	}
	assert_true(before >= 9);
}

/* Bursts: within minutes of a jump the next is likely, long after it is not. */
static void test_bursts_are_told_from_calm(void **state)
{
	struct pn_jumps jumps = { 0 };
	double agitated = 0, calm;
	uint64_t look = 0;

	for (unsigned int hour = 0; hour < 8; hour++) {
		for (unsigned int i = 0; i < 20; i++) {
			for (unsigned int rest = 0; rest < 10; rest++)
				pn_jumps_note(&jumps, rest ? 0 : 100, SIZE, 1, ++look * S_NS);
			agitated = pn_jumps_headroom(&jumps, SIZE, 100);
		}
		for (unsigned int i = 0; i < 3400; i++)
			pn_jumps_note(&jumps, 0, SIZE, 1, ++look * S_NS);
	}
	calm = pn_jumps_headroom(&jumps, SIZE, 100);
	assert_true(agitated >= 100);
	assert_true(calm == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_known_nothing_kept),
		cmocka_unit_test(test_keeps_what_pays),
		cmocka_unit_test(test_a_dearer_stall_never_means_less_headroom),
		cmocka_unit_test(test_bursts_are_told_from_calm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
