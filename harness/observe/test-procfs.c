// SPDX-License-Identifier: GPL-2.0-only
/* Parsers of kernel and monitor text, on what real ones said (fixtures/). */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "../base/units.h"
#include "guest_time.h"
#include "monitor.h"
#include "procfs.h"

static char *fixture_text(const char *name)
{
	g_autofree char *path = g_build_filename(FIXTURES, name, NULL);
	char *text = NULL;

	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	return text;
}

static json_t *fixture_json(const char *name)
{
	g_autofree char *path = g_build_filename(FIXTURES, name, NULL);
	json_t *json = json_load_file(path, JSON_DECODE_INT_AS_REAL, NULL);

	assert_non_null(json);
	return json;
}

static json_int_t integer(const json_t *object, const char *key)
{
	assert_true(json_is_integer(json_object_get(object, key)));
	return json_integer_value(json_object_get(object, key));
}

static void test_meminfo(void **state)
{
	static const struct pn_procfs_field fields[] = {{"MemTotal", "total"}, {"HugePages_Free", "huge"}, {"NotThere", "x"}, {NULL}};
	g_autofree char *text = fixture_text("meminfo");
	json_t *into = json_object();
	uint64_t bytes;

	assert_int_equal(pn_procfs_fields(text, fields, into), 2);
	assert_true(integer(into, "total") > (json_int_t)PN_GIB);
	assert_int_equal(integer(into, "huge"), 0); /* a count: no "kB" behind it */
	assert_null(json_object_get(into, "x"));
	json_decref(into);
	assert_true(pn_procfs_unaccounted(text, "", &bytes));
	assert_true(bytes < PN_GIB * 4);
	assert_false(pn_procfs_unaccounted("nothing\n", "", &bytes));
}

static void test_unaccounted(void **state)
{
	static const char meminfo[] = "MemTotal: 1000 kB\nMemFree: 400 kB\nCached: 100 kB\nAnonPages: 200 kB\nSlab: 50 kB\n";
	static const char zoneinfo[] = "Node 0, zone    DMA32\n  pages free     100\n  pagesets\n    cpu: 0\n              count: 10\n              high:  378\n"
				       "    cpu: 1\n              count: 5\n              high:  378\n";
	uint64_t bytes;

	assert_true(pn_procfs_unaccounted(meminfo, "", &bytes));
	assert_int_equal(bytes, 250 * 1024);
	assert_true(pn_procfs_unaccounted(meminfo, zoneinfo, &bytes));
	assert_int_equal(bytes, 190 * 1024);
}

static void test_smaps_rollup(void **state)
{
	static const struct pn_procfs_field fields[] = {{"Rss", "rss"}, {"Anonymous", "anon"}, {NULL}};
	g_autofree char *text = fixture_text("smaps_rollup");
	json_t *into = json_object();

	assert_int_equal(pn_procfs_fields(text, fields, into), 2);
	assert_true(integer(into, "rss") > integer(into, "anon"));
	json_decref(into);
}

static void test_smaps_ram(void **state)
{
	g_autofree char *text = fixture_text("smaps-qemu");
	struct pn_procfs_ram ram;

	pn_procfs_smaps_ram(text, 256 * PN_MIB, &ram);
	assert_int_equal(ram.size_bytes, 256 * PN_MIB);
	assert_int_equal(ram.rss_bytes, 153600 * PN_KIB);
	pn_procfs_smaps_ram(text, 512 * PN_MIB, &ram);
	assert_int_equal(ram.size_bytes, 0);
	assert_int_equal(ram.rss_bytes, 0);
}

/* Part of guest memory advised differently: the kernel split the mapping. Hugetlb pages are not in Rss. */
static void test_smaps_split(void **state)
{
	static const char text[] = "7f0000000000-7f0000010000 rw-p 00000000 00:00 0 \nSize: 64 kB\nRss: 20 kB\n"
				   "7f0000010000-7f0000018000 rw-p 00000000 00:00 0 \nRss: 8 kB\nSwap: 4 kB\n"
				   "7f0000018000-7f0000020000 rw-s 00000000 00:00 0 /dev/hugepages\nRss: 0 kB\nPrivate_Hugetlb: 16 kB\n"
				   "7f0000020000-7f0000021000 ---p 00000000 00:00 0 \nRss: 0 kB\n";
	struct pn_procfs_ram ram;

	pn_procfs_smaps_ram(text, 0x20000, &ram);
	assert_int_equal(ram.from, 0x7f0000000000);
	assert_int_equal(ram.size_bytes, 0x20000);
	assert_int_equal(ram.rss_bytes, 44 * PN_KIB);
	assert_int_equal(ram.swap_bytes, 4 * PN_KIB);
	pn_procfs_smaps_ram("", 0x20000, &ram);
	assert_int_equal(ram.size_bytes, 0);
}

