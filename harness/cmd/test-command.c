// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <glib.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../reports/report.h"
#include "../base/diag.h"
#include "../base/exit.h"
#include "../base/units.h"
#include "commands.h"

static const struct pn_option options[] = {
	{"driver", "NAME", "a driver", false, "drivers"},
	{"set", "KEY=VALUE", "a key", true, NULL},
	{"jobs", "N", "a number", false, NULL},
	{"for", "DURATION", "a duration", false, NULL},
	{"dry-run", NULL, "a switch", false, NULL},
	{0},
};

static int last_result;
static struct pn_diag last_diag;

static int run_probe(const struct pn_opts *opts, struct pn_diag *diag)
{
	*diag = last_diag;
	return last_result;
}

static const struct pn_command probe = {
	.name = "probe",
	.summary = "a command for tests",
	.usage = "[OPTION]... NAME...",
	.description = "Does .nothing\n'at' all \\ ever.",
	.options = options,
	.operands = "scenarios",
	.operands_min = 1,
	.operands_max = 2,
	.run = run_probe,
};

/* the table's double */
const struct pn_command *const pn_command_table[] = {&probe, &pn_command_man, &pn_command_completion, &pn_command_help_record, NULL};

static int parse(struct pn_opts **opts, struct pn_diag *diag, const char *first, ...)
{
	const char *argv[16] = {"probe", first};
	int argc = first ? 2 : 1;
	va_list args;

	va_start(args, first);
	while (first && (argv[argc] = va_arg(args, const char *)))
		argc++;
	va_end(args);
	*opts = NULL;
	*diag = (struct pn_diag){0};
	return pn_opts_parse(&probe, argc, (char **)argv, opts, diag);
}

static void reads_options_and_operands(void **state)
{
	struct pn_opts *opts;
	struct pn_diag diag;
	uint64_t jobs = 0, for_ns = 0;

	assert_int_equal(parse(&opts, &diag, "a", "--set", "x=1", "--driver=stock", "--set", "y=2", "b", "--jobs", "3", "--for", "2min", NULL), 0);
	assert_string_equal(pn_opts_operands(opts)[0], "a");
	assert_string_equal(pn_opts_operands(opts)[1], "b");
	assert_null(pn_opts_operands(opts)[2]);
	assert_string_equal(pn_opts_get(opts, "driver"), "stock");
	assert_string_equal(pn_opts_all(opts, "set")[0], "x=1");
	assert_string_equal(pn_opts_all(opts, "set")[1], "y=2");
	assert_null(pn_opts_all(opts, "set")[2]);
	assert_false(pn_opts_has(opts, "dry-run"));
	assert_int_equal(pn_opts_uint(opts, "jobs", 1, 8, &jobs, &diag), 0);
	assert_int_equal(jobs, 3);
	assert_int_equal(pn_opts_duration(opts, "for", &for_ns, &diag), 0);
	assert_int_equal(for_ns, 120 * PN_NS_PER_S);
	assert_string_equal(pn_opts_words(opts)[1], "a");
	pn_opts_free(opts);
}

static void a_double_dash_ends_options(void **state)
{
	struct pn_opts *opts;
	struct pn_diag diag;

	assert_int_equal(parse(&opts, &diag, "--", "--set", NULL), 0);
	assert_string_equal(pn_opts_operands(opts)[0], "--set");
	pn_opts_free(opts);
}

static void refuses_in_one_line(const char *says, const char *first, const char *second, const char *third)
{
	struct pn_opts *opts;
	struct pn_diag diag;

	assert_int_equal(parse(&opts, &diag, first, second, third, NULL), -EINVAL);
	assert_non_null(strstr(diag.text, says));
	assert_null(strchr(diag.text, '\n'));
}

static void refuses_what_it_does_not_know(void **state)
{
	refuses_in_one_line("--nothing is not an option", "--nothing", NULL, NULL);
	refuses_in_one_line("-x is not an option", "-x", NULL, NULL);
	refuses_in_one_line("--driver needs an argument", "a", "--driver", NULL);
	refuses_in_one_line("usage: puncture probe", NULL, NULL, NULL);
	refuses_in_one_line("'c' is too much", "a", "b", "c");
	refuses_in_one_line("takes no argument", "a", "--dry-run=yes", NULL);
}

static void refuses_values_with_what_is_accepted(void **state)
{
	struct pn_opts *opts;
	struct pn_diag diag;
	uint64_t value = 7;

	assert_int_equal(parse(&opts, &diag, "a", "--jobs", "9", "--for", "8", NULL), 0);
	assert_int_equal(pn_opts_uint(opts, "jobs", 1, 8, &value, &diag), -EINVAL);
	assert_non_null(strstr(diag.text, "--jobs: '9' is not accepted; expected a whole number from 1 to 8"));
	assert_int_equal(pn_opts_duration(opts, "for", &value, &diag), -EINVAL);
	assert_non_null(strstr(diag.text, "--for: '8'"));
	assert_int_equal(value, 7);
	pn_opts_free(opts);
}

static int main_with(int result, const char *text, const char *first, const char *second)
{
	const char *argv[] = {"puncture", first, second, NULL};

	last_result = result;
	g_strlcpy(last_diag.text, text, sizeof(last_diag.text));
	return pn_command_main(second ? 3 : first ? 2 : 1, (char **)argv);
}

