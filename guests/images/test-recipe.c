// SPDX-License-Identifier: GPL-2.0-only
#include "test-fixture.h"

#include "recipe.h"

#define WHOLE "name: a\nsummary: s\nkernel: {package: k}\nmodules: [m]\nfiles:\n  - {file: /f, package: p}\ntools_compression: zstd\n"

static void the_shipped_recipes_are_whole(void **state)
{
	g_auto(GStrv) names = pn_recipe_names();

	assert_true(g_strv_contains((const char *const *)names, "cloud"));
	assert_true(g_strv_contains((const char *const *)names, "generic"));
	for (unsigned int i = 0; names[i]; i++) {
		struct pn_recipe *recipe = NULL;
		struct pn_diag diag = {};

		if (pn_recipe_read(names[i], &recipe, NULL, &diag) < 0)
			fail_msg("%s", diag.text);
		assert_string_equal(recipe->name, names[i]);
		assert_true(recipe->modules_count > 0 && recipe->files_count > 0);
		pn_recipe_free(recipe);
	}
}

static void what_is_left_out_comes_from_the_extended_one(void **state)
{
	g_autofree char *parent = fixture_write(*state, "parent.yaml", WHOLE);
	g_autofree char *text = g_strdup_printf("name: b\nsummary: t\nextends: %.40s\nkernel: {package: other}\n", "./parent.yaml");
	g_autofree char *child = fixture_write(*state, "child.yaml", text);
	g_autofree char *cwd = g_get_current_dir();
	g_auto(GStrv) paths = NULL;
	struct pn_recipe *recipe = NULL;

	assert_int_equal(g_chdir(*state), 0);
	assert_int_equal(pn_recipe_read("./child.yaml", &recipe, &paths, NULL), 0);
	assert_int_equal(g_chdir(cwd), 0);
	assert_string_equal(recipe->name, "b");
	assert_string_equal(recipe->kernel->package, "other");
	assert_int_equal(recipe->modules_count, 1);
	assert_string_equal(recipe->modules[0], "m");
	assert_string_equal(recipe->files[0].package, "p");
	assert_int_equal(g_strv_length(paths), 2);
	pn_recipe_free(recipe);
}

static void a_wrong_recipe_is_refused_in_one_line(void **state)
{
	static const struct {
		const char *text, *says;
	} wrongs[] = {
	    {"name: a\nsummary: s\nkernal: {package: k}\n",
	     "wrong.yaml:3: Unexpected key: kernal; expected the keys name, summary, extends, kernel"},
	    {"name: a\nsummary: s\nkernel: {package: k}\nfiles:\n  - {file: /f, pakage: p}\n",
	     "wrong.yaml:5: Unexpected key: pakage (in 'files')"},
	    {"name: a\n", "Missing required mapping field: summary"},
	    {"name: a\nsummary: s\nmodules: {a: b}\n", "wrong.yaml:3: Expecting SEQUENCE, got event: MAPPING_START (in 'modules')"},
	    {"name: a\nsummary: s\n", "kernel: missing, and nothing that this recipe extends has it"},
	    {"- a\n", "Expecting MAPPING"},
	    {"", "wrong.yaml"},
	    {"name: [", "wrong.yaml:1: "},
	    {"name: a\nsummary: s\nkernel: {package: k}\nmodules: [m]\nfiles:\n  - {file: /f, package: p}\ntools_compression: zip\n",
	     "tools_compression: 'zip' is not accepted; expected zstd, xz, lz4, gzip"},
	    {"name: a\nsummary: s\nkernel: {package: k}\nmodules: [m]\nfiles:\n  - {file: f, package: p}\ntools_compression: xz\n",
	     "files.file: 'f' is not accepted; expected an absolute path"},
	    {"name: a\nsummary: s\nextends: ./wrong.yaml\n", "extends: './wrong.yaml' is not accepted"},
	    {"name: a\nsummary: s\nextends: nosuch\n", "image: 'nosuch' is not there; expected cloud, debug, generic"},
	    {"name: a\nsummary: s\nextends: cloud\nkernel: {package: k, source: s}\n", "kernel: needs one of package and source"},
	    {"name: a\nsummary: s\nextends: cloud\nkernel: {source: s}\n", "kernel: source and config go together"},
	    {"name: a\nsummary: s\nextends: cloud\nkernel: {source: s, config: nosuch}\n", "nosuch' is not accepted; expected a file, relative to the recipe"},
	    {"name: a\nsummary: s\nextends: cloud\nkernel: {package: k, patch: p}\n", "kernel.patch: only with source"},
	};
	g_autofree char *cwd = g_get_current_dir();

	assert_int_equal(g_chdir(*state), 0);
	for (unsigned int i = 0; i < G_N_ELEMENTS(wrongs); i++) {
		g_autofree char *path = fixture_write(*state, "wrong.yaml", wrongs[i].text);
		struct pn_recipe *recipe = NULL;
		struct pn_diag diag = {};

		assert_true(pn_recipe_read("./wrong.yaml", &recipe, NULL, &diag) < 0);
		assert_null(recipe);
		if (!strstr(diag.text, wrongs[i].says) || strchr(diag.text, '\n'))
			fail_msg("'%s' does not say '%s'", diag.text, wrongs[i].says);
	}
	assert_int_equal(g_chdir(cwd), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_shipped_recipes_are_whole),
	    cmocka_unit_test(what_is_left_out_comes_from_the_extended_one),
	    cmocka_unit_test(a_wrong_recipe_is_refused_in_one_line),
	};

	g_unsetenv("PUNCTURE_SHARE");
	return cmocka_run_group_tests(tests, test_dir_setup, test_dir_teardown);
}
