/* SPDX-License-Identifier: GPL-2.0-only */
#include "kmsg.h"
#include "modules_dep.h"
#include "out.h"
#include "parse.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static char *fixture(const char *name)
{
	static char text[65536];
	char path[512];
	FILE *file;
	size_t n;

	snprintf(path, sizeof(path), FIXTURES "/%s.txt", name);
	file = fopen(path, "r");
	assert_non_null(file);
	n = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[n] = 0;
	return text;
}

static uint64_t value_of(const char *text, const char *name)
{
	uint64_t value;

	assert_int_equal(pn_parse_value(text, name, &value), 0);
	return value;
}

static void meminfo_is_in_bytes(void **state)
{
	const char *text = fixture("meminfo");
	uint64_t value;

	assert_int_equal(value_of(text, "MemTotal"), 480608ull * 1024);
	assert_int_equal(value_of(text, "MemFree"), 399828ull * 1024);
	assert_int_equal(value_of(text, "HugePages_Total"), 0);
	assert_int_equal(pn_parse_value(text, "Mem", &value), -ENOENT);
	assert_int_equal(pn_parse_value(text, "MemTota", &value), -ENOENT);
}

static void vmstat_has_counts(void **state)
{
	const char *text = fixture("vmstat"), *at = text;
	struct pn_parse_line line;
	unsigned int lines = 0, newlines = 0;

	assert_int_equal(value_of(text, "balloon_inflate"), 0);
	assert_int_equal(value_of(text, "pswpout"), 0);
	assert_true(value_of(text, "nr_free_pages") > 90000);
	while (pn_parse_next(&at, &line))
		lines++;
	for (at = text; *at; at++)
		newlines += *at == '\n';
	assert_int_equal(lines, newlines);
}

static void what_is_not_name_and_value_is_passed_over(void **state)
{
	static const char text[] = "\n: 5\nstate idle\nneg -3\nbig 18446744073709551615\ntoobig 18446744073709551616\nkib 18446744073709551615 kB\n"
				   "trailing 5 \nnospace5\nActive(anon):   12 kB\nx 1";
	const char *at = text;
	struct pn_parse_line line;

	assert_true(pn_parse_next(&at, &line));
	assert_memory_equal(line.name, "big", line.name_len);
	assert_true(line.value == UINT64_MAX);
	assert_true(pn_parse_next(&at, &line));
	assert_int_equal(line.name_len, 12);
	assert_int_equal(line.value, 12 * 1024);
	assert_true(pn_parse_next(&at, &line));
	assert_int_equal(line.value, 1);
	assert_false(pn_parse_next(&at, &line));
}

static void zones_are_told_apart_by_node(void **state)
{
	const char *at = fixture("zoneinfo");
	struct pn_parse_zone zone;
	uint64_t managed = 0;
	unsigned int zones = 0;

	while (pn_parse_zone_next(&at, &zone)) {
		if (zone.node == 0 && strcmp(zone.name, "DMA") == 0) {
			assert_int_equal(zone.managed_pages, 3840);
			assert_int_equal(zone.present_pages, 3998);
			assert_int_equal(zone.spanned_pages, 4095);
			assert_true(zone.free_pages > 0 && zone.free_pages <= 3840);
		}
		if (zone.node == 1 && strcmp(zone.name, "DMA32") == 0)
			assert_int_equal(zone.managed_pages, 56005);
		managed += zone.managed_pages;
		zones++;
	}
	assert_int_equal(zones, 10);
	/* MemTotal is the sum of what the zones manage. */
	assert_int_equal(managed * 4, 480608);
}

static void pressure_has_totals(void **state)
{
	struct pn_parse_psi psi;

	assert_int_equal(pn_parse_psi(fixture("psi-cpu"), &psi), 0);
	assert_true(psi.has_some && psi.has_full);
	assert_int_equal(psi.some_us, 486533);
	assert_int_equal(psi.full_us, 0);
	assert_int_equal(pn_parse_psi("some avg10=0.00 avg60=0.00 avg300=0.00 total=77\n", &psi), 0);
	assert_false(psi.has_full);
	assert_int_equal(pn_parse_psi("some avg10=0.00\nother total=5\n", &psi), -EINVAL);
	assert_int_equal(pn_parse_psi("", &psi), -EINVAL);
}

