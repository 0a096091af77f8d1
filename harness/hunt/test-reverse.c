// SPDX-License-Identifier: GPL-2.0-only
/* A session for gdb before any execution: a gdb that never comes, a socket that can't be made, sections as noted. */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "../base/diag.h"
#include "../run/run.h"
#include "lab.h"
#include "reverse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static char *make_dir(void)
{
	return g_dir_make_tmp("pn-reverse-XXXXXX", NULL);
}

static void test_gdb_that_never_comes(void **state)
{
	g_autofree char *dir = make_dir(), *socket = g_build_filename(dir, "gdb", NULL);
	struct pn_diag diag = {0};
	struct pn_reverse *reverse;
	struct pn_lab lab = {0}; /* never used */
	pid_t gdb;

	assert_int_equal(pn_reverse_new(socket, &reverse, &diag), 0);
	assert_true(g_file_test(socket, G_FILE_TEST_EXISTS));
	gdb = fork();
	if (!gdb)
		_exit(0);
	assert_int_equal(pn_reverse_serve(reverse, &lab, "", NULL, gdb, &diag), -ECONNREFUSED);
	assert_non_null(strstr(diag.text, "gdb has ended"));
	assert_int_equal(lab.made, 0);
	pn_reverse_free(reverse);
	g_unlink(socket);
	g_rmdir(dir);
}

static void test_no_room_for_the_socket(void **state)
{
	struct pn_diag diag = {0};
	struct pn_reverse *reverse;

	assert_int_equal(pn_reverse_new("/nonexistent/gdb", &reverse, &diag), -ENOENT);
	assert_non_null(strstr(diag.text, "/nonexistent/gdb"));
	pn_reverse_free(NULL);
}

static void test_sections_are_those_noted(void **state)
{
	g_autofree char *dir = make_dir(), *socket = g_build_filename(dir, "gdb", NULL);
	const struct pn_visit *notes;
	struct pn_reverse *reverse;

	assert_int_equal(pn_reverse_new(socket, &reverse, NULL), 0);
	assert_null(pn_reverse_sections(reverse));
	notes = pn_reverse_notes(reverse);
	assert_null(notes->end); /* a try like any other: it has its timeout */
	assert_int_equal(notes->start(NULL, NULL, notes->data, NULL), 0);
	assert_null(pn_reverse_sections(reverse)); /* the stock driver may be built in */
	pn_reverse_free(reverse);
	g_unlink(socket);
	g_rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gdb_that_never_comes),
		cmocka_unit_test(test_no_room_for_the_socket),
		cmocka_unit_test(test_sections_are_those_noted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
