// SPDX-License-Identifier: GPL-2.0-only
/*
 * workloads/README.md holds the reference as the records have it. `PN_UPDATE=1 test-scenario-manual` writes it anew.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "../base/fs.h"
#include "manual.h"

#define BEGIN "<!-- keys: begin -->\n"
#define END "<!-- keys: end -->\n"

static void the_readme_is_current(void **state)
{
	g_autofree char *keys = pn_manual_keys();
	g_autofree char *text = NULL;
	g_autofree char *there = NULL;

	assert_int_equal(pn_fs_read(PN_README, &text, NULL, NULL), 0);
	char *begin = strstr(text, BEGIN), *end = strstr(text, END);

	assert_non_null(begin);
	assert_non_null(end);
	begin += strlen(BEGIN);
	there = g_strndup(begin, end - begin);
	if (getenv("PN_UPDATE") && strcmp(there, keys) != 0) {
		g_autofree char *head = g_strndup(text, begin - text);
		g_autofree char *whole = g_strconcat(head, keys, end, NULL);

		assert_int_equal(pn_fs_write(PN_README, whole, strlen(whole), NULL), 0);
		return;
	}
	if (strcmp(there, keys) != 0)
		fail_msg("%s is not what the records say; PN_UPDATE=1 writes it anew", PN_README);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(the_readme_is_current)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