static void cpu_and_schedstat(void **state)
{
	struct pn_parse_schedstat s;
	struct pn_parse_cpu cpu;

	assert_int_equal(pn_parse_cpu(fixture("stat"), &cpu), 0);
	assert_int_equal(cpu.user, 6);
	assert_int_equal(cpu.system, 474);
	assert_int_equal(cpu.idle, 412);
	assert_int_equal(cpu.softirq, 8);
	assert_int_equal(pn_parse_cpu("cpu  6 0 474\n", &cpu), -EINVAL);
	assert_int_equal(pn_parse_schedstat(fixture("schedstat"), &s), 0);
	assert_int_equal(s.cpu_ns, 137882802);
	assert_int_equal(s.wait_ns, 4551877);
	assert_int_equal(s.slices, 88);
	assert_int_equal(pn_parse_schedstat("0 0", &s), -EINVAL);
}

static void a_modules_code_is_found(void **state)
{
	const char *text = fixture("modules");
	uint64_t base, size;

	assert_int_equal(pn_parse_module(text, "virtio_balloon", &base, &size), 0);
	assert_true(base == 0xffffffffc07d3000);
	assert_int_equal(size, 24576);
	assert_int_equal(pn_parse_module(text, "virtio", &base, &size), 0);
	assert_int_equal(size, 20480);
	assert_int_equal(pn_parse_module(text, "vballoon", &base, &size), -ENOENT);
	assert_int_equal(pn_parse_module("x 4096 0 - Live 0x0000000000000000\n", "x", &base, &size), -EACCES);
}

static void dependencies_come_first(void **state)
{
	struct pn_modules_order order = {0};
	const char *text = fixture("modules.dep");

	assert_int_equal(pn_modules_dep(text, "virtio_pci", &order), 0);
	assert_int_equal(order.count, 5);
	assert_string_equal(order.path[0], "kernel/drivers/virtio/virtio_ring.ko");
	assert_string_equal(order.path[1], "kernel/drivers/virtio/virtio.ko");
	assert_string_equal(order.path[4], "kernel/drivers/virtio/virtio_pci.ko");
	assert_int_equal(pn_modules_dep(text, "virtio-balloon", &order), 0);
	assert_int_equal(order.count, 6);
	assert_int_equal(pn_modules_dep(text, "virtio_p", &order), -ENOENT);
	assert_int_equal(pn_modules_dep("", "x", &order), -ENOENT);
}

static void too_many_dependencies_are_an_error(void **state)
{
	struct pn_modules_order order = {0};
	char text[4096] = "a.ko:";

	for (int i = 0; i < PN_MODULES_MAX; i++)
		sprintf(text + strlen(text), " d%d.ko", i);
	assert_int_equal(pn_modules_dep(text, "a", &order), -E2BIG);
	assert_int_equal(order.count, PN_MODULES_MAX);
}

static void soft_dependencies_and_builtin(void **state)
{
	static const char text[] = "# comment\nsoftdep btrfs pre: crc32c xxhash64 post: late\nsoftdep ext4 post: x\nsoftdep my-mod pre: a\n";
	char names[64];

	assert_true(pn_modules_softdep(text, "btrfs", names, sizeof(names)));
	assert_string_equal(names, "crc32c xxhash64");
	assert_false(pn_modules_softdep(text, "ext4", names, sizeof(names)));
	assert_true(pn_modules_softdep(text, "my_mod", names, sizeof(names)));
	assert_true(pn_modules_softdep(text, "btrfs", names, 8));
	assert_string_equal(names, "crc32c");
	assert_true(pn_modules_builtin("kernel/fs/ext4/ext4.ko\nkernel/x.ko\n", "ext4"));
	assert_false(pn_modules_builtin("kernel/fs/ext4/ext4.ko\n", "ext"));
}

