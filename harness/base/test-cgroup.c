// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <glib.h>
#include <unistd.h>

#include "cgroup.h"

static void cgroup_of_either_version_is_located(void **state)
{
	g_autofree char *root = g_dir_make_tmp("pn-cgroup-XXXXXX", NULL), *file = g_build_filename(root, "cgroup.controllers", NULL);
	g_autofree char *v1 = g_strdup_printf("none %s tmpfs rw 0 0\ncg %s cgroup rw,memory 0 0\n", root, root);
	g_autofree char *v2 = g_strdup_printf("cg %s cgroup2 rw 0 0\n", root), *found = NULL, *none = NULL, *unified = NULL;
	bool is_v2 = true;

	found = pn_cgroup_locate(v1, "4:memory:/not/there\n", "memory", &is_v2);
	assert_string_equal(found, root);
	assert_false(is_v2);
	none = pn_cgroup_locate(v2, "0::/\n", "memory", &is_v2);
	assert_null(none);
	assert_true(g_file_set_contents(file, "cpu memory pids\n", -1, NULL));
	unified = pn_cgroup_locate(v2, "0::/\n", "memory", &is_v2);
	assert_string_equal(unified, root);
	assert_true(is_v2);
	unlink(file);
	rmdir(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cgroup_of_either_version_is_located),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
