// SPDX-License-Identifier: GPL-2.0-only
/* Settings that the guests of a run share, over files in place of kernel settings. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../base/fs.h"
#include "../base/owned.h"
#include "../base/test-dir.h"
#include "shared.h"

static void put(const char *path, const char *value)
{
	assert_int_equal(pn_fs_write(path, value, strlen(value), NULL), 0);
}

static void assert_holds(const char *path, const char *expected)
{
	g_autofree char *text = NULL;

	assert_int_equal(pn_fs_read(path, &text, NULL, NULL), 0);
	assert_string_equal(g_strstrip(text), expected);
}

static void last_user_restores(void **state)
{
	g_autofree char *run = g_build_filename(*state, "run", NULL), *pages = g_build_filename(*state, "pages", NULL);
	const struct pn_shared_setting settings[] = {{pages, "20000"}, {"/nonexistent/setting", "1"}, {run, "1"}};

	put(run, "0\n");
	put(pages, "00100\n");
	assert_int_equal(pn_shared_take("ksm", settings, G_N_ELEMENTS(settings), NULL), 0);
	assert_int_equal(pn_shared_take("ksm", settings, G_N_ELEMENTS(settings), NULL), 0);
	assert_holds(run, "1");
	assert_holds(pages, "20000");
	assert_int_equal(pn_shared_drop("ksm", NULL), 0);
	assert_holds(run, "1"); /* another guest still wants it */
	assert_int_equal(pn_shared_drop("ksm", NULL), 0);
	assert_holds(run, "0");
	assert_holds(pages, "00100");
	assert_int_equal(pn_shared_drop("ksm", NULL), 0); /* nobody has it: nothing happens */
}

/* A run that is killed leaves the settings to repair, and its lock to nobody. */
static void killed_run_is_repaired(void **state)
{
	g_autofree char *run = g_build_filename(*state, "run", NULL);
	const struct pn_shared_setting settings[] = {{run, "1"}};
	json_t *repaired = NULL;
	int status;
	pid_t pid;

	put(run, "0\n");
	pid = fork();
	if (pid == 0) {
		pn_owned_disown();
		_exit(pn_shared_take("zswap", settings, 1, NULL) ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_holds(run, "1");
	assert_int_equal(pn_owned_repair(&repaired, NULL), 0);
	assert_int_equal(json_array_size(repaired), 1);
	json_decref(repaired);
	assert_holds(run, "0");
	assert_int_equal(pn_shared_take("zswap", settings, 1, NULL), 0);
	assert_int_equal(pn_shared_drop("zswap", NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(last_user_restores), cmocka_unit_test(killed_run_is_repaired)};

	return cmocka_run_group_tests(tests, test_dir_setup, test_dir_teardown);
}