static void depends_of_a_ko_are_read(void **state)
{
	static const char info[] = "license=GPL\0depends=virtio,virtio_ring\0name=x";
	char names[64];

	assert_true(pn_modules_depends(info, sizeof(info), names, sizeof(names)));
	assert_string_equal(names, "virtio,virtio_ring");
	assert_true(pn_modules_depends("\0depends=", 9, names, sizeof(names)));
	assert_string_equal(names, "");
	assert_false(pn_modules_depends("xdepends=a", 10, names, sizeof(names)));
}

static void kernel_log_records(void **state)
{
	char plain[] = "6,339,5140900,-;NET: Registered PF_INET6\n SUBSYSTEM=x\n", escaped[] = "12,1,0,-,caller=T1;a\\x09b\\x1b[0m \xc3\xa4\n";
	char bad[] = "6,339;text", none[] = "no record", user[] = "30,5,7,-;agent: x";
	struct pn_kmsg_record record;

	assert_int_equal(pn_kmsg_parse(plain, &record), 0);
	assert_int_equal(record.seq, 339);
	assert_int_equal(record.level, 6);
	assert_int_equal(record.time_us, 5140900);
	assert_string_equal(record.text, "NET: Registered PF_INET6");
	assert_int_equal(pn_kmsg_parse(escaped, &record), 0);
	assert_int_equal(record.level, 4);
	assert_string_equal(record.text, "a b?[0m ??");
	assert_int_equal(pn_kmsg_parse(bad, &record), -EINVAL);
	assert_int_equal(pn_kmsg_parse(none, &record), -EINVAL);
	assert_int_equal(pn_kmsg_parse(user, &record), 0);
	assert_int_equal(record.level, 6);
}

static void samples_are_json_or_fail(void **state)
{
	struct pn_out out;
	char buf[128];
	int n;

	pn_out_begin(&out, buf, sizeof(buf));
	pn_out_text(&out, "ev", "a\"b\\\n");
	pn_out_u64(&out, "max", UINT64_MAX);
	pn_out_number(&out, "driver.", "held pages(x)", 11, 0);
	pn_out_open(&out, "missing");
	pn_out_text(&out, "k", "why");
	pn_out_close(&out);
	pn_out_true(&out, "ok");
	n = pn_out_end(&out);
	buf[n] = 0;
	assert_string_equal(buf, "{\"ev\":\"a?b??\",\"max\":18446744073709551615,\"driver.held_pages_\":0,\"missing\":{\"k\":\"why\"},\"ok\":true}");
	for (size_t size = 0; size < (size_t)n; size++) {
		char *small = malloc(size ? size : 1);

		pn_out_begin(&out, small, size);
		pn_out_text(&out, "ev", "a\"b\\\n");
		pn_out_u64(&out, "max", UINT64_MAX);
		pn_out_number(&out, "driver.", "held pages(x)", 11, 0);
		pn_out_open(&out, "missing");
		pn_out_text(&out, "k", "why");
		pn_out_close(&out);
		pn_out_true(&out, "ok");
		assert_int_equal(pn_out_end(&out), -ENOSPC);
		free(small);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(meminfo_is_in_bytes),
		cmocka_unit_test(vmstat_has_counts),
		cmocka_unit_test(what_is_not_name_and_value_is_passed_over),
		cmocka_unit_test(zones_are_told_apart_by_node),
		cmocka_unit_test(pressure_has_totals),
		cmocka_unit_test(cpu_and_schedstat),
		cmocka_unit_test(a_modules_code_is_found),
		cmocka_unit_test(dependencies_come_first),
		cmocka_unit_test(too_many_dependencies_are_an_error),
		cmocka_unit_test(soft_dependencies_and_builtin),
		cmocka_unit_test(depends_of_a_ko_are_read),
		cmocka_unit_test(kernel_log_records),
		cmocka_unit_test(samples_are_json_or_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
