// SPDX-License-Identifier: GPL-2.0-only
/* The unmodified QEMU of this host keeps to what it must, and hostile drivers do it no harm; a program that is no QEMU is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <glib.h>
#include <string.h>

#include "../base/diag.h"
#include "../guest/emulator.h"
#include "checks.h"
#include "device.h"

static void test_qemu(void **state)
{
	g_autofree char *emulator = NULL;
	json_t *result = NULL, *row;
	struct pn_diag diag = { 0 };
	unsigned int checked = 0;
	size_t i;

	if (pn_emulator_path(NULL, &emulator, NULL))
		skip();
	if (pn_device_judge(emulator, &result, &diag))
		fail_msg("%s", diag.text);
	json_array_foreach (json_object_get(result, "rows"), i, row) {
		const json_t *qemu = json_object_get(json_object_get(row, "results"), "qemu");

		checked += json_integer_value(json_object_get(qemu, "checked"));
		if (json_object_get(qemu, "surprise"))
			fail_msg("%lld is known to be broken, and is not any more", (long long)json_integer_value(json_object_get(row, "rule")));
		if (json_is_true(json_object_get(row, "must")) && !json_object_get(qemu, "known") && json_integer_value(json_object_get(qemu, "broken")))
			fail_msg("%lld (%s): %s", (long long)json_integer_value(json_object_get(row, "rule")),
				 json_string_value(json_object_get(row, "text")), json_string_value(json_object_get(qemu, "first")));
	}
	assert_true(checked > 22);
	json_decref(result);
}

static json_t *excused(bool holds, const char *today)
{
	static const struct pn_device_check check = { .known = "somebody's", .until = "2027-06-30" };
	json_t *result = json_pack("{s:s}", "first", "broken");

	pn_device_excuse(&check, holds, today, result);
	return result;
}

/* A known bug is let stand until its day, and its end is news. */
static void test_known(void **state)
{
	json_t *known = excused(false, "2027-06-29"), *late = excused(false, "2027-06-30"), *gone = excused(true, "2027-01-01");

	assert_string_equal(json_string_value(json_object_get(known, "known")), "somebody's");
	assert_null(json_object_get(known, "surprise"));
	assert_null(json_object_get(late, "known"));
	assert_non_null(strstr(json_string_value(json_object_get(late, "first")), "until 2027-06-30 only"));
	assert_true(json_is_true(json_object_get(gone, "surprise")));
	json_decref(known);
	json_decref(late);
	json_decref(gone);
}

static void test_no_qemu(void **state)
{
	json_t *result = NULL;
	struct pn_diag diag = { 0 };

	assert_true(pn_device_judge("/bin/true", &result, &diag) < 0);
	assert_non_null(strstr(diag.text, "/bin/true"));
	assert_null(result);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_qemu), cmocka_unit_test(test_no_qemu), cmocka_unit_test(test_known) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
