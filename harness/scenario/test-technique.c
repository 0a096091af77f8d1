// SPDX-License-Identifier: GPL-2.0-only
/* The table of techniques, what one makes of a scenario, and what a host is refused for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "../base/units.h"
#include "load.h"
#include "scenario.h"
#include "technique.h"

static void names_are_those_of_the_table(void **state)
{
	size_t count = 0;

	for (const struct pn_technique_info *info = pn_techniques; info->name; info++, count++) {
		assert_string_equal(pn_technique_names[count], info->name);
		assert_ptr_equal(pn_technique_find(info->name), info);
		assert_true(info->help[0] && info->balloon_percent <= 100);
		/* a part of the balloon's, if and only if there is a balloon */
		assert_int_equal(info->balloon_percent > 0, (info->mechanisms & PN_MECHANISM_BALLOON) != 0);
		assert_false(info->mechanisms & PN_MECHANISM_SWAP_V1 && info->mechanisms & PN_MECHANISM_SWAP_V2);
	}
	assert_null(pn_technique_names[count]);
	assert_null(pn_technique_find("nothing"));
	assert_null(pn_technique_find(NULL));
}

static struct pn_plan *plan_of(const char *technique)
{
	g_autofree char *set = g_strconcat("technique=", technique, NULL);
	const char *const names[] = {"technique", NULL}, *const sets[] = {set, NULL};
	struct pn_plan_config config = {.names = names, .sets = sets, .workloads_dir = PN_WORKLOADS};
	struct pn_plan *plan;

	assert_int_equal(pn_plan_build(&config, &plan, NULL), 0);
	assert_int_equal(plan->count, 1);
	return plan;
}

static void technique_brings_what_it_needs(void **state)
{
	struct pn_plan *plan = plan_of("balloon-fast");
	const struct pn_scenario *scenario = plan->cases[0].scenario;
	g_autofree char *text = NULL;

	assert_string_equal(scenario->driver.name, "vballoon");
	assert_string_equal(scenario->driver.params, "mode=fast free_reporting=N");
	assert_true(scenario->guest.balloon.free_page_reporting); /* without it, either mode puts single pages into the balloon */
	assert_int_equal(scenario->mix.cold_bytes, 512 * PN_MIB * 15 / 100 / PN_PAGE_BYTES * PN_PAGE_BYTES);
	assert_int_equal(pn_load_expand("{mix:cold} {mix:diverge}", &(struct pn_load_context){.mix = &scenario->mix}, &text, NULL), 0);
	assert_string_equal(text, "80527360 0");
	assert_non_null(strstr(plan->cases[0].params_json, "\"technique\":\"balloon-fast\""));
	pn_plan_free(plan);
	plan = plan_of("virtio-mem");
	assert_int_equal(plan->cases[0].scenario->guest.virtio_mem_bytes, 256 * PN_MIB);
	assert_true(plan->cases[0].scenario->guest.balloon.absent);
	pn_plan_free(plan);
	plan = plan_of("guest-zswap");
	assert_string_equal(plan->cases[0].scenario->guest.image, "generic");
	assert_true(plan->cases[0].scenario->guest.balloon.free_page_reporting);
	pn_plan_free(plan);
}

static void refusal_says_what_mends_it(void **state)
{
	char technique[] = "overcommit-v1", control[] = "control", reclaim[] = "guest-reclaim";
	struct pn_scenario scenario = {.technique = technique, .guest.memory_bytes = 512 * PN_MIB};
	g_autofree char *no_swap = NULL, *exact = NULL, *none = NULL, *no_disk = NULL, *still_none = NULL;

	g_setenv("PUNCTURE_SWAP_DIR", "/proc", TRUE); /* no place for files, whoever runs this */
	no_swap = pn_technique_refusal(&scenario);
	assert_non_null(no_swap);
	assert_non_null(strstr(no_swap, "no swap space"));
	scenario.technique = reclaim;
	no_disk = pn_technique_refusal(&scenario);
	assert_non_null(strstr(no_disk, "guest.swap"));
	scenario.technique = control;
	none = pn_technique_refusal(&scenario);
	assert_null(none);
	scenario.guest.exact = true;
	still_none = pn_technique_refusal(&scenario);
	assert_null(still_none);
	scenario.technique = reclaim;
	exact = pn_technique_refusal(&scenario);
	assert_non_null(strstr(exact, "balloons alone"));
	g_unsetenv("PUNCTURE_SWAP_DIR");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(names_are_those_of_the_table), cmocka_unit_test(technique_brings_what_it_needs),
					   cmocka_unit_test(refusal_says_what_mends_it)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
