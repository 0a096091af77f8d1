// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "texts.h"

static void sorts_by_bytes(void **state)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	for (const char *const *name = (const char *const[]){"b", "a-2", "B", "a", NULL}; *name; name++)
		g_ptr_array_add(names, (gpointer)*name);
	g_ptr_array_sort(names, pn_texts_compare);
	assert_string_equal(names->pdata[0], "B");
	assert_string_equal(names->pdata[1], "a");
	assert_string_equal(names->pdata[2], "a-2");
	assert_string_equal(names->pdata[3], "b");
}

static void copies_are_their_own(void **state)
{
	char one[] = "one", two[] = "two";
	char *const texts[] = {one, two, "not taken"};
	g_auto(GStrv) copy = pn_texts_copy(texts, 2), nothing = pn_texts_copy(NULL, 0);

	one[0] = 'X';
	assert_string_equal(copy[0], "one");
	assert_string_equal(copy[1], "two");
	assert_null(copy[2]);
	assert_null(nothing[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(sorts_by_bytes), cmocka_unit_test(copies_are_their_own)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