static void test_psi(void **state)
{
	json_t *into = json_object();

	assert_int_equal(
	    pn_procfs_psi("some avg10=17.69 avg60=16.65 avg300=5.57 total=41960694\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n",
			  "host.psi.cpu", into),
	    0);
	assert_int_equal(integer(into, "host.psi.cpu.some_us"), 41960694);
	assert_int_equal(integer(into, "host.psi.cpu.full_us"), 7);
	/* Only "some": older kernels have no "full" for the CPU. Absent, not 0. */
	json_object_clear(into);
	assert_int_equal(pn_procfs_psi("some avg10=0 avg60=0 avg300=0 total=5\n", "p", into), 0);
	assert_null(json_object_get(into, "p.full_us"));
	assert_int_equal(pn_procfs_psi("", "p", into), -EINVAL);
	assert_int_equal(pn_procfs_psi("some avg10=0\nfull total=x\n", "p", into), -EINVAL);
	json_decref(into);
}

static void test_schedstat(void **state)
{
	struct pn_procfs_sched sched;

	assert_int_equal(pn_procfs_schedstat("121742035 123021832 970\n", &sched), 0);
	assert_int_equal(sched.cpu_ns, 121742035);
	assert_int_equal(sched.delay_ns, 123021832);
	assert_int_equal(pn_procfs_schedstat("12\n", &sched), -EINVAL);
}

static void test_block(void **state)
{
	json_t *blocks = fixture_json("query-block.json"), *stats = json_load_file(FIXTURES "/query-blockstats.json", 0, NULL),
	       *into = json_object();
	const char *qdev = pn_block_of(blocks, "/run/puncture/case/swap.img");

	assert_string_equal(qdev, "/machine/peripheral/virtio-disk0/virtio-backend");
	assert_null(pn_block_of(blocks, "/run/puncture/other.img"));
	assert_int_equal(pn_block_take(stats, qdev, "swapdev", into), 0);
	assert_int_equal(integer(into, "swapdev.write_bytes"), 300 * 4096);
	assert_int_equal(integer(into, "swapdev.read_ops"), 7);
	assert_int_equal(pn_block_take(stats, "/machine/none", "swapdev", into), -ENOENT);
	json_decref(blocks);
	json_decref(stats);
	json_decref(into);
}

/* A guest that has reported nothing: every statistic is 2^64-1, which is "absent", however the decoder turned it. */
static void test_stats_unset(void **state)
{
	json_t *unset = fixture_json("guest-stats.json"), *into = json_object();
	json_t *real = json_pack("{s:{s:f, s:f}}", "stats", "stat-free-memory", 18446744073709551615.0, "stat-swap-in", 8192.0);
	json_t *minus = json_pack("{s:{s:i, s:i}}", "stats", "stat-free-memory", -1, "stat-swap-in", 4096);

	pn_stats_take(unset, into);
	assert_int_equal(json_object_size(into), 0);
	pn_stats_take(minus, into);
	assert_int_equal(json_object_size(into), 1);
	assert_int_equal(integer(into, "balloon.stats.swap_in_bytes"), 4096);
	json_decref(unset);
	pn_stats_take(real, into);
	assert_int_equal(json_object_size(into), 1);
	assert_int_equal(integer(into, "balloon.stats.swap_in_bytes"), 8192);
	json_decref(minus);
	json_decref(real);
	json_decref(into);
}

static void test_clock(void **state)
{
	struct pn_guest_time clock = {.offset_ns = 1000000000};
	uint64_t t_ns;

	assert_int_equal(pn_guest_time_shift(&clock, 5000, 1000010000, &t_ns), 0);
	assert_int_equal(t_ns, 1000005000);
	/* Never later than it came. */
	assert_int_equal(pn_guest_time_shift(&clock, 5000, 1000004000, &t_ns), 0);
	assert_int_equal(t_ns, 1000004000);
	/* The guest lost three seconds in a pause: after five late samples the offset follows the least late. */
	for (uint64_t i = 0; i < 4; i++)
		assert_int_equal(pn_guest_time_shift(&clock, 1000000 * i, 4000000000 + 1000000 * i + 5 * (4 - i), &t_ns), 0);
	assert_int_equal(pn_guest_time_shift(&clock, 9000000, 4009000000, &t_ns), 1);
	assert_int_equal(clock.offset_ns, 4000000000);
	assert_int_equal(t_ns, 4009000000);
	/* One late sample is a slow channel. */
	assert_int_equal(pn_guest_time_shift(&clock, 10000000, 5010000000, &t_ns), 0);
	assert_int_equal(t_ns, 4010000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_meminfo),   cmocka_unit_test(test_unaccounted), cmocka_unit_test(test_smaps_rollup),
	    cmocka_unit_test(test_smaps_ram), cmocka_unit_test(test_smaps_split), cmocka_unit_test(test_psi),
	    cmocka_unit_test(test_schedstat), cmocka_unit_test(test_block),	  cmocka_unit_test(test_stats_unset),
	    cmocka_unit_test(test_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
