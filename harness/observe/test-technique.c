// SPDX-License-Identifier: GPL-2.0-only
/* A technique's records: what is made of them, and what must not pass. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "../base/units.h"
#include "fixture.h"

#define ASKED (64 * (json_int_t)PN_MIB)

static void begin(struct fixture *fixture, const char *technique)
{
	fixture->scenario.technique = (char *)technique;
	fixture_journal(fixture, 1.0, "reclaim", json_pack("{s:s, s:s, s:I}", "state", "begin", "technique", technique, "asked_bytes", ASKED));
}

static void end(struct fixture *fixture, json_int_t returned_bytes, const char *why)
{
	json_t *fields = json_pack("{s:s, s:s, s:I, s:I, s:[[I, I], [I, I], [I, I]]}", "state", "end", "outcome", "all", "returned_bytes", returned_bytes, "own_cpu_ns",
				   (json_int_t)0, "points", (json_int_t)0, (json_int_t)0, (json_int_t)200000000, ASKED / 2, (json_int_t)900000000, ASKED);

	if (why)
		json_object_set_new(fields, "why", json_string(why));
	fixture_journal(fixture, 2.0, "reclaim", fields);
}

/* QEMU's CPU time, what the guest has swapped out and in, what the host holds */
static void look(struct fixture *fixture, double s, const char *when, double cpu_s, json_int_t pages, json_int_t rss_bytes)
{
	fixture_journal(fixture, s, "reclaim",
			json_pack("{s:s, s:s, s:I, s:i, s:I, s:i, s:I, s:I, s:i, s:{s:I, s:I, s:i}}", "state", "look", "when", when, "qemu_cpu_ns", (json_int_t)llround(cpu_s * 1e9),
				  "kernel_cpu_ns", 0, "host_swap_out", pages, "host_swap_in", 0, "rss_bytes", rss_bytes, "swap_bytes", pages * 4096, "host_swap_others", 0, "guest", "pswpin", (json_int_t)0, "pswpout", pages,
				  "oom_kill", 0));
}

static double metric(const json_t *metrics, const char *name)
{
	const json_t *value = json_object_get(json_object_get(metrics, name), "value");

	return json_is_number(value) ? json_number_value(value) : NAN;
}

static void assert_near(const json_t *metrics, const char *name, double expected)
{
	double value = metric(metrics, name);

	if (!(fabs(value - expected) <= fabs(expected) * 1e-6 + 1e-9))
		fail_msg("%s is %g, expected %g", name, value, expected);
}

static void test_figures(void **state)
{
	struct fixture *fixture = *state;
	json_t *metrics = NULL;

	begin(fixture, "zswap");
	look(fixture, 0.5, "warm", 1.0, 0, 512 << 20);
	look(fixture, 1.0, "begin", 1.1, 0, 512 << 20);		 /* 0.2 s a second by itself */
	look(fixture, 2.0, "end-of-reclaim", 1.5, 100, 448 << 20); /* 0.4 s, 0.2 of them for the technique */
	look(fixture, 2.5, "need", 1.7, 100, 448 << 20);
	look(fixture, 3.0, "need-end", 2.0, 300, 448 << 20);
	look(fixture, 3.5, "end", 2.2, 300, 512 << 20);
	end(fixture, ASKED, NULL);
	fixture_journal(fixture, 3.0, "need", json_pack("{s:s, s:s, s:I}", "state", "need", "outcome", "done", "duration_ns", (json_int_t)500000000));
	fixture_journal(fixture, 3.4, "need", json_pack("{s:s, s:s}", "state", "give-back", "outcome", "killed"));
	assert_int_equal(pn_metrics_compute(&fixture->record, &metrics, NULL), 0);
	assert_near(metrics, "technique.returned_ratio", 1);
	assert_near(metrics, "technique.t50_s", 0.2);
	assert_near(metrics, "technique.t90_s", 0.9);
	assert_near(metrics, "technique.host_cpu_s", 0.2);
	assert_near(metrics, "technique.host_cpu_s_per_gib", 3.2);
	assert_near(metrics, "technique.guest_swap_bytes", 300 * 4096);
	assert_near(metrics, "technique.host_swap_bytes.need", 200 * 4096);
	assert_near(metrics, "technique.returned_rss_bytes", 64 << 20);
	assert_near(metrics, "technique.need_s", 0.5);
	assert_true(isnan(metric(metrics, "technique.giveback_s"))); /* the program was killed: no time */
	assert_true(isnan(metric(metrics, "technique.guest_cpu_s"))); /* the agent did not say */
	json_decref(metrics);
	assert_finding(fixture_judge(fixture, "liveness"), PN_PASS, "");
}

static void test_short(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, "ksm");
	assert_finding(fixture_judge(fixture, "liveness"), PN_BROK, "nobody measured what came back");
	end(fixture, ASKED / 2, "there are no more pages that are alike");
	assert_finding(fixture_judge(fixture, "liveness"), PN_PASS, "technique ksm: 50 %: there are no more pages");
}

static void test_short_without_reason(void **state)
{
	begin(*state, "balloon-strict");
	end(*state, ASKED / 2, NULL);
	assert_finding(fixture_judge(*state, "liveness"), PN_FAIL, "50 % of 64 MiB came back, and nobody knows why");
}

/* Without its part in the guest a technique that needs one can't work: if it seems to, something else was measured. */
static void test_unaware(void **state)
{
	struct fixture *fixture = *state;

	fixture->scenario.unaware = true;
	begin(fixture, "balloon-strict");
	end(fixture, ASKED, NULL);
	assert_finding(fixture_judge(fixture, "liveness"), PN_BROK, "though nobody could give it back");
	fixture->scenario.technique = (char *)"overcommit-v1"; /* which needs none */
	assert_finding(fixture_judge(fixture, "liveness"), PN_PASS, "");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {TEST(test_figures), TEST(test_short), TEST(test_short_without_reason), TEST(test_unaware)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
