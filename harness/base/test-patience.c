// SPDX-License-Identifier: GPL-2.0-only
/* How long a guest is waited for: what was used and what has passed, a QEMU that has gone, a guest without one. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <glib.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "patience.h"
#include "units.h"

static void test_by_what_it_was_given(void **state)
{
	const uint64_t s = PN_NS_PER_S;
	static const struct {
		const char *what;
		unsigned int passed_s, ran_s;
		bool spent;
	} cases[] = {
	    {"it has just begun", 0, 0, false},
	    {"nobody beside it", 99, 99, false},
	    {"it had all of its time", 100, 100, true},
	    {"a busy host gave it a third", 299, 99, false},
	    {"a busy host gave it a tenth", 900, 90, false},
	    {"it did nothing but wait", 100, 1, true},
	    {"it waits, and not for long yet", 99, 1, false},
	    {"ten times as long is enough", 1000, 99, true},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		if (pn_patience_spent(100 * s, cases[i].passed_s * s, cases[i].ran_s * s) != cases[i].spent)
			fail_msg("%s: %u s passed, %u s of them on a CPU: expected %s", cases[i].what, cases[i].passed_s, cases[i].ran_s,
				 cases[i].spent ? "over" : "more patience");
}

static void test_a_qemu_that_has_gone(void **state)
{
	struct pn_patience patience;
	g_autofree char *text = NULL;
	pid_t qemu = fork();

	if (qemu == 0)
		pause();
	assert_true(qemu > 0);
	pn_patience_begin(&patience, qemu, 3600 * PN_NS_PER_S);
	assert_false(pn_patience_over(&patience));
	assert_true(pn_patience_left_ns(&patience) > 0);
	assert_int_equal(kill(qemu, SIGKILL), 0);
	assert_int_equal(waitpid(qemu, NULL, 0), qemu);
	assert_true(pn_patience_over(&patience));
	assert_int_equal(pn_patience_left_ns(&patience), 0);
	text = pn_patience_text(&patience);
	assert_non_null(strstr(text, "QEMU has gone"));
}

static void test_no_qemu_at_all(void **state)
{
	struct pn_patience patience;

	pn_patience_begin(&patience, 0, 3600 * PN_NS_PER_S);
	assert_false(pn_patience_over(&patience));
	pn_patience_begin(&patience, 0, 0);
	assert_true(pn_patience_over(&patience));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_by_what_it_was_given),
	    cmocka_unit_test(test_a_qemu_that_has_gone),
	    cmocka_unit_test(test_no_qemu_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
