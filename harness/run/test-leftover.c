// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../base/fs.h"
#include "../base/owned.h"
#include "../base/owned_kinds.h"
#include "../base/test-dir.h"
#include "leftover.h"
#include "workdir.h"

/* a case's process that does @fn and is gone; @ret_start: when it began */
static pid_t vanish_after(void (*fn)(void), unsigned long long *ret_start)
{
	int go[2], status;
	pid_t pid;
	char c = 0;

	assert_int_equal(pipe(go), 0);
	pid = fork();
	if (!pid) {
		pn_owned_disown();
		pn_leftover_mark();
		if (read(go[0], &c, 1) == 1)
			fn();
		_exit(0);
	}
	*ret_start = pn_owned_process_start(pid);
	assert_int_equal(write(go[1], &c, 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(go[0]);
	close(go[1]);
	return pid;
}

static void leave_nothing(void)
{
}

/* a program in a session of its own, running when this returns */
static void leave_program(void)
{
	int started[2];
	char c;

	if (pipe2(started, O_CLOEXEC))
		_exit(1);
	if (!fork()) {
		setsid();
		execlp("sleep", "sleep", "1000", NULL);
		_exit(1);
	}
	close(started[1]);
	if (read(started[0], &c, 1)) /* ends when exec closes the other end */
		_exit(1);
}

static char *litter;

static void leave_file(void)
{
	pn_owned_add("file", json_pack("{s:s}", "path", litter), NULL);
	pn_fs_write(litter, "x", 1, NULL);
}

static void a_clean_case_leaves_nothing(void **state)
{
	unsigned long long start;
	pid_t pid = vanish_after(leave_nothing, &start);
	json_t *things = pn_leftover_collect(pid, start);

	assert_int_equal(json_array_size(things), 0);
	json_decref(things);
}

static void a_program_is_found_and_ended(void **state)
{
	unsigned long long start;
	pid_t pid = vanish_after(leave_program, &start);
	json_t *things = pn_leftover_collect(pid, start);
	const json_t *what = json_object_get(json_array_get(things, 0), "what");

	assert_int_equal(json_array_size(things), 1);
	assert_string_equal(json_string_value(json_object_get(what, "name")), "sleep");
	/* killed: gone, or a zombie until init takes it */
	json_decref(things);
	things = pn_leftover_collect(pid, start);
	for (int i = 0; json_array_size(things) && i < 1000; i++) {
		usleep(1000);
		json_decref(things);
		things = pn_leftover_collect(pid, start);
	}
	assert_int_equal(json_array_size(things), 0);
	json_decref(things);
}

static void an_owned_file_is_found_and_removed(void **state)
{
	unsigned long long start;
	json_t *things;
	pid_t pid;

	litter = g_build_filename(*state, "litter", NULL);
	pid = vanish_after(leave_file, &start);
	things = pn_leftover_collect(pid, start);
	assert_int_equal(json_array_size(things), 1);
	assert_string_equal(json_string_value(json_object_get(json_array_get(things, 0), "kind")), "file");
	assert_false(g_file_test(litter, G_FILE_TEST_EXISTS));
	json_decref(things);
	g_free(litter);
}

/* as a thread of libvirt does between the release of the directory and the end of its process */
static void make_again_what_was_released(void)
{
	g_autofree char *dir = NULL, *below = NULL;
	int id = pn_workdir_make(&dir, NULL);

	if (id < 0 || pn_owned_release(id, NULL))
		_exit(1);
	below = g_build_filename(dir, "run", "qemu", NULL);
	if (pn_fs_mkdir_p(below, NULL))
		_exit(1);
}

static void what_appears_after_the_release_is_swept(void **state)
{
	unsigned long long start;
	pid_t pid = vanish_after(make_again_what_was_released, &start);
	g_autofree char *dir = g_strdup_printf("%s/c%d", pn_owned_state_dir(), (int)pid);
	json_t *things;

	assert_true(g_file_test(dir, G_FILE_TEST_IS_DIR));
	things = pn_leftover_collect(pid, start);
	assert_int_equal(json_array_size(things), 0);
	assert_false(g_file_test(dir, G_FILE_TEST_EXISTS));
	json_decref(things);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clean_case_leaves_nothing),
		cmocka_unit_test(a_program_is_found_and_ended),
		cmocka_unit_test(an_owned_file_is_found_and_removed),
		cmocka_unit_test(what_appears_after_the_release_is_swept),
	};

	/* one directory for all: a process finds its records where it found them first */
	return cmocka_run_group_tests(tests, test_dir_setup, test_dir_teardown);
}
