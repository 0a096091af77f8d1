// SPDX-License-Identifier: GPL-2.0-only
/*
 * Real guests under the embedded libvirt. Exit 77 (skipped) only where the host can't run any: no emulator or no image to be had.
 * Waits are for events with a deadline that means "hung"; no time is asserted.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/owned.h"
#include "../base/units.h"
#include "accel.h"
#include "guest.h"
#include "kinds.h"
#include "process.h"
#include "private.h"
#include "virt.h"

#define HUNG_NS (120 * PN_NS_PER_S)
#define SHORT_NS (300 * PN_NS_PER_MS)

static struct pn_host *host;
static char *dir;

static const struct pn_machine plain = { .memory_bytes = 256 * PN_MIB, .vcpus = 1, .backing = PN_BACKING_THP };

static struct pn_guest *start_at(const char *where, const struct pn_machine *machine, bool cold)
{
	struct pn_guest_config config = { .name = "test", .machine = machine, .dir = where, .cold = cold };
	struct pn_guest *guest = NULL;
	struct pn_diag diag = { 0 };

	if (pn_guest_start(host, &config, &guest, &diag))
		fail_msg("%s", diag.text);
	return guest;
}

static struct pn_guest *start(const struct pn_machine *machine)
{
	return start_at(dir, machine, false);
}

static void stop(struct pn_guest *guest)
{
	struct pn_diag diag = { 0 };

	if (pn_guest_stop(guest, &diag))
		fail_msg("%s", diag.text);
}

static void must_act(struct pn_guest *guest, const char *verb, json_t *args)
{
	struct pn_action action = { .verb = verb, .args = args, .timeout_ns = HUNG_NS };
	struct pn_diag diag = { 0 };

	if (pn_guest_act(guest, &action, NULL, &diag))
		fail_msg("%s: %s", verb, diag.text);
	json_decref(args);
}

static void must_ask(struct pn_guest *guest, json_t *request)
{
	struct pn_diag diag = { 0 };

	if (pn_guest_agent(guest, request, HUNG_NS, NULL, &diag))
		fail_msg("%s", diag.text);
}

static void send_signal(struct pn_guest *guest, int number)
{
	must_act(guest, "signal", json_pack("{s:i}", "signal", number));
}

static void wait_state(struct pn_guest *guest, enum pn_guest_state state)
{
	uint64_t deadline_ns = pn_clock_now_ns() + HUNG_NS;

	while (pn_guest_state(guest) != state) {
		assert_true(pn_clock_now_ns() < deadline_ns);
		g_usleep(1000);
	}
}

static void wait_balloon(struct pn_guest *guest, uint64_t bytes)
{
	uint64_t deadline_ns = pn_clock_now_ns() + HUNG_NS, now = UINT64_MAX;

	while (now != bytes) {
		assert_int_equal(pn_guest_ballooned(guest, &now, NULL), 0);
		assert_true(pn_clock_now_ns() < deadline_ns);
		g_usleep(2000);
	}
}

static void test_balloon_of_the_stock_driver(void **state)
{
	struct pn_guest *guest = start(&plain);
	struct pn_guest_clock clock;

	must_ask(guest, json_pack("{s:s,s:s}", "op", "module.load", "name", "virtio_balloon"));
	assert_int_equal(pn_guest_balloon(guest, 64 * PN_MIB, NULL), 0);
	wait_balloon(guest, 64 * PN_MIB);
	assert_int_equal(pn_guest_balloon(guest, 0, NULL), 0);
	wait_balloon(guest, 0);
	assert_int_equal(pn_guest_clock(guest, 3, &clock, NULL), 0);
	assert_true(clock.error_ns > 0);
	stop(guest);
}

static void test_threads_have_roles(void **state)
{
	struct pn_guest *guest = start(&plain);
	struct pn_guest_thread *threads = NULL;
	unsigned int count = 0, vcpus = 0, mains = 0;

	assert_int_equal(pn_guest_threads(guest, &threads, &count, NULL), 0);
	for (unsigned int i = 0; i < count; i++) {
		vcpus += strcmp(threads[i].role, "vcpu0") == 0;
		mains += strcmp(threads[i].role, "main") == 0 && threads[i].tid == pn_guest_pid(guest);
	}
	assert_int_equal(vcpus, 1);
	assert_int_equal(mains, 1);
	g_free(threads);
	stop(guest);
}

static void count_kmsg(const json_t *event, uint64_t host_ns, void *data)
{
	*(unsigned int *)data += strcmp(json_string_value(json_object_get(event, "ev")), "kmsg") == 0;
}

static void test_kernel_log_is_whole_from_a_snapshot(void **state)
{
	struct pn_guest *guest = start(&plain);
	unsigned int count = 0;

	assert_int_equal(pn_guest_subscribe(guest, count_kmsg, &count), 0);
	pn_guest_unsubscribe(guest, count_kmsg, &count);
	assert_true(count > 50); /* a boot of Linux says more than that */
	stop(guest);
}

