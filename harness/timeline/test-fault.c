// SPDX-License-Identifier: GPL-2.0-only
/* Faults: that each does what it says and undoes it on every way out, and that one which did nothing is an error. */
#include "fake.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/units.h"
#include "faults.h"

static int run(struct stage *stage, struct pn_event *events, unsigned int count, struct pn_diag *diag)
{
	stage->scenario.events = events;
	stage->scenario.event_count = count;
	return pn_timeline_run(&stage->timeline, diag);
}

#define RUN(stage, events, diag) run(stage, events, G_N_ELEMENTS(events), diag)

#define TARGET(mib) {.action = PN_DO_TARGET, .after = PN_AFTER_PREVIOUS, .balloon_bytes = (mib)*PN_MIB}
#define FAULT(what, ms, args)                                                                                                              \
	{.action = PN_DO_FAULT, .after = PN_AFTER_PREVIOUS, .name = (char *)(what), .for_ns = (ms)*PN_NS_PER_MS, .fault_args = (char *)(args)}

static void assert_steps(struct stage *stage, unsigned int armed, unsigned int fired, unsigned int disarmed)
{
	assert_int_equal(stage_count(stage, "fault", "state", "armed"), armed);
	assert_int_equal(stage_count(stage, "fault", "state", "fired"), fired);
	assert_int_equal(stage_count(stage, "fault", "state", "disarmed"), disarmed);
}

/* Slow until struck, at 20 MiB/s: 200 MiB leave seconds to hit it in mid-flight. */
static int moving_setup(void **state)
{
	int r = stage_setup(state);

	fake.speed_bytes_per_s = 20 * PN_MIB;
	fake.struck_speed_bytes_per_s = 2 * PN_GIB;
	return r;
}

static void every_declared_fault_has_a_mechanism(void **state)
{
	for (const struct pn_fault_info *info = pn_fault_infos; info->name; info++) {
		const struct pn_fault_ops *ops = pn_fault_ops_find(info->name);

		if (!ops)
			fail_msg("fault '%s' is declared and has no mechanism", info->name);
		/* What lasts must be undone, and what is undone must last. */
		if (info->span != PN_FAULT_FATAL)
			assert_int_equal(ops->disarm != NULL, info->span == PN_FAULT_LASTS);
	}
}

static void pause_in_mid_flight(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {TARGET(200), FAULT("vcpu-pause", 50, "{\"while\":\"inflating\",\"at-progress\":5}")};

	assert_int_equal(RUN(stage, events, NULL), 0);
	assert_steps(stage, 1, 1, 1);
	assert_false(fake.paused);
	assert_string_equal(fake.log->str, "balloon pause resume ");
	assert_string_equal(stage->calls->str, "settled:200 ");
}

static void pause_while_nothing_moves_never_fires(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {TARGET(0), FAULT("vcpu-pause", 50, "{\"while\":\"inflating\"}")};
	struct pn_diag diag = {0};

	assert_int_equal(RUN(stage, events, &diag), -ENODATA);
	assert_non_null(strstr(diag.text, "vcpu-pause"));
	assert_non_null(strstr(diag.text, "never fired"));
	assert_steps(stage, 0, 0, 0);
	assert_int_equal(stage_count(stage, "fault", "state", "missed"), 1);
}

static void one_that_may_miss_ends_nothing(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {TARGET(0), FAULT("vcpu-pause", 50, "{\"while\":\"inflating\"}")};

	events[1].may_miss = true;
	assert_int_equal(RUN(stage, events, NULL), 0);
	assert_steps(stage, 0, 0, 0);
	assert_int_equal(stage_count(stage, "fault", "state", "missed"), 1);
}

static void deflating_is_not_inflating(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {TARGET(100), FAULT("unbind", 50, "{\"while\":\"deflating\",\"at-progress\":10}")};

	assert_int_equal(RUN(stage, events, NULL), -ENODATA);
	assert_true(fake.bound);
}

