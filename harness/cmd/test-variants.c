// SPDX-License-Identifier: GPL-2.0-only
/* What `compare`, `calibrate`, `gate` and `history` refuse before anything starts, and how two variants are read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "../base/diag.h"
#include "../base/exit.h"
#include "../base/test-dir.h"
#include "commands.h"
#include "variants.h"

/* the table's double */
const struct pn_command *const pn_command_table[] = {&pn_command_compare, &pn_command_calibrate, &pn_command_gate, &pn_command_history,
						     NULL};

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static int parse(const struct pn_command *command, const char *const *words, struct pn_opts **ret_opts, struct pn_diag *diag)
{
	static const char *argv[16];
	int argc = 1;

	argv[0] = command->name;
	for (; *words; words++)
		argv[argc++] = *words;
	*diag = (struct pn_diag){0};
	return pn_opts_parse(command, argc, (char **)argv, ret_opts, diag);
}

static void refuses(const struct pn_command *command, const char *line, const char *const *words)
{
	struct pn_opts *opts = NULL;
	struct pn_diag diag;

	assert_int_equal(parse(command, words, &opts, &diag), 0);
	assert_true(command->run(opts, &diag) < 0);
	assert_null(strchr(diag.text, '\n'));
	if (!strstr(diag.text, line))
		fail_msg("'%s' does not say '%s'", diag.text, line);
	pn_opts_free(opts);
}

static void mistakes_are_named(void **state)
{
	refuses(&pn_command_compare, "nothing to compare", WORDS("--a", "driver=stock"));
	refuses(&pn_command_compare, "--a and --b say the same", WORDS("inflate", "--a", "driver=stock", "--b", "driver=stock"));
	refuses(&pn_command_compare, "--b: 'stock' is not accepted; expected KEY=VALUE", WORDS("inflate", "--b", "stock"));
	refuses(&pn_command_compare, "--a: kernel= and modules= go together", WORDS("inflate", "--a", "kernel=/x"));
	refuses(&pn_command_compare, "--pairs: '0' is not accepted", WORDS("inflate", "--a", "driver=stock", "--pairs", "0"));
	refuses(&pn_command_compare, "--judge takes a comparison", WORDS("inflate", "--judge", "x"));
	refuses(&pn_command_calibrate, "--pairs: '3' is not accepted", WORDS("--pairs", "3"));
	refuses(&pn_command_gate, "/nosuch", WORDS("/nosuch"));
	refuses(&pn_command_history, "history: 'inport' is not accepted; expected import, list, trend or forget", WORDS("inport"));
}

static void history_needs_its_words(void **state)
{
	g_autofree char *file = g_build_filename(*state, "h.sqlite", NULL);

	refuses(&pn_command_history, "nothing to import", WORDS("import", "--history", file));
	refuses(&pn_command_history, "'x' is too much", WORDS("list", "x", "--history", file));
	refuses(&pn_command_history, "how many runs are to be kept", WORDS("forget", "--history", file));
}

static void variants_share_what_both_have(void **state)
{
	struct pn_opts *opts = NULL;
	struct variants variants;
	struct pn_diag diag;

	assert_int_equal(parse(&pn_command_compare,
			       WORDS("inflate", "--set", "guest.memory=256MiB", "--a", "driver=stock", "--b", "driver=/x.ko", "--b",
				     "guest.backing=thp", "--seed", "9"),
			       &opts, &diag),
			 0);
	assert_int_equal(variants_read(opts, pn_opts_all(opts, "a"), pn_opts_all(opts, "b"), 5, &variants, &diag), 0);
	assert_string_equal(variants.config.plan.driver, "stock");
	assert_string_equal(variants.b.driver, "/x.ko");
	assert_string_equal(variants.config.plan.sets[0], "guest.memory=256MiB");
	assert_null(variants.config.plan.sets[1]);
	assert_string_equal(variants.b.sets[0], "guest.memory=256MiB");
	assert_string_equal(variants.b.sets[1], "guest.backing=thp");
	assert_int_equal(variants.config.plan.seed, 9);
	assert_int_equal(variants.b.seed, 9);
	assert_int_equal(variants.config.jobs, 1);
	assert_int_equal(json_integer_value(json_object_get(variants.head, "pairs")), 5);
	variants_clear(&variants);
	pn_opts_free(opts);
}

int main(void)
{
#define VARIANTS_TEST(name) cmocka_unit_test_setup_teardown(name, test_dir_setup, test_dir_teardown)
	const struct CMUnitTest tests[] = {
	    VARIANTS_TEST(mistakes_are_named),
	    VARIANTS_TEST(history_needs_its_words),
	    VARIANTS_TEST(variants_share_what_both_have),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