static void test_stopped_qemu_hangs_nobody_and_goes_on(void **state)
{
	struct pn_guest *guest = start(&plain);
	struct pn_action pause = { .verb = "pause", .timeout_ns = SHORT_NS };
	uint64_t bytes;

	send_signal(guest, SIGSTOP);
	assert_int_equal(pn_guest_act(guest, &pause, NULL, NULL), -ETIMEDOUT);
	assert_int_equal(pn_guest_agent(guest, json_pack("{s:s}", "op", "clock"), SHORT_NS, NULL, NULL), -ETIMEDOUT);
	send_signal(guest, SIGCONT);
	wait_state(guest, PN_GUEST_PAUSED); /* the pause that was under way took effect */
	must_act(guest, "resume", NULL);
	wait_state(guest, PN_GUEST_RUNNING);
	must_ask(guest, json_pack("{s:s}", "op", "clock"));
	assert_int_equal(pn_guest_ballooned(guest, &bytes, NULL), 0);
	stop(guest);
}

static void test_stopped_qemu_can_be_ended(void **state)
{
	struct pn_guest *guest = start(&plain);
	struct pn_action pause = { .verb = "pause", .timeout_ns = SHORT_NS };
	g_autofree char *uuid = g_strdup(((struct pn_virt_guest *)guest->backend)->uuid);

	assert_int_equal(pn_process_find(uuid), pn_guest_pid(guest));
	send_signal(guest, SIGSTOP);
	assert_int_equal(pn_guest_act(guest, &pause, NULL, NULL), -ETIMEDOUT);
	stop(guest);
	assert_int_equal(pn_process_find(uuid), 0);
}

static void test_killed_qemu_is_gone(void **state)
{
	struct pn_guest *guest = start(&plain);
	uint64_t bytes;

	send_signal(guest, SIGKILL);
	wait_state(guest, PN_GUEST_GONE);
	assert_int_equal(pn_guest_ballooned(guest, &bytes, NULL), -ENOTCONN);
	assert_int_equal(pn_guest_agent(guest, json_pack("{s:s}", "op", "clock"), HUNG_NS, NULL, NULL), -ENOTCONN);
	stop(guest);
}

static void note_hello(const json_t *event, uint64_t host_ns, void *data)
{
	if (strcmp(json_string_value(json_object_get(event, "ev")), "hello") == 0)
		g_atomic_int_inc((int *)data);
}

static void test_reset_boots_again(void **state)
{
	struct pn_guest *guest = start(&plain);
	uint64_t deadline_ns = pn_clock_now_ns() + HUNG_NS;
	int hellos = 0;

	assert_int_equal(pn_guest_subscribe(guest, note_hello, &hellos), 0);
	must_act(guest, "reset", NULL);
	while (!g_atomic_int_get(&hellos)) {
		assert_true(pn_clock_now_ns() < deadline_ns);
		g_usleep(1000);
	}
	must_ask(guest, json_pack("{s:s}", "op", "clock"));
	stop(guest);
}

