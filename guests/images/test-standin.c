// SPDX-License-Identifier: GPL-2.0-only
#include "test-fixture.h"

#include <sys/wait.h>

#include "libs.h"
#include "stamp.h"
#include "standin.h"

/* a library with two versions and one symbol without, and a program that links it but calls it only when asked to */
#define LIBRARY "int early(void){return 1;}\nint late(void){return 2;}\nint bare(void){return 3;}\nint data = 4;\n"
#define MAP "V1 { global: early; };\nV2 { global: late; };\n"
#define PROGRAM \
	"int early(void), late(void), bare(void);\nint main(int argc, char **argv){return argc > 1 ? early() + late() + bare() : 0;}\n"
#define TAKES_DATA "extern int data;\nint main(void){return data;}\n"

static char *compile(const char *dir, const char *name, const char *program)
{
	g_autofree char *lib_c = fixture_write(dir, "lib.c", LIBRARY), *map = fixture_write(dir, "lib.map", MAP);
	g_autofree char *c = fixture_write(dir, "program.c", program), *lib = g_build_filename(dir, "libreal.so.1", NULL);
	g_autofree char *versions = g_strconcat("-Wl,--version-script,", map, NULL), *rpath = g_strconcat("-Wl,-rpath,", dir, NULL);
	char *out = g_build_filename(dir, name, NULL);

	fixture_run((const char *const[]){"cc", "-shared", "-fPIC", "-Wl,-soname,libreal.so.1", versions, "-o", lib, lib_c, NULL});
	/* RUNPATH, as everybody uses: RPATH would win over the stand-in */
	fixture_run((const char *const[]){"cc", "-fPIE", "-o", out, c, lib, "-Wl,--enable-new-dtags", rpath, NULL});
	return out;
}

static int run(const char *program, const char *first, const char *arg)
{
	g_autofree char *interp = NULL;
	const char *argv[] = {NULL, "--library-path", first, program, arg, NULL};
	int status;

	assert_int_equal(pn_libs_interp(program, &interp, NULL), 0);
	argv[0] = interp;
	assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL, NULL, &status, NULL));
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int make(const char *program, const char *soname, char **ret_dir, GHashTable *guest_paths, struct pn_diag *diag)
{
	char *const sonames[] = {(char *)soname};
	struct pn_stamp *stamp = NULL;
	int r;

	assert_int_equal(pn_stamp_open(program, &stamp, NULL), 0);
	r = pn_standin_make(program, sonames, 1, stamp, ret_dir, guest_paths, diag);
	pn_stamp_free(stamp);
	return r;
}

static void a_program_starts_on_a_standin_and_ends_when_it_calls_it(void **state)
{
	g_autofree char *program = compile(*state, "program", PROGRAM), *dir = NULL, *path = NULL;
	g_autoptr(GHashTable) guest_paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_autoptr(GHashTable) libs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autofree char *real = g_build_filename(*state, "libreal.so.1", NULL);
	struct pn_diag diag = {};

	if (make(program, "libreal.so.1", &dir, guest_paths, &diag) < 0)
		fail_msg("%s", diag.text);
	path = g_build_filename(dir, "libreal.so.1", NULL);
	assert_string_equal(g_hash_table_lookup(guest_paths, path), real);
	assert_int_equal(pn_libs_closure(program, dir, libs, NULL), 0);
	assert_true(g_hash_table_contains(libs, path));
	assert_false(g_hash_table_contains(libs, real));
	assert_int_equal(run(program, dir, NULL), 0);
	assert_int_equal(run(program, dir, "call"), 127);
	assert_int_equal(run(program, *state, "call"), 6);
}

static void data_can_not_be_left_out(void **state)
{
	g_autofree char *program = compile(*state, "taker", TAKES_DATA), *dir = NULL;
	struct pn_diag diag = {};

	assert_int_equal(make(program, "libreal.so.1", &dir, NULL, &diag), -EINVAL);
	assert_non_null(strstr(diag.text, "'data' in it is not a function"));
}

static void a_library_that_the_program_has_not_is_named(void **state)
{
	g_autofree char *program = compile(*state, "program", PROGRAM), *dir = NULL;
	struct pn_diag diag = {};

	assert_int_equal(make(program, "libnosuch.so.1", &dir, NULL, &diag), -EINVAL);
	assert_non_null(strstr(diag.text, "libnosuch.so.1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_program_starts_on_a_standin_and_ends_when_it_calls_it),
	    cmocka_unit_test(data_can_not_be_left_out),
	    cmocka_unit_test(a_library_that_the_program_has_not_is_named),
	};

	return cmocka_run_group_tests(tests, test_dir_setup, test_dir_teardown);
}
