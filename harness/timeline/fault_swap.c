// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's swap disk fails every request, is slow, hangs, or is full. It must be one that nbdkit serves (guest.swap-server). What shows it is
 * QEMU's own account of the disk (query-blockstats), so a disk that nobody used meanwhile never fired: failed operations; operations done, at
 * no more than the rate; none done while some wait. A full disk stops the guest (werror=enospc is QEMU's default), which goes on when there is space again.
 *
 * A disk that was slow has requests under way that go on being slow: they were given their time when they came. The fault is over when the disk has
 * none of them any more, or is seen to do others faster; only then is the balloon judged again.
 */
#include "faults.h"

#include <errno.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "timeline.h"

#define ANSWER_NS (10 * PN_NS_PER_S)
#define SLOW_SPAN_NS (500 * PN_NS_PER_MS) /* a rate is seen over at least this */
#define SLOW_SLACK 4			  /* how much faster than asked it may look: the filter lets bursts through */
#define HANG_SPAN_NS (300 * PN_NS_PER_MS)
#define DRAIN_GAP_NS (200 * PN_NS_PER_MS)
#define DRAIN_BYTES (2 * 16 * 1280 * PN_KIB) /* under way at most: QEMU has 16 requests at nbdkit, Linux merges up to 1280 KiB, reads and writes apart */

/** struct account - QEMU's account of the disk */
struct account {
	json_int_t failed, done, bytes;
	uint64_t at_ns;
};

/** struct disk - the faults' own */
struct disk {
	struct account before;
	bool touched;
};

static json_int_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* The swap disk is the first one of the machine (vda). */
static int read_account(struct pn_fault_run *run, struct account *ret_account, struct pn_diag *diag)
{
	json_t *reply, *disk, *stats = NULL;
	size_t i;
	int r = pn_guest_query(run->conductor->timeline->guest, "query-blockstats", NULL, ANSWER_NS, &reply, NULL, diag);

	if (r < 0)
		return r;
	json_array_foreach(reply, i, disk) {
		const char *qdev = json_string_value(json_object_get(disk, "qdev"));

		if (qdev && strstr(qdev, "virtio-disk0"))
			stats = json_object_get(disk, "stats");
	}
	if (stats)
		*ret_account = (struct account){
			.failed = number(stats, "failed_rd_operations") + number(stats, "failed_wr_operations"),
			.done = number(stats, "rd_operations") + number(stats, "wr_operations"),
			.bytes = number(stats, "rd_bytes") + number(stats, "wr_bytes"),
			.at_ns = pn_clock_now_ns(),
		};
	else
		r = pn_diag_set(diag, -ENODEV, "QEMU has no account of the swap disk");
	json_decref(reply);
	return r;
}

static int prepare(struct pn_fault_run *run, struct pn_diag *diag)
{
	run->data = g_new0(struct disk, 1);
	return pn_guest_disk(run->conductor->timeline->guest, "swap") ? 0 : pn_diag_set(diag, -ENOTSUP, "the guest has no swap disk");
}

static int act(struct pn_fault_run *run, json_t *args, struct pn_diag *diag)
{
	int r = pn_guest_act(run->conductor->timeline->guest, &(struct pn_action){.verb = "disk", .args = args}, NULL, diag);

	json_decref(args);
	return r;
}

/* The account is of the time after: what was under way at the blow is not in it. */
static int arm(struct pn_fault_run *run, json_t *args, struct pn_diag *diag)
{
	struct disk *disk = run->data;
	int r = act(run, args, diag);

	disk->touched = true;
	return r < 0 ? r : read_account(run, &disk->before, diag);
}

static int arm_fail(struct pn_fault_run *run, struct pn_diag *diag)
{
	return arm(run, json_pack("{s:b}", "error", 1), diag);
}

static int arm_slow(struct pn_fault_run *run, struct pn_diag *diag)
{
	return arm(run, json_pack("{s:O}", "bytes_per_s", json_object_get(run->args, "bandwidth")), diag);
}

static int arm_hang(struct pn_fault_run *run, struct pn_diag *diag)
{
	return arm(run, json_pack("{s:b}", "hang", 1), diag);
}

static int fired_fail(struct pn_fault_run *run, struct pn_diag *diag)
{
	const struct disk *disk = run->data;
	struct account now;
	int r = read_account(run, &now, diag);

	if (r < 0)
		return r;
	json_object_set_new(run->evidence, "failed_operations", json_integer(now.failed - disk->before.failed));
	return now.failed > disk->before.failed;
}

static int fired_slow(struct pn_fault_run *run, struct pn_diag *diag)
{
	const struct disk *disk = run->data;
	struct account now;
	double rate, seconds;
	int r = read_account(run, &now, diag);

	if (r < 0 || now.at_ns - disk->before.at_ns < SLOW_SPAN_NS || now.done == disk->before.done)
		return r;
	seconds = (double)(now.at_ns - disk->before.at_ns) / (double)PN_NS_PER_S;
	rate = (double)(now.bytes - disk->before.bytes) / seconds;
	json_object_set_new(run->evidence, "bytes_per_s", json_real(rate));
	return rate <= SLOW_SLACK * (double)number(run->args, "bandwidth");
}

/* It stands still. Whether anybody waits for it, the account does not tell: the guest's pressure oracle does. */
static int fired_hang(struct pn_fault_run *run, struct pn_diag *diag)
{
	const struct disk *disk = run->data;
	struct account now;
	int r = read_account(run, &now, diag);

	if (r < 0 || now.at_ns - disk->before.at_ns < HANG_SPAN_NS)
		return r;
	json_object_set_new(run->evidence, "done_operations", json_integer(now.done - disk->before.done));
	return now.done == disk->before.done;
}

static int disarm_fail(struct pn_fault_run *run, struct pn_diag *diag)
{
	const struct disk *disk = run->data;

	return disk && disk->touched ? act(run, json_pack("{s:b}", "error", 0), diag) : 0;
}

/* Requests that the device has taken from the guest and not returned. */
static int count_under_way(struct pn_fault_run *run, json_int_t *ret_count, struct pn_diag *diag)
{
	struct pn_guest *guest = run->conductor->timeline->guest;
	json_int_t count = 0;
	int r = 0;

	for (unsigned int queue = 0; queue < pn_guest_machine(guest)->vcpus && r == 0; queue++) {
		json_t *args = json_pack("{s:s,s:i}", "path", "/machine/peripheral/virtio-disk0/virtio-backend", "queue", (int)queue), *reply = NULL;

		r = pn_guest_query(guest, "x-query-virtio-queue-status", args, ANSWER_NS, &reply, NULL, diag);
		count += number(reply, "inuse");
		json_decref(reply);
		json_decref(args);
	}
	if (r == 0)
		*ret_count = count;
	return r;
}

/* The disk is as it was: nothing of the slow time is under way, or what follows is faster than that time allowed. */
static int wait_drained(struct pn_fault_run *run, struct pn_diag *diag)
{
	json_int_t bandwidth = number(run->args, "bandwidth"), under_way = 0;
	uint64_t deadline_ns = pn_clock_now_ns() + DRAIN_BYTES / (uint64_t)bandwidth * PN_NS_PER_S + ANSWER_NS;
	struct account before, now;
	int r = read_account(run, &before, diag);

	while (r == 0) {
		pn_clock_sleep_until(before.at_ns + DRAIN_GAP_NS);
		r = count_under_way(run, &under_way, diag) ?: read_account(run, &now, diag);
		if (r < 0 || under_way == 0)
			return r;
		if ((double)(now.bytes - before.bytes) * (double)PN_NS_PER_S > SLOW_SLACK * (double)bandwidth * (double)(now.at_ns - before.at_ns))
			return 0;
		if (now.at_ns >= deadline_ns)
			return pn_diag_set(diag, -EIO, "the swap disk is slow still, with %lld requests under way", (long long)under_way);
		before = now;
	}
	return r;
}

static int disarm_slow(struct pn_fault_run *run, struct pn_diag *diag)
{
	const struct disk *disk = run->data;

	if (!disk || !disk->touched)
		return 0;
	return act(run, json_pack("{s:i}", "bytes_per_s", 0), diag) ?: wait_drained(run, diag);
}

static int disarm_hang(struct pn_fault_run *run, struct pn_diag *diag)
{
	const struct disk *disk = run->data;

	return disk && disk->touched ? act(run, json_pack("{s:b}", "hang", 0), diag) : 0;
}

static int arm_full(struct pn_fault_run *run, struct pn_diag *diag)
{
	return arm(run, json_pack("{s:b}", "full", 1), diag);
}

static int read_status(struct pn_fault_run *run, bool *ret_stopped, struct pn_diag *diag)
{
	json_t *reply;
	int r = pn_guest_query(run->conductor->timeline->guest, "query-status", NULL, ANSWER_NS, &reply, NULL, diag);

	if (r < 0)
		return r;
	*ret_stopped = g_strcmp0(json_string_value(json_object_get(reply, "status")), "io-error") == 0;
	json_decref(reply);
	return 0;
}

static int fired_full(struct pn_fault_run *run, struct pn_diag *diag)
{
	bool stopped;
	int r = read_status(run, &stopped, diag);

	if (r < 0 || !stopped)
		return r;
	json_object_set_new(run->evidence, "status", json_string("io-error"));
	return 1;
}

/* QEMU does the requests again that found no space. */
static int disarm_full(struct pn_fault_run *run, struct pn_diag *diag)
{
	const struct disk *disk = run->data;
	bool stopped = false;
	int r;

	if (!disk || !disk->touched)
		return 0;
	r = act(run, json_pack("{s:b}", "full", 0), diag) ?: read_status(run, &stopped, diag);
	if (r == 0 && stopped)
		r = pn_guest_act(run->conductor->timeline->guest, &(struct pn_action){.verb = "resume"}, NULL, diag) ?: read_status(run, &stopped, diag);
	return r < 0 || !stopped ? r : pn_diag_set(diag, -EIO, "the guest was told to go on but stands still for its disk");
}

const struct pn_fault_ops pn_fault_swap_fail = {.name = "swap-fail", .prepare = prepare, .arm = arm_fail, .fired = fired_fail, .disarm = disarm_fail};
const struct pn_fault_ops pn_fault_swap_slow = {.name = "swap-slow", .flags = PN_FAULT_HOLDS, .prepare = prepare, .arm = arm_slow, .fired = fired_slow, .disarm = disarm_slow};
const struct pn_fault_ops pn_fault_swap_hang = {.name = "swap-hang", .flags = PN_FAULT_HOLDS, .prepare = prepare, .arm = arm_hang, .fired = fired_hang, .disarm = disarm_hang};
const struct pn_fault_ops pn_fault_swap_full = {.name = "swap-full", .flags = PN_FAULT_HOLDS, .prepare = prepare, .arm = arm_full, .fired = fired_full, .disarm = disarm_full};
