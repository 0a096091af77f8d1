// SPDX-License-Identifier: GPL-2.0-only
#include "test-fixture.h"

#include "libs.h"

static GHashTable *set_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static void compile(const char *dir, const char *name, const char *text, const char *const *flags)
{
	g_autofree char *c = g_strconcat(name, ".c", NULL), *source = fixture_write(dir, c, text), *out = g_build_filename(dir, name, NULL);
	g_autoptr(GPtrArray) argv = g_ptr_array_new();

	g_ptr_array_add(argv, "cc");
	g_ptr_array_add(argv, "-o");
	g_ptr_array_add(argv, out);
	g_ptr_array_add(argv, source);
	for (unsigned int i = 0; flags[i]; i++)
		g_ptr_array_add(argv, (gpointer)flags[i]);
	g_ptr_array_add(argv, NULL);
	fixture_run((const char *const *)argv->pdata);
}

static void a_program_brings_its_loader_and_libraries(void **state)
{
	g_autoptr(GHashTable) libs = set_new();
	/* not by /proc/self: the loader would look at itself */
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL), *interp = NULL, *found = NULL;
	GHashTableIter iter;
	gpointer path;

	assert_int_equal(pn_libs_interp(self, &interp, NULL), 0);
	assert_non_null(interp);
	assert_int_equal(pn_libs_closure(self, NULL, libs, NULL), 0);
	assert_true(g_hash_table_contains(libs, interp));
	g_hash_table_iter_init(&iter, libs);
	while (g_hash_table_iter_next(&iter, &path, NULL)) {
		assert_true(g_file_test(path, G_FILE_TEST_IS_REGULAR));
		if (strstr(path, "libcmocka.so"))
			found = g_strdup(path);
	}
	assert_non_null(found);
}

static void a_static_program_brings_nothing(void **state)
{
	g_autofree char *path = g_build_filename(*state, "static", NULL), *interp = NULL;
	g_autoptr(GHashTable) libs = set_new();

	compile(*state, "static", "int main(void){return 0;}\n", (const char *const[]){"-static", NULL});
	assert_int_equal(pn_libs_interp(path, &interp, NULL), 0);
	assert_null(interp);
	assert_int_equal(pn_libs_closure(path, NULL, libs, NULL), 0);
	assert_int_equal(g_hash_table_size(libs), 0);
}

static void a_missing_library_is_named(void **state)
{
	g_autofree char *lib = g_build_filename(*state, "libgone.so", NULL), *program = g_build_filename(*state, "needy", NULL);
	g_autoptr(GHashTable) libs = set_new();
	struct pn_diag diag = {};

	compile(*state, "libgone.so", "int gone(void){return 1;}\n", (const char *const[]){"-shared", "-fPIC", NULL});
	compile(*state, "needy", "int gone(void);int main(void){return gone();}\n", (const char *const[]){"-L", *state, "-lgone", NULL});
	assert_int_equal(g_remove(lib), 0);
	assert_true(pn_libs_closure(program, NULL, libs, &diag) < 0);
	assert_non_null(strstr(diag.text, "libgone.so"));
}

static void paths_of_a_split_usr_are_merged(void **state)
{
	static const char *const pairs[][2] = {
	    {"/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/x86_64-linux-gnu/libc.so.6"},
	    {"/lib64/ld-linux-x86-64.so.2", "/usr/lib64/ld-linux-x86-64.so.2"},
	    {"/usr/lib/x.so", "/usr/lib/x.so"},
	    {"/library/x", "/library/x"},
	};

	for (unsigned int i = 0; i < G_N_ELEMENTS(pairs); i++) {
		g_autofree char *guest = pn_libs_guest_path(pairs[i][0]);

		assert_string_equal(guest, pairs[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_program_brings_its_loader_and_libraries),
	    cmocka_unit_test(a_static_program_brings_nothing),
	    cmocka_unit_test(a_missing_library_is_named),
	    cmocka_unit_test(paths_of_a_split_usr_are_merged),
	};

	return cmocka_run_group_tests(tests, test_dir_setup, test_dir_teardown);
}
