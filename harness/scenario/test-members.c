// SPDX-License-Identifier: GPL-2.0-only
/* Several guests in one scenario: what each gets of its own, and what is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../base/units.h"
#include "test-home.h"

#define NONE ((const char *const[]){NULL})

static struct pn_plan *plan_of(const char *home, const char *yaml, const char *const *sets)
{
	struct pn_diag diag = {};
	struct pn_plan *plan = NULL;

	home_write(home, "scenarios/m.yaml", yaml);
	if (home_plan(home, "m", sets, &plan, &diag) < 0)
		fail_msg("%s", diag.text);
	return plan;
}

static void one_guest_has_no_members(void **state)
{
	struct pn_plan *plan = plan_of(*state, "summary: s\npattern: inflate\n", NONE);
	struct pn_scenario *scenario = plan->cases[0].scenario;

	assert_int_equal(scenario->member_count, 0);
	assert_int_equal(pn_scenario_guests(scenario), 1);
	assert_ptr_equal(pn_scenario_guest(scenario, 0), scenario);
	assert_null(scenario->guest_name);
	assert_null(strstr(plan->cases[0].params_json, "guests"));
	pn_plan_free(plan);
}

static void each_has_its_own_keys(void **state)
{
	struct pn_plan *plan = plan_of(*state,
				       "summary: s\nguest: {memory: 256MiB, balloon: {packed: true}}\npattern: inflate\nload: cpu\nguests:\n"
				       "  - {name: a, guest: {swap: 64MiB, balloon: {deflate-on-oom: true}}, load: idle}\n"
				       "  - {name: b, count: 2, delay: 1s, stagger: 2s, driver: stock, timeline: [{do: hold, for: 1s}]}\n  - {}\n",
				       NONE);
	struct pn_scenario *scenario = plan->cases[0].scenario;
	struct pn_scenario **guests = scenario->members;

	assert_int_equal(pn_scenario_guests(scenario), 4);
	assert_string_equal(guests[0]->guest_name, "a");
	assert_int_equal(guests[0]->guest.memory_bytes, 256 * PN_MIB); /* one by one: the scenario's others stay */
	assert_int_equal(guests[0]->guest.swap_bytes, 64 * PN_MIB);
	assert_true(guests[0]->guest.balloon.packed && guests[0]->guest.balloon.deflate_on_oom);
	assert_null(guests[0]->loads[0]);
	assert_string_equal(guests[1]->guest_name, "b-1");
	assert_string_equal(guests[2]->guest_name, "b-2");
	assert_int_equal(guests[1]->delay_ns, PN_NS_PER_S);
	assert_int_equal(guests[2]->delay_ns, 3 * PN_NS_PER_S);
	assert_string_equal(guests[2]->driver.name, "stock");
	assert_int_equal(guests[2]->guest.swap_bytes, 0);
	assert_int_equal(guests[1]->events[0].action, PN_DO_HOLD); /* in place of the pattern */
	assert_string_equal(guests[3]->guest_name, "g4");
	assert_string_equal(guests[3]->loads[0], "cpu");
	assert_int_not_equal(guests[1]->seed, guests[2]->seed);
	assert_non_null(strstr(plan->cases[0].params_json, "\"guests\":\"4\""));
	pn_plan_free(plan);
}

static void a_number_is_enough(void **state)
{
	struct pn_plan *plan = plan_of(*state, "summary: s\npattern: inflate\nguests: 3\n", NONE), *again;
	g_autofree char *yaml = g_strdup(plan->cases[0].yaml);

	assert_int_equal(plan->cases[0].scenario->member_count, 3);
	again = plan_of(*state, yaml, NONE); /* what is kept of a case is the same case */
	assert_string_equal(again->cases[0].yaml, yaml);
	assert_int_equal(again->cases[0].scenario->members[2]->seed, plan->cases[0].scenario->members[2]->seed);
	pn_plan_free(again);
	pn_plan_free(plan);
}

