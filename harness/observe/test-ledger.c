// SPDX-License-Identifier: GPL-2.0-only
/* The ledger: a leak of one page fails, and a record with a hole in it is broken. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "../base/units.h"
#include "fixture.h"

static void spoil(struct fixture *fixture, const char *label, const char *key, int64_t by)
{
	json_t *mark = fixture_mark(fixture, label);

	json_object_set_new(mark, key, json_integer(pn_field_or(mark, key, 0) + by));
}

static void test_healthy(void **state)
{
	assert_finding(fixture_judge(*state, "ledger"), PN_PASS, "5 of 5 marks");
}

/* The mutant forgets pages at deflate: managed stays short for good. */
static void test_one_page_leaked(void **state)
{
	spoil(*state, "settled:2", "guest.zone.DMA32.managed_pages", -1);
	spoil(*state, "rest", "guest.zone.DMA32.managed_pages", -1);
	spoil(*state, "unloaded", "guest.zone.DMA32.managed_pages", -1);
	assert_finding(
	    fixture_judge(*state, "ledger"), PN_FAIL,
	    "1 pages leaked at unloaded: managed 59999 + held 0 against 60000 at boot; first at settled:2 (phase deflate): 1 pages");
}

static void test_page_too_many(void **state)
{
	spoil(*state, "unloaded", "guest.zone.DMA.managed_pages", 3);
	assert_finding(fixture_judge(*state, "ledger"), PN_FAIL, "3 pages too many at unloaded");
}

/* bugs.md, 10: the sum is right, the zones are not. */
static void test_zones_swapped(void **state)
{
	spoil(*state, "rest", "guest.zone.DMA.managed_pages", 5);
	spoil(*state, "rest", "guest.zone.DMA32.managed_pages", -5);
	assert_finding(fixture_judge(*state, "ledger"), PN_FAIL, "at rest zone.DMA.managed_pages is 1005 against 1000 at boot");
}

static void test_driver_against_device(void **state)
{
	spoil(*state, "settled:1", "guest.driver.held_pages", 2);
	spoil(*state, "settled:1", "guest.zone.DMA32.managed_pages", -2);
	assert_finding(fixture_judge(*state, "ledger"), PN_FAIL, "the driver holds 16386 pages, the device's actual says 16384");
}

static void test_device_against_target(void **state)
{
	json_t *mark = fixture_mark(*state, "settled:1");

	spoil(*state, "settled:1", "guest.driver.held_pages", -1);
	spoil(*state, "settled:1", "guest.zone.DMA32.managed_pages", 1);
	spoil(*state, "settled:1", "balloon.bytes", -4096);
	spoil(*state, "settled:1", "balloon.after_bytes", -4096);
	json_object_del(mark, "guest.vm.balloon_inflate");
	assert_finding(fixture_judge(*state, "ledger"), PN_FAIL, "16383 pages are in the balloon, asked for were 16384");
}

/* The driver's counters did not answer at one mark: nothing is known of that one, though the kernel's counters are there. */
static void test_counters_late(void **state)
{
	json_object_del(fixture_mark(*state, "settled:1"), "guest.driver.held_pages");
	assert_finding(fixture_judge(*state, "ledger"), PN_BROK, "mark 'settled:1': neither the driver nor");
}

static void test_held_at_rest(void **state)
{
	spoil(*state, "rest", "guest.driver.held_pages", 4);
	spoil(*state, "rest", "guest.zone.DMA32.managed_pages", -4);
	assert_finding(fixture_judge(*state, "ledger"), PN_FAIL, "holds 4 pages");
}

static void test_kernel_counters(void **state)
{
	spoil(*state, "unloaded", "guest.vm.balloon_deflate", -9);
	assert_finding(fixture_judge(*state, "ledger"), PN_FAIL, "counted 9 pages more inflated than deflated");
}

/* Stock has no count of its own: the kernel's counters stand for it. */
static void test_stock(void **state)
{
	struct fixture *fixture = *state;
	json_t *line;
	size_t i;

	json_array_foreach(fixture->record.samples, i, line) json_object_del(line, "guest.driver.held_pages");
	assert_finding(fixture_judge(fixture, "ledger"), PN_PASS, "balance");
	spoil(fixture, "settled:1", "guest.vm.balloon_inflate", 1);
	assert_finding(fixture_judge(fixture, "ledger"), PN_FAIL, "1 pages too many at settled:1");
}