static void test_crash_is_kept(void **state)
{
	struct pn_guest *guest = start(&plain);

	pn_guest_agent(guest, json_pack("{s:s,s:s}", "op", "lifecycle", "do", "panic"), SHORT_NS, NULL, NULL);
	wait_state(guest, PN_GUEST_CRASHED);
	assert_true(pn_guest_pid(guest) > 0);
	stop(guest);
}

static void test_every_shape_starts(void **state)
{
	static const struct pn_machine shapes[] = {
		{ .memory_bytes = 256 * PN_MIB, .vcpus = 2, .backing = PN_BACKING_4K, .swap_bytes = 64 * PN_MIB, .disk_bytes = 64 * PN_MIB },
		{ .memory_bytes = 256 * PN_MIB, .vcpus = 1, .backing = PN_BACKING_MEMFD },
		{ .memory_bytes = 256 * PN_MIB,
		  .vcpus = 1,
		  .backing = PN_BACKING_HUGETLB,
		  .balloon = { .deflate_on_oom = true, .free_page_reporting = true, .packed = true } },
		{ .memory_bytes = 256 * PN_MIB,
		  .vcpus = 1,
		  .backing = PN_BACKING_THP,
		  .balloon = { .free_page_hint = true, .page_poison = true, .stats_interval_ns = PN_NS_PER_S } },
		/* The stock driver turns VIRTIO_F_ACCESS_PLATFORM down, and QEMU then turns the driver down: nothing to inflate here. */
		{ .memory_bytes = 256 * PN_MIB, .vcpus = 1, .backing = PN_BACKING_THP, .balloon = { .iommu = true } },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(shapes); i++) {
		struct pn_guest *guest = start(&shapes[i]);

		if (!shapes[i].balloon.iommu) {
			must_ask(guest, json_pack("{s:s,s:s}", "op", "module.load", "name", "virtio_balloon"));
			assert_int_equal(pn_guest_balloon(guest, 16 * PN_MIB, NULL), 0);
			wait_balloon(guest, 16 * PN_MIB);
		}
		assert_int_equal(pn_guest_disk(guest, "swap") != NULL, shapes[i].swap_bytes != 0);
		stop(guest);
	}
}

static void test_bad_device_has_qemus_words(void **state)
{
	struct pn_machine machine = plain;
	struct pn_guest_config config = { .name = "bad", .machine = &machine, .dir = dir, .cold = true };
	struct pn_guest *guest = NULL;
	struct pn_diag diag = { 0 };

	machine.extra_devices = "no-such-device";
	assert_true(pn_guest_start(host, &config, &guest, &diag) < 0);
	assert_non_null(strstr(diag.text, "no-such-device"));
	assert_null(guest);
}

/* A process that starts a guest, says its uuid, and is killed. */
static void orphan(int say)
{
	struct pn_guest_config config = { .name = "orphan", .machine = &plain, .dir = dir };
	struct pn_guest *guest;
	struct pn_diag diag = { 0 };

	pn_owned_disown();
	if (pn_host_open(&(struct pn_host_config){ 0 }, &host, &diag) || pn_guest_start(host, &config, &guest, &diag)) {
		fprintf(stderr, "orphan: %s\n", diag.text);
		_exit(1);
	}
	if (write(say, ((struct pn_virt_guest *)guest->backend)->uuid, 36) != 36)
		_exit(1);
	pause();
	_exit(1);
}

