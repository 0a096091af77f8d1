// SPDX-License-Identifier: GPL-2.0-only
#include "test-fixture.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>

#include "package.h"

/* apt as far as we use it: a meta package, the package it stands for, and a download that leaves a mark each time */
#define APT_CACHE                                                                                                          \
	"#!/bin/sh\n"                                                                                                      \
	"case $3 in\n"                                                                                                     \
	"meta) printf 'Package: meta\\nVersion: 2\\nDepends: libc6 (>= 2), linux-image-1 (= 1-2) | other\\n';;\n"          \
	"linux-image-1) printf 'Package: linux-image-1\\nVersion: 1-2\\nDepends: kmod, linux-base\\n\\nVersion: 0\\n';;\n" \
	"*) echo 'E: No packages found' >&2; exit 100;;\n"                                                                 \
	"esac\n"
#define APT_GET                                                        \
	"#!/bin/sh\n"                                                  \
	"for last; do :; done\n"                                       \
	"case $last in broken=*) echo 'E: 404' >&2; exit 100;; esac\n" \
	"echo $last >>$DOWNLOADS\n"                                    \
	"echo content >$(echo $last | tr = _).deb\n"

static int setup(void **state)
{
	g_autofree char *bin = NULL, *path = NULL, *downloads = NULL;

	if (test_dir_setup(state) < 0)
		return -1;
	bin = g_build_filename(*state, "bin", NULL);
	path = g_strdup_printf("%s:%s", bin, getenv("PATH"));
	downloads = g_build_filename(*state, "downloads", NULL);
	fixture_program(*state, "bin/apt-cache", APT_CACHE);
	fixture_program(*state, "bin/apt-get", APT_GET);
	setenv("PATH", path, 1);
	setenv("DOWNLOADS", downloads, 1);
	return 0;
}

static void a_meta_package_stands_for_what_it_depends_on(void **state)
{
	struct pn_package package = {};

	assert_int_equal(pn_package_resolve("meta", "linux-image-", &package, NULL), 0);
	assert_string_equal(package.name, "linux-image-1");
	assert_string_equal(package.version, "1-2");
	pn_package_deinit(&package);
}

static void a_package_stands_for_itself(void **state)
{
	struct pn_package package = {};

	assert_int_equal(pn_package_resolve("linux-image-1", "linux-image-", &package, NULL), 0);
	assert_string_equal(package.name, "linux-image-1");
	pn_package_deinit(&package);
	assert_int_equal(pn_package_resolve("meta", NULL, &package, NULL), 0);
	assert_string_equal(package.name, "meta");
	assert_string_equal(package.version, "2");
	pn_package_deinit(&package);
}

static void an_unknown_package_says_what_to_do(void **state)
{
	struct pn_package package = {};
	struct pn_diag diag = {};

	assert_int_equal(pn_package_resolve("nosuch", NULL, &package, &diag), -ENOENT);
	assert_non_null(strstr(diag.text, "apt-get update"));
}

static void a_package_is_downloaded_once(void **state)
{
	struct pn_package package = {.name = "p", .version = "1"};
	g_autofree char *marks = NULL;

	for (unsigned int i = 0; i < 2; i++) {
		g_autofree char *deb = NULL;

		assert_int_equal(pn_package_fetch(&package, &deb, NULL), 0);
		assert_true(g_str_has_suffix(deb, "/p_1.deb"));
	}
	assert_int_equal(pn_fs_read(getenv("DOWNLOADS"), &marks, NULL, NULL), 0);
	assert_string_equal(marks, "p=1\n");
}

static void a_failed_download_leaves_nothing_and_says_why(void **state)
{
	struct pn_package package = {.name = "broken", .version = "1"};
	g_autofree char *deb = NULL;
	struct pn_diag diag = {};

	assert_true(pn_package_fetch(&package, &deb, &diag) < 0);
	assert_non_null(strstr(diag.text, "broken=1"));
	assert_non_null(strstr(diag.text, "404"));
}

