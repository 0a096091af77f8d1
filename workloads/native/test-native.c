/* SPDX-License-Identifier: GPL-2.0-only */
#include "args.h"
#include "hist.h"
#include "random.h"
#include "stamp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void bins_cover_everything_without_gap_or_overlap(void **state)
{
	assert_int_equal(pn_hist_bin_low(0), 0);
	for (unsigned int bin = 0; bin + 1 < PN_HIST_BINS; bin++)
		assert_true(pn_hist_bin_high(bin) + 1 == pn_hist_bin_low(bin + 1));
	assert_true(pn_hist_bin_high(PN_HIST_BINS - 1) == UINT64_MAX);
}

static void a_value_is_known_to_one_part_in_64(void **state)
{
	for (int shift = 0; shift < 64; shift++) {
		struct pn_hist *hist = calloc(1, sizeof(*hist));
		uint64_t value = (1ull << shift) + (1ull << shift) / 3, got;

		pn_hist_add(hist, value);
		pn_hist_add(hist, UINT64_MAX);
		got = pn_hist_quantile(hist, 0.5);
		assert_true(got >= value && got - value <= value / 64);
		free(hist);
	}
}

static void quantiles_are_those_of_the_ranks(void **state)
{
	struct pn_hist *hist = calloc(1, sizeof(*hist));

	assert_int_equal(pn_hist_quantile(hist, 0.5), 0);
	for (uint64_t v = 1; v <= 50; v++) /* below 64 each value has a bin of its own */
		pn_hist_add(hist, v);
	assert_int_equal(pn_hist_quantile(hist, 0), 1);
	assert_int_equal(pn_hist_quantile(hist, 0.5), 25);
	assert_int_equal(pn_hist_quantile(hist, 0.51), 26);
	assert_int_equal(pn_hist_quantile(hist, 0.99), 50);
	assert_int_equal(pn_hist_quantile(hist, 1), 50);
	assert_int_equal(hist->min, 1);
	assert_int_equal(hist->max, 50);
	assert_int_equal(hist->sum, 1275);
	free(hist);
}

static void each_round_visits_every_page_once(void **state)
{
	static const uint64_t counts[] = {1, 2, 3, 63, 64, 65, 1000, 4097};

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct pn_random_order order;
		unsigned int *visits = calloc(counts[i], sizeof(*visits));

		pn_random_order_init(&order, counts[i], 7);
		for (unsigned int round = 1; round <= 3; round++) {
			for (uint64_t n = 0; n < counts[i]; n++)
				visits[pn_random_order_next(&order)]++;
			for (uint64_t n = 0; n < counts[i]; n++)
				assert_int_equal(visits[n], round);
		}
		free(visits);
	}
}

static void the_order_is_the_seeds(void **state)
{
	struct pn_random_order a, b, c;
	unsigned int same = 0;

	pn_random_order_init(&a, 10000, 1);
	pn_random_order_init(&b, 10000, 1);
	pn_random_order_init(&c, 10000, 2);
	for (int i = 0; i < 1000; i++) {
		uint64_t x = pn_random_order_next(&a);

		assert_int_equal(x, pn_random_order_next(&b));
		same += x == pn_random_order_next(&c);
	}
	assert_true(same < 100);
}

static void a_stamp_tells_what_happened_to_its_page(void **state)
{
	char page[4096] = {0}, other[4096] = {0};

	assert_int_equal(pn_stamp_check(page, sizeof(page), 5, 0, 0), PN_STAMP_ZERO);
	pn_stamp_write(page, sizeof(page), 5, 17, 3);
	assert_int_equal(pn_stamp_check(page, sizeof(page), 5, 17, 3), PN_STAMP_GOOD);
	assert_int_equal(pn_stamp_check(page, sizeof(page), 5, 17, 4), PN_STAMP_STALE);
	assert_int_equal(pn_stamp_check(page, sizeof(page), 5, 18, 3), PN_STAMP_FOREIGN);
	assert_int_equal(pn_stamp_check(page, sizeof(page), 6, 17, 3), PN_STAMP_FOREIGN);
	pn_stamp_write(other, sizeof(other), 5, 17, 4);
	memcpy(page, other, 2048);
	assert_int_equal(pn_stamp_check(page, sizeof(page), 5, 17, 4), PN_STAMP_TORN);
	other[9]++;
	other[4096 - 32 + 9]++;
	assert_int_equal(pn_stamp_check(other, sizeof(other), 5, 17, 4), PN_STAMP_TORN);
}

static void sizes_are_read_or_refused(void **state)
{
	uint64_t bytes;

	assert_int_equal(pn_args_bytes("64M", &bytes), 0);
	assert_int_equal(bytes, 64 << 20);
	assert_int_equal(pn_args_bytes("123", &bytes), 0);
	assert_int_equal(bytes, 123);
	for (const char *const *bad = (const char *const[]){"", "M", "-1", "1X", "1MB", "99999999999999999999", "99999999T", NULL}; *bad; bad++)
		assert_int_equal(pn_args_bytes(*bad, &bytes), -EINVAL);
	assert_int_equal(pn_args_number("12x", &bytes), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bins_cover_everything_without_gap_or_overlap),
		cmocka_unit_test(a_value_is_known_to_one_part_in_64),
		cmocka_unit_test(quantiles_are_those_of_the_ranks),
		cmocka_unit_test(each_round_visits_every_page_once),
		cmocka_unit_test(the_order_is_the_seeds),
		cmocka_unit_test(a_stamp_tells_what_happened_to_its_page),
		cmocka_unit_test(sizes_are_read_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
