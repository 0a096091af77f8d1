// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "journal.h"
#include "test-dir.h"

static void a_torn_line_is_cut_off(void **state)
{
	g_autofree char *path = g_build_filename(*state, "j", NULL);
	static const char torn[] = "{\"ev\":\"a\"}\n{\"ev\":\"b\"}\n{\"ev\":\"c";
	struct pn_journal *journal;
	json_t *records;

	pn_fs_write(path, torn, strlen(torn), NULL);
	assert_int_equal(pn_journal_open(path, &journal, NULL), 0);
	assert_int_equal(pn_journal_add(journal, "d", json_pack("{s:i}", "n", 3)), 0);
	pn_journal_free(journal);
	assert_int_equal(pn_journal_read(path, &records, NULL), 0);
	assert_int_equal(json_array_size(records), 3);
	assert_string_equal(json_string_value(json_object_get(json_array_get(records, 2), "ev")), "d");
	assert_int_equal(json_integer_value(json_object_get(json_array_get(records, 2), "n")), 3);
	json_decref(records);
}

static void fields_do_not_overwrite_time_and_kind(void **state)
{
	g_autofree char *path = g_build_filename(*state, "j", NULL);
	struct pn_journal *journal;
	json_t *records;

	assert_int_equal(pn_journal_open(path, &journal, NULL), 0);
	assert_int_equal(pn_journal_add(journal, "real", json_pack("{s:s, s:i}", "ev", "false", "t_ns", 1)), 0);
	pn_journal_free(journal);
	assert_int_equal(pn_journal_read(path, &records, NULL), 0);
	assert_string_equal(json_string_value(json_object_get(json_array_get(records, 0), "ev")), "real");
	assert_true(json_integer_value(json_object_get(json_array_get(records, 0), "t_ns")) > 1);
	json_decref(records);
}

static void garbage_is_named_by_line(void **state)
{
	g_autofree char *path = g_build_filename(*state, "j", NULL);
	json_t *records = NULL;

	pn_fs_write(path, "{}\n[1]\n", 7, NULL);
	assert_int_equal(pn_journal_read(path, &records, NULL), -EINVAL);
	assert_null(records);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, test_dir_setup, test_dir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { T(a_torn_line_is_cut_off), T(fields_do_not_overwrite_time_and_kind), T(garbage_is_named_by_line) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
