/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct pn_diag;
struct pn_guest;
struct pn_journal;
struct pn_module;
struct pn_scenario;

/*
 * The conductor: does a scenario's events in order on the wall clock, arms and disarms its faults, watches the balloon settle.
 * What happened goes into the journal; metrics and oracles read that journal, never the conductor:
 *	"timeline"  {state: "start"|"end", outcome: 0 or a negative errno, ended_by: fault that ended the guest as planned, else absent}
 *	"event"     {index, do, name, late_ns: against its instant}, before the event is done
 *	"phase"     {name}
 *	"target"    {balloon_bytes, from_bytes (absent when nobody could be asked), refused: the monitor's words, absent when accepted}
 *	"target", "settled" and "unsettled" have insns {driver, kernel, user} besides: executed by then, where they are counted
 *	"settled"   {balloon_bytes, asked_bytes, from_bytes, duration_ns, resolution_ns: gap of the polls, disturbed_ns: spent
 *		     in faults that hold guest or driver, not counted in duration_ns}
 *	"unsettled" {the same, and outcome: "rest" (at rest elsewhere) or "moving" (the settle timeout passed), may_miss}
 *		     A target disturbed after its record (by a fault, a reset) has another one, from where and when it was disturbed.
 *	"fault"     {name, event, state: "armed"|"fired"|"disarmed"|"missed"|"stuck" (can't be disarmed), evidence: what shows that it fired, reason}
 *	"driver"    {state: "loaded" (followed by "bound" when it is)|"bound"|"unbound"|"unloaded", driver, device, features}, or {state: "stuck", op, waited_ns}: the driver
 *		     did not come back from an operation (unload, unbind, ...) within 30 s of host time
 *	"module"    {name, base, size, sections: {name: address}, path: in the image}: where the driver lies; addresses are texts
 *	"point"     {event, point, state: "set" (address)|"held" (hits, vcpu, insns)|"released"|"missed" (hits)}: an event at a point of the guest's code
 *	"touched"   {bytes: of free memory that the guest wrote and released again}
 *	"need"      {state: "need" (the technique in force)|"give-back" (it is undone), outcome: "done"|"late"|"killed" (the guest ran out of
 *		     memory), duration_ns (absent when it is not known), order_ns: give-back: of that, until the technique was undone}
 *	"load"      {load, state: "started"|"ready"|"marked"|"measured" (its figures stand)|"stopped"}
 */

/**
 * struct pn_timeline_technique - the technique of a scenario, as the conductor uses it; called on its ordered lane
 *
 * The conductor sets the balloon's target and loads a late driver itself: it knows what else goes on with them.
 */
struct pn_timeline_technique {
	bool balloon, late; /* part of it is a target; the driver is not there before it is asked for */
	unsigned int balloon_percent;
	/* the record of what comes back begins here */
	int (*begin)(void *data, uint64_t asked_bytes, struct pn_diag *diag);
	/* do the rest, and wait until all is back, nothing moves any more or @within_ns have passed. Return: 0 in each case, or a negative errno */
	int (*reclaim)(void *data, uint64_t within_ns, struct pn_diag *diag);
	/* undo it. Return: 0 or a negative errno */
	int (*give_back)(void *data, struct pn_diag *diag);
	/* what has been swapped so far, for the record; @when: "need", "need-end", ... */
	void (*look)(void *data, const char *when);
	void *data;
};

