// SPDX-License-Identifier: GPL-2.0-only
/*
 * The logic of vballoon, its sources as they are, between a modelled kernel and a modelled device: targets, out of memory, other modes and
 * a device that is late, in any order. What may not happen is asserted where it would (memory.c, device.c); what has to be true at rest is
 * checked here, to the page.
 *
 * A helper's thread is in it as far as its allocations go: others may do anything meanwhile. Not in the model: other threads and interrupts, compaction, statistics, hints, suspend. Those are for guests.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "device.h"

#include "../vballoon/batch.c"
#include "../vballoon/deflate.c"
#include "../vballoon/held.c"
#include "../vballoon/helper.c"
#include "../vballoon/inflate.c"
#include "../vballoon/oom.c"
#include "../vballoon/pfns.c"
#include "../vballoon/pile.c"
#include "../vballoon/queue.c"
#include "../vballoon/reported.c"
#include "../vballoon/tells.c"
#include "../vballoon/worker.c"

#define MOST_TARGET (MODEL_PAGES - 8192) /* above the floor */
#define STEPS 100000			 /* a balloon that is not at rest by then never will be */

unsigned int vb_knob_mode, vb_knob_kick_us = 5000, vb_knob_ack_timeout_ms = 10000, vb_knob_floor_mib = 4, vb_knob_backoff_min_ms = 50;
unsigned int vb_knob_backoff_max_ms = 10000, vb_knob_oom_quota_mib = 64, vb_knob_oom_lockout_ms = 100, vb_knob_pfn_chain = 2,
	     vb_knob_max_order = VB_TOP_ORDER, vb_knob_oom_lockout_max_ms = 350, vb_knob_ahead_ms = 1000, vb_knob_pause_us = 100, vb_knob_helpers = 1;
bool vb_knob_free_reporting;

static struct vballoon balloon;
static struct virtio_device vdev;
static struct virtqueue vqs[DEVICE_QUEUES];
static struct page *taken[MODEL_PAGES]; /* by programs of the guest */
static unsigned long nr_taken;
static unsigned long ooms, ooms_waiting; /* events; those that came when blocks waited for their PFNs */
static unsigned long refused;		 /* blocks that a helper came with too late */

const char *vb_params_mode_name(enum vb_mode mode)
{
	return "";
}

void vb_stats_requested(struct vballoon *vb)
{
}

bool vb_report_usable(struct vballoon *vb)
{
	return vb_knob_mode != VB_MODE_PFN;
}

void vb_report_pause(struct vballoon *vb, bool pause)
{
}

int vb_report_submit(struct vballoon *vb, struct vb_batch *b)
{
	struct vb_queue *q = &vb->q[VB_Q_REPORT];
	int r;

	for (unsigned int i = 0; i < b->nr_blks; i++)
		sg_set_page(&vb->report_sg[i], b->blk[i].page, PAGE_SIZE << b->blk[i].order, 0);
	r = vb_queue_add(q, vb->report_sg, b->nr_blks, false, &b->flight);
	if (!r)
		vb_queue_kick(q, &b->flight);
	return r;
}

static int set_up(void **state)
{
	balloon.vdev = &vdev;
	vdev.priv = &balloon;
	for (unsigned int i = 0; i < DEVICE_QUEUES; i++) {
		vqs[i] = (struct virtqueue){&vdev, i};
		balloon.q[i].vb = &balloon;
		balloon.q[i].vq = &vqs[i];
	}
	vb_held_init(&balloon);
	vb_reported_init(&balloon);
	vb_helper_init(&balloon);
	balloon.filling = &balloon.batch[0];
	balloon.bulk = calloc(VB_BULK_PAGES, sizeof(*balloon.bulk));
	vb_pace_init(&balloon.report_pace, VB_REPORT_PAGES);
	vb_pace_init(&balloon.inflate_pace, VB_CHUNKS * VB_CHUNK_PFNS);
	return vb_batch_init(&balloon.batch[0]) || vb_batch_init(&balloon.batch[1]) || vb_batch_init(&balloon.retire) ||
	       vb_tells_init(&balloon);
}

static int tear_down(void **state)
{
	vb_batch_deinit(&balloon.batch[0]);
	vb_batch_deinit(&balloon.batch[1]);
	vb_batch_deinit(&balloon.retire);
	vb_tells_deinit(&balloon);
	free(balloon.bulk);
	return 0;
}

static void set_target(unsigned long pages)
{
	vdev.space.num_pages = (u32)pages;
	vb_worker_wake(&balloon, VB_EV_CONFIG);
}

