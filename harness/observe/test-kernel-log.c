// SPDX-License-Identifier: GPL-2.0-only
/* The kernel log: what must not stand there, when it may, and how often. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../base/units.h"
#include "fixture.h"

static void test_kernel_log(void **state)
{
	struct fixture *fixture = *state;

	assert_finding(fixture_judge(fixture, "kernel-log"), PN_PASS, "none of them");
	json_array_insert_new(fixture->record.kmsg, 0,
			      json_pack("{s:s, s:i}", "text", "WARNING: CPU: 0 PID: 1 at arch/x86/x.c:1", "time_us", 1));
	assert_finding(fixture_judge(fixture, "kernel-log"), PN_PASS, ""); /* before the case */
	fixture_kmsg(fixture, 5.2, "WARNING: CPU: 0 PID: 77 at mm/page_alloc.c:1 x+0x1/0x2");
	assert_finding(fixture_judge(fixture, "kernel-log"), PN_FAIL, "WARN, 1 record, first: WARNING: CPU: 0 PID: 77");
}

static void test_kernel_log_spellings(void **state)
{
	static const char *const texts[] = {
	    "INFO: task kworker/0:1:42 blocked for more than 120 seconds.",
	    "BUG: unable to handle page fault for address: ffff",
	    "watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [x:1]",
	    "rcu: INFO: rcu_preempt self-detected stall on CPU",
	    "rcu: INFO: rcu_sched detected stalls on CPUs/tasks:",
	    "WARNING: possible circular locking dependency detected",
	    "BUG: Bad page state in process x  pfn:1",
	    "list_del corruption. prev->next should be",
	    "Kernel panic - not syncing: Fatal exception",
	    "BUG: KASAN: use-after-free in x",
	    "virtio_balloon: page allocation failure: order:0, mode:0x1",
	    "Out of memory: Killed process 12 (x)",
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		fixture_kmsg(fixture, 5.2, texts[i]);
		assert_finding(fixture_judge(fixture, "kernel-log"), PN_FAIL, texts[i]);
		json_array_remove(fixture->record.kmsg, json_array_size(fixture->record.kmsg) - 1);
	}
	fixture_kmsg(fixture, 5.2, "\"echo 0 > /proc/sys/kernel/hung_task_timeout_secs\" disables this message.");
	assert_finding(fixture_judge(fixture, "kernel-log"), PN_PASS, "");
}

static void test_kernel_log_oom(void **state)
{
	struct fixture *fixture = *state;

	fixture_fault(fixture, "oom");
	fixture_kmsg(fixture, 5.2, "Out of memory: Killed process 12 (hog)");
	fixture_kmsg(fixture, 5.2, "stress: page allocation failure: order:0, mode:0x1");
	assert_finding(fixture_judge(fixture, "kernel-log"), PN_PASS, "");
	fixture_kmsg(fixture, 5.2, "Oops: 0002 [#1] SMP");
	assert_finding(fixture_judge(fixture, "kernel-log"), PN_FAIL, "oops");
}

/* What says that it was refused memory is right; who is killed for it is not. */
static void test_kernel_log_refused(void **state)
{
	struct fixture *fixture = *state;

	fixture_kmsg(fixture, 5.2, "init: vmalloc error: size 65536, vm_struct allocation failed");
	assert_finding(fixture_judge(fixture, "kernel-log"), PN_FAIL, "page allocation failure");
	fixture_kmsg(fixture, 5.2, "kmemleak: Cannot allocate a scan area, scanning the full object");
	fixture_fault(fixture, "alloc-nth");
	assert_finding(fixture_judge(fixture, "kernel-log"), PN_PASS, "");
	fixture_kmsg(fixture, 5.3, "Out of memory: Killed process 12 (hog)");
	assert_finding(fixture_judge(fixture, "kernel-log"), PN_FAIL, "OOM kill");
	fixture->events[2].fault_args = (char *)"{\"path\":\"oom\"}";
	assert_finding(fixture_judge(fixture, "kernel-log"), PN_PASS, "");
}

