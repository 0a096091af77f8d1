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
		if (json_is_true(json_object_get(row, "must")) && json_integer_value(json_object_get(qemu, "broken")))
			fail_msg("%lld (%s): %s", (long long)json_integer_value(json_object_get(row, "rule")),
				 json_string_value(json_object_get(row, "text")), json_string_value(json_object_get(qemu, "first")));
	}
	assert_true(checked > 12);
	json_decref(result);
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
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_qemu), cmocka_unit_test(test_no_qemu) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
