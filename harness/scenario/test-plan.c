// SPDX-License-Identifier: GPL-2.0-only
/* From names to cases: matrix, precedence of overrides, ids, seeds, and that a case's YAML alone is the same case. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../base/units.h"
#include "require.h"
#include "test-home.h"

#define NONE ((const char *const[]){NULL})

static struct pn_plan *plan_of(const char *home, const char *name, const char *const *sets)
{
	struct pn_diag diag = {};
	struct pn_plan *plan = NULL;

	if (home_plan(home, name, sets, &plan, &diag) < 0)
		fail_msg("%s", diag.text);
	return plan;
}

static void assert_ids(const struct pn_plan *plan, const char *const *ids)
{
	for (unsigned int i = 0; i < plan->count; i++) {
		assert_non_null(ids[i]);
		assert_string_equal(plan->cases[i].id, ids[i]);
		assert_int_equal(plan->cases[i].index, i + 1);
	}
	assert_null(ids[plan->count]);
}

static void expands_a_matrix_in_order(void **state)
{
	home_write(*state, "scenarios/m.yaml",
		   "summary: s\npattern: inflate\nguest: {swap: 64MiB}\nmatrix:\n  driver: [vballoon, stock]\n  load: [idle, [cpu, touch], "
		   "swapper]\n"
		   "  exclude: [{driver: stock, load: swapper}]\n  include: [{driver: stock, backing: thp}]\n");
	struct pn_plan *plan = plan_of(*state, "m", NONE);

	assert_ids(plan, (const char *const[]){"m,driver=vballoon,load=idle", "m,driver=vballoon,load=cpu+touch",
					       "m,driver=vballoon,load=swapper", "m,driver=stock,load=idle",
					       "m,driver=stock,load=cpu+touch", "m,driver=stock,backing=thp", NULL});
	assert_string_equal(plan->cases[1].params_json, "{\"driver\":\"vballoon\",\"load\":\"cpu+touch\",\"backing\":\"4k\"}");
	assert_string_equal(plan->cases[5].params_json, "{\"driver\":\"stock\",\"load\":\"idle\",\"backing\":\"thp\"}");
	assert_null(plan->cases[0].scenario->loads[0]);
	assert_string_equal(plan->cases[1].scenario->loads[1], "touch");
	assert_int_equal(plan->cases[5].scenario->guest.backing, PN_BACKING_THP);
	pn_plan_free(plan);
	plan = plan_of(*state, "m", (const char *const[]){"load=cpu", "driver=stock", "driver=vballoon", NULL});
	assert_ids(plan, (const char *const[]){"m,driver=vballoon,load=cpu", NULL}); /* without what is included for another driver */
	pn_plan_free(plan);
	plan = plan_of(*state, "m", (const char *const[]){"driver=stock", "load=cpu", NULL});
	assert_ids(plan, (const char *const[]){"m,driver=stock,load=cpu", "m,driver=stock,backing=thp", NULL});
	pn_plan_free(plan);
}

static void applies_the_stronger_last(void **state)
{
	home_write(*state, "scenarios/p.yaml",
		   "summary: s\npattern: {kind: inflate, amount: 10%}\nguest: {memory: 256MiB, vcpus: 2}\nmatrix: {vcpus: [3]}\n");
	home_write(*state, "suites/all.yaml",
		   "summary: s\nscenarios: p\nset: {guest.memory: 512MiB, vcpus: 4, pattern.amount: 20%}\nmatrix: {memory: [1GiB]}\n");
	struct pn_plan *plan = plan_of(*state, "p", NONE);

	assert_int_equal(plan->cases[0].scenario->guest.memory_bytes, 256 * PN_MIB);
	assert_int_equal(plan->cases[0].scenario->guest.vcpus, 3); /* matrix over file */
	pn_plan_free(plan);
	plan = plan_of(*state, "all", NONE);
	assert_string_equal(plan->cases[0].id, "all/p,vcpus=3,memory=1GiB");
	assert_int_equal(plan->cases[0].scenario->guest.memory_bytes, PN_GIB); /* matrix over set */
	assert_int_equal(plan->cases[0].scenario->guest.vcpus, 3);	       /* matrix over set */
	assert_int_equal(plan->cases[0].scenario->events[0].balloon_bytes,
			 PN_GIB / 5 / 4096 * 4096); /* set over file, percent of the final memory */
	pn_plan_free(plan);
	plan = plan_of(*state, "all", (const char *const[]){"memory=768MiB", "vcpus=6", "vcpus=5", "driver.params=x=1", NULL});
	assert_string_equal(plan->cases[0].id, "all/p,vcpus=5,memory=768MiB"); /* command line over matrix, the last one counts */
	assert_int_equal(plan->cases[0].scenario->guest.memory_bytes, 768 * PN_MIB);
	assert_string_equal(plan->cases[0].scenario->driver.params, "x=1");
	pn_plan_free(plan);
}

