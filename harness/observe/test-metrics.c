// SPDX-License-Identifier: GPL-2.0-only
/* Metrics of a record whose every number is known. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "../base/units.h"
#include "fixture.h"
#include "fixture_metrics.h"

static void test_golden(void **state)
{
	json_t *metrics = compute(*state);

	assert_metric(metrics, "case.start_s", 0.45, "s");
	assert_metric(metrics, "balloon.inflate.bytes_per_s", (double)FIXTURE_BALLOON / 0.5, "bytes/s");
	assert_metric(metrics, "balloon.deflate.bytes_per_s", (double)FIXTURE_BALLOON / 0.25, "bytes/s");
	assert_metric(metrics, "phase.inflate.inflate.bytes_per_s", (double)FIXTURE_BALLOON / 0.5, "bytes/s");
	assert_absent(metrics, "phase.inflate.deflate.bytes_per_s");
	assert_metric(metrics, "balloon.settle_s", 0.25, "s"); /* nearest rank of 0.25 and 0.5 */
	assert_metric(metrics, "balloon.settle_s.max", 0.5, "s");
	assert_metric(metrics, "balloon.settled_targets", 2, "count");
	assert_metric(metrics, "host.claimed_bytes", FIXTURE_BALLOON, "bytes");
	assert_metric(metrics, "host.returned_bytes", FIXTURE_BALLOON, "bytes");
	assert_metric(metrics, "host.mem_free_rise_bytes", FIXTURE_BALLOON, "bytes");
	assert_metric(metrics, "qemu.cpu_s", 1.5, "s"); /* half of three seconds */
	assert_metric(metrics, "qemu.main.cpu_s", 0.15, "s");
	assert_metric(metrics, "qemu.vcpu.cpu_s", 0.75, "s");
	assert_metric(metrics, "guest.swap_in_bytes", 0, "bytes");
	assert_metric(metrics, "guest.page_faults", 300, "count");
	assert_metric(metrics, "swapdev.write_bytes", 0, "bytes");
	assert_metric(metrics, "monitor_ns.max", 203910, "ns");
	assert_absent(metrics, "monitor_ns.p99"); /* of 31 samples that would be the maximum */
	assert_absent(metrics, "balloon.settle_resolution_s"); /* nobody said */
	assert_absent(metrics, "qemu.vcpu.instructions"); /* no PMU: absent, not 0 */
	assert_absent(metrics, "load.ops_per_s");
	assert_metric(metrics, "qemu.peak_resident_pages", (double)FIXTURE_MEMORY / PN_PAGE_BYTES, "pages");
	json_decref(metrics);
}

static void test_swap_and_reboot(void **state)
{
	struct fixture *fixture = *state;
	json_t *metrics;

	fixture_ramp(fixture, 0, 2.0, "guest.vm.pswpout", 500, 1500);
	fixture_ramp(fixture, 2.001, 4.05, "guest.vm.pswpout", 0, 100); /* booted anew: counts from 0 */
	metrics = compute(fixture);
	/* 1.0 s to 2.0 s of the first ramp, then what the new boot has counted by 4.0 s */
	assert_in_range(json_integer_value(json_object_get(json_object_get(metrics, "guest.swap_out_bytes"), "value")) / 4096, 490 + 90,
			510 + 100);
	json_decref(metrics);
}

static void test_warm_up_left_out(void **state)
{
	struct fixture *fixture = *state;
	json_t *entry, *metrics;
	size_t i;

	json_array_foreach(fixture->record.journal, i, entry) {
		if (pn_is(entry, "name", "inflate"))
			json_object_set_new(entry, "name", json_string("warm-up"));
	}
	metrics = compute(fixture);
	assert_absent(metrics, "balloon.inflate.bytes_per_s");
	assert_metric(metrics, "balloon.deflate.bytes_per_s", (double)FIXTURE_BALLOON / 0.25, "bytes/s");
	json_decref(metrics);
}

