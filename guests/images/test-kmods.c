// SPDX-License-Identifier: GPL-2.0-only
#include "test-fixture.h"

static char *base_names(GPtrArray *paths)
{
	g_autoptr(GString) names = g_string_new(NULL);

	for (unsigned int i = 0; i < paths->len; i++) {
		g_autofree char *base = g_path_get_basename(paths->pdata[i]);

		g_string_append_printf(names, "%s%s", i ? " " : "", base);
	}
	return g_strdup(names->str);
}

static void a_module_brings_all_that_it_needs(void **state)
{
	g_autofree char *root = g_build_filename(*state, "closure", NULL);
	g_autofree char *modules = fixture_modules(root);
	const char *const required[] = {"top", "inside", NULL}, *const wanted[] = {"absent", NULL};
	g_autoptr(GPtrArray) paths = NULL;
	g_autofree char *names = NULL;

	assert_int_equal(pn_kmods_select(modules, required, wanted, &paths, NULL), 0);
	names = base_names(paths);
	assert_string_equal(names, "bottom.ko middle.ko soft.ko top.ko");
}

static void a_required_module_that_is_nowhere_is_named(void **state)
{
	g_autofree char *root = g_build_filename(*state, "absent", NULL);
	g_autofree char *modules = fixture_modules(root);
	const char *const required[] = {"top", "absent", NULL};
	g_autoptr(GPtrArray) paths = NULL;
	struct pn_diag diag = {};

	assert_int_equal(pn_kmods_select(modules, required, NULL, &paths, &diag), -ENOENT);
	assert_non_null(strstr(diag.text, "has no 'absent'"));
}

static void a_directory_without_indexes_is_told_of(void **state)
{
	const char *const required[] = {"top", NULL};
	g_autoptr(GPtrArray) paths = NULL;
	struct pn_diag diag = {};

	assert_int_equal(pn_kmods_select(*state, required, NULL, &paths, &diag), -ENOENT);
	assert_non_null(strstr(diag.text, "depmod"));
}

static void a_module_file_says_its_name_and_release(void **state)
{
	g_autofree char *root = g_build_filename(*state, "describe", NULL);
	g_autofree char *modules = fixture_modules(root);
	g_autofree char *ko = g_build_filename(modules, "kernel/top.ko", NULL);
	g_autofree char *name = NULL, *release = NULL, *text = fixture_write(*state, "text.ko", "not a module");
	struct pn_diag diag = {};

	assert_int_equal(pn_kmods_describe(ko, &name, &release, NULL), 0);
	assert_string_equal(name, "top");
	assert_string_equal(release, FIXTURE_RELEASE);
	assert_int_equal(pn_kmods_describe(text, &name, &release, &diag), -ENOEXEC);
	assert_non_null(strstr(diag.text, "not a kernel module"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_module_brings_all_that_it_needs),
	    cmocka_unit_test(a_required_module_that_is_nowhere_is_named),
	    cmocka_unit_test(a_directory_without_indexes_is_told_of),
	    cmocka_unit_test(a_module_file_says_its_name_and_release),
	};

	return cmocka_run_group_tests(tests, test_dir_setup, test_dir_teardown);
}