/* With deflate-on-oom stock leaves the managed count alone. */
static void test_unadjusted(void **state)
{
	struct fixture *fixture = *state;

	fixture_set(fixture, 0, 6, "guest.zone.DMA32.managed_pages", FIXTURE_MANAGED - 1000);
	assert_finding(fixture_judge(fixture, "ledger"), PN_FAIL, "too many at settled:1");
	fixture->scenario.guest.balloon.deflate_on_oom = true;
	assert_finding(fixture_judge(fixture, "ledger"), PN_PASS, "balance");
	spoil(fixture, "unloaded", "guest.zone.DMA32.managed_pages", -1);
	assert_finding(fixture_judge(fixture, "ledger"), PN_FAIL, "1 pages leaked");
}

/* Pages where bytes are due. */
static void test_stats_in_another_unit(void **state)
{
	struct fixture *fixture = *state;

	json_array_append_new(fixture->record.samples,
			      json_pack("{s:I, s:s, s:I, s:I}", "t_ns", (json_int_t)2 * PN_NS_PER_S, "src", "guest", "guest.mem.total",
					FIXTURE_MANAGED * (json_int_t)4096, "balloon.stats.total_bytes", FIXTURE_MANAGED * (json_int_t)4096 - 1000));
	assert_finding(fixture_judge(fixture, "ledger"), PN_PASS, "");
	fixture_set(fixture, 2, 3, "balloon.stats.total_bytes", FIXTURE_MANAGED);
	assert_finding(fixture_judge(fixture, "ledger"), PN_FAIL, "reported only 60000 bytes of memory");
	/* A balloon that came and went between two samples of the guest: its target says how small the memory was. */
	fixture_set(fixture, 2, 3, "balloon.stats.total_bytes", 100 * (int64_t)PN_MIB);
	assert_finding(fixture_judge(fixture, "ledger"), PN_FAIL, "reported only");
	fixture_journal(fixture, 1.9, "target", json_pack("{s:I}", "balloon_bytes", (json_int_t)(120 * PN_MIB)));
	assert_finding(fixture_judge(fixture, "ledger"), PN_PASS, "");
	fixture_set(fixture, 2, 3, "balloon.stats.total_bytes", FIXTURE_MANAGED * (int64_t)8192);
	assert_finding(fixture_judge(fixture, "ledger"), PN_FAIL, "of 245760000 that it ever had");
}

/* Free for long enough, and still with the host. */
static void test_not_reported(void **state)
{
	struct fixture *fixture = *state;
	json_t *end = json_deep_copy(fixture_mark(fixture, "rest"));

	fixture->scenario.guest.balloon.free_page_reporting = true;
	json_object_set_new(end, "mark", json_string("end"));
	json_object_set_new(end, "t_ns", json_integer(30 * (json_int_t)PN_NS_PER_S));
	json_object_set_new(end, "qemu.ram.rss_bytes", json_integer(FIXTURE_MEMORY / 2));
	json_object_set_new(end, "guest.mem.free", json_integer(FIXTURE_MEMORY / 2));
	json_array_append_new(fixture->record.samples, end);
	assert_finding(fixture_judge(fixture, "ledger"), PN_PASS, "");
	json_object_set_new(end, "qemu.ram.rss_bytes", json_integer(FIXTURE_MEMORY));
	assert_finding(fixture_judge(fixture, "ledger"), PN_FAIL, "the host did not get the pages that the guest has free");
	json_object_del(end, "qemu.ram.rss_bytes");
	assert_finding(fixture_judge(fixture, "ledger"), PN_BROK, "were free pages reported?");
}

static json_int_t unaccounted_at(int n, double pages_each)
{
	/* noise of half a mebibyte, the same each time */
	return (json_int_t)(10 * PN_MIB) + (json_int_t)(n * pages_each * 4096) + (n * 7919 % 128) * 4096;
}

/* A page or two with each oscillation is far below the noise of one mark, and far above that of a thousand. */
static void oscillate(struct fixture *fixture, int count, double pages_each)
{
	json_t *pattern = json_deep_copy(fixture_mark(fixture, "settled:2"));

	for (int n = 0; n < count; n++) {
		g_autofree char *label = g_strdup_printf("settled:%d", n + 3);
		json_t *mark = json_deep_copy(pattern);

		json_object_set_new(mark, "mark", json_string(label));
		json_object_set_new(mark, "guest.mem.unaccounted", json_integer(unaccounted_at(n, pages_each)));
		json_array_append_new(fixture->record.samples, mark);
		fixture_journal(fixture, 3.9, "settled", json_pack("{s:i, s:i}", "asked_bytes", 0, "balloon_bytes", 0));
	}
	json_decref(pattern);
}