/* The first course makes the state that the second starts from: neither its movement nor what it cost is measured. */
static void test_setup_left_out(void **state)
{
	struct fixture *fixture = *state;
	json_t *entry, *metrics;
	size_t i;

	json_array_foreach(fixture->record.journal, i, entry) {
		if (pn_is(entry, "name", "inflate"))
			json_object_set_new(entry, "name", json_string("setup"));
	}
	fixture_ramp(fixture, 0, 3.0, "guest.vm.pswpout", 0, 1000);
	fixture_set(fixture, 2.9, 6.0, "guest.vm.pswpout", 1000);
	metrics = compute(fixture);
	assert_absent(metrics, "balloon.inflate.bytes_per_s");
	assert_absent(metrics, "phase.setup.inflate.bytes_per_s");
	assert_metric(metrics, "balloon.deflate.bytes_per_s", (double)FIXTURE_BALLOON / 0.25, "bytes/s");
	assert_metric(metrics, "balloon.settled_targets", 1, "count");
	assert_metric(metrics, "host.returned_bytes", FIXTURE_BALLOON, "bytes"); /* in the setup, which is what is taken back */
	assert_metric(metrics, "qemu.cpu_s", 0.5, "s"); /* half of the one second from 3.0 s on */
	assert_metric(metrics, "guest.swap_out_bytes", 0, "bytes");
	json_decref(metrics);
	json_array_foreach(fixture->record.journal, i, entry) {
		if (pn_is(entry, "name", "deflate"))
			json_object_set_new(entry, "name", json_string("setup"));
	}
	metrics = compute(fixture);
	assert_absent(metrics, "qemu.cpu_s"); /* nothing is measured */
	assert_absent(metrics, "balloon.deflate.bytes_per_s");
	json_decref(metrics);
}

/* Other guests take the host's memory meanwhile: MemFree falls, what this one gave is the same. */
static void test_host_is_shared(void **state)
{
	struct fixture *fixture = *state;
	json_t *metrics, *mark = fixture_mark(fixture, "settled:1");

	fixture_set(fixture, 0, 0.5, "host.mem.free_bytes", 8 * (int64_t)PN_GIB);
	fixture_set(fixture, 0.501, 6.0, "host.mem.free_bytes", 7 * (int64_t)PN_GIB);
	metrics = compute(fixture);
	assert_metric(metrics, "host.returned_bytes", FIXTURE_BALLOON, "bytes");
	assert_metric(metrics, "host.mem_free_rise_bytes", -(double)PN_GIB, "bytes");
	json_decref(metrics);

	/* Swapped out by the host is not given back. */
	json_object_set_new(mark, "qemu.ram.swap_bytes", json_integer(PN_MIB));
	metrics = compute(fixture);
	assert_metric(metrics, "host.returned_bytes", FIXTURE_BALLOON - (double)PN_MIB, "bytes");
	json_decref(metrics);

	/* Nor what a huge page with holes holds on to. */
	json_object_set_new(mark, "qemu.ram.held_bytes", json_integer(PN_MIB));
	metrics = compute(fixture);
	assert_metric(metrics, "host.returned_bytes", FIXTURE_BALLOON - 2 * (double)PN_MIB, "bytes");
	assert_metric(metrics, "host.held_bytes", (double)PN_MIB, "bytes");
	json_decref(metrics);

	/* No mark at which a fuller balloon was at rest: QEMU's size while it moved, where that is of small pages. */
	json_object_set_new(mark, "balloon.after_bytes", json_integer(4096));
	metrics = compute(fixture);
	assert_metric(metrics, "host.returned_bytes", FIXTURE_BALLOON, "bytes");
	assert_absent(metrics, "host.held_bytes");
	assert_metric(metrics, "host.claimed_bytes", FIXTURE_BALLOON, "bytes");
	json_decref(metrics);
	fixture->scenario.guest.backing = PN_BACKING_THP;
	metrics = compute(fixture);
	assert_absent(metrics, "host.returned_bytes");
	json_decref(metrics);
}

/* A target that cuts a course short: what was moved until then counts, with the time until then. */
static void test_flip(void **state)
{
	struct fixture *fixture = *state;
	json_t *metrics;

	fixture_forget(fixture, "settled", NULL);
	fixture_forget(fixture, "target", NULL);
	fixture_journal(fixture, 1.0, "target", json_pack("{s:i, s:i}", "balloon_bytes", 64 << 20, "from_bytes", 0));
	fixture_journal(fixture, 1.25, "target", json_pack("{s:i, s:i}", "balloon_bytes", 0, "from_bytes", 32 << 20));
	fixture_journal(
	    fixture, 1.75, "settled",
	    json_pack("{s:i, s:i, s:i, s:i}", "balloon_bytes", 0, "asked_bytes", 0, "from_bytes", 32 << 20, "duration_ns", 400000000));
	metrics = compute(fixture);
	assert_metric(metrics, "balloon.inflate.bytes_per_s", (32 << 20) / 0.25, "bytes/s");
	assert_metric(metrics, "balloon.deflate.bytes_per_s", (32 << 20) / 0.4, "bytes/s");
	json_decref(metrics);
}

