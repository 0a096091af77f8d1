// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../base/units.h"
#include "load.h"
#include "test-home.h"

static void reads_every_key(void **state)
{
	struct pn_load *load;

	home_write(*state, "loads/all.yaml",
		   "name: all\nsummary: s\nkind: fio\nargv: [fio, --a b, '{disk}/x']\nfiles: [fio/a.fio]\nneeds: [disk, swap]\nmust-swap: "
		   "true\noom-score-adj: -500\n"
		   "ready: line\nready-cpu: 10ms\nready-timeout: 3s\ngrace: 2s\n");
	assert_int_equal(pn_load_read(*state, "all", &load, NULL), 0);
	assert_string_equal(load->name, "all");
	assert_int_equal(load->kind, PN_LOAD_FIO);
	assert_string_equal(load->argv[1], "--a b");
	assert_null(load->argv[3]);
	assert_string_equal(load->files[0], "fio/a.fio");
	assert_string_equal(load->needs[1], "swap");
	assert_true(load->must_swap);
	assert_int_equal(load->oom_score_adj, -500);
	assert_int_equal(load->ready, PN_READY_LINE);
	assert_int_equal(load->ready_cpu_ns, 10 * PN_NS_PER_MS);
	assert_int_equal(load->ready_timeout_ns, 3 * PN_NS_PER_S);
	assert_int_equal(load->grace_ns, 2 * PN_NS_PER_S);
	pn_load_free(load);
	assert_int_equal(pn_load_read(*state, "cpu", &load, NULL), 0);
	assert_int_equal(load->ready, PN_READY_CPU);
	assert_null(load->files[0]);
	pn_load_free(load);
}

static void refuses_what_cannot_be(void **state)
{
	static const struct {
		const char *yaml, *line;
	} cases[] = {
	    {"summary: s\nkind: fio\nargv: []\n", "x.yaml:3: argv: '(an empty list)' is not accepted; expected a program and its words"},
	    {"summary: s\nkind: sh\nargv: a\n", "x.yaml:2: kind: 'sh' is not accepted; expected one of stress-ng, fio, native"},
	    {"summary: s\nkind: fio\n", "x.yaml:1: argv: '(nothing)' is not accepted; expected a text or a list of texts"},
	    {"name: y\nsummary: s\nkind: fio\nargv: a\n", "x.yaml:1: name: 'y' is not accepted; expected the name of the file"},
	    {"summary: s\nkind: fio\nargv: a\nneeds: luck\n", "x.yaml:4: needs: 'luck' is not accepted; expected swap or disk"},
	    {"summary: s\nkind: fio\nargv: a\nmust-swap: true\n",
	     "x.yaml:4: must-swap: 'true' is not accepted; expected needs: [swap] beside it"},
	    {"summary: s\nkind: fio\nargv: a\noom-score-adj: -1001\n",
	     "x.yaml:4: oom-score-adj: '-1001' is not accepted; expected a whole number, from -1000 to 1000"},
	    {"summary: s\nkind: fio\nargv: [a, '{memry}']\n", "x.yaml:3: argv: '{memry}' is not accepted; expected " PN_LOAD_PLACEHOLDERS},
	};
	g_autofree char *folder = g_build_filename(*state, "loads/", NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct pn_diag diag = {};
		struct pn_load *load = NULL;

		home_write(*state, "loads/x.yaml", cases[i].yaml);
		assert_int_equal(pn_load_read(*state, "x", &load, &diag), -EINVAL);
		assert_string_equal(diag.text + strlen(folder), cases[i].line);
		assert_null(load);
	}
}

static void names_the_loads_there_are(void **state)
{
	struct pn_diag diag = {};
	struct pn_load *load;

	assert_int_equal(pn_load_read(*state, "toch", &load, &diag), -ENOENT);
	assert_non_null(strstr(diag.text, "expected touch, cpu or swapper"));
	assert_int_equal(pn_load_read(*state, "../loads/touch", &load, &diag), -ENOENT);
}

static void expands_placeholders(void **state)
{
	static const struct pn_load_context context = {.memory_bytes = 512 * PN_MIB, .vcpus = 2, .seed = 7, .disk = "/mnt", .dir = "/w"};
	static const struct {
		const char *text, *expanded;
	} cases[] = {
	    {"plain", "plain"},
	    {"{memory:50%}", "268435456"},
	    {"{memory}", "536870912"},
	    {"{balloonable:100%}", "402653184"},
	    {"--file={disk}/x {dir} {vcpus}/{seed}", "--file=/mnt/x /w 2/7"},
	    {"${HOME} { x } {} {A} {", "${HOME} { x } {} {A} {"}, /* braces of shell and fio stay */
	};
	struct pn_diag diag = {};
	char *text;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		assert_int_equal(pn_load_expand(cases[i].text, &context, &text, NULL), 0);
		assert_string_equal(text, cases[i].expanded);
		g_free(text);
	}
	assert_int_equal(pn_load_expand("{memory:50}", &context, &text, &diag), -EINVAL);
	assert_non_null(strstr(diag.text, "'{memory:50}'"));
	assert_int_equal(pn_load_expand("{disk}", &(struct pn_load_context){}, &text, &diag), -EINVAL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, home_setup, home_teardown)
	const struct CMUnitTest tests[] = {TEST(reads_every_key), TEST(refuses_what_cannot_be), TEST(names_the_loads_there_are),
					   TEST(expands_placeholders)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