static void takes_the_options_of_the_command_line(void **state)
{
	struct pn_plan_config config = {.names = (const char *const[]){"d", NULL},
					.driver = "stock",
					.image = "generic",
					.seed = 7,
					.repeat = 2,
					.workloads_dir = *state};
	struct pn_plan *plan;

	home_write(*state, "scenarios/d.yaml", "summary: s\npattern: random-walk\nmatrix: {driver: [vballoon, stock]}\n");
	assert_int_equal(pn_plan_build(&config, &plan, NULL), 0);
	assert_ids(plan, (const char *const[]){"d,driver=stock,repeat=1", "d,driver=stock,repeat=2", NULL});
	assert_string_equal(plan->cases[0].scenario->guest.image, "generic");
	assert_int_equal(plan->cases[0].scenario->seed, 7);
	assert_true(plan->cases[1].scenario->seed != 7);
	pn_plan_free(plan);
	config.sets = (const char *const[]){"guest.exact=true", NULL};
	assert_int_equal(pn_plan_build(&config, &plan, NULL), 0);
	assert_ids(plan, (const char *const[]){"d,driver=stock,repeat=1", "d,driver=stock,repeat=2", NULL});
	assert_int_equal(plan->cases[1].scenario->seed, 7); /* the same again, to the instruction */
	pn_plan_free(plan);
}

static void draws_stable_seeds(void **state)
{
	home_write(*state, "scenarios/r.yaml",
		   "summary: s\npattern: random-walk\nmatrix: {driver: [vballoon, stock], backing: [4k, thp]}\n");
	struct pn_plan *plan = plan_of(*state, "r", NONE), *again = plan_of(*state, "r", NONE);

	for (unsigned int i = 0; i < 4; i++)
		assert_true(plan->cases[i].scenario->seed == again->cases[i].scenario->seed);
	assert_true(plan->cases[0].scenario->seed == plan->cases[2].scenario->seed); /* drivers meet the same walk */
	assert_true(plan->cases[0].scenario->seed != plan->cases[1].scenario->seed);
	pn_plan_free(plan);
	pn_plan_free(again);
}

static void assert_same_events(const struct pn_scenario *a, const struct pn_scenario *b)
{
	assert_int_equal(a->event_count, b->event_count);
	for (unsigned int i = 0; i < a->event_count; i++) {
		const struct pn_event *left = &a->events[i], *right = &b->events[i];

		assert_true(left->action == right->action && left->after == right->after && left->at_ns == right->at_ns &&
			    left->for_ns == right->for_ns && left->balloon_bytes == right->balloon_bytes &&
			    left->may_miss == right->may_miss);
		assert_int_equal(g_strcmp0(left->name, right->name), 0);
		assert_int_equal(g_strcmp0(left->fault_args, right->fault_args), 0);
		assert_int_equal(g_strcmp0(left->phase, right->phase), 0);
	}
}

static void a_case_alone_is_the_same_case(void **state)
{
	home_write(*state, "scenarios/c.yaml",
		   "summary: 's: \"quoted\" # not a comment'\npattern: {kind: random-walk, amount: 30%}\nguest: {balloon: {deflate-on-oom: "
		   "true}, devices: 'virtio-rng-pci,id=x'}\n"
		   "faults: [{fault: oom, at: 1s, for: 500ms, bytes: 90%}]\noracles: {waive: [{oracle: kernel-log, reason: an OOM kill is "
		   "wanted}]}\n"
		   "matrix: {driver: [vballoon, stock], load: [idle, cpu]}\n");
	struct pn_plan *plan = plan_of(*state, "c", (const char *const[]){"vcpus=2", NULL});
	struct pn_case *one = &plan->cases[3];

	home_write(*state, "resolved.yaml", one->yaml);
	g_autofree char *path = g_build_filename(*state, "resolved.yaml", NULL);
	struct pn_plan *alone = plan_of(*state, path, NONE);
	struct pn_case *same = &alone->cases[0];

	assert_int_equal(alone->count, 1);
	assert_string_equal(same->yaml, one->yaml);
	assert_string_equal(same->params_json, one->params_json);
	assert_string_equal(same->scenario->name, "c");
	assert_string_equal(same->scenario->driver.name, "stock");
	assert_true(same->scenario->seed == one->scenario->seed);
	assert_int_equal(same->scenario->guest.vcpus, 2);
	assert_string_equal(same->scenario->guest.extra_devices, "virtio-rng-pci,id=x");
	assert_same_events(same->scenario, one->scenario);
	pn_plan_free(plan);
	pn_plan_free(alone);
}

