// SPDX-License-Identifier: GPL-2.0-only
/* Which instructions leave a function: bytes as compilers and the kernel's return thunks make them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "plugin.h"

static const struct pn_pin_message point = {.kind = PN_PIN_EXIT, .from = 0x1000, .to = 0x1100, .cold_from = 0x2000, .cold_to = 0x2010};

static bool leaves(uint64_t vaddr, const char *bytes, size_t size)
{
	return pn_plugin_exits(&point, vaddr, (const uint8_t *)bytes, size);
}

static void test_returns(void **state)
{
	assert_true(leaves(0x1010, "\xc3", 1));
	assert_true(leaves(0x1010, "\xf3\xc3", 2));
	assert_true(leaves(0x1010, "\xc2\x08\x00", 3));
	assert_true(leaves(0x2008, "\xc3", 1));
	assert_false(leaves(0x1100, "\xc3", 1)); /* another function's */
	assert_false(leaves(0x0fff, "\xc3", 1));
}

static void test_jumps(void **state)
{
	assert_true(leaves(0x1010, "\xe9\x00\x10\x00\x00", 5));	     /* to 0x2015: behind the cold part */
	assert_false(leaves(0x1010, "\xe9\xeb\x0f\x00\x00", 5));     /* to 0x2000: the cold part */
	assert_false(leaves(0x1010, "\xe9\xf0\xff\xff\xff", 5));     /* back to 0x1005 */
	assert_true(leaves(0x1010, "\xe9\xea\xef\xff\xff", 5));	     /* before the function */
	assert_true(leaves(0x1010, "\x2e\xe9\x00\x10\x00\x00", 6));  /* a padded jump to a thunk */
	assert_false(leaves(0x1010, "\xeb\x10", 2));
	assert_true(leaves(0x10f0, "\xeb\x40", 2));
	assert_true(leaves(0x1010, "\xff\xe0", 2));	/* jmp *%rax */
	assert_true(leaves(0x1010, "\x41\xff\xe3", 3)); /* jmp *%r11 */
	assert_false(leaves(0x1010, "\xff\xd0", 2));	/* call *%rax */
}

static void test_others(void **state)
{
	assert_false(leaves(0x1010, "\x90", 1));
	assert_false(leaves(0x1010, "\xe8\x00\x10\x00\x00", 5));
	assert_false(leaves(0x1010, "\x0f\x84\x00\x10\x00\x00", 6));
	assert_false(leaves(0x1010, "\x41\x5c", 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_returns), cmocka_unit_test(test_jumps), cmocka_unit_test(test_others)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