static void add(struct archive *archive, const char *path, const char *text, size_t len)
{
	struct archive_entry *entry = archive_entry_new();

	archive_entry_set_pathname(entry, path);
	archive_entry_set_mode(entry, S_IFREG | 0644);
	archive_entry_set_size(entry, len);
	assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
	assert_int_equal(archive_write_data(archive, text, len), len);
	archive_entry_free(entry);
}

/* a .deb: ar of debian-binary and data.tar.xz */
static char *make_deb(const char *dir, const char *const *members)
{
	char *path = g_build_filename(dir, "made.deb", NULL);
	struct archive *tar = archive_write_new(), *ar = archive_write_new();
	static char buf[65536];
	size_t used = 0;

	archive_write_set_format_ustar(tar);
	archive_write_add_filter_xz(tar);
	assert_int_equal(archive_write_open_memory(tar, buf, sizeof(buf), &used), ARCHIVE_OK);
	for (unsigned int i = 0; members[i]; i++)
		add(tar, members[i], "text", 4);
	archive_write_close(tar);
	archive_write_free(tar);
	archive_write_set_format_ar_bsd(ar);
	assert_int_equal(archive_write_open_filename(ar, path), ARCHIVE_OK);
	add(ar, "debian-binary", "2.0\n", 4);
	add(ar, "data.tar.xz", buf, used);
	archive_write_close(ar);
	archive_write_free(ar);
	return path;
}

static bool want_boot(const char *path, void *data)
{
	return g_str_has_prefix(path, "boot/");
}

static void only_what_is_wanted_is_unpacked(void **state)
{
	g_autofree char *deb = make_deb(*state, (const char *const[]){"./boot/vmlinuz", "./usr/share/doc/x", NULL});
	g_autofree char *to = g_build_filename(*state, "to", NULL);
	g_autofree char *vmlinuz = g_build_filename(to, "boot/vmlinuz", NULL), *doc = g_build_filename(to, "usr", NULL);
	g_autofree char *text = NULL;

	assert_int_equal(pn_package_unpack(deb, to, want_boot, NULL, NULL), 0);
	assert_int_equal(pn_fs_read(vmlinuz, &text, NULL, NULL), 0);
	assert_string_equal(text, "text");
	assert_false(g_file_test(doc, G_FILE_TEST_EXISTS));
}

static void a_member_that_would_leave_the_directory_is_refused(void **state)
{
	g_autofree char *deb = make_deb(*state, (const char *const[]){"./a/../../escaped", NULL});
	g_autofree char *to = g_build_filename(*state, "deep/to", NULL), *escaped = g_build_filename(*state, "deep/escaped", NULL);
	struct pn_diag diag = {};

	assert_int_equal(pn_fs_mkdir_p(to, NULL), 0);
	assert_true(pn_package_unpack(deb, to, NULL, NULL, &diag) < 0);
	assert_false(g_file_test(escaped, G_FILE_TEST_EXISTS));
}

static void what_is_no_package_is_refused(void **state)
{
	g_autofree char *deb = fixture_write(*state, "text.deb", "not a package");
	struct pn_diag diag = {};

	assert_true(pn_package_unpack(deb, *state, NULL, NULL, &diag) < 0);
	assert_non_null(strstr(diag.text, "text.deb"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_meta_package_stands_for_what_it_depends_on),
	    cmocka_unit_test(a_package_stands_for_itself),
	    cmocka_unit_test(an_unknown_package_says_what_to_do),
	    cmocka_unit_test(a_package_is_downloaded_once),
	    cmocka_unit_test(a_failed_download_leaves_nothing_and_says_why),
	    cmocka_unit_test(only_what_is_wanted_is_unpacked),
	    cmocka_unit_test(a_member_that_would_leave_the_directory_is_refused),
	    cmocka_unit_test(what_is_no_package_is_refused),
	};

	return cmocka_run_group_tests(tests, setup, test_dir_teardown);
}