static void test_repair_ends_what_a_killed_process_left(void **state)
{
	struct pn_guest *bystander;
	json_t *repaired = NULL;
	char uuid[37] = "";
	int say[2], status;
	pid_t pid;

	assert_int_equal(pipe(say), 0);
	pid = fork(); /* before this process has a connection: libvirt's threads do not survive a fork */
	if (pid == 0)
		orphan(say[1]);
	close(say[1]);
	assert_int_equal(read(say[0], uuid, 36), 36);
	close(say[0]);
	assert_int_equal(pn_host_open(&(struct pn_host_config){ 0 }, &host, NULL), 0);
	bystander = start(&plain); /* of another, living owner, at the same time */
	assert_true(pn_process_find(uuid) > 0);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(pn_process_find(uuid) > 0);
	assert_int_equal(pn_owned_repair(&repaired, NULL), 0);
	assert_int_equal(pn_process_find(uuid), 0);
	assert_true(json_array_size(repaired) > 0);
	json_decref(repaired);
	must_ask(bystander, json_pack("{s:s}", "op", "clock"));
	stop(bystander);
	pn_host_close(host);
}

static void test_nothing_is_left(void **state)
{
	json_t *left;

	pn_host_close(host);
	host = NULL;
	left = pn_owned_left();
	if (json_array_size(left)) {
		char *text = json_dumps(left, 0);

		fail_msg("still owned: %s", text);
	}
	json_decref(left);
}

static void test_accelerator_is_judged_by_a_boot(void **state)
{
	enum pn_accel first, again;
	char reason[256] = "", reason_again[256] = "";

	assert_int_equal(pn_accel_probe(NULL, &first, reason, sizeof(reason), NULL), 0);
	assert_true(reason[0] != '\0');
	assert_int_equal(pn_accel_probe(NULL, &again, reason_again, sizeof(reason_again), NULL), 0);
	assert_int_equal(first, again);
	assert_string_equal(reason, reason_again);
	assert_int_equal(pn_accel_probe("/no/such/qemu", &again, NULL, 0, NULL), access("/dev/kvm", R_OK | W_OK) ? 0 : -ENOENT);
}

static int open_host(void **state)
{
	return pn_host_open(&(struct pn_host_config){ 0 }, &host, NULL);
}

/* Can this host run a guest at all? What it says for "no" is the reason for the skip; anything else fails in the tests. */
static bool can_run(void)
{
	struct pn_virt_boot boot;
	struct pn_diag diag = { 0 };
	int err = pn_virt_boot_get(&plain, &boot, &diag);

	if (err) {
		fprintf(stderr, "skipped: %s\n", diag.text);
		return false;
	}
	pn_virt_boot_clear(&boot);
	return true;
}

int main(void)
{
	const struct CMUnitTest first[] = { cmocka_unit_test(test_repair_ends_what_a_killed_process_left) };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_balloon_of_the_stock_driver),
		cmocka_unit_test(test_threads_have_roles),
		cmocka_unit_test(test_kernel_log_is_whole_from_a_snapshot),
		cmocka_unit_test(test_stopped_qemu_hangs_nobody_and_goes_on),
		cmocka_unit_test(test_stopped_qemu_can_be_ended),
		cmocka_unit_test(test_killed_qemu_is_gone),
		cmocka_unit_test(test_reset_boots_again),
		cmocka_unit_test(test_crash_is_kept),
		cmocka_unit_test(test_every_shape_starts),
		cmocka_unit_test(test_bad_device_has_qemus_words),
		cmocka_unit_test(test_accelerator_is_judged_by_a_boot),
		cmocka_unit_test(test_nothing_is_left),
	};
	g_autofree char *state_dir = NULL;
	int failed;

	dir = g_dir_make_tmp("pn-real-XXXXXX", NULL);
	state_dir = g_build_filename(dir, "s", NULL);
	g_setenv("PUNCTURE_STATE", state_dir, TRUE);
	pn_guest_register_kinds();
	if (!can_run())
		return 77;
	failed = cmocka_run_group_tests_name("orphans", first, NULL, NULL);
	failed += cmocka_run_group_tests_name("guests", tests, open_host, NULL);
	pn_owned_release_all(NULL);
	pn_fs_remove_tree(dir, NULL);
	g_free(dir);
	return failed != 0;
}