static void merges_faults(void **state)
{
	home_write(*state, "scenarios/f.yaml",
		   "summary: s\npattern: {kind: ramp, amount: 100MiB, over: 1s, interval: 200ms}\n"
		   "faults:\n  - {fault: reset, at: 300ms}\n  - {fault: oom, during: ramp, at: 500ms, for: 100ms, bytes: 50%}\n  - {fault: "
		   "qemu-stop, during: hold, for: 1s}\n");
	struct pn_plan *plan = plan_of(*state, "f", NONE);
	const struct pn_scenario *scenario = plan->cases[0].scenario;
	const struct pn_event *oom = NULL, *reset = NULL, *stop = NULL;
	uint64_t ordered = 0, at = 0;

	for (unsigned int i = 0; i < scenario->event_count; i++) {
		const struct pn_event *event = &scenario->events[i];

		ordered += event->after == PN_AFTER_TIME ? 0 : event->at_ns;
		if (event->action == PN_DO_FAULT && strcmp(event->name, "oom") == 0) {
			oom = event;
			at = ordered;
		} else if (event->action == PN_DO_FAULT && strcmp(event->name, "reset") == 0) {
			reset = event;
		} else if (event->action == PN_DO_FAULT) {
			stop = event;
			assert_int_equal(scenario->events[i - 1].action, PN_DO_HOLD);
		}
	}
	assert_int_equal(ordered, PN_NS_PER_S); /* the faults shifted no target */
	assert_int_equal(at, 500 * PN_NS_PER_MS);
	assert_int_equal(oom->after, PN_AFTER_PREVIOUS);
	assert_string_equal(oom->fault_args, "{\"bytes\":268435456,\"mode\":\"anon\",\"while\":\"any\"}");
	assert_int_equal(reset->after, PN_AFTER_TIME);
	assert_int_equal(reset->at_ns, 300 * PN_NS_PER_MS);
	assert_int_equal(stop->for_ns, PN_NS_PER_S);
	pn_plan_free(plan);
}

static void ends_a_timeline_at_rest(void **state)
{
	home_write(*state, "scenarios/t.yaml",
		   "summary: s\ntimeline:\n  - {do: target, balloon: 1MiB, phase: inflate}\n  - {at: 50ms, do: target, balloon: 0}\n");
	struct pn_plan *plan = plan_of(*state, "t", NONE);
	const struct pn_scenario *scenario = plan->cases[0].scenario;

	assert_int_equal(scenario->event_count, 3);
	assert_int_equal(scenario->events[1].after, PN_AFTER_TIME);
	assert_int_equal(scenario->events[2].action, PN_DO_HOLD);
	assert_int_equal(scenario->events[2].after, PN_AFTER_SETTLED);
	pn_plan_free(plan);
}

/* Another driver takes the place of the name; how it is loaded was not said for that name. */
static void keeps_parameters_beside_another_driver(void **state)
{
	static const char *const settings[] = {"driver=stock", NULL};
	struct pn_plan *plan;

	home_write(*state, "scenarios/k.yaml", "summary: s\npattern: inflate\ndriver: {name: vballoon, params: max_order=0}\n");
	plan = plan_of(*state, "k", settings);
	assert_string_equal(plan->cases[0].scenario->driver.name, "stock");
	assert_string_equal(plan->cases[0].scenario->driver.params, "max_order=0");
	pn_plan_free(plan);
}

/* A case must find its driver again from whatever directory it is run. */
static void writes_absolute_paths(void **state)
{
	g_autofree char *ko = g_build_filename(*state, "x.ko", NULL);
	g_autofree char *yaml =
	    g_strdup_printf("summary: s\npattern: inflate\ndriver: {name: %s/../%s/x.ko}\n", (char *)*state, strrchr(*state, '/') + 1);
	struct pn_plan *plan;

	home_write(*state, "x.ko", "");
	home_write(*state, "scenarios/a.yaml", yaml);
	plan = plan_of(*state, "a", NONE);
	assert_string_equal(plan->cases[0].scenario->driver.name, ko);
	assert_non_null(strstr(plan->cases[0].yaml, ko));
	assert_null(strstr(plan->cases[0].yaml, "/../"));
	pn_plan_free(plan);
}

static char *never(const struct pn_scenario *scenario)
{
	return g_strdup("not on this host");
}

static char *well(const struct pn_scenario *scenario)
{
	return NULL;
}

