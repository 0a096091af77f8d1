// SPDX-License-Identifier: GPL-2.0-only
/* Real guests that are well: every shape, the balloon, threads, kernel log, and what a host says of its accelerator. */

#include "test-real.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_balloon_of_the_stock_driver),
		cmocka_unit_test(test_threads_have_roles),
		cmocka_unit_test(test_kernel_log_is_whole_from_a_snapshot),
		cmocka_unit_test(test_every_shape_starts),
		cmocka_unit_test(test_bad_device_has_qemus_words),
		cmocka_unit_test(test_accelerator_is_judged_by_a_boot),
		cmocka_unit_test(test_nothing_is_left),
	};
	int r = begin();

	if (r)
		return r;
	r = cmocka_run_group_tests(tests, open_host, NULL);
	return finish(r);
}
