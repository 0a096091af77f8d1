// SPDX-License-Identifier: GPL-2.0-only
/* Metrics of what passed between driver, device and monitor, from records whose every number is known. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "../base/units.h"
#include "fixture.h"
#include "fixture_metrics.h"

/* what was seen on the queues: notifications at the given instants after the timeline's start */
static void kick(struct fixture *fixture, const double *at_s, size_t count, const char *blind)
{
	json_t *kicks = json_array();
	struct pn_span window;

	assert_int_equal(pn_record_window(&fixture->record, &window), 0);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(kicks, json_integer((json_int_t)window.from_ns + (json_int_t)(at_s[i] * PN_NS_PER_S)));
	json_decref(fixture->record.protocol);
	fixture->record.protocol =
	    json_pack("{s:[], s:s?, s:O, s:o}", "rules", "blind", blind, "config_interrupts", kicks, "kicks", kicks); /* at the same instants */
}

static void test_kicks(void **state)
{
	static const double at_s[] = {-0.1, 0.1, 0.2, 0.3, 2.1, 3.5}; /* the first and the last are before and after what is measured */
	json_t *metrics;

	kick(*state, at_s, 6, NULL);
	metrics = compute(*state);
	assert_metric(metrics, "driver.kicks_per_page", 4 / (2 * (double)FIXTURE_BALLOON / PN_PAGE_BYTES), "kicks/page");
	assert_metric(metrics, "driver.config_interrupts", 4, "count");
	json_decref(metrics);
}

static void test_kicks_unseen(void **state)
{
	static const double at_s[] = {0.1};
	struct fixture *fixture = *state;
	json_t *metrics;

	kick(fixture, at_s, 1, "a chain was too long for the record");
	metrics = compute(fixture);
	assert_absent(metrics, "driver.kicks_per_page");
	assert_absent(metrics, "driver.config_interrupts");
	json_decref(metrics);
	kick(fixture, at_s, 0, NULL);
	metrics = compute(fixture);
	assert_metric(metrics, "driver.kicks_per_page", 0, "kicks/page");
	assert_absent(metrics, "driver.config_interrupts"); /* never one at all */
	json_decref(metrics);
	kick(fixture, at_s, 1, NULL);
	fixture_journal(fixture, 3.5, "unsettled", NULL);
	metrics = compute(fixture);
	assert_absent(metrics, "driver.kicks_per_page");
	json_decref(metrics);
}

/* The fixture inflates from 1.0 s to 1.5 s, is full until 3.0 s, and deflates: how long the device held the big lock, and when. */
static void hold(struct fixture *fixture, const char *blind)
{
	static const struct {
		double at_s;
		json_int_t wall_ns, cpu_ns;
	} holds[] = {{0.9, 90000000, 80000000}, {1.1, 4000000, 3000000}, {1.2, 20000000, 5000000}, {2.0, 70000000, 60000000}, {3.1, 50000000, 40000000}};
	json_t *held = json_array();

	for (size_t i = 0; i < sizeof(holds) / sizeof(holds[0]); i++)
		json_array_append_new(held, json_pack("[I,I,I]", (json_int_t)(holds[i].at_s * PN_NS_PER_S), holds[i].wall_ns, holds[i].cpu_ns));
	json_decref(fixture->record.protocol);
	fixture->record.protocol = json_pack("{s:[], s:s?, s:o}", "rules", "blind", blind, "held", held);
}

static void test_held(void **state)
{
	json_t *metrics;

	hold(*state, NULL);
	metrics = compute(*state);
	assert_metric(metrics, "device.held_ns.max", 20000000, "ns");
	assert_metric(metrics, "device.held_cpu_ns.max", 5000000, "ns");
	assert_metric(metrics, "device.held_cpu_ns.p50", 3000000, "ns");
	assert_absent(metrics, "device.held_cpu_ns.p99");
	json_decref(metrics);
	hold(*state, "this QEMU does not export msix_notify()");
	metrics = compute(*state);
	assert_absent(metrics, "device.held_cpu_ns.max");
	json_decref(metrics);
}

static void ask(struct fixture *fixture, double at_s, json_int_t latency_ns)
{
	json_array_append_new(fixture->record.samples, json_pack("{s:I, s:s, s:I}", "t_ns", (json_int_t)(at_s * PN_NS_PER_S), "src", "monitor",
								 "monitor_ns", latency_ns));
}

/* The monitor's latency by what the balloon did: on its way up, and full. */
static void test_monitor_by_motion(void **state)
{
	struct fixture *fixture = *state;
	json_t *metrics;

	ask(fixture, 1.25, 9000000);
	ask(fixture, 2.25, 2000000);
	ask(fixture, 3.1, 30000000);
	metrics = compute(fixture);
	assert_absent(metrics, "monitor_ns.inflating.max"); /* nobody wanted to know so closely */
	json_decref(metrics);
	fixture->scenario.sample_monitor_ns = 2 * PN_NS_PER_MS;
	metrics = compute(fixture);
	assert_metric(metrics, "monitor_ns.inflating.max", 9000000, "ns");
	assert_metric(metrics, "monitor_ns.full.max", 2000000, "ns");
	assert_metric(metrics, "monitor_ns.max", 30000000, "ns");
	json_decref(metrics);
}

/* In the order of time: target up, settled, target down, settled, the timeline's end; what the driver does in between is counted for the move before. */
static void test_instructions(void **state)
{
	static const int driver[] = {100, 100 + 3 * (int)FIXTURE_BALLOON_PAGES, 100 + 5 * (int)FIXTURE_BALLOON_PAGES, 100 + 6 * (int)FIXTURE_BALLOON_PAGES,
				     100 + 12 * (int)FIXTURE_BALLOON_PAGES};
	struct fixture *fixture = *state;
	size_t i, at = 0;
	json_t *entry, *metrics;

	json_array_foreach(fixture->record.journal, i, entry) {
		if (!pn_is(entry, "ev", "target") && !pn_is(entry, "ev", "settled") && !pn_is(entry, "state", "end"))
			continue;
		json_object_set_new(entry, "insns", json_pack("{s:i, s:i}", "driver", driver[at], "kernel", driver[at] * 10));
		at++;
	}
	assert_int_equal(at, G_N_ELEMENTS(driver));
	metrics = compute(fixture);
	assert_metric(metrics, "driver.instructions_per_page.inflate", 5, "insns/page");
	assert_metric(metrics, "driver.instructions_per_page.deflate", 7, "insns/page"); /* what it told the device after the balloon had arrived as well */
	assert_metric(metrics, "kernel.instructions_per_page.inflate", 30, "insns/page");
	assert_metric(metrics, "kernel.instructions_per_page.deflate", 10, "insns/page");
	json_decref(metrics);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_kicks), TEST(test_kicks_unseen), TEST(test_held), TEST(test_monitor_by_motion), TEST(test_instructions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
