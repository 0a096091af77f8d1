// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "diag.h"
#include "spawn.h"
#include "units.h"

static int shell(const char *script, uint64_t timeout_ns, char **ret_out, struct pn_diag *diag)
{
	return pn_spawn_run((const char *const[]){ "sh", "-c", script, NULL }, NULL, timeout_ns, ret_out, diag);
}

static void output_is_kept(void **state)
{
	g_autofree char *out = NULL;

	assert_int_equal(shell("echo one; echo two", 0, &out, NULL), 0);
	assert_string_equal(out, "one\ntwo\n");
}

static void more_than_a_pipe_holds(void **state)
{
	g_autofree char *out = NULL;

	assert_int_equal(shell("head -c 1000000 /dev/zero | tr '\\0' x; head -c 1000000 /dev/zero >&2", 0, &out, NULL), 0);
	assert_int_equal(strlen(out), 1000000);
}

static void failing_gives_its_last_words(void **state)
{
	struct pn_diag diag = { "" };

	assert_int_equal(shell("echo first >&2; echo 'disk is full' >&2; exit 4", 0, NULL, &diag), -EIO);
	assert_string_equal(diag.text, "sh: exit code 4: disk is full");
	assert_int_equal(shell("kill -9 $$", 0, NULL, &diag), -EIO);
	assert_string_equal(diag.text, "sh: killed by signal 9: ");
}

static void absent_is_told_apart(void **state)
{
	assert_int_equal(pn_spawn_run((const char *const[]){ "no-such-program", NULL }, NULL, 0, NULL, NULL), -ENOENT);
}

static void a_hang_ends_with_all_its_children(void **state)
{
	assert_int_equal(shell("sleep 1000 & sleep 1000", 50 * PN_NS_PER_MS, NULL, NULL), -ETIMEDOUT);
}

static bool is_alive(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/stat", pid), *text = NULL;
	const char *state = g_file_get_contents(path, &text, NULL, NULL) ? strrchr(text, ')') : NULL;

	return state && state[2] != 'Z';
}

/* A caller killed outright can end nothing itself. */
static void a_killed_caller_takes_it_along(void **state)
{
	g_autofree char *dir = g_dir_make_tmp("pn-spawn-XXXXXX", NULL), *path = g_build_filename(dir, "pid", NULL), *text = NULL;
	g_autofree char *script = g_strdup_printf("sleep 1000 & echo $! >%s.new; mv %s.new %s; wait", path, path, path);
	uint64_t deadline_ns = pn_clock_now_ns() + 30 * PN_NS_PER_S;
	pid_t caller = fork(), inner;

	if (caller == 0) {
		shell(script, 0, NULL, NULL);
		_exit(0);
	}
	while (!g_file_get_contents(path, &text, NULL, NULL) && pn_clock_now_ns() < deadline_ns)
		pn_clock_sleep_until(pn_clock_now_ns() + 5 * PN_NS_PER_MS);
	assert_non_null(text);
	inner = (pid_t)g_ascii_strtoll(text, NULL, 10);
	assert_true(is_alive(inner));
	kill(caller, SIGKILL);
	assert_int_equal(waitpid(caller, NULL, 0), caller);
	while (is_alive(inner) && pn_clock_now_ns() < deadline_ns)
		pn_clock_sleep_until(pn_clock_now_ns() + 5 * PN_NS_PER_MS);
	assert_false(is_alive(inner));
	assert_int_equal(g_unlink(path), 0);
	assert_int_equal(g_rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_is_kept),
		cmocka_unit_test(more_than_a_pipe_holds),
		cmocka_unit_test(failing_gives_its_last_words),
		cmocka_unit_test(absent_is_told_apart),
		cmocka_unit_test(a_hang_ends_with_all_its_children),
		cmocka_unit_test(a_killed_caller_takes_it_along),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