static void test_long_slope(void **state)
{
	oscillate(*state, 1000, 0);
	assert_finding(fixture_judge(*state, "ledger"), PN_PASS, "");
}

static void test_long_slope_leaks(void **state)
{
	oscillate(*state, 1000, 1.5);
	assert_finding(fixture_judge(*state, "ledger"), PN_FAIL, "grows by 1.5 pages with each oscillation");
}

static void test_moving_mark(void **state)
{
	spoil(*state, "settled:1", "guest.driver.held_pages", -50);
	json_object_set_new(fixture_mark(*state, "settled:1"), "balloon.after_bytes", json_integer(4096));
	assert_finding(fixture_judge(*state, "ledger"), PN_PASS, "4 of 5 marks");
	json_object_set_new(fixture_mark(*state, "rest"), "balloon.after_bytes", json_integer(4096));
	assert_finding(fixture_judge(*state, "ledger"), PN_BROK, "not at rest in the end");
}

static void test_missing_marks(void **state)
{
	static const char *const labels[] = {"boot", "driver", "settled:2", "rest", "unloaded"};

	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		json_t *mark = fixture_mark(*state, labels[i]);

		json_object_set_new(mark, "mark", json_string("elsewhere"));
		assert_finding(fixture_judge(*state, "ledger"), PN_BROK, labels[i]);
		json_object_set_new(mark, "mark", json_string(labels[i]));
	}
	assert_finding(fixture_judge(*state, "ledger"), PN_PASS, "");
}

static void test_missing_figures(void **state)
{
	json_object_del(fixture_mark(*state, "settled:1"), "balloon.bytes");
	assert_finding(fixture_judge(*state, "ledger"), PN_BROK, "lacks the device's actual");
	json_object_del(fixture_mark(*state, "rest"), "guest.zone.DMA.managed_pages");
	json_object_del(fixture_mark(*state, "rest"), "guest.zone.DMA32.managed_pages");
	assert_finding(fixture_judge(*state, "ledger"), PN_BROK, "'rest' has no managed pages");
}

static void test_host_memory(void **state)
{
	struct fixture *fixture = *state;

	spoil(fixture, "settled:1", "qemu.ram.rss_bytes", FIXTURE_BALLOON);
	assert_finding(fixture_judge(fixture, "ledger"), PN_FAIL,
		       "the host did not get its memory: at settled:1 64 MiB are in the balloon, yet 256 MiB");
	json_object_del(fixture_mark(fixture, "settled:1"), "qemu.ram.rss_bytes");
	assert_finding(fixture_judge(fixture, "ledger"), PN_BROK, "lacks QEMU's resident guest memory");
	fixture_journal(fixture, 0.1, "unsupported", json_pack("{s:s, s:s}", "name", "ram", "reason", "no QEMU process to look at"));
	assert_finding(fixture_judge(fixture, "ledger"), PN_PASS, "balance");
}

/* Each target may leave a huge page of the host behind of which the balloon has only a part. */
static void test_huge_pages_in_part(void **state)
{
	struct fixture *fixture = *state;

	fixture->scenario.guest.backing = PN_BACKING_HUGETLB;
	spoil(fixture, "settled:1", "qemu.ram.rss_bytes", 3 * (int64_t)PN_MIB);
	assert_finding(fixture_judge(fixture, "ledger"), PN_FAIL, "the host did not get its memory");
	fixture_journal(fixture, 0.5, "target", json_pack("{s:I}", "balloon_bytes", (json_int_t)(3 * PN_MIB)));
	assert_finding(fixture_judge(fixture, "ledger"), PN_PASS, "balance");
	spoil(fixture, "settled:1", "qemu.ram.rss_bytes", 2 * (int64_t)PN_MIB);
	assert_finding(fixture_judge(fixture, "ledger"), PN_FAIL, "the host did not get its memory");
	/* many targets excuse a part of the balloon only */
	for (int i = 0; i < 100; i++)
		fixture_journal(fixture, 0.5, "target", json_pack("{s:I}", "balloon_bytes", (json_int_t)(3 * PN_MIB)));
	assert_finding(fixture_judge(fixture, "ledger"), PN_PASS, "balance");
	spoil(fixture, "settled:1", "qemu.ram.rss_bytes", FIXTURE_BALLOON / 2);
	assert_finding(fixture_judge(fixture, "ledger"), PN_FAIL, "the host did not get its memory");
}