/** struct pn_timeline - what the conductor needs; plain value, all borrowed */
struct pn_timeline {
	struct pn_guest *guest;
	const struct pn_scenario *scenario;
	const struct pn_module *driver;
	struct pn_journal *journal;
	const char *workloads_dir;
	const char *case_dir;
	const int *stop; /* becomes non-zero when the user interrupts: end at the next event, faults disarmed; may be NULL */
	/*
	 * Called after each "settled" record, the balloon at its target at rest: take a mark (the N-th call belongs to the N-th such
	 * record). And after each "phase" record. Either may be NULL; may block for ms; on any thread of the conductor, but never two
	 * at a time.
	 */
	void (*on_settled)(void *data, uint64_t balloon_bytes);
	void (*on_phase)(void *data, const char *phase);
	/* after each "touched" record; may be NULL; as the others */
	void (*on_touched)(void *data);
	/* after a driver that a technique loads has been bound; may be NULL; as the others */
	void (*on_driver)(void *data);
	void *data; /* handed to all of them */
	const struct pn_timeline_technique *technique; /* NULL: none */
	json_t *load_results; /* array: what pn_load_stop() gave for each load that an event stopped is appended; may be NULL */
};

/**
 * pn_timeline_run() - conduct the events of a scenario
 *
 * Blocks until the last one is done, the last target has settled (or not, see the journal) and every fault is disarmed. Marks the
 * native loads where what is measured begins (at the start, or with the first phase that is measured: pn_phase_measured()), so that
 * their warm-up is apart. A fault that could not be armed, disarmed, or never fired is an error;
 * whatever the way out, every fault is disarmed and paused guests run again.
 * Return: 0; 1 when a fault has ended the guest as planned; -EINTR when stopped; -ENODATA when a fault never fired; -EHOSTDOWN when the guest died; or another negative errno.
 */
int pn_timeline_run(const struct pn_timeline *timeline, struct pn_diag *diag);

/**
 * pn_timeline_settle() - wait until the balloon is at a target and at rest
 * @asked_bytes: the target
 * @timeout_ns: how long at most
 * @ret_bytes: in the balloon in the end
 *
 * At rest: the device's actual equals the target, or has not moved for a second, for as long as faults held it, and for ten times its longest pause so far (five
 * seconds before its first movement: a guest under load may be late to start). Polls the monitor: back to back for 100 ms, then with growing
 * gaps, up to 50 ms.
 * Journals "settled" or "unsettled" and calls on_settled, so it serves the runner's final deflate as well.
 * Return: 0 at the target, 1 at rest elsewhere, -ETIMEDOUT still moving, or another negative errno.
 */
int pn_timeline_settle(const struct pn_timeline *timeline, uint64_t asked_bytes, uint64_t timeout_ns, uint64_t *ret_bytes, struct pn_diag *diag);

/**
 * pn_timeline_touch() - have the guest write all of its free memory once and release it
 *
 * Before a balloon, so that every page has been in use; after a deflation, so that it shows what the host puts behind the pages that came back.
 *
 * Blocks for seconds. Journals "touched" and calls on_touched. Return: 0 or a negative errno.
 */
int pn_timeline_touch(const struct pn_timeline *timeline, struct pn_diag *diag);

/** pn_driver_load() - load and bind the driver under test; asserts that it is bound. Return: 0 or a negative errno. */
int pn_driver_load(const struct pn_timeline *timeline, struct pn_diag *diag);

/** pn_driver_unload() - unload it again; the guest must have everything back afterwards. Return: 0 or a negative errno. */
int pn_driver_unload(const struct pn_timeline *timeline, struct pn_diag *diag);

/** pn_load_start() - start a load of workloads/loads in the guest and wait until it is ready. Return: 0 or a negative errno. */
int pn_load_start(const struct pn_timeline *timeline, const char *name, struct pn_diag *diag);

/**
 * pn_load_stop() - stop a load and fetch what it measured
 * @ret_result: {"load","ops","ops_per_s","exit_code","oom_killed","must_swap" (as the load's file says), and per load: "fio":{...json+...}, "touch":{p50,p99,p999,count,hist}}
 *
 * The raw output is kept in the case directory. Return: 0 or a negative errno (a load that failed by itself is -EREMOTEIO).
 */
int pn_load_stop(const struct pn_timeline *timeline, const char *name, json_t **ret_result, struct pn_diag *diag);
