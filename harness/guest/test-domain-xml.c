// SPDX-License-Identifier: GPL-2.0-only
/*
 * Machines as XML against golden files beside this one: golden/NAME.xml. A change there is a change of the machine's shape:
 * raise PN_DOMAIN_SHAPE with it. PN_GOLDEN_WRITE=1 writes them anew.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/units.h"
#include "domain_xml.h"
#include "machine.h"

static const struct {
	const char *name;
	struct pn_machine machine;
	bool incoming;
} cases[] = {
	{ "plain", { .memory_bytes = 512 * PN_MIB, .vcpus = 1, .backing = PN_BACKING_THP }, true },
	{ "disks",
	  { .memory_bytes = PN_GIB, .vcpus = 2, .backing = PN_BACKING_4K, .swap_bytes = 256 * PN_MIB, .disk_bytes = 512 * PN_MIB },
	  false },
	{ "memfd", { .memory_bytes = PN_GIB, .vcpus = 1, .backing = PN_BACKING_MEMFD, .balloon = { .absent = true } }, false },
	{ "hugetlb-kvm", { .memory_bytes = PN_GIB, .vcpus = 1, .backing = PN_BACKING_HUGETLB, .accel = PN_ACCEL_KVM }, false },
	{ "plug", { .memory_bytes = 512 * PN_MIB, .vcpus = 2, .backing = PN_BACKING_4K, .plug_bytes = 256 * PN_MIB }, true },
	{ "exact",
	  { .memory_bytes = 256 * PN_MIB, .vcpus = 1, .backing = PN_BACKING_4K, .exact = true, .swap_bytes = 256 * PN_MIB, .disk_bytes = 128 * PN_MIB },
	  true },
	{ "balloon-all",
	  { .memory_bytes = PN_GIB,
	    .vcpus = 1,
	    .backing = PN_BACKING_THP,
	    .balloon = { .deflate_on_oom = true,
			 .free_page_reporting = true,
			 .free_page_hint = true,
			 .page_poison = true,
			 .packed = true,
			 .iommu = true,
			 .stats_interval_ns = 2 * PN_NS_PER_S },
	    .extra_devices = "virtio-net-pci\n virtio-rng-pci,addr=0x8 \n" },
	  true },
};

static int build(const struct pn_machine *machine, bool incoming, char **ret_xml, struct pn_diag *diag)
{
	struct pn_domain domain = {
		.name = "pn-00000000-case",
		.uuid = "00000000-0000-4000-8000-000000000000",
		.machine = machine,
		.emulator = "/usr/bin/qemu-system-x86_64",
		.kernel = "/images/vmlinuz",
		.initrd = "/images/initrd",
		.cmdline = "console=ttyS0 a=\"<&>\"",
		.console_path = "/case/console.log",
		.agent_path = "/run/puncture/a",
		.query_path = "/run/puncture/q",
		.swap_path = machine->swap_bytes && !machine->exact ? "/case/swap.img" : NULL,
		.data_path = machine->disk_bytes && !machine->exact ? "/case/data.img" : NULL,
		.direct_io = true,
		.incoming = incoming,
	};

	return pn_domain_xml(&domain, ret_xml, diag);
}

static void test_golden(void **state)
{
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strdup_printf(PN_GOLDEN_DIR "/%s.xml", cases[i].name);
		g_autofree char *expected = NULL;
		char *xml = NULL;

		assert_int_equal(build(&cases[i].machine, cases[i].incoming, &xml, NULL), 0);
		if (g_getenv("PN_GOLDEN_WRITE"))
			assert_int_equal(pn_fs_write(path, xml, strlen(xml), NULL), 0);
		assert_int_equal(pn_fs_read(path, &expected, NULL, NULL), 0);
		assert_string_equal(xml, expected);
		free(xml);
	}
}

static void test_extra_device_that_is_an_option(void **state)
{
	struct pn_machine machine = { .memory_bytes = PN_GIB, .vcpus = 1, .extra_devices = "-serial file:/etc/passwd" };
	struct pn_diag diag = { 0 };
	char *xml = NULL;

	assert_int_equal(build(&machine, false, &xml, &diag), -EINVAL);
	assert_null(xml);
	assert_non_null(strstr(diag.text, "extra_devices: '-serial file:/etc/passwd' is not accepted"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_extra_device_that_is_an_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