/* An idle guest whose memory was touched, and a driver whose discards do nothing: what is resident does not fall. */
static void test_discard_does_nothing(void **state)
{
	static const char *const labels[] = {"boot", "driver", "settled:1", "settled:2", "rest", "unloaded"};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		json_object_set_new(fixture_mark(fixture, labels[i]), "qemu.ram.rss_bytes",
				    json_integer(i ? FIXTURE_MEMORY - 20 * (int64_t)PN_MIB : 100 * (int64_t)PN_MIB));
	assert_finding(fixture_judge(fixture, "ledger"), PN_FAIL, "the host did not get its memory: at settled:1 64 MiB are in the balloon, yet 236 MiB");
	/* Swapped out by the host is not given back. */
	spoil(fixture, "settled:1", "qemu.ram.rss_bytes", -60 * (int64_t)PN_MIB);
	assert_finding(fixture_judge(fixture, "ledger"), PN_PASS, "balance");
	json_object_set_new(fixture_mark(fixture, "settled:1"), "qemu.ram.swap_bytes", json_integer(60 * (json_int_t)PN_MIB));
	assert_finding(fixture_judge(fixture, "ledger"), PN_FAIL, "the host did not get its memory");
}

/* Memory that was never resident can't come back: such a record says nothing of the driver. */
static void test_never_resident(void **state)
{
	struct fixture *fixture = *state;

	spoil(fixture, "boot", "qemu.ram.rss_bytes", -150 * (int64_t)PN_MIB);
	spoil(fixture, "driver", "qemu.ram.rss_bytes", -120 * (int64_t)PN_MIB);
	spoil(fixture, "settled:1", "qemu.ram.rss_bytes", -40 * (int64_t)PN_MIB);
	assert_finding(fixture_judge(fixture, "ledger"), PN_BROK, "Never more than 152 MiB of guest memory were resident before settled:1");
	fixture->scenario.guest.balloon.free_page_reporting = true;
	assert_finding(fixture_judge(fixture, "ledger"), PN_PASS, "balance");
}

static void test_unaccounted(void **state)
{
	spoil(*state, "unloaded", "guest.mem.unaccounted", 7 * (int64_t)PN_MIB);
	assert_finding(fixture_judge(*state, "ledger"), PN_PASS, "");
	spoil(*state, "unloaded", "guest.mem.unaccounted", 3 * (int64_t)PN_MIB);
	assert_finding(fixture_judge(*state, "ledger"), PN_FAIL, "about 2560 pages are in no list");
}

/* After a reboot the counters start from 0, and the managed count is the same again. */
static void test_reboot(void **state)
{
	static const char *const labels[] = {"settled:2", "rest", "unloaded"};

	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		json_t *mark = fixture_mark(*state, labels[i]);

		json_object_set_new(mark, "guest_ns", json_integer(1 + (json_int_t)i));
		json_object_set_new(mark, "guest.vm.balloon_inflate", json_integer(0));
		json_object_set_new(mark, "guest.vm.balloon_deflate", json_integer(0));
	}
	assert_finding(fixture_judge(*state, "ledger"), PN_PASS, "balance");
}

static void test_waived(void **state)
{
	struct fixture *fixture = *state;
	struct pn_oracle_waiver waiver = {"ledger", "the guest is killed"};

	fixture->scenario.waivers = &waiver;
	fixture->scenario.waiver_count = 1;
	spoil(fixture, "unloaded", "guest.zone.DMA32.managed_pages", -1);
	assert_finding(fixture_judge(fixture, "ledger"), PN_SKIP, "the guest is killed");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_healthy),
	    TEST(test_one_page_leaked),
	    TEST(test_page_too_many),
	    TEST(test_zones_swapped),
	    TEST(test_driver_against_device),
	    TEST(test_device_against_target),
	    TEST(test_held_at_rest),
	    TEST(test_counters_late),
	    TEST(test_kernel_counters),
	    TEST(test_stock),
	    TEST(test_unadjusted),
	    TEST(test_stats_in_another_unit), TEST(test_long_slope), TEST(test_long_slope_leaks), TEST(test_not_reported), TEST(test_moving_mark),
	    TEST(test_missing_marks),
	    TEST(test_missing_figures),
	    TEST(test_host_memory),
	    TEST(test_discard_does_nothing),
	    TEST(test_huge_pages_in_part),
	    TEST(test_never_resident),
	    TEST(test_unaccounted),
	    TEST(test_reboot),
	    TEST(test_waived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
