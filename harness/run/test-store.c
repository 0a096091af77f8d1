// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/test-dir.h"
#include "../base/units.h"
#include "store.h"

static void a_store_is_made_once(void **state)
{
	g_autofree char *dir = g_build_filename(*state, "run", NULL), *reserve = NULL;
	struct pn_store *store = NULL, *second = NULL;
	struct pn_diag diag = {0};

	assert_int_equal(pn_store_create(dir, "x", &store, NULL), 0);
	assert_string_equal(store->id, "run");
	assert_int_equal(pn_store_write(store, "plan.json", "{}", NULL), 0);
	assert_int_equal(pn_store_create(dir, "x", &second, &diag), -EEXIST);
	/* who is at work in it keeps others out */
	assert_int_equal(pn_store_open(dir, &second, &diag), -EBUSY);
	reserve = g_build_filename(dir, "reserve", NULL);
	assert_true(g_file_test(reserve, G_FILE_TEST_EXISTS));
	pn_store_close(store);
	assert_int_equal(pn_store_open(dir, &second, NULL), 0);
	pn_store_close(second);
	assert_int_equal(pn_store_open(*state, &second, &diag), -ENOENT);
}

static void default_directories_do_not_collide(void **state)
{
	struct pn_store *first = NULL, *second = NULL;
	g_autofree char *latest = NULL;

	assert_int_equal(chdir(*state), 0);
	assert_int_equal(pn_store_create(NULL, "some/where/a b.yaml", &first, NULL), 0);
	assert_int_equal(pn_store_write(first, "plan.json", "{}", NULL), 0);
	assert_int_equal(pn_store_create(NULL, "some/where/a b.yaml", &second, NULL), 0);
	assert_non_null(strstr(first->dir, "-a-b.yaml"));
	assert_string_not_equal(first->dir, second->dir);
	latest = g_file_read_link("runs/latest", NULL);
	assert_string_equal(latest, second->id);
	pn_store_close(first);
	pn_store_close(second);
	assert_int_equal(chdir("/"), 0);
}

static bool fill(const char *path)
{
	static const char block[64 * 1024];
	int fd = open(path, O_WRONLY | O_CREAT, 0644);
	ssize_t written = 1;

	while (written > 0)
		written = write(fd, block, sizeof(block));
	close(fd);
	return written < 0 && errno == ENOSPC;
}

static void a_full_disk_still_takes_the_last_words(void **state)
{
	g_autofree char *disk = g_build_filename(*state, "disk", NULL), *filler = NULL, *dir = NULL, *verdict = NULL;
	struct pn_store *store = NULL;

	/* a mount of this process's own: it goes when the process goes */
	if (geteuid() || unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		skip();
	assert_int_equal(pn_fs_mkdir_p(disk, NULL), 0);
	assert_int_equal(mount("none", disk, "tmpfs", 0, "size=32m"), 0);
	dir = g_build_filename(disk, "run", NULL);
	assert_int_equal(pn_store_create(dir, "x", &store, NULL), 0);
	assert_true(pn_store_has_room(store));
	filler = g_build_filename(disk, "filler", NULL);
	assert_true(fill(filler));
	assert_int_equal(pn_store_write(store, "cases/0001/verdict.json", "{\"verdict\":\"BROK\"}", NULL), 0);
	assert_true(store->full);
	assert_false(pn_store_has_room(store));
	verdict = g_build_filename(dir, "cases/0001/verdict.json", NULL);
	assert_true(g_file_test(verdict, G_FILE_TEST_EXISTS));
	pn_store_close(store);
	assert_int_equal(umount(disk), 0);
}

int main(void)
{
#define STORE_TEST(name) cmocka_unit_test_setup_teardown(name, test_dir_setup, test_dir_teardown)
	const struct CMUnitTest tests[] = {
		STORE_TEST(a_store_is_made_once),
		STORE_TEST(default_directories_do_not_collide),
		STORE_TEST(a_full_disk_still_takes_the_last_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