static void overrides_reach_the_guests(void **state)
{
	struct pn_plan *plan = plan_of(*state, "summary: s\npattern: inflate\nguests: [{name: a}, {name: b, driver: stock}]\n",
				       (const char *const[]){"memory=1GiB", "driver=vballoon-leak", "guests[1].load=cpu", NULL});
	struct pn_scenario **guests = plan->cases[0].scenario->members;

	assert_int_equal(guests[0]->guest.memory_bytes, PN_GIB);
	assert_string_equal(guests[0]->driver.name, "vballoon-leak");
	assert_string_equal(guests[1]->driver.name, "stock"); /* its own goes over the scenario's */
	assert_null(guests[0]->loads[0]);
	assert_string_equal(guests[1]->loads[0], "cpu");
	pn_plan_free(plan);
}

static void what_is_wrong_is_refused(void **state)
{
	static const struct {
		const char *guests, *line;
	} refusals[] = {
	    {"[]", "m.yaml:3: guests: '(an empty list)' is not accepted; expected at least one guest"},
	    {"0", "m.yaml:3: guests[0].count: '0' is not accepted; expected a whole number, from 1 to 64"},
	    {"[{count: 40}, {count: 40}]", "m.yaml:3: guests: '(more)' is not accepted; expected at most 64 guests"},
	    {"[{name: a}, {name: a}]", "m.yaml:3: guests[].name: 'a' is not accepted; expected a name that no other guest has"},
	    {"[{name: ../a}]", "m.yaml:3: guests[].name: '../a' is not accepted; expected at most 32 characters, no '/', no '.' in front: files are "
			       "called so"},
	    {"[{nmae: a}]", "m.yaml:3: guests[0].nmae: 'nmae' is not accepted; expected a key such as name, load, delay, count, stagger, ..."},
	    {"[{guest: {memroy: 1GiB}}]",
	     "m.yaml:3: guest.memroy: 'memroy' is not accepted; expected a key such as memory, "},
	    {"[{load: nothing}]", NULL},
	    {"[{guest: 4}]", "m.yaml:3: guests[0].guest: '4' is not accepted; expected a mapping of keys to values"},
	    {"some", NULL},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
		g_autofree char *yaml = g_strdup_printf("summary: s\npattern: inflate\nguests: %s\n", refusals[i].guests);
		struct pn_diag diag = {};
		struct pn_plan *plan = NULL;

		home_write(*state, "scenarios/m.yaml", yaml);
		assert_int_equal(home_plan(*state, "m", NONE, &plan, &diag), -EINVAL);
		if (refusals[i].line && !strstr(diag.text, refusals[i].line))
			fail_msg("%s", diag.text);
		assert_non_null(strstr(diag.text, "m.yaml:3: "));
	}
}

#define CONTROLLED "summary: s\nguest: {balloon: {stats-interval: 1s}}\ntimeline: [{do: hold, for: 1s}]\n"

static void a_controller_has_its_units(void **state)
{
	struct pn_plan *plan = plan_of(*state,
				       CONTROLLED "controller: {law: balloond, host: 1GiB, tick: 2s, faults: [{fault: lie, guest: g2, at: 3s}]}\nguests: 2\n", NONE);
	const struct pn_controller_spec *controller = &plan->cases[0].scenario->controller;

	assert_string_equal(controller->law, "balloond");
	assert_int_equal(controller->host_bytes, PN_GIB);
	assert_int_equal(controller->reserve_bytes, 64 * PN_MIB);
	assert_int_equal(controller->tick_ns, 2 * PN_NS_PER_S);
	assert_int_equal(controller->fault_count, 1);
	assert_int_equal(controller->faults[0].kind, PN_CONTROLLER_LIE);
	assert_int_equal(controller->faults[0].at_ns, 3 * PN_NS_PER_S);
	assert_int_equal(controller->faults[0].for_ns, 10 * PN_NS_PER_S);
	pn_plan_free(plan);
}