/* A time is known to one poll: the reader is told the worst. And a percentile takes samples enough to have one. */
static void test_how_sharp(void **state)
{
	struct fixture *fixture = *state;
	json_t *entry, *metrics;
	size_t i, settled = 0;

	json_array_foreach(fixture->record.journal, i, entry) {
		if (pn_is(entry, "ev", "settled"))
			json_object_set_new(entry, "resolution_ns", json_integer(settled++ ? 3000000 : 2000000));
	}
	for (int n = 0; n < 100; n++)
		json_array_append_new(fixture->record.samples, json_pack("{s:I, s:s, s:i}", "t_ns", (json_int_t)2000000000 + n, "src", "monitor",
									 "monitor_ns", 1000 + n));
	metrics = compute(fixture);
	assert_metric(metrics, "balloon.settle_resolution_s", 0.003, "s");
	assert_non_null(json_object_get(metrics, "monitor_ns.p99"));
	assert_absent(metrics, "monitor_ns.p999");
	json_decref(metrics);
}

/* The two jobs' bins are added: the slow job's hundred I/Os are the last percent of all, its own percentile would say 9 ms. */
static void test_loads(void **state)
{
	struct fixture *fixture = *state;
	json_t *metrics;

	json_array_append_new(fixture->record.loads,
			      json_pack("{s:s, s:f, s:{s:[{s:{s:{s:{s:i, s:i}}}}, {s:{s:{s:{s:i}}}, s:{s:{s:{}}}}]}}", "load", "fio-mixed",
					"ops_per_s", 123.5, "fio", "jobs", "read", "clat_ns", "bins", "100000", 9000, "200000", 900, "read",
					"clat_ns", "bins", "9000000", 100, "write", "clat_ns", "bins"));
	metrics = compute(fixture);
	assert_metric(metrics, "load.ops_per_s", 123.5, "ops/s");
	assert_metric(metrics, "fio.read.p50_ns", 100000, "ns");
	assert_metric(metrics, "fio.read.p99_ns", 200000, "ns");
	assert_metric(metrics, "fio.read.p999_ns", 9000000, "ns");
	assert_absent(metrics, "fio.write.p99_ns");
	json_decref(metrics);
	json_array_append_new(fixture->record.loads, json_pack("{s:s, s:i, s:{s:i, s:i, s:i, s:i}}", "load", "touch", "ops_per_s", 7,
							       "touch", "p50", 1000, "p99", 50000, "p999", 900000, "count", 10000));
	metrics = compute(fixture);
	assert_metric(metrics, "guest.touch_ns.p999", 900000, "ns");
	assert_metric(metrics, "load.touch.ops_per_s", 7, "ops/s");
	assert_metric(metrics, "load.ops_per_s", 123.5, "ops/s"); /* the probe beside it is no load */
	json_decref(metrics);
	json_array_append_new(fixture->record.loads, json_pack("{s:s, s:i}", "load", "vm", "ops_per_s", 9));
	metrics = compute(fixture);
	assert_absent(metrics, "load.ops_per_s"); /* two loads' operations do not add up */
	json_decref(metrics);
}

/* With marks at both ends the guest's counters are counted between them, whatever the samples' pace. */
static void test_marks_sharpen(void **state)
{
	struct fixture *fixture = *state;
	json_t *metrics;

	json_array_append_new(fixture->record.samples, json_pack("{s:i, s:s, s:i, s:i}", "t_ns", 990000000, "mark", "start", "guest_t_ns", 995000000,
								 "guest.vm.pswpin", 3));
	json_array_append_new(fixture->record.samples, json_pack("{s:I, s:s, s:I, s:i}", "t_ns", (json_int_t)4001000000, "mark", "end", "guest_t_ns",
								 (json_int_t)4002000000, "guest.vm.pswpin", 13));
	fixture_set(fixture, 0, 0.98, "guest.vm.pswpin", 3);
	fixture_set(fixture, 0.999, 3.9999, "guest.vm.pswpin", 4);
	metrics = compute(fixture);
	assert_metric(metrics, "guest.swap_in_bytes", 10 * 4096, "bytes");
	json_decref(metrics);
}