static long step_once(void)
{
	long sleep;

	model_ns += 2000;
	if (rand() % 4 == 0) {
		jiffies++;
		model_ns += NSEC_PER_MSEC * 1000 / HZ;
	}
	sleep = step(&balloon, false);
	if (sleep > 0 && sleep < MAX_SCHEDULE_TIMEOUT && !balloon.flying)
		jiffies += (unsigned long)sleep;
	return sleep;
}

/* A helper gets a block, or two in a row; what is done meanwhile is the caller's. */
static void help(void (*meanwhile)(void))
{
	long helped = atomic_long_read(&balloon.counter[VB_C_HELPED_PAGES]);
	unsigned int order = wanted_order(&balloon.helpers);

	if (!order)
		return;
	model_meanwhile = meanwhile;
	collect_block(&balloon, order);
	model_meanwhile = NULL;
	refused += !balloon.helpers.dry && helped == atomic_long_read(&balloon.counter[VB_C_HELPED_PAGES]);
}

static void run_to_rest(void)
{
	unsigned long i = 0, held;

	while (step_once() != MAX_SCHEDULE_TIMEOUT)
		if (i++ == STEPS)
			fail_msg("never at rest: %lu held, %lu on their way, goal %lu, %s", vb_held_pages(&balloon),
				 vb_inflate_pending(&balloon), balloon.goal_pages, vb_worker_state_name(balloon.state));
	held = vb_held_pages(&balloon);
	assert_int_equal(balloon.goal_pages, vdev.space.num_pages);
	assert_int_equal(held, balloon.goal_pages);
	assert_int_equal(vdev.space.actual, held);
	assert_int_equal(vb_inflate_pending(&balloon), 0);
	assert_int_equal(held + model_free + nr_taken, MODEL_PAGES);
	assert_int_equal((long)held + model_managed, 0);
	assert_int_equal(model_device.inflated - model_device.deflated, model_device_holds());
	assert_true(model_device_holds() <= held);
}

static void test_there_and_back(void **state)
{
	for (vb_knob_mode = VB_MODE_STRICT; vb_knob_mode <= VB_MODE_PFN; vb_knob_mode++) {
		unsigned long pages = MOST_TARGET / 1024 * 1024 + 333, inflated = model_device.inflated, reported = model_device.reported;

		model_device.laziness = vb_knob_mode;
		set_target(pages);
		run_to_rest();
		assert_int_equal(model_device.inflated - inflated, vb_knob_mode == VB_MODE_FAST ? 333 : pages);
		assert_int_equal(model_device.reported - reported, vb_knob_mode == VB_MODE_PFN ? 0 : pages - 333);
		set_target(0);
		run_to_rest();
		assert_int_equal(model_device_holds(), 0);
	}
}

/* The host is to have all of the memory before it hears of the first page of it. */
static void test_reports_come_first(void **state)
{
	unsigned long inflated = model_device.inflated, reported = model_device.reported, pages = 40 * 1024;

	vb_knob_mode = VB_MODE_STRICT;
	model_device.laziness = 0;
	set_target(pages);
	for (unsigned int i = 0; model_device.inflated == inflated && i < STEPS; i++)
		step_once();
	assert_int_equal(model_device.reported - reported, pages);
	run_to_rest();
	set_target(0);
	run_to_rest();
}

/* Given less time, the host hears of some of it meanwhile; and of each batch at once when it is given none. */
static void test_pfns_between_reports(void **state)
{
	unsigned long pages = 80 * 1024;

	vb_knob_mode = VB_MODE_STRICT;
	for (vb_knob_ahead_ms = 0; vb_knob_ahead_ms <= 8; vb_knob_ahead_ms += 8) {
		unsigned long inflated = model_device.inflated, reported = model_device.reported, most = 0;

		set_target(pages);
		for (unsigned int i = 0; model_device.reported - reported < pages && i < STEPS; i++) {
			step_once();
			most = max(most, vb_reported_pages(&balloon));
		}
		assert_int_equal(model_device.reported - reported, pages);
		assert_in_range(model_device.inflated - inflated, 1, pages - 1);
		if (vb_knob_ahead_ms == 0)
			assert_in_range(most, 1, VB_BATCH_BLOCKS << VB_TOP_ORDER);
		run_to_rest();
		set_target(0);
		run_to_rest();
	}
	vb_knob_ahead_ms = 1000;
}

/* With helpers the same pages go the same way, and the worker allocates only what they have not. */
static void test_helped(void **state)
{
	balloon.helpers.nr = 1;
	for (vb_knob_mode = VB_MODE_STRICT; vb_knob_mode <= VB_MODE_PFN; vb_knob_mode++) {
		long helped = atomic_long_read(&balloon.counter[VB_C_HELPED_PAGES]);

		set_target(60 * 1024 + 333);
		step_once();
		for (unsigned int i = 0; i < STEPS && vb_held_pages(&balloon) < 60 * 1024; i++) {
			help(NULL);
			help(NULL);
			assert_true(vb_pile_pages(&balloon.helpers.pile) <= PILE_PAGES);
			step_once();
		}
		run_to_rest();
		helped = atomic_long_read(&balloon.counter[VB_C_HELPED_PAGES]) - helped;
		assert_in_range(helped, 30 * 1024, 60 * 1024);
		set_target(0);
		run_to_rest();
	}
	balloon.helpers.nr = 0;
}

