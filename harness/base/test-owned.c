// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "journal.h"
#include "owned.h"
#include "owned_kinds.h"
#include "test-dir.h"

static char *dir;

static char *in_dir(const char *name)
{
	return g_build_filename(dir, name, NULL);
}

/* Run @fn in a child that is killed by SIGKILL when it has done so: what is left is left by a killed owner. */
static void by_killed_owner(void (*fn)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		pn_owned_disown();
		fn();
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

static void own_tree_and_setting(void)
{
	g_autofree char *tree = in_dir("tree");
	g_autofree char *inside = in_dir("tree/deep");
	g_autofree char *setting = in_dir("setting");
	g_autofree char *kept = in_dir("kept");
	int id;

	pn_owned_add("tree", json_pack("{s:s}", "path", tree), NULL);
	pn_fs_mkdir_p(inside, NULL);
	pn_owned_setting(setting, "always", NULL);
	id = pn_owned_add("file", json_pack("{s:s}", "path", kept), NULL);
	pn_fs_write(kept, "x", 1, NULL);
	pn_owned_forget(id);
}

static void repair_undoes_what_a_killed_owner_left(void **state)
{
	g_autofree char *tree = in_dir("tree");
	g_autofree char *setting = in_dir("setting");
	g_autofree char *kept = in_dir("kept");
	g_autofree char *text = NULL;
	json_t *repaired;

	pn_fs_write(setting, "always [madvise] never\n", 23, NULL);
	by_killed_owner(own_tree_and_setting);
	assert_int_equal(access(tree, F_OK), 0);
	assert_int_equal(pn_owned_repair(&repaired, NULL), 0);
	assert_int_equal(json_array_size(repaired), 2);
	json_decref(repaired);
	assert_int_equal(access(tree, F_OK), -1);
	assert_int_equal(access(kept, F_OK), 0);
	assert_int_equal(pn_fs_read(setting, &text, NULL, NULL), 0);
	assert_true(g_str_has_prefix(text, "madvise"));
	assert_int_equal(pn_owned_repair(&repaired, NULL), 0);
	assert_int_equal(json_array_size(repaired), 0);
	json_decref(repaired);
}

static void a_living_owner_is_left_alone(void **state)
{
	g_autofree char *tree = in_dir("mine");
	json_t *repaired;

	assert_true(pn_owned_add("tree", json_pack("{s:s}", "path", tree), NULL) > 0);
	pn_fs_mkdir_p(tree, NULL);
	assert_int_equal(pn_owned_repair(&repaired, NULL), 0);
	assert_int_equal(json_array_size(repaired), 0);
	json_decref(repaired);
	assert_int_equal(access(tree, F_OK), 0);
	assert_int_equal(pn_owned_release_all(NULL), 0);
	assert_int_equal(access(tree, F_OK), -1);
}

/* Whoever adopted a dead process may not have reaped it yet: a zombie does not run. */
static bool runs(int pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/stat", pid);
	g_autofree char *text = NULL;

	return pn_fs_read(path, &text, NULL, NULL) == 0 && !strstr(text, ") Z ");
}

static void own_process(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	pn_owned_add("process", json_pack("{s:i, s:I}", "pid", pid, "start", (json_int_t)pn_owned_process_start(pid)), NULL);
}

static void a_process_of_a_killed_owner_is_ended(void **state)
{
	json_t *repaired;
	int pid;

	by_killed_owner(own_process);
	assert_int_equal(pn_owned_repair(&repaired, NULL), 0);
	assert_int_equal(json_array_size(repaired), 1);
	assert_int_equal(json_unpack(json_array_get(repaired, 0), "{s:{s:i}}", "what", "pid", &pid), 0);
	json_decref(repaired);
	assert_false(runs(pid));
}

static void a_reused_process_id_is_not_hit(void **state)
{
	const struct pn_owned_kind *kind = &pn_owned_kinds[0];
	json_t *what = json_pack("{s:i, s:i}", "pid", getpid(), "start", 1);

	assert_string_equal(kind->name, "process");
	assert_int_equal(kind->present(what, NULL), 0);
	assert_int_equal(kind->undo(what, NULL), 0);
	json_decref(what);
}

static void a_zombie_is_no_living_owner(void **state)
{
	siginfo_t info;
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	assert_int_equal(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(pn_owned_process_start(pid), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void what_is_left_is_told_until_released(void **state)
{
	g_autofree char *path = in_dir("left");
	int id = pn_owned_add("file", json_pack("{s:s}", "path", path), NULL);
	json_t *left = pn_owned_left();

	assert_int_equal(json_array_size(left), 1);
	assert_string_equal(json_string_value(json_object_get(json_array_get(left, 0), "kind")), "file");
	json_decref(left);
	assert_int_equal(pn_owned_release(id, NULL), 0);
	left = pn_owned_left();
	assert_int_equal(json_array_size(left), 0);
	json_decref(left);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(repair_undoes_what_a_killed_owner_left),
		cmocka_unit_test(a_living_owner_is_left_alone),
		cmocka_unit_test(a_process_of_a_killed_owner_is_ended),
		cmocka_unit_test(a_reused_process_id_is_not_hit),
		cmocka_unit_test(what_is_left_is_told_until_released),
		cmocka_unit_test(a_zombie_is_no_living_owner),
	};
	int failed;

	test_dir_setup((void **)&dir);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	test_dir_teardown((void **)&dir);
	return failed;
}
