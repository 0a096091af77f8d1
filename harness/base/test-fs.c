// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "diag.h"
#include "test-dir.h"

static void a_file_is_replaced_whole(void **state)
{
	g_autofree char *path = g_build_filename(*state, "f", NULL);
	g_autofree char *text = NULL;
	size_t len;

	assert_int_equal(pn_fs_write(path, "one", 3, NULL), 0);
	assert_int_equal(pn_fs_write(path, "two\0!", 5, NULL), 0);
	assert_int_equal(pn_fs_read(path, &text, &len, NULL), 0);
	assert_int_equal(len, 5);
	assert_memory_equal(text, "two\0!", 5);
}

static void failing_says_which_file(void **state)
{
	struct pn_diag diag = { "" };
	char *text;

	assert_int_equal(pn_fs_read("/nonexistent/x", &text, NULL, &diag), -ENOENT);
	assert_string_equal(diag.text, "can't read /nonexistent/x: No such file or directory");
	assert_int_equal(pn_fs_write("/nonexistent/x", "", 0, &diag), -ENOENT);
	assert_int_equal(pn_fs_copy("/nonexistent/x", "/tmp/y", &diag), -ENOENT);
}

static void holes_stay_holes(void **state)
{
	g_autofree char *from = g_build_filename(*state, "from", NULL);
	g_autofree char *to = g_build_filename(*state, "to", NULL);
	g_autofree char *text = NULL;
	struct stat st;
	size_t len;

	assert_int_equal(pn_fs_write(from, "head", 4, NULL), 0);
	assert_int_equal(truncate(from, 64 << 20), 0);
	assert_int_equal(pn_fs_copy(from, to, NULL), 0);
	assert_int_equal(stat(to, &st), 0);
	assert_int_equal(st.st_size, 64 << 20);
	assert_true(st.st_blocks * 512 < 1 << 20);
	assert_int_equal(pn_fs_read(to, &text, &len, NULL), 0);
	assert_memory_equal(text, "head\0", 5);
}

static void a_copy_may_cross_file_systems(void **state)
{
	g_autofree char *from = g_build_filename(*state, "near", NULL), *to = g_strdup_printf("/dev/shm/pn-test-fs-%d", (int)getpid()), *text = NULL;
	struct stat near, far;
	size_t len;

	if (stat(*state, &near) || stat("/dev/shm", &far) || near.st_dev == far.st_dev)
		skip();
	assert_int_equal(pn_fs_write(from, "head", 4, NULL), 0);
	assert_int_equal(truncate(from, 64 << 20), 0);
	assert_int_equal(pn_fs_copy(from, to, NULL), 0);
	assert_int_equal(pn_fs_read(to, &text, &len, NULL), 0);
	unlink(to);
	assert_int_equal(len, 64 << 20);
	assert_memory_equal(text, "head\0", 5);
}

static void removal_does_not_follow_links(void **state)
{
	g_autofree char *outside = g_build_filename(*state, "outside", NULL);
	g_autofree char *tree = g_build_filename(*state, "a/b/c", NULL);
	g_autofree char *link = g_build_filename(*state, "a/b/link", NULL);
	g_autofree char *top = g_build_filename(*state, "a", NULL);

	assert_int_equal(pn_fs_mkdir_p(outside, NULL), 0);
	assert_int_equal(pn_fs_mkdir_p(tree, NULL), 0);
	assert_int_equal(symlink(outside, link), 0);
	assert_int_equal(pn_fs_remove_tree(top, NULL), 0);
	assert_int_equal(access(top, F_OK), -1);
	assert_int_equal(access(outside, F_OK), 0);
	assert_int_equal(pn_fs_remove_tree(top, NULL), 0);
}

static void hash_is_sha256(void **state)
{
	g_autofree char *path = g_build_filename(*state, "f", NULL);
	char hex[65];

	pn_fs_write(path, "abc", 3, NULL); /* FIPS 180-2, example B.1 */
	assert_int_equal(pn_fs_sha256(path, hex, NULL), 0);
	assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void what_killed_tests_left_is_swept_by_age(void **state)
{
	g_autofree char *old = g_build_filename(*state, TEST_DIR_PREFIX "old", NULL), *young = g_build_filename(*state, TEST_DIR_PREFIX "young", NULL);
	g_autofree char *other = g_build_filename(*state, "other", NULL), *inside = g_build_filename(old, "state/owners", NULL);
	const struct timespec long_ago[2] = {{.tv_sec = 1}, {.tv_sec = 1}};

	assert_int_equal(pn_fs_mkdir_p(inside, NULL), 0);
	assert_int_equal(pn_fs_mkdir_p(young, NULL), 0);
	assert_int_equal(pn_fs_mkdir_p(other, NULL), 0);
	assert_int_equal(utimensat(AT_FDCWD, old, long_ago, 0), 0);
	assert_int_equal(utimensat(AT_FDCWD, other, long_ago, 0), 0);
	test_dir_sweep(*state);
	assert_int_equal(access(old, F_OK), -1);
	assert_int_equal(access(young, F_OK), 0);
	assert_int_equal(access(other, F_OK), 0);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, test_dir_setup, test_dir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_file_is_replaced_whole), T(failing_says_which_file), T(holes_stay_holes), T(a_copy_may_cross_file_systems),
		T(removal_does_not_follow_links), T(hash_is_sha256),
		T(what_killed_tests_left_is_swept_by_age),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