/* Programs take memory and let go of it. */
static void churn(void)
{
	bool more = rand() % 2;

	while (rand() % 300) {
		if (more && (model_free < 4000 || nr_taken == 20000))
			return;
		if (!more && !nr_taken)
			return;
		if (more)
			taken[nr_taken++] = alloc_pages(0, 0);
		else
			__free_page(taken[--nr_taken]);
	}
}

static void run_out_of_memory(void)
{
	unsigned long before = model_free, freed = 0;

	ooms++;
	ooms_waiting += vb_reported_pages(&balloon) > 0;
	out_of_memory_cb(&balloon.oom.nb, 0, &freed);
	if (!balloon.must_tell)
		assert_int_equal(model_free, before + freed);
}

/* Out of memory @later after the last lockout has ended. Return: how long the balloon is locked out now, in ms. */
static unsigned long lockout_by_oom(unsigned long later)
{
	long sleep;

	jiffies = balloon.oom.until + later;
	run_out_of_memory();
	do
		sleep = step(&balloon, false);
	while (!sleep);
	assert_int_equal(balloon.state, VB_S_LOCKOUT);
	return (unsigned long)sleep * 1000 / HZ;
}

/* A target that the guest can't afford: the balloon tries more and more seldom, and as often as at first when there has been peace for a while. */
static void test_lockout_grows(void **state)
{
	long relapses = atomic_long_read(&balloon.counter[VB_C_OOM_RELAPSES]);

	set_target(MOST_TARGET);
	run_to_rest();
	assert_int_equal(lockout_by_oom(1000 * HZ), 100);
	assert_int_equal(lockout_by_oom(1), 200);
	assert_int_equal(lockout_by_oom(-1UL), 200); /* within: one burst */
	assert_int_equal(lockout_by_oom(0), 348); /* the cap, in whole jiffies */
	assert_int_equal(lockout_by_oom(10), 348);
	assert_int_equal(lockout_by_oom(HZ), 100);
	assert_int_equal(atomic_long_read(&balloon.counter[VB_C_OOM_RELAPSES]) - relapses, 3);
	set_target(0);
	run_to_rest();
}

static void disturb(unsigned int seldom)
{
	if ((unsigned int)rand() % seldom == 0)
		run_out_of_memory();
	if ((unsigned int)rand() % seldom == 0)
		set_target((unsigned long)rand() % MOST_TARGET);
	if ((unsigned int)rand() % seldom == 0)
		vb_knob_mode = (unsigned int)rand() % (VB_MODE_PFN + 1);
	if ((unsigned int)rand() % seldom == 0)
		churn();
}

static unsigned int seldom;

/* What others do while a helper allocates. */
static void go_on(void)
{
	disturb(5);
	step_once();
}

static void disturb_and_settle(unsigned int seed)
{

	srand(seed);
	seldom = 50 + (unsigned int)rand() % 400;
	model_device.laziness = (unsigned int)rand() % 4;
	for (unsigned int i = 0; i < 20000; i++) {
		disturb(seldom);
		step_once();
		if (rand() % 2)
			help(rand() % 8 ? NULL : go_on);
	}
	while (nr_taken)
		__free_page(taken[--nr_taken]);
	jiffies += 60 * HZ;
	set_target((unsigned long)rand() % MOST_TARGET);
	run_to_rest();
}

static void test_any_order(void **state)
{
	balloon.must_tell = false;
	balloon.helpers.nr = 1;
	for (unsigned int seed = 0; seed < 12; seed++)
		disturb_and_settle(seed);
	assert_true(ooms > 100 && ooms_waiting > 5 && refused > 5); /* or nothing was tried */
	set_target(0);
	run_to_rest();
}

/* The same by a device that must be told first: no page is the guest's before. */
static void test_any_order_told_first(void **state)
{
	balloon.must_tell = true;
	for (unsigned int seed = 100; seed < 108; seed++)
		disturb_and_settle(seed);
	set_target(0);
	run_to_rest();
	balloon.must_tell = false;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_there_and_back),
	    cmocka_unit_test(test_reports_come_first),
	    cmocka_unit_test(test_pfns_between_reports),
	    cmocka_unit_test(test_lockout_grows),
	    cmocka_unit_test(test_helped),
	    cmocka_unit_test(test_any_order),
	    cmocka_unit_test(test_any_order_told_first),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