static void test_kernel_log_puff(void **state)
{
	struct fixture *fixture = *state;

	for (int i = 0; i < 25; i++)
		fixture_kmsg(fixture, 5.2 + i * 0.2, "virtio_balloon virtio3: Out of puff! Can't get 1 pages");
	assert_finding(fixture_judge(fixture, "kernel-log"), PN_PASS, ""); /* stock's own pace */
	for (int i = 0; i < 50; i++)
		fixture_kmsg(fixture, 10.2 + i * 0.01, "virtio_balloon virtio3: Out of puff! Can't get 1 pages");
	assert_finding(fixture_judge(fixture, "kernel-log"), PN_FAIL, "more than 8 a second");
}

/* ten lines in two seconds of each of two boots are no twenty in none */
static void test_kernel_log_puff_over_a_reboot(void **state)
{
	struct fixture *fixture = *state;

	for (int i = 0; i < 20; i++)
		fixture_kmsg(fixture, 5.2 + i % 10 * 0.2, "virtio_balloon virtio3: Out of puff! Can't get 1 pages");
	assert_finding(fixture_judge(fixture, "kernel-log"), PN_PASS, "");
}

static void test_kernel_log_taint(void **state)
{
	struct fixture *fixture = *state;

	json_object_set_new(fixture_mark(fixture, "rest"), "guest.kernel.tainted", json_integer(4096 + 512));
	assert_finding(fixture_judge(fixture, "kernel-log"), PN_FAIL, "new bits 0x200");
	json_object_set_new(fixture_mark(fixture, "boot"), "guest.kernel.tainted", json_integer(512));
	assert_finding(fixture_judge(fixture, "kernel-log"), PN_PASS, "");
	json_object_del(fixture_mark(fixture, "boot"), "guest.kernel.tainted");
	assert_finding(fixture_judge(fixture, "kernel-log"), PN_BROK, "taint is not in the record");
}

static void test_kernel_log_crash(void **state)
{
	struct fixture *fixture = *state;

	json_array_append_new(fixture->record.kmsg, json_pack("{s:i, s:s}", "t_ns", 1, "state", "paused"));
	assert_finding(fixture_judge(fixture, "kernel-log"), PN_PASS, "");
	json_array_append_new(fixture->record.kmsg, json_pack("{s:i, s:s}", "t_ns", 1, "state", "crashed"));
	assert_finding(fixture_judge(fixture, "kernel-log"), PN_FAIL, "panicked");
	json_array_append_new(fixture->record.journal, json_pack("{s:i, s:s, s:s, s:s}", "t_ns", 1, "ev", "fault", "name", "panic", "state", "armed"));
	json_array_append_new(fixture->record.journal, json_pack("{s:i, s:s, s:s, s:s}", "t_ns", 2, "ev", "fault", "name", "panic", "state", "missed"));
	assert_finding(fixture_judge(fixture, "kernel-log"), PN_PASS, "");
	json_array_append_new(fixture->record.kmsg, json_pack("{s:i, s:s}", "t_ns", 3, "state", "crashed"));
	assert_finding(fixture_judge(fixture, "kernel-log"), PN_FAIL, "panicked");
}

static void test_kernel_log_unmarked(void **state)
{
	struct fixture *fixture = *state;

	json_array_clear(fixture->record.kmsg);
	fixture_kmsg(fixture, 5.2, "hello");
	assert_finding(fixture_judge(fixture, "kernel-log"), PN_BROK, "no mark 'boot'");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_kernel_log),
	    TEST(test_kernel_log_spellings),
	    TEST(test_kernel_log_oom),
	    TEST(test_kernel_log_refused),
	    TEST(test_kernel_log_puff),
	    TEST(test_kernel_log_puff_over_a_reboot),
	    TEST(test_kernel_log_taint),
	    TEST(test_kernel_log_crash),
	    TEST(test_kernel_log_unmarked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
