// SPDX-License-Identifier: GPL-2.0-only
/* What balloond leaves on the host: nothing as it is, and each of its mutants is seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "../base/diag.h"
#include "../base/owned.h"
#include "policy_host.h"

static void expect(const char *mutant, int wanted)
{
	struct pn_diag diag = {""};
	int r = pn_policy_host_judge(mutant, &diag);
	json_t *left = pn_owned_left();

	if (r != wanted)
		fail_msg("%s: %d, expected %d: %s", mutant ? mutant : "balloond", r, wanted, diag.text);
	assert_int_equal(json_array_size(left), 0); /* nor does the judging itself */
	json_decref(left);
}

static void the_daemon_as_it_is_leaves_nothing(void **state)
{
	expect(NULL, 0);
}

static void what_stays_is_seen(void **state)
{
	expect("socket-left", 1);
	expect("lingers", 1);
}

static void no_program_is_no_verdict(void **state)
{
	expect("no-such", -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_daemon_as_it_is_leaves_nothing), cmocka_unit_test(what_stays_is_seen), cmocka_unit_test(no_program_is_no_verdict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
