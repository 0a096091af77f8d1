// SPDX-License-Identifier: GPL-2.0-only
/* Kernels of a source: built once, again when what they are built from changes, and a failed build says why and leaves nothing. */
#include "test-fixture.h"

#include <stdlib.h>

#include "recipe.h"
#include "source.h"
#include "stamp.h"

#define APT_CACHE "#!/bin/sh\nprintf 'Package: %s\\nVersion: 1-2\\n' $3\n"
#define APT_GET                                                                        \
	"#!/bin/sh\n"                                                                  \
	"for last; do :; done\n"                                                       \
	"mkdir -p usr/src && echo tarball >usr/src/linux-source-9.tar.xz\n"            \
	"tar -cf data.tar ./usr && ar -q \"$(echo $last | tr = _).deb\" data.tar && rm -r usr data.tar\n"
/* build-kernel as far as its callers see it; the configuration "bad" does not build */
#define SCRIPT                                                                                                        \
	"#!/bin/sh\nset -e\n"                                                                                         \
	"grep -q tarball \"$1\"\n"                                                                                    \
	"if grep -q bad \"$2\"; then echo 'x.c:1: error: of the test'; exit 1; fi\n"                                  \
	"echo built \"$3\" >>\"$BUILDS\"\n"                                                                           \
	"mkdir -p \"$4/lib/modules/9.0-test\" \"$4/build\" && touch \"$4/vmlinuz\" \"$4/System.map\"\n"

static int setup(void **state)
{
	g_autofree char *bin = NULL, *path = NULL, *builds = NULL;

	if (test_dir_setup(state) < 0)
		return -1;
	bin = g_build_filename(*state, "bin", NULL);
	path = g_strdup_printf("%s:%s", bin, getenv("PATH"));
	builds = g_build_filename(*state, "builds", NULL);
	fixture_program(*state, "bin/apt-cache", APT_CACHE);
	fixture_program(*state, "bin/apt-get", APT_GET);
	fixture_program(*state, "guests/images/build-kernel", SCRIPT);
	setenv("PATH", path, 1);
	setenv("BUILDS", builds, 1);
	setenv("PUNCTURE_SHARE", *state, 1);
	return 0;
}

static unsigned int builds(void)
{
	g_autofree char *text = NULL;
	unsigned int count = 0;

	if (pn_fs_read(getenv("BUILDS"), &text, NULL, NULL) < 0)
		return 0;
	for (const char *at = text; (at = strchr(at, '\n')); at++)
		count++;
	return count;
}

static int get(const char *config, struct pn_source *ret_source, struct pn_diag *diag)
{
	const struct pn_recipe_kernel kernel = {.source = (char *)"linux-source-9", .config = (char *)config};
	struct pn_stamp *stamp;
	int r;

	assert_int_equal(pn_stamp_open("test", &stamp, NULL), 0);
	r = pn_source_get(&kernel, stamp, ret_source, diag);
	pn_stamp_free(stamp);
	return r;
}

static void a_kernel_is_built_once_and_again_when_its_configuration_changes(void **state)
{
	g_autofree char *config = fixture_write(*state, "a.config", "CONFIG_A=y\n"), *hash = NULL;
	struct pn_source source = {};
	unsigned int before = builds();

	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(get(config, &source, NULL), 0);
		assert_true(g_str_has_suffix(source.modules, "/lib/modules/9.0-test"));
		assert_true(g_file_test(source.build, G_FILE_TEST_IS_DIR));
		assert_string_equal(source.version, "1-2");
		g_free(hash);
		hash = g_strdup(source.hash);
		pn_source_deinit(&source);
	}
	assert_int_equal(builds(), before + 1);
	g_free(fixture_write(*state, "a.config", "CONFIG_B=y\n"));
	assert_int_equal(get(config, &source, NULL), 0);
	assert_string_not_equal(source.hash, hash);
	assert_int_equal(builds(), before + 2);
	pn_source_deinit(&source);
}

static void a_build_that_fails_says_its_first_error_and_is_tried_again(void **state)
{
	g_autofree char *config = fixture_write(*state, "b.config", "bad\n");
	struct pn_source source = {};

	for (unsigned int i = 0; i < 2; i++) {
		struct pn_diag diag = {};

		assert_int_equal(get(config, &source, &diag), -EIO);
		assert_non_null(strstr(diag.text, "x.c:1: error: of the test"));
		assert_null(source.dir);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_kernel_is_built_once_and_again_when_its_configuration_changes),
	    cmocka_unit_test(a_build_that_fails_says_its_first_error_and_is_tried_again),
	};

	return cmocka_run_group_tests(tests, setup, test_dir_teardown);
}
