// SPDX-License-Identifier: GPL-2.0-only
/* Functions by name, and points as they are written. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "../base/diag.h"
#include "notation.h"
#include "symbols.h"

static const struct pn_symbol table[] = {
	{"tell_host", 0x10, 0x40},     {"leak.isra.0", 0x50, 0x20}, {"leak.isra.0.cold", 0x200, 8}, {"twice", 0x70, 8},
	{"twice", 0x80, 8},	       {"fill.part.0", 0x90, 8},    {"fill.constprop.0", 0xa0, 8},
};

static void test_find(void **state)
{
	GArray *symbols = g_array_new(FALSE, FALSE, sizeof(struct pn_symbol));
	struct pn_range range;

	g_array_append_vals(symbols, table, G_N_ELEMENTS(table));
	assert_int_equal(pn_symbols_find(symbols, "tell_host", &range), 1);
	assert_int_equal(range.from, 0x10);
	assert_int_equal(range.to, 0x50);
	assert_int_equal(range.cold_from, 0);
	assert_int_equal(pn_symbols_find(symbols, "leak", &range), 1);
	assert_int_equal(range.from, 0x50);
	assert_int_equal(range.cold_from, 0x200);
	assert_int_equal(range.cold_to, 0x208);
	assert_int_equal(pn_symbols_find(symbols, "tell_hos", &range), 0);
	assert_int_equal(pn_symbols_find(symbols, "twice", &range), 2);
	assert_int_equal(pn_symbols_find(symbols, "fill", &range), 2);
	g_array_unref(symbols);
}

static void test_no_module(void **state)
{
	struct pn_diag diag = {0};
	GArray *symbols;

	assert_int_equal(pn_symbols_read("/dev/null", NULL, 0, 0, &symbols, &diag), -ENOEXEC);
	assert_int_equal(pn_symbols_read("/no/such/file.ko", NULL, 0, 0, &symbols, &diag), -ENOENT);
}

static void test_notation(void **state)
{
	static const char *const bad[] = {"", "#3", "100ms", "f#", "f#0", "f#-1", "f#3x", "f#03", "f@", "f@end", "f@exit3", "f @exit", "f#99999999999999999999"};
	struct pn_notation notation;

	assert_int_equal(pn_notation_parse("tell_host", &notation), 0);
	assert_string_equal(notation.function, "tell_host");
	assert_false(notation.exit);
	assert_int_equal(notation.nth, 1);
	assert_int_equal(pn_notation_parse("tell_host#100", &notation), 0);
	assert_int_equal(notation.nth, 100);
	assert_int_equal(pn_notation_parse("leak.isra.0@exit#3", &notation), 0);
	assert_string_equal(notation.function, "leak.isra.0");
	assert_true(notation.exit);
	assert_int_equal(notation.nth, 3);
	assert_int_equal(pn_notation_parse("f@entry", &notation), 0);
	assert_false(notation.exit);
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		assert_int_equal(pn_notation_parse(bad[i], &notation), -EINVAL);
	assert_true(pn_notation_is("tell_host"));
	assert_false(pn_notation_is("250ms"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_find), cmocka_unit_test(test_no_module), cmocka_unit_test(test_notation)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
