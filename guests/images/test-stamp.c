// SPDX-License-Identifier: GPL-2.0-only
#include "test-fixture.h"

#include <fcntl.h>
#include <unistd.h>

#include "stamp.h"

/* a whole round: two inputs by content, one that is absent */
static void save(const char *key, const char *a, const char *b)
{
	struct pn_stamp *stamp = NULL;
	char hex[65];

	assert_int_equal(pn_stamp_open(key, &stamp, NULL), 0);
	assert_int_equal(pn_stamp_hash(stamp, a, hex, NULL), 0);
	assert_int_equal(pn_stamp_hash(stamp, b, hex, NULL), 0);
	pn_stamp_watch(stamp, "/nonexistent/x");
	pn_stamp_remember(stamp, "linux-image-1", "1-2");
	stamp->image = g_strdup("abc");
	assert_int_equal(pn_stamp_save(stamp, NULL), 0);
	pn_stamp_free(stamp);
}

static bool fresh(const char *key)
{
	struct pn_stamp *stamp = NULL;
	bool result;

	assert_int_equal(pn_stamp_open(key, &stamp, NULL), 0);
	result = pn_stamp_fresh(stamp);
	pn_stamp_free(stamp);
	return result;
}

static void a_stamp_is_fresh_until_an_input_changes(void **state)
{
	g_autofree char *a = fixture_write(*state, "a", "one"), *b = fixture_write(*state, "b", "two");
	g_autofree char *again = NULL;

	assert_false(fresh("one"));
	save("one", a, b);
	assert_true(fresh("one"));
	assert_false(fresh("another"));
	again = fixture_write(*state, "b", "changed");
	assert_false(fresh("one"));
}

static void what_apt_said_is_remembered(void **state)
{
	g_autofree char *a = fixture_write(*state, "a", "one");
	struct pn_stamp *stamp = NULL;

	save("two", a, a);
	assert_int_equal(pn_stamp_open("two", &stamp, NULL), 0);
	assert_string_equal(stamp->package, "linux-image-1");
	assert_string_equal(stamp->version, "1-2");
	assert_true(pn_stamp_same(stamp, "/nonexistent/x"));
	assert_false(pn_stamp_same(stamp, "/proc/self/exe"));
	pn_stamp_free(stamp);
}

static void an_unchanged_file_is_not_read_again(void **state)
{
	g_autofree char *a = fixture_write(*state, "a", "one");
	struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	struct pn_stamp *stamp = NULL;
	char first[65], second[65];
	int fd = open(a, O_RDWR);

	assert_int_equal(futimens(fd, times), 0);
	save("three", a, a);
	assert_int_equal(pn_fs_sha256(a, first, NULL), 0);
	/* other content behind the same size, time and inode: only a reader would notice */
	assert_int_equal(pwrite(fd, "ONE", 3, 0), 3);
	assert_int_equal(futimens(fd, times), 0);
	assert_int_equal(pn_stamp_open("three", &stamp, NULL), 0);
	assert_int_equal(pn_stamp_hash(stamp, a, second, NULL), 0);
	assert_string_equal(first, second);
	pn_stamp_free(stamp);
	close(fd);
}

static void a_damaged_stamp_is_an_empty_one(void **state)
{
	g_autofree char *a = fixture_write(*state, "a", "one");
	struct pn_stamp *stamp = NULL;

	save("four", a, a);
	assert_int_equal(pn_stamp_open("four", &stamp, NULL), 0);
	assert_int_equal(pn_fs_write(stamp->path, "{\"image\":", 9, NULL), 0);
	pn_stamp_free(stamp);
	assert_false(fresh("four"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_stamp_is_fresh_until_an_input_changes),
	    cmocka_unit_test(what_apt_said_is_remembered),
	    cmocka_unit_test(an_unchanged_file_is_not_read_again),
	    cmocka_unit_test(a_damaged_stamp_is_an_empty_one),
	};

	return cmocka_run_group_tests(tests, test_dir_setup, test_dir_teardown);
}
