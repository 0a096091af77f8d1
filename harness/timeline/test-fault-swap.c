// SPDX-License-Identifier: GPL-2.0-only
/* A slow disk is slow until nothing of that time is under way in it, or it is seen to be faster: QEMU's account of it is played here. */
#include "fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../base/units.h"

#define TOLD_TWICE "disk disk " /* to be slow, and to be fast again */

/* The account: a byte is done from look to look, @fast_bytes once the disk was told to be fast again; of what is under way one less then. */
static struct {
	json_int_t bytes, fast_bytes, under_way;
	unsigned int looks; /* at what is under way */
} disk;

static int ask_disk(const char *command, json_t **ret_reply)
{
	if (strcmp(command, "query-blockstats") == 0) {
		disk.bytes += strcmp(fake.log->str, TOLD_TWICE) == 0 ? disk.fast_bytes : 1;
		*ret_reply = json_pack("[{s:s, s:{s:I, s:I}}]", "qdev", "/machine/peripheral/virtio-disk0/virtio-backend", "stats", "wr_bytes", disk.bytes,
				       "wr_operations", disk.bytes);
		return 0;
	}
	assert_string_equal(command, "x-query-virtio-queue-status");
	assert_string_equal(fake.log->str, TOLD_TWICE);
	disk.looks++;
	*ret_reply = json_pack("{s:I}", "inuse", disk.under_way);
	disk.under_way -= disk.under_way > 0;
	return 0;
}

static int run_slow(struct stage *stage, json_int_t fast_bytes, json_int_t under_way)
{
	struct pn_event event = {.action = PN_DO_FAULT, .after = PN_AFTER_PREVIOUS, .name = (char *)"swap-slow", .for_ns = PN_NS_PER_MS,
				 .fault_args = (char *)"{\"bandwidth\":4096}"};

	disk.bytes = disk.looks = 0;
	disk.fast_bytes = fast_bytes;
	disk.under_way = under_way;
	fake.ask_disk = ask_disk;
	stage->scenario.events = &event;
	stage->scenario.event_count = 1;
	return pn_timeline_run(&stage->timeline, NULL);
}

static void over_when_nothing_is_under_way(void **state)
{
	assert_int_equal(run_slow(*state, 0, 3), 0);
	assert_int_equal(disk.looks, 4);
	assert_int_equal(stage_count(*state, "fault", "state", "disarmed"), 1);
}

/* Others come and go all the time: some are always under way. */
static void over_when_it_is_seen_faster(void **state)
{
	assert_int_equal(run_slow(*state, PN_GIB, 1000000), 0);
	assert_int_equal(disk.looks, 1);
	assert_int_equal(stage_count(*state, "fault", "state", "disarmed"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stage_setup, stage_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(over_when_nothing_is_under_way), TEST(over_when_it_is_seen_faster)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
