// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <stdlib.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cache.h"
#include "owned.h"
#include "test-dir.h"

static int build_counting(const char *dir, void *data, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(dir, "made", NULL);
	int fd = *(int *)data;

	if (write(fd, ".", 1) != 1)
		return -EIO;
	return pn_fs_write(path, "x", 1, diag);
}

static int build_failing(const char *dir, void *data, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(dir, "half", NULL);

	pn_fs_write(path, "x", 1, diag);
	return -ENODEV;
}

static void eight_at_once_build_once(void **state)
{
	int fds[2];
	char dots[16];

	assert_int_equal(pipe(fds), 0);
	for (int i = 0; i < 8; i++) {
		if (fork() == 0) {
			char *dir;

			_exit(pn_cache_get("kind", "abc", build_counting, &fds[1], &dir, NULL) ? 1 : 0);
		}
	}
	for (int i = 0, status; i < 8; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(read(fds[0], dots, sizeof(dots)), 1);
	close(fds[0]);
	close(fds[1]);
}

static void a_failed_build_leaves_nothing(void **state)
{
	g_autofree char *entry = g_build_filename(*state, "puncture/kind/abc", NULL);
	char *dir = NULL;

	assert_int_equal(pn_cache_get("kind", "abc", build_failing, NULL, &dir, NULL), -ENODEV);
	assert_null(dir);
	assert_int_equal(access(entry, F_OK), -1);
	assert_int_equal(pn_cache_get("kind", "abc", NULL, NULL, &dir, NULL), -ENOENT);
}

static int build_killed(const char *dir, void *data, struct pn_diag *diag)
{
	build_failing(dir, NULL, diag);
	raise(SIGKILL);
	return 0;
}

static bool is_building(const char *folder)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir)))
		if (g_str_has_suffix(name, ".tmp"))
			return true;
	return false;
}

static void a_killed_build_is_repaired(void **state)
{
	g_autofree char *folder = g_build_filename(*state, "puncture/kind", NULL);
	json_t *repaired = NULL;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		char *dir;

		pn_owned_disown();
		_exit(pn_cache_get("kind", "abc", build_killed, NULL, &dir, NULL) ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_true(is_building(folder));
	assert_int_equal(pn_owned_repair(&repaired, NULL), 0);
	assert_int_equal(json_array_size(repaired), 1);
	assert_false(is_building(folder));
	json_decref(repaired);
}

static void pruning_takes_what_is_old_and_half_built(void **state)
{
	g_autofree char *old = g_build_filename(*state, "puncture/kind/old", NULL);
	g_autofree char *young = g_build_filename(*state, "puncture/kind/young", NULL);
	g_autofree char *half = g_build_filename(*state, "puncture/kind/.half.999999.tmp", NULL);
	struct timespec times[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	uint64_t bytes;

	assert_int_equal(pn_fs_mkdir_p(old, NULL) | pn_fs_mkdir_p(young, NULL) | pn_fs_mkdir_p(half, NULL), 0);
	assert_int_equal(utimensat(AT_FDCWD, old, times, 0), 0);
	assert_int_equal(pn_cache_prune(3600, &bytes, NULL), 0);
	assert_int_equal(access(old, F_OK), -1);
	assert_int_equal(access(half, F_OK), -1);
	assert_int_equal(access(young, F_OK), 0);
	assert_true(bytes > 0);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, test_dir_setup, test_dir_teardown)

/* The cache's place is read once a process, so each test runs in a child. */
static int run_alone(const struct CMUnitTest *test)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(_cmocka_run_group_tests(test->name, test, 1, NULL, NULL));
	return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : 1;
}

int main(void)
{
	const struct CMUnitTest tests[] = { T(eight_at_once_build_once), T(a_failed_build_leaves_nothing), T(a_killed_build_is_repaired),
					     T(pruning_takes_what_is_old_and_half_built) };
	int failed = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++)
		failed += run_alone(&tests[i]);
	return failed;
}
