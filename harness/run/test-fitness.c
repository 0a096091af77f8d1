// SPDX-License-Identifier: GPL-2.0-only
/* Fitness of a host that is made of files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../../reports/rundir.h"
#include "../base/test-dir.h"
#include "fitness.h"

static void put(const char *root, const char *path, const char *text)
{
	g_autofree char *full = g_strconcat(root, path, NULL), *parent = g_path_get_dirname(full);

	g_mkdir_with_parents(parent, 0755);
	assert_true(g_file_set_contents(full, text, -1, NULL));
}

static void put_quiet_host(const char *root)
{
	put(root, "/proc/stat", "cpu 100 0 50 1000 0 0 0 5\ncpu0 50 0 25 500 0 0 0 2\ncpu1 50 0 25 500 0 0 0 3\nintr 1\n");
	put(root, "/proc/vmstat", "nr_free_pages 9\npswpin 7\npswpout 9\n");
	put(root, "/proc/loadavg", "0.30 0.2 0.1 1/99 1234\n");
	put(root, "/sys/kernel/mm/ksm/run", "0\n");
	put(root, "/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
	put(root, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n");
}

static const char *state_of(const json_t *fitness, const char *name)
{
	const json_t *check;
	size_t i;

	json_array_foreach (json_object_get(fitness, "checks"), i, check)
		if (!strcmp(json_string_value(json_object_get(check, "name")), name))
			return json_string_value(json_object_get(check, "state"));
	fail_msg("no check %s", name);
	return NULL;
}

static void test_quiet(void **state)
{
	json_t *fitness;

	put_quiet_host(*state);
	fitness = pn_fitness_judge(*state, "kvm", 0);
	assert_true(pn_fitness_fit(fitness));
	assert_string_equal(state_of(fitness, "load"), "fit");
	assert_string_equal(state_of(fitness, "thp"), "noted");
	assert_string_equal(state_of(fitness, "frequency"), "fit");
	/* the CPUs' clocks stand still in a file: nothing is known about them */
	assert_string_equal(state_of(fitness, "steal"), "unknown");
	json_decref(fitness);
}

static void test_unfit_is_named(void **state)
{
	g_autofree char *why = NULL;
	json_t *fitness, *host;

	put_quiet_host(*state);
	put(*state, "/proc/loadavg", "3.00 2 1 1/99 1234\n");
	put(*state, "/sys/kernel/mm/ksm/run", "1\n");
	put(*state, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n");
	fitness = pn_fitness_judge(*state, "tcg", 0);
	host = json_pack("{s:O}", "fitness", fitness);
	why = pn_host_unfit(host);
	json_decref(host);
	assert_false(pn_fitness_fit(fitness));
	assert_string_equal(why, "load 1.5 (at most 0.5), frequency powersave (performance), ksm running (off)");
	json_decref(fitness);
}

static void test_absent_is_unknown(void **state)
{
	json_t *fitness = pn_fitness_judge(*state, "tcg", 0);

	for (const char *const *name = (const char *const[]){"steal", "busy", "load", "swap", "ksm", "thp", "frequency", NULL}; *name; name++)
		assert_string_equal(state_of(fitness, *name), "unknown");
	json_decref(fitness);
	assert_false(pn_fitness_fit(NULL));
}

/* this host: whatever it is like, the CPUs tell something within a window */
static void test_this_host(void **state)
{
	json_t *fitness = pn_fitness_judge("", "tcg", 50000000);

	assert_string_not_equal(state_of(fitness, "steal"), "unknown");
	assert_string_not_equal(state_of(fitness, "busy"), "unknown");
	json_decref(fitness);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_quiet, test_dir_setup, test_dir_teardown),
		cmocka_unit_test_setup_teardown(test_unfit_is_named, test_dir_setup, test_dir_teardown),
		cmocka_unit_test_setup_teardown(test_absent_is_unknown, test_dir_setup, test_dir_teardown),
		cmocka_unit_test_setup_teardown(test_this_host, test_dir_setup, test_dir_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