static void pause_without_effect_never_fires(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {FAULT("vcpu-pause", 50, "{}")};

	stage->scenario.settle_timeout_ns = 500 * PN_NS_PER_MS;
	fake.drop = "pause";
	assert_int_equal(RUN(stage, events, NULL), -ENODATA);
	assert_steps(stage, 1, 0, 1);
}

static void fault_that_can_not_be_armed_is_an_error(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {FAULT("vcpu-pause", 50, "{}")};
	struct pn_diag diag = {0};

	fake.refuse = "pause";
	assert_int_equal(RUN(stage, events, &diag), -EREMOTEIO);
	assert_non_null(strstr(diag.text, "could not be armed"));
	assert_string_equal(fake.log->str, "pause resume ");
}

static void fault_that_can_not_be_disarmed_is_an_error(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {FAULT("vcpu-pause", 50, "{}")};
	struct pn_diag diag = {0};

	fake.refuse = "resume";
	assert_int_equal(RUN(stage, events, &diag), -EREMOTEIO);
	assert_non_null(strstr(diag.text, "could not be disarmed"));
	assert_int_equal(stage_count(stage, "fault", "state", "stuck"), 1);
}

static void unbound_while_inflating_and_bound_again(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {TARGET(200), FAULT("unbind", 50, "{\"while\":\"inflating\",\"at-progress\":5}")};

	assert_int_equal(RUN(stage, events, NULL), 0);
	assert_string_equal(fake.log->str, "balloon driver.unbind driver.bind ");
	assert_true(fake.bound);
	assert_string_equal(stage->calls->str, "settled:200 ");
}

static void unloaded_to_the_end_and_loaded_again(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {TARGET(200), FAULT("unload", 0, "{\"while\":\"inflating\",\"at-progress\":5}"),
				    {.action = PN_DO_HOLD, .after = PN_AFTER_PREVIOUS, .for_ns = 300 * PN_NS_PER_MS}};

	assert_int_equal(RUN(stage, events, NULL), 0);
	assert_steps(stage, 1, 1, 1);
	assert_string_equal(fake.log->str, "balloon module.unload module.load ");
	/* The one before the fault can't have been seen at rest; the one after it must. */
	assert_string_equal(stage->calls->str, "settled:200 ");
}

static void target_disturbed_at_rest_settles_again_from_there(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {TARGET(8), FAULT("vcpu-pause", 50, "{}"),
				    {.action = PN_DO_HOLD, .after = PN_AFTER_SETTLED}};
	json_t *records;

	events[1].after = PN_AFTER_SETTLED;
	assert_int_equal(RUN(stage, events, NULL), 0);
	assert_string_equal(stage->calls->str, "settled:8 settled:8 ");
	records = stage_records(stage, "settled");
	assert_int_equal(json_integer_value(json_object_get(json_array_get(records, 0), "from_bytes")), 0);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(records, 1), "from_bytes")), 8 * PN_MIB);
	json_decref(records);
}

static void reset_comes_back_with_driver_and_loads(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {TARGET(200), FAULT("reset", 0, "{\"while\":\"inflating\",\"at-progress\":5}")};

	fake.load_ready = fake.load_marks = true;
	assert_int_equal(pn_load_start(&stage->timeline, "touch", NULL), 0);
	assert_int_equal(RUN(stage, events, NULL), 0);
	assert_string_equal(fake.log->str, "put load.start load.signal balloon reset module.load put load.start load.signal ");
	assert_steps(stage, 1, 1, 1);
}

static void stop_now(void *data, const char *phase)
{
	__atomic_store_n(&((struct stage *)data)->stop, 1, __ATOMIC_RELAXED);
}

#define HOUR(label) {.action = PN_DO_HOLD, .after = PN_AFTER_PREVIOUS, .at_ns = 200 * PN_NS_PER_MS, .for_ns = 3600 * PN_NS_PER_S, .phase = (char *)(label)}

