// SPDX-License-Identifier: GPL-2.0-only
/* What counts as a guest's memory, from the text of smaps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../base/units.h"
#include "meter.h"

#define FIELDS(rss, pss, swap, huge) "Size: 1 kB\nRss: " rss " kB\nPss: " pss " kB\nPss_Dirty: 7 kB\nAnonHugePages: " huge " kB\nSwap: " swap " kB\nSwapPss: 9 kB\nVmFlags: rd wr\n"

static void sums_guest_memory(void **state)
{
	static const char text[] = "7f0000000000-7f0020000000 rw-p 00000000 00:00 0 \n" FIELDS("1000", "600", "50", "2048")
	    /* virtio-mem's own */
	    "7f1000000000-7f1010000000 rw-s 00000000 00:01 5 /memfd\n" FIELDS("200", "200", "0", "0")
	    /* translated code, a small heap, a reserved range: none of them the guest's */
	    "7f2000000000-7f2040000000 rwxp 00000000 00:00 0 \n" FIELDS("5000", "5000", "0", "0")
	    "7f3000000000-7f3000100000 rw-p 00000000 00:00 0 [heap]\n" FIELDS("300", "300", "0", "0")
	    "7f4000000000-7f4008000000 ---p 00000000 00:00 0 \n" FIELDS("0", "0", "0", "0");
	GArray *ranges = g_array_new(FALSE, FALSE, 2 * sizeof(uint64_t));
	struct pn_held held;

	pn_meter_sum_smaps(text, &held, ranges);
	assert_int_equal(ranges->len, 2);
	assert_int_equal(held.rss_bytes, 1200 * PN_KIB);
	assert_int_equal(held.pss_bytes, 800 * PN_KIB);
	assert_int_equal(held.swap_bytes, 50 * PN_KIB);
	assert_int_equal(held.anon_huge_bytes, 2048 * PN_KIB);
	g_array_unref(ranges);
}

static void finds_nothing_in_nothing(void **state)
{
	GArray *ranges = g_array_new(FALSE, FALSE, 2 * sizeof(uint64_t));
	struct pn_held held;

	pn_meter_sum_smaps("", &held, ranges);
	assert_int_equal(ranges->len, 0);
	assert_int_equal(held.pss_bytes, 0);
	g_array_unref(ranges);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(sums_guest_memory), cmocka_unit_test(finds_nothing_in_nothing)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
