// SPDX-License-Identifier: GPL-2.0-only
/* Every scenario, suite and load of the tree itself can be planned. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "../base/diag.h"
#include "load.h"
#include "names.h"
#include "scenario.h"

static struct pn_plan *plan_of(const char *name)
{
	struct pn_plan_config config = {.names = (const char *const[]){name, NULL}, .workloads_dir = PN_WORKLOADS};
	struct pn_diag diag = {};
	struct pn_plan *plan = NULL;

	if (pn_plan_build(&config, &plan, &diag) < 0)
		fail_msg("%s: %s", name, diag.text);
	return plan;
}

static void all_loads_are_good(void **state)
{
	g_auto(GStrv) names = pn_names_list(PN_WORKLOADS, "loads");

	assert_non_null(names[0]);
	for (char **name = names; *name; name++) {
		struct pn_diag diag = {};
		struct pn_load *load;

		if (pn_load_read(PN_WORKLOADS, *name, &load, &diag) < 0)
			fail_msg("%s", diag.text);
		pn_load_free(load);
	}
}

/* What another layer would make of the mutants. */
static char **made_suites(void)
{
	return g_strsplit("summary: made\nscenarios: [inflate]\nmatrix: {driver: [vballoon]}\n", "\x01", -1);
}

static void all_scenarios_and_suites_can_be_planned(void **state)
{
	static const char *const folders[] = {"scenarios", "suites"};

	for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
		g_auto(GStrv) names = pn_names_list(PN_WORKLOADS, folders[i]);

		assert_non_null(names[0]);
		for (char **name = names; *name; name++) {
			struct pn_plan *plan = plan_of(*name);

			assert_true(plan->count > 0);
			for (unsigned int k = 0; k < plan->count; k++)
				assert_null(strpbrk(plan->cases[k].id, " \t\n"));
			pn_plan_free(plan);
		}
	}
}

/* The main job: both drivers, the three moves, idle and under each load, with swap where something must swap. */
static void smoke_is_what_the_readme_says(void **state)
{
	struct pn_plan *plan = plan_of("smoke");
	unsigned int stock = 0, swapping = 0;

	assert_int_equal(plan->count, 18);
	for (unsigned int i = 0; i < plan->count; i++) {
		const struct pn_scenario *scenario = plan->cases[i].scenario;

		stock += strcmp(scenario->driver.name, "stock") == 0;
		for (char **name = scenario->loads; *name; name++) {
			struct pn_load *load;

			assert_int_equal(pn_load_read(PN_WORKLOADS, *name, &load, NULL), 0);
			swapping += load->must_swap;
			pn_load_free(load);
		}
	}
	assert_int_equal(stock, 9);
	assert_int_equal(swapping, 6);
	pn_plan_free(plan);
}

/* The suite lists its loads, as every axis does; a new load must not be forgotten there. Spikes are for balloons that let go: they have one of their own. */
static void the_suite_of_loads_has_every_load(void **state)
{
	g_auto(GStrv) names = pn_names_list(PN_WORKLOADS, "loads");
	struct pn_plan *plan = plan_of("loads");
	unsigned int count = 0;

	for (char **name = names; *name; name++)
		count += !g_str_has_prefix(*name, "spike");
	assert_int_equal(plan->count, count);
	for (unsigned int i = 0; i < plan->count; i++) {
		char **loads = plan->cases[i].scenario->loads;

		assert_int_equal(g_strv_length(loads), 1);
		assert_true(g_strv_contains((const char *const *)names, loads[0]));
	}
	pn_plan_free(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(all_loads_are_good), cmocka_unit_test(all_scenarios_and_suites_can_be_planned),
					   cmocka_unit_test(smoke_is_what_the_readme_says),
					   cmocka_unit_test(the_suite_of_loads_has_every_load)};

	pn_names_provide("mutants", made_suites);
	pn_names_provide("controls", made_suites);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