static void exit_codes_follow_results(void **state)
{
	assert_int_equal(main_with(0, "", "probe", "a"), PN_EXIT_PASS);
	assert_int_equal(main_with(PN_EXIT_FAIL, "", "probe", "a"), PN_EXIT_FAIL);
	assert_int_equal(main_with(PN_EXIT_NOTHING_RAN, "", "probe", "a"), PN_EXIT_NOTHING_RAN);
	assert_int_equal(main_with(-EINVAL, "bad", "probe", "a"), PN_EXIT_USAGE);
	assert_int_equal(main_with(-ENOENT, "no such", "probe", "a"), PN_EXIT_USAGE);
	assert_int_equal(main_with(-EIO, "broke", "probe", "a"), PN_EXIT_BROKEN);
	assert_int_equal(main_with(-EINTR, "", "probe", "a"), PN_EXIT_INTERRUPTED);
	assert_int_equal(main_with(0, "", "probe", "--nothing"), PN_EXIT_USAGE);
	assert_int_equal(main_with(0, "", "probe", NULL), PN_EXIT_USAGE);
	assert_int_equal(main_with(0, "", "nothing", NULL), PN_EXIT_USAGE);
	assert_int_equal(main_with(0, "", NULL, NULL), PN_EXIT_USAGE);
	assert_int_equal(main_with(0, "", "--help", NULL), PN_EXIT_PASS);
	assert_int_equal(main_with(0, "", "help", "probe"), PN_EXIT_PASS);
	assert_int_equal(main_with(0, "", "help", "nothing"), PN_EXIT_USAGE);
}

static void every_help_names_every_option(void **state)
{
	for (unsigned int i = 0; pn_command_table[i]; i++) {
		char *text = NULL;
		size_t size;
		FILE *out = open_memstream(&text, &size);

		pn_command_help(pn_command_table[i], out);
		fclose(out);
		for (const struct pn_option *option = pn_command_table[i]->options; option && option->name; option++)
			assert_non_null(strstr(text, option->name));
		assert_non_null(strstr(text, "--help"));
		for (const char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
			assert_true(strcspn(line, "\n") <= 80);
		free(text);
	}
}

/* what @command prints to standard output */
static char *output_of(const struct pn_command *command)
{
	g_autofree char *path = NULL;
	char *text = NULL;
	int saved = dup(STDOUT_FILENO), fd = g_file_open_tmp("puncture-out-XXXXXX", &path, NULL);

	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	command->run(NULL, NULL);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	close(fd);
	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	unlink(path);
	return text;
}

static void the_man_page_escapes_roff(void **state)
{
	g_autofree char *page = output_of(&pn_command_man);

	assert_non_null(strstr(page, "\\&'at' all \\e ever."));
	assert_non_null(strstr(page, "\\fB\\-\\-driver\\fR"));
	assert_non_null(strstr(page, ".SH EXIT STATUS"));
}

static void the_completion_is_bash(void **state)
{
	g_autofree char *script = output_of(&pn_command_completion), *path = NULL, *line = NULL;
	int fd = g_file_open_tmp("puncture-completion-XXXXXX", &path, NULL), status = -1;

	close(fd);
	assert_true(g_file_set_contents(path, script, -1, NULL));
	line = g_strdup_printf("bash -c '. %s; COMP_WORDS=(puncture probe --dri); COMP_CWORD=2; _puncture puncture; "
			       "test \"${COMPREPLY[*]}\" = --driver'", path);
	assert_true(g_spawn_command_line_sync(line, NULL, NULL, &status, NULL));
	unlink(path);
	assert_int_equal(status, 0);
}

static void every_report_format_has_its_switch(void **state)
{
	for (const struct pn_report_format *format = pn_report_formats; format->name; format++) {
		const struct pn_option *option = pn_command_report.options;

		while (option->name && strcmp(option->name, format->name))
			option++;
		assert_non_null(option->name);
		assert_null(option->arg);
	}
}

static int report(struct pn_diag *diag, const char *first, const char *second, const char *third)
{
	const char *argv[] = {"report", first, second, third, NULL};
	struct pn_opts *opts = NULL;
	int err = pn_opts_parse(&pn_command_report, third ? 4 : 3, (char **)argv, &opts, diag);

	if (!err)
		err = pn_command_report.run(opts, diag);
	pn_opts_free(opts);
	return err;
}

static void report_refuses_in_one_line(void **state)
{
	struct pn_diag diag = {0};

	assert_int_equal(report(&diag, "--json", "--tap", "x"), -EINVAL);
	assert_string_equal(diag.text, "--json and --tap: choose one form");
	assert_int_equal(report(&diag, "--json", "a", "b"), -EINVAL);
	assert_int_equal(report(&diag, "--json", "/nonexistent", NULL), -ENOENT);
	assert_non_null(strstr(diag.text, "/nonexistent"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_options_and_operands),
		cmocka_unit_test(a_double_dash_ends_options),
		cmocka_unit_test(refuses_what_it_does_not_know),
		cmocka_unit_test(refuses_values_with_what_is_accepted),
		cmocka_unit_test(exit_codes_follow_results),
		cmocka_unit_test(every_help_names_every_option),
		cmocka_unit_test(the_man_page_escapes_roff),
		cmocka_unit_test(the_completion_is_bash),
		cmocka_unit_test(every_report_format_has_its_switch),
		cmocka_unit_test(report_refuses_in_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
