// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/units.h"
#include "pool.h"

#define MAX_TASKS 8

struct script {
	struct pn_task tasks[MAX_TASKS];
	unsigned int count, started;
	struct pn_task_end ends[MAX_TASKS];
	unsigned int ended, stops, running_max;
	int stop_after_start; /* send ourselves so many SIGINTs once all have started */
};

static struct pn_task *next(void *data)
{
	struct script *script = data;

	return script->started < script->count ? &script->tasks[script->started++] : NULL;
}

static void ended(struct pn_task *task, const struct pn_task_end *end, void *data)
{
	struct script *script = data;

	script->ends[task - script->tasks] = *end;
	script->ended++;
}

static void tick(unsigned int running, void *data)
{
	struct script *script = data;

	if (running > script->running_max)
		script->running_max = running;
	if (script->started == script->count && script->stop_after_start) {
		script->stop_after_start--;
		kill(getpid(), SIGINT);
	}
}

static void stopping(unsigned int times, void *data)
{
	((struct script *)data)->stops = times;
}

static const struct pn_pool_ops ops = {next, ended, tick, stopping};

static int task_passes(void *data, const int *stop, struct pn_diag *diag)
{
	return 0;
}

static int task_fails(void *data, const int *stop, struct pn_diag *diag)
{
	return pn_diag_set(diag, -ENOSPC, "no room for %s", "it");
}

static int task_crashes(void *data, const int *stop, struct pn_diag *diag)
{
	signal(SIGSEGV, SIG_DFL);
	raise(SIGSEGV);
	return 0;
}

static int task_exits(void *data, const int *stop, struct pn_diag *diag)
{
	_exit(5);
}

static int task_hangs(void *data, const int *stop, struct pn_diag *diag)
{
	for (;;)
		pause();
	return 0;
}

static int task_waits_for_stop(void *data, const int *stop, struct pn_diag *diag)
{
	while (!*(volatile const int *)stop)
		usleep(10000);
	return -EINTR;
}

static void add(struct script *script, int (*run)(void *, const int *, struct pn_diag *), uint64_t timeout_ns)
{
	script->tasks[script->count++] = (struct pn_task){.run = run, .timeout_ns = timeout_ns};
}

static void tells_every_kind_of_end(void **state)
{
	struct script script = {0};

	add(&script, task_passes, 0);
	add(&script, task_fails, 0);
	add(&script, task_crashes, 0);
	add(&script, task_exits, 0);
	add(&script, task_hangs, 200 * PN_NS_PER_MS);
	assert_int_equal(pn_pool_run(2, &ops, &script, NULL), 0);
	assert_int_equal(script.ended, 5);
	assert_int_equal(script.ends[0].how, PN_TASK_RETURNED);
	assert_int_equal(script.ends[0].err, 0);
	assert_int_equal(script.ends[1].how, PN_TASK_RETURNED);
	assert_int_equal(script.ends[1].err, -ENOSPC);
	assert_string_equal(script.ends[1].diag.text, "no room for it");
	assert_int_equal(script.ends[2].how, PN_TASK_CRASHED);
	assert_int_equal(script.ends[2].code, SIGSEGV);
	assert_int_equal(script.ends[3].how, PN_TASK_EXITED);
	assert_int_equal(script.ends[3].code, 5);
	assert_int_equal(script.ends[4].how, PN_TASK_TIMED_OUT);
	assert_true(script.running_max <= 2);
}

static void one_interrupt_lets_tasks_end_themselves(void **state)
{
	struct script script = {.stop_after_start = 1};

	add(&script, task_waits_for_stop, 0);
	assert_int_equal(pn_pool_run(1, &ops, &script, NULL), -EINTR);
	assert_int_equal(script.ends[0].how, PN_TASK_RETURNED);
	assert_int_equal(script.ends[0].err, -EINTR);
	assert_int_equal(script.stops, 1);
}

static void one_interrupt_kills_what_is_disposable(void **state)
{
	struct script script = {.stop_after_start = 1};

	add(&script, task_hangs, 0);
	script.tasks[0].disposable = true;
	assert_int_equal(pn_pool_run(1, &ops, &script, NULL), -EINTR);
	assert_int_equal(script.ends[0].how, PN_TASK_KILLED);
}

static void two_interrupts_kill(void **state)
{
	struct script script = {.stop_after_start = 2};

	add(&script, task_hangs, 0);
	assert_int_equal(pn_pool_run(1, &ops, &script, NULL), -EINTR);
	assert_int_equal(script.ends[0].how, PN_TASK_KILLED);
	assert_int_equal(script.stops, 2);
}

static void leaves_the_signal_mask_as_it_was(void **state)
{
	struct script script = {0};
	sigset_t before, after;

	add(&script, task_passes, 0);
	sigprocmask(SIG_BLOCK, NULL, &before);
	assert_int_equal(pn_pool_run(1, &ops, &script, NULL), 0);
	sigprocmask(SIG_BLOCK, NULL, &after);
	for (int signal = 1; signal < SIGRTMIN; signal++)
		assert_int_equal(sigismember(&before, signal), sigismember(&after, signal));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_every_kind_of_end),
		cmocka_unit_test(one_interrupt_lets_tasks_end_themselves),
		cmocka_unit_test(one_interrupt_kills_what_is_disposable),
		cmocka_unit_test(two_interrupts_kill),
		cmocka_unit_test(leaves_the_signal_mask_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