/* A mark takes its time: the host's part of it is not of the instant at which the mark began, and a fall by jitter is no reboot. */
static void test_host_does_not_reboot(void **state)
{
	struct fixture *fixture = *state;
	json_t *metrics;

	json_array_append_new(fixture->record.samples, json_pack("{s:I, s:s, s:I, s:I}", "t_ns", (json_int_t)2000000000, "mark", "x", "host_t_ns",
								 (json_int_t)2450000000, "qemu.cpu_ns", (json_int_t)1225000000));
	json_array_append_new(fixture->record.samples, json_pack("{s:I, s:s, s:I}", "t_ns", (json_int_t)2000000001, "src", "host", "qemu.cpu_ns",
								 (json_int_t)999999999));
	metrics = compute(fixture);
	assert_metric(metrics, "qemu.cpu_s", 1.5, "s");
	json_decref(metrics);
}

/* One of two vCPUs was not measured: no sum of the rest. */
static void test_vcpu_missing(void **state)
{
	struct fixture *fixture = *state;
	json_t *metrics;

	fixture->scenario.guest.vcpus = 2;
	metrics = compute(fixture);
	assert_absent(metrics, "qemu.vcpu.cpu_s");
	json_decref(metrics);
}

static void test_no_window(void **state)
{
	json_t *metrics;

	fixture_forget(*state, "timeline", NULL);
	metrics = compute(*state);
	assert_absent(metrics, "qemu.cpu_s");
	assert_metric(metrics, "case.start_s", 0.45, "s");
	json_decref(metrics);
}

/* Free memory every 10 ms: @swing bytes up and down, and a balloon more from 1.25 s on, a quarter of a second after the target. */
static void add_free(struct fixture *fixture, int64_t swing)
{
	json_t *start = json_deep_copy(fixture_mark(fixture, "driver"));

	json_object_set_new(start, "mark", json_string("start"));
	json_array_append_new(fixture->record.samples, start);
	for (int i = 40; i < 240; i++) {
		int64_t bytes = 8 * FIXTURE_MEMORY + (i >= 125 ? FIXTURE_BALLOON : 0) + (i % 2 ? swing : -swing);

		json_array_append_new(fixture->record.samples, json_pack("{s:I, s:s, s:I}", "t_ns", (json_int_t)i * 10 * PN_NS_PER_MS, "src", "host",
									 "host.free_bytes", (json_int_t)bytes));
	}
	fixture_journal(fixture, 1.0, "event", json_pack("{s:s}", "do", "target"));
}

static void test_returned(void **state)
{
	json_t *metrics;

	add_free(*state, 0);
	metrics = compute(*state);
	assert_metric(metrics, "host.return.noise_ratio", 0, "ratio");
	assert_metric(metrics, "host.freed_ratio", 1, "ratio");
	assert_metric(metrics, "host.return.bytes_per_s", 0.95 * (double)FIXTURE_BALLOON / 0.25, "bytes/s");
	assert_metric(metrics, "host.freed_smaps_ratio", 1, "ratio");
	/* resident memory is seen every tenth of a second, and falls evenly until 1.5 s: 95 % of it has gone when it is seen there */
	assert_metric(metrics, "host.return.resident_bytes_per_s", 0.95 * (double)FIXTURE_BALLOON / 0.5, "bytes/s");
	json_decref(metrics);
}

/* What noise could have made is not told. */
static void test_returned_in_noise(void **state)
{
	json_t *metrics;

	add_free(*state, FIXTURE_BALLOON / 16);
	metrics = compute(*state);
	assert_non_null(json_object_get(metrics, "host.return.noise_ratio"));
	assert_absent(metrics, "host.freed_ratio");
	assert_absent(metrics, "host.return.bytes_per_s");
	json_decref(metrics);
}

/* Only a scenario that reads free memory often has such figures. */
static void test_returned_unseen(void **state)
{
	json_t *metrics = compute(*state);

	assert_absent(metrics, "host.return.noise_ratio");
	assert_absent(metrics, "host.freed_ratio");
	json_decref(metrics);
}

static void test_no_record(void **state)
{
	struct fixture *fixture = *state;
	json_t *metrics = NULL;

	json_decref(fixture->record.samples);
	fixture->record.samples = NULL;
	assert_true(pn_metrics_compute(&fixture->record, &metrics, NULL) < 0);
	assert_null(metrics);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_golden), TEST(test_swap_and_reboot), TEST(test_warm_up_left_out), TEST(test_setup_left_out), TEST(test_how_sharp), TEST(test_host_is_shared), TEST(test_flip),
	    TEST(test_loads), TEST(test_marks_sharpen),  TEST(test_host_does_not_reboot), TEST(test_vcpu_missing),	   TEST(test_no_window),	TEST(test_no_record),
	    TEST(test_returned), TEST(test_returned_in_noise), TEST(test_returned_unseen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