/* A phase that leaves the kernel no memory for its image can't be one to hibernate in, nor a migration one to unplug in; suspending can. */
static void skips_what_cannot_be_in_its_phase(void **state)
{
	struct pn_plan *plan;

	home_write(*state, "scenarios/z.yaml",
		   "summary: s\nguest: {swap: 512MiB, balloon: {hotplug: true}}\ntimeline:\n  - {do: target, balloon: 10%}\nfaults:\n  - {fault: hibernate, at: 0s, while: idle}\n"
		   "matrix: {'faults[0].fault': [hibernate, suspend, unplug], 'faults[0].while': [idle, hinting, oom]}\n");
	plan = plan_of(*state, "z", NONE);
	assert_null(plan->cases[0].skip_reason);
	assert_non_null(strstr(plan->cases[1].skip_reason, "while hinting"));
	assert_non_null(strstr(plan->cases[2].skip_reason, "while oom"));
	assert_non_null(strstr(plan->cases[7].skip_reason, "unplug can't be while hinting"));
	for (unsigned int i = 3; i < 9; i++)
		assert_true(i == 7 || !plan->cases[i].skip_reason);
	pn_plan_free(plan);
}

static void skips_what_cannot_run(void **state)
{
	home_write(*state, "scenarios/k.yaml", "summary: s\npattern: inflate\nrequires: kvm\n");
	home_write(*state, "scenarios/h.yaml", "summary: s\npattern: {kind: inflate, amount: 1GiB}\nguest: {memory: 1TiB}\ntimeout: 1h\n");
	pn_require_hook("kvm", never);
	struct pn_plan *plan = plan_of(*state, "k", NONE);

	assert_string_equal(plan->cases[0].skip_reason, "not on this host");
	pn_plan_free(plan);
	plan = plan_of(*state, "h", NONE); /* no host of ours has that */
	assert_non_null(strstr(plan->cases[0].skip_reason, "the guest needs"));
	pn_plan_free(plan);
	home_write(*state, "scenarios/i.yaml", "summary: s\npattern: inflate\nguest: {balloon: {iommu: true}}\nmatrix: {driver: [stock, vballoon]}\n");
	plan = plan_of(*state, "i", NONE);
	assert_non_null(strstr(plan->cases[0].skip_reason, "VIRTIO_F_ACCESS_PLATFORM"));
	assert_null(plan->cases[1].skip_reason);
	pn_plan_free(plan);
	home_write(*state, "scenarios/b.yaml", "summary: s\npattern: inflate\nmatrix: {backing: [thp, hugetlb]}\n");
	pn_require_hook("thp", well);
	pn_require_hook("hugetlb", never);
	plan = plan_of(*state, "b", NONE);
	assert_null(plan->cases[0].skip_reason);
	assert_string_equal(plan->cases[1].skip_reason, "not on this host");
	pn_plan_free(plan);
}

static void names_what_there_is(void **state)
{
	struct pn_diag diag = {};
	struct pn_plan *plan;

	home_write(*state, "scenarios/inflate.yaml", "summary: s\npattern: inflate\n");
	home_write(*state, "suites/smoke.yaml", "summary: s\nscenarios: [inflate, deflat]\n");
	assert_int_equal(home_plan(*state, "smok", NONE, &plan, &diag), -ENOENT);
	assert_non_null(strstr(diag.text, "no suite or scenario 'smok'"));
	assert_non_null(strstr(diag.text, "suites: smoke; scenarios: inflate; or the path of a .yaml file"));
	assert_int_equal(home_plan(*state, "smoke", NONE, &plan, &diag), -EINVAL);
	assert_non_null(strstr(diag.text, "smoke.yaml:2: scenarios[1]: 'deflat' is not accepted; expected inflate"));
	assert_int_equal(home_plan(*state, "/nowhere/x.yaml", NONE, &plan, &diag), -ENOENT);
}

static void runs_a_case_once(void **state)
{
	struct pn_plan_config config = {.names = (const char *const[]){"i", "i", NULL}, .workloads_dir = *state};
	struct pn_plan *plan;

	home_write(*state, "scenarios/i.yaml", "summary: s\npattern: inflate\n");
	assert_int_equal(pn_plan_build(&config, &plan, NULL), 0);
	assert_int_equal(plan->count, 1);
	pn_plan_free(plan);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, home_setup, home_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(expands_a_matrix_in_order), TEST(applies_the_stronger_last),	  TEST(takes_the_options_of_the_command_line),
	    TEST(draws_stable_seeds),	     TEST(a_case_alone_is_the_same_case), TEST(merges_faults),
	    TEST(ends_a_timeline_at_rest),   TEST(skips_what_cannot_run), TEST(skips_what_cannot_be_in_its_phase),	  TEST(names_what_there_is),
	    TEST(runs_a_case_once),	     TEST(writes_absolute_paths),	  TEST(keeps_parameters_beside_another_driver),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
