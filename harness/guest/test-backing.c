// SPDX-License-Identifier: GPL-2.0-only
/* What a host can give, and the program that keeps transparent huge pages from whatever it starts. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/diag.h"
#include "../base/spawn.h"
#include "../base/test-dir.h"
#include "../base/units.h"
#include "backing.h"
#include "emulator.h"
#include "machine.h"

#define TIMEOUT_NS (20 * PN_NS_PER_S)
#define HUGE "/sys/kernel/mm/hugepages/hugepages-2048kB"

static void test_plain_memory_needs_nothing(void **state)
{
	struct pn_machine machine = { .memory_bytes = PN_GIB, .backing = PN_BACKING_4K };

	assert_int_equal(pn_backing_can(&machine, NULL), 0);
	machine.backing = PN_BACKING_MEMFD;
	assert_int_equal(pn_backing_can(&machine, NULL), 0);
	assert_false(pn_backing_needs_wrapper(&machine, false));
}

/* Huge pages come from the overcommit limit: free ones are not asked for, memory is. */
static void test_huge_pages_need_memory_not_free_pages(void **state)
{
	struct pn_machine machine = { .memory_bytes = 64 * PN_MIB, .backing = PN_BACKING_HUGETLB };
	struct pn_diag diag = { 0 };

	if (access(HUGE "/nr_overcommit_hugepages", W_OK) < 0) {
		assert_int_equal(pn_backing_can(&machine, &diag), -EOPNOTSUPP);
		assert_non_null(strstr(diag.text, HUGE));
		skip();
	}
	assert_int_equal(pn_backing_can(&machine, &diag), 0);
	machine.memory_bytes += PN_MIB;
	assert_int_equal(pn_backing_can(&machine, &diag), -EINVAL);
	machine.memory_bytes = 1024 * 1024 * PN_GIB;
	assert_int_equal(pn_backing_can(&machine, &diag), -ENOMEM);
	assert_non_null(strstr(diag.text, "MiB available"));
}

static void test_wrapper_passes_all_on_but_huge_pages(void **state)
{
	g_autofree char *grep = g_find_program_in_path("grep");
	g_autofree char *wrapper = NULL, *again = NULL, *out = NULL;
	struct pn_diag diag = { 0 };
	struct stat st;

	g_setenv("XDG_CACHE_HOME", *state, TRUE);
	if (pn_emulator_no_thp(grep, &wrapper, &diag))
		fail_msg("%s", diag.text);
	assert_true(g_str_has_prefix(wrapper, *state));
	assert_int_equal(stat(wrapper, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0755);
	if (pn_spawn_run((const char *const[]){ wrapper, "-E", "^(Name|THP_enabled):", "/proc/self/status", NULL }, NULL, TIMEOUT_NS, &out, &diag))
		fail_msg("%s", diag.text);
	assert_string_equal(out, "Name:\tgrep\nTHP_enabled:\t0\n");
	assert_int_equal(pn_emulator_no_thp(grep, &again, NULL), 0);
	assert_string_equal(wrapper, again); /* libvirt keeps what it knows of an emulator by its path */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_memory_needs_nothing),
		cmocka_unit_test(test_huge_pages_need_memory_not_free_pages),
		cmocka_unit_test_setup_teardown(test_wrapper_passes_all_on_but_huge_pages, test_dir_setup, test_dir_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
