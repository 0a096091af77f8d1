// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "units.h"

static void sizes_are_exact(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} cases[] = {
		{ "0", 0 }, { "4096", 4096 }, { "4096B", 4096 }, { "64KiB", 65536 }, { "1.5GiB", 1610612736 }, { "512 MiB", 536870912 },
	};
	uint64_t bytes;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(pn_bytes_parse(cases[i].text, &bytes), 0);
		assert_int_equal(bytes, cases[i].bytes);
	}
}

static void other_forms_are_refused(void **state)
{
	static const char *const bad[] = { "", "MiB", "-1", "1.MiB", "1MB", "1mib", "1GiB ", "0x10", "1e3", "1 2" };
	uint64_t value = 7;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(pn_bytes_parse(bad[i], &value), -EINVAL);
	assert_int_equal(pn_bytes_parse("8388608TiB", &value), -ERANGE);
	assert_int_equal(pn_bytes_parse("99999999999999999999", &value), -ERANGE);
	assert_int_equal(pn_duration_parse("5", &value), -EINVAL);
	assert_int_equal(value, 7); /* untouched */
}

static void durations_need_a_unit(void **state)
{
	uint64_t ns;

	assert_int_equal(pn_duration_parse("0", &ns), 0);
	assert_int_equal(ns, 0);
	assert_int_equal(pn_duration_parse("250ms", &ns), 0);
	assert_int_equal(ns, 250000000);
	assert_int_equal(pn_duration_parse("1.5h", &ns), 0);
	assert_int_equal(ns, 5400000000000);
}

static void three_digits_for_people(void **state)
{
	char buf[16];

	assert_string_equal(pn_bytes_format(536870912, buf, sizeof(buf)), "512 MiB");
	assert_string_equal(pn_bytes_format(1610612736, buf, sizeof(buf)), "1.50 GiB");
	assert_string_equal(pn_bytes_format(0, buf, sizeof(buf)), "0 B");
	assert_string_equal(pn_duration_format(12345678, buf, sizeof(buf)), "12.3 ms");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_exact),
		cmocka_unit_test(other_forms_are_refused),
		cmocka_unit_test(durations_need_a_unit),
		cmocka_unit_test(three_digits_for_people),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
