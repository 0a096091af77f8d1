// SPDX-License-Identifier: GPL-2.0-only
/* What `puncture run` refuses before anything starts, and that the names it plans by are those of the parts that do the work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "../base/diag.h"
#include "../base/exit.h"
#include "../observe/observe.h"
#include "../observe/probe.h"
#include "../scenario/schema.h"
#include "commands.h"
#include "doctor.h"

/* the table's double */
const struct pn_command *const pn_command_table[] = {&pn_command_run, NULL};

static int plan(struct pn_diag *diag, const char *const *words)
{
	const char *argv[16] = {"run"};
	struct pn_opts *opts = NULL;
	int argc = 1, result;

	for (; *words; words++)
		argv[argc++] = *words;
	*diag = (struct pn_diag){0};
	result = pn_opts_parse(&pn_command_run, argc, (char **)argv, &opts, diag);
	if (!result) {
		result = pn_command_run.run(opts, diag);
		pn_opts_free(opts);
	}
	return result;
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void refuses(const char *line, const char *const *words)
{
	struct pn_diag diag;

	assert_int_equal(plan(&diag, words), -EINVAL);
	assert_null(strchr(diag.text, '\n'));
	if (!g_str_has_prefix(diag.text, line))
		fail_msg("'%s' does not begin with '%s'", diag.text, line);
}

static void unknown_names_are_no_plan(void **state)
{
	refuses("--driver: driver.name: 'nosuch' is not accepted; expected stock, vballoon, ",
		WORDS("inflate", "--dry-run", "--driver", "nosuch"));
	refuses("--driver: driver.name: '/nosuch.ko' is not accepted; expected stock, vballoon, ", WORDS("inflate", "--dry-run", "--driver", "/nosuch.ko"));
	refuses("--image: guest.image: 'nope' is not accepted; expected cloud, debug or generic", WORDS("inflate", "--dry-run", "--image", "nope"));
	refuses("--qemu: guest.qemu: 'nope' is not accepted", WORDS("inflate", "--dry-run", "--qemu", "nope"));
}

static void a_malformed_connection_is_no_plan(void **state)
{
	struct pn_diag diag;

	refuses("command line: --connect: 'foo://' is not accepted; expected a libvirtd of this host", WORDS("inflate", "--dry-run", "--connect", "foo://"));
	refuses("command line: --connect: 'qemu:///systemx'", WORDS("inflate", "--dry-run", "--connect", "qemu:///systemx"));
	refuses("command line: --connect: 'qemu+ssh://host/system'", WORDS("inflate", "--dry-run", "--connect", "qemu+ssh://host/system"));
	assert_int_equal(plan(&diag, WORDS("inflate", "--dry-run", "--connect", "qemu+unix:///system?socket=/run/x")), PN_EXIT_PASS);
}

static void options_that_exclude_each_other_are_refused(void **state)
{
	refuses("--dry-run plans a new run", WORDS("--resume", "/tmp", "--dry-run"));
	refuses("--kernel and --modules go together", WORDS("inflate", "--dry-run", "--kernel", "/boot/vmlinuz"));
	refuses("command line: --seed: '9007199254740992'", WORDS("inflate", "--dry-run", "--seed", "9007199254740992"));
}

static void good_names_are_planned(void **state)
{
	struct pn_diag diag;

	assert_int_equal(plan(&diag, WORDS("inflate", "--dry-run", "--driver", "stock", "--image", "generic")), PN_EXIT_PASS);
	assert_int_equal(plan(&diag, WORDS("inflate", "--dry-run", "--driver", "vballoon-leak", "--seed", "9007199254740991")), PN_EXIT_PASS);
}

/* the planner can't see the tables of what comes after it, so it has the names twice */
static void the_planner_knows_every_oracle_and_probe(void **state)
{
	unsigned int count = 0;

	for (; pn_oracle_table[count].name; count++)
		if (!g_strv_contains(pn_oracle_choices, pn_oracle_table[count].name))
			fail_msg("oracle '%s' can't be waived", pn_oracle_table[count].name);
	assert_int_equal(g_strv_length((char **)pn_oracle_choices), count);
	for (count = 0; pn_probe_table[count]; count++)
		if (!g_strv_contains(pn_probe_choices, pn_probe_table[count]->name))
			fail_msg("probe '%s' can't be chosen", pn_probe_table[count]->name);
	assert_int_equal(g_strv_length((char **)pn_probe_choices), count);
}

static void every_piece_of_the_doctor_says_what_mends_it(void **state)
{
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

	for (const struct pn_doctor_check *check = pn_doctor_checks; check->name; check++) {
		assert_true(g_hash_table_add(names, (gpointer)check->name));
		assert_true(*check->cost && *check->mend);
		assert_non_null(check->look);
		assert_null(strstr(check->mend, "mend:"));
	}
	for (const char *const *name = WORDS("make", "compiler", "kernel headers", "depmod", "mksquashfs", "libvirtd", "zoomable plots"); *name; name++)
		assert_true(g_hash_table_contains(names, *name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_names_are_no_plan),
		cmocka_unit_test(a_malformed_connection_is_no_plan),
		cmocka_unit_test(options_that_exclude_each_other_are_refused),
		cmocka_unit_test(good_names_are_planned),
		cmocka_unit_test(the_planner_knows_every_oracle_and_probe),
		cmocka_unit_test(every_piece_of_the_doctor_says_what_mends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