static void interrupt_disarms(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {FAULT("vcpu-pause", 0, "{}"), FAULT("unbind", 0, "{\"while\":\"inflating\"}"), HOUR("stop")};

	stage->timeline.on_phase = stop_now;
	assert_int_equal(RUN(stage, events, NULL), -EINTR);
	assert_false(fake.paused);
	assert_steps(stage, 1, 1, 1);
	/* The one still waiting for its moment is not to blame. */
	assert_int_equal(stage_count(stage, "fault", "state", "missed"), 1);
}

static void failure_elsewhere_disarms(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {FAULT("vcpu-pause", 0, "{}"), {.action = PN_DO_LIFECYCLE, .after = PN_AFTER_PREVIOUS,
				    .name = (char *)"unbind"}, HOUR(NULL)};

	fake.refuse = "driver.unbind";
	assert_int_equal(RUN(stage, events, NULL), -EREMOTEIO);
	assert_false(fake.paused);
	assert_int_equal(stage_count(stage, "fault", "state", "disarmed"), 1);
}

static void oom_counts_only_when_the_kernel_acts(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {FAULT("oom", 300, "{\"mode\":\"anon\",\"bytes\":1048576}")};
	struct pn_diag diag = {0};

	stage->scenario.settle_timeout_ns = 500 * PN_NS_PER_MS;
	assert_int_equal(RUN(stage, events, &diag), -ENODATA);
	assert_string_equal(fake.log->str, "load.start load.stop ");
	assert_false(fake.load_running);
}

static void oom_kill_is_evidence(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {FAULT("oom", 100, "{\"mode\":\"anon\",\"bytes\":1048576}")};

	fake.load_kills = true;
	assert_int_equal(RUN(stage, events, NULL), 0);
	assert_steps(stage, 1, 1, 1);
}

/* What was to be undone in it went with that boot. */
static void oom_ends_with_the_boot_it_was_in(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {FAULT("oom", 100, "{\"mode\":\"anon\",\"bytes\":1048576}")};

	fake.load_kills = true;
	fake.boots_at = "load.stop";
	assert_int_equal(RUN(stage, events, NULL), 0);
	assert_steps(stage, 1, 1, 1);
	assert_int_equal(stage_count(stage, "fault", "state", "stuck"), 0);
}

static void qemu_stopped_and_continued(void **state)
{
	struct stage *stage = *state;
	struct pn_event events[] = {FAULT("qemu-stop", 100, "{}")};
	char path[64];
	g_autofree char *text = NULL;
	int r;

	fake.pid = fork();
	if (fake.pid == 0) {
		pause();
		_exit(0);
	}
	r = RUN(stage, events, NULL);
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)fake.pid);
	assert_int_equal(pn_fs_read(path, &text, NULL, NULL), 0);
	kill(fake.pid, SIGKILL);
	waitpid(fake.pid, NULL, 0);
	assert_int_equal(r, 0);
	assert_null(strstr(text, ") T "));
	assert_steps(stage, 1, 1, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_declared_fault_has_a_mechanism),
		cmocka_unit_test_setup_teardown(pause_in_mid_flight, moving_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(pause_while_nothing_moves_never_fires, stage_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(one_that_may_miss_ends_nothing, stage_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(deflating_is_not_inflating, stage_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(pause_without_effect_never_fires, stage_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(fault_that_can_not_be_armed_is_an_error, stage_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(fault_that_can_not_be_disarmed_is_an_error, stage_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(unbound_while_inflating_and_bound_again, moving_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(unloaded_to_the_end_and_loaded_again, moving_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(target_disturbed_at_rest_settles_again_from_there, stage_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(reset_comes_back_with_driver_and_loads, moving_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(interrupt_disarms, stage_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(failure_elsewhere_disarms, stage_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(oom_counts_only_when_the_kernel_acts, stage_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(oom_kill_is_evidence, stage_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(oom_ends_with_the_boot_it_was_in, stage_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(qemu_stopped_and_continued, stage_setup, stage_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
