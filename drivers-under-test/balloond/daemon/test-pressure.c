// SPDX-License-Identifier: GPL-2.0-only
/* Pressure by a side channel: by name or UUID, of now, and in the kernel's form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "../../../harness/base/fs.h"
#include "../../../harness/base/units.h"
#include "../policy.h"
#include "pressure.h"

#define RIGHT "some avg10=0.12 avg60=0.00 avg300=0.00 total=123456\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=99\n"
#define UUID "5cdf1d3b-0000-4000-8000-000000000000"

static char dir[] = "/tmp/pn-test-pressure-XXXXXX";

static void put(const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);

	assert_int_equal(pn_fs_write(path, text, strlen(text), NULL), 0);
}

static uint64_t get(const char *name, const char *uuid)
{
	return pn_pressure_read(dir, name, uuid, 3600 * PN_NS_PER_S);
}

static void it_is_found_by_name_or_uuid(void **state)
{
	put("web", RIGHT);
	put(UUID, "some avg10=0.00 avg60=0.00 avg300=0.00 total=7\n");
	assert_int_equal(get("web", UUID), 123456 * PN_NS_PER_US);
	assert_int_equal(get("other", UUID), 7 * PN_NS_PER_US);
	assert_true(get("other", "none") == PN_UNSET);
	assert_true(get("../web", "none") == PN_UNSET);
}

static void what_is_not_the_kernels_says_nothing(void **state)
{
	static const char *const wrong[] = {"", "some", "full avg10=0.00 avg60=0.00 avg300=0.00 total=1", "some avg10=0 avg60=0 avg300=0 total=99999999999999999999"};
	g_autofree char *folder = NULL, *fifo = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		put("wrong", wrong[i]);
		assert_true(get("wrong", "none") == PN_UNSET);
	}
	folder = g_build_filename(dir, "folder", NULL);
	fifo = g_build_filename(dir, "fifo", NULL);
	assert_int_equal(g_mkdir(folder, 0700), 0);
	assert_true(get("folder", "none") == PN_UNSET);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_true(get("fifo", "none") == PN_UNSET);
}

static void what_is_old_says_nothing_of_now(void **state)
{
	g_autofree char *path = g_build_filename(dir, "old", NULL);
	struct timeval long_ago[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};

	put("old", RIGHT);
	assert_int_equal(get("old", "none"), 123456 * PN_NS_PER_US);
	assert_int_equal(utimes(path, long_ago), 0);
	assert_true(get("old", "none") == PN_UNSET);
}

static int make_dir(void **state)
{
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	return pn_fs_remove_tree(dir, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_found_by_name_or_uuid),
		cmocka_unit_test(what_is_not_the_kernels_says_nothing),
		cmocka_unit_test(what_is_old_says_nothing_of_now),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
