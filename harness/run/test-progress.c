// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a person sees while a run goes on, on a real terminal (a pty) and without one: the live line fits 80 columns, and escape sequences go to terminals only, where
 * they are wanted. A child of this program says it, the parent reads every byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "progress.h"

#define ESC "\033["
#define CASES 12345u

static void end_case(struct pn_progress *progress, const char *verdict)
{
	json_t *record = json_pack("{s:s, s:s, s:s, s:f}", "verdict", verdict, "reason", "why", "repro", "ci/puncture run x", "duration_s", 3.5);

	pn_progress_ended(progress, "suite/case,driver=x", record);
	json_decref(record);
}

static void show(void)
{
	struct pn_progress progress;

	pn_progress_init(&progress, 2);
	progress.total = CASES;
	pn_progress_tick(&progress, 2);
	end_case(&progress, "PASS");
	progress.done = 9876;
	progress.failed = 1234;
	progress.broken = 567;
	progress.began_ns -= 90000000000000ULL; /* a day ago */
	pn_progress_tick(&progress, 2);
	end_case(&progress, "FAIL");
	pn_progress_end(&progress);
	_exit(0);
}

/* All that the child wrote. @term: NULL: a pipe in place of a terminal */
static char *shown(const char *term, const char *no_colour)
{
	GString *text = g_string_new(NULL);
	int fd = -1, fds[2], status;
	char bytes[4096];
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = term ? forkpty(&fd, NULL, NULL, NULL) : fork();
	if (pid == 0) {
		if (!term)
			dup2(fds[1], STDERR_FILENO);
		close(fds[0]);
		close(fds[1]);
		g_setenv("TERM", term ? term : "xterm", TRUE);
		if (no_colour)
			g_setenv("NO_COLOR", no_colour, TRUE);
		else
			g_unsetenv("NO_COLOR");
		show();
	}
	assert_true(pid > 0);
	close(fds[1]);
	/* a terminal whose last writer has gone says EIO */
	while ((n = read(term ? fd : fds[0], bytes, sizeof(bytes))) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			g_string_append_len(text, bytes, n);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(fds[0]);
	if (fd >= 0)
		close(fd);
	return g_string_free(text, FALSE);
}

static void a_terminal_gets_colour_and_a_live_line(void **state)
{
	g_autofree char *text = shown("xterm", NULL);

	assert_non_null(strstr(text, ESC "32mPASS" ESC "0m suite/case"));
	assert_non_null(strstr(text, ESC "31mFAIL" ESC "0m suite/case"));
	assert_non_null(strstr(text, "9876 done (1234 failed) (567 broken), 2 running, 2467 left, "));
	assert_non_null(strstr(text, " to go"));
	assert_non_null(strstr(text, "again: ci/puncture run x"));
}

/* What stands between two line ends is what a terminal of 80 columns has in a row. */
static void the_live_line_fits_80_columns(void **state)
{
	g_autofree char *text = shown("xterm", "1");
	g_auto(GStrv) rows = g_strsplit_set(text, "\r\n", -1);

	for (char **row = rows; *row; row++) {
		const char *words = g_str_has_prefix(*row, ESC "K") ? *row + strlen(ESC "K") : *row;

		if (strlen(words) > 80)
			fail_msg("%s", words);
	}
}

static void no_color_takes_the_colour_and_nothing_else(void **state)
{
	g_autofree char *text = shown("xterm", "1"), *empty = shown("xterm", "");

	assert_null(strstr(text, ESC "3"));
	assert_null(strstr(text, ESC "0m"));
	assert_non_null(strstr(text, "] PASS suite/case"));
	assert_non_null(strstr(text, "9876 done"));
	assert_non_null(strstr(empty, ESC "32m")); /* empty is as not set: no-color.org */
}

static void a_dumb_terminal_gets_plain_lines(void **state)
{
	g_autofree char *text = shown("dumb", NULL);

	assert_null(strchr(text, '\033'));
	assert_non_null(strstr(text, "] PASS suite/case"));
}

static void what_is_piped_has_no_escape_in_it(void **state)
{
	g_autofree char *text = shown(NULL, NULL);

	assert_null(strchr(text, '\033'));
	assert_null(strchr(text, '\r'));
	assert_null(strstr(text, "running")); /* nobody looks: no live line */
	assert_non_null(strstr(text, "[1/12345] PASS suite/case,driver=x  3.50 s\n"));
	assert_non_null(strstr(text, "] FAIL suite/case"));
	assert_non_null(strstr(text, "    again: ci/puncture run x\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_terminal_gets_colour_and_a_live_line),
		cmocka_unit_test(the_live_line_fits_80_columns),
		cmocka_unit_test(no_color_takes_the_colour_and_nothing_else),
		cmocka_unit_test(a_dumb_terminal_gets_plain_lines),
		cmocka_unit_test(what_is_piped_has_no_escape_in_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