static void what_a_controller_can_not_do_is_refused(void **state)
{
	static const struct {
		const char *yaml, *line;
	} refusals[] = {
	    {CONTROLLED "controller: {law: balloond, host: 1GiB}\n", "controller.law: 'balloond' is not accepted; expected guests beside it"},
	    {CONTROLLED "controller: {law: balloond}\nguests: 2\n", "controller: '(no host)' is not accepted"},
	    {CONTROLLED "controller: {law: balloond, host: 256MiB, reserve: 1GiB}\nguests: 2\n", "controller.reserve: '1GiB' is not accepted"},
	    {CONTROLLED "controller: {law: balloond, host: 1GiB, min: 600MiB}\nguests: 2\n", "controller.min: '600MiB' is not accepted"},
	    {CONTROLLED "controller: {law: balloond, host: 1GiB, faults: [{fault: lie, guest: x}]}\nguests: 2\n",
	     "controller.faults[].guest: 'x' is not accepted; expected the name of one of the guests"},
	    {CONTROLLED "controller: {law: balloond, host: 1GiB, faults: [{fault: sulk}]}\nguests: 2\n",
	     "controller.faults[0].fault: 'sulk' is not accepted; expected one of stale, missing"},
	    {CONTROLLED "controller: {law: balloond, host: 1GiB, distrusts: [x]}\nguests: 2\n", "controller.distrusts: 'x' is not accepted"},
	    {CONTROLLED "controller: {law: mom, host: 1GiB, daemon: true}\nguests: 2\n", "controller.law: 'mom' is not accepted; expected balloond"},
	    {CONTROLLED "controller: {law: balloond, host: 1GiB, daemon: true, cgroups: true}\nguests: 2\n", "controller.cgroups: 'true' is not accepted"},
	    {CONTROLLED "controller: {law: balloond, host: 1GiB, daemon: true, faults: [{fault: lie, guest: g1}]}\nguests: 2\n",
	     "controller.faults: 'lie' is not accepted; expected kill or libvirtd"},
	    {CONTROLLED "controller: {law: balloond, host: 1GiB, faults: [{fault: libvirtd}]}\nguests: 2\n",
	     "controller.faults: 'libvirtd' is not accepted; expected controller.daemon"},
	    {"summary: s\ntimeline: [{do: hold, for: 1s}]\ncontroller: {law: balloond, host: 1GiB}\nguests: 2\n",
	     "guest.balloon.stats-interval: '0' is not accepted"},
	    {"summary: s\nguest: {balloon: {stats-interval: 1s}}\npattern: inflate\ncontroller: {law: balloond, host: 1GiB}\nguests: 2\n",
	     "timeline: '(a target)' is not accepted"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
		struct pn_diag diag = {};
		struct pn_plan *plan = NULL;

		home_write(*state, "scenarios/m.yaml", refusals[i].yaml);
		assert_int_equal(home_plan(*state, "m", NONE, &plan, &diag), -EINVAL);
		if (!strstr(diag.text, refusals[i].line))
			fail_msg("%s", diag.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(one_guest_has_no_members, home_setup, home_teardown),
	    cmocka_unit_test_setup_teardown(each_has_its_own_keys, home_setup, home_teardown),
	    cmocka_unit_test_setup_teardown(a_number_is_enough, home_setup, home_teardown),
	    cmocka_unit_test_setup_teardown(overrides_reach_the_guests, home_setup, home_teardown),
	    cmocka_unit_test_setup_teardown(what_is_wrong_is_refused, home_setup, home_teardown),
	    cmocka_unit_test_setup_teardown(a_controller_has_its_units, home_setup, home_teardown),
	    cmocka_unit_test_setup_teardown(what_a_controller_can_not_do_is_refused, home_setup, home_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
