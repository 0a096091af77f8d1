// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each allocation of one path of the driver fails in turn: the first, then the second, and so on until the path completes unspent, with no
 * allocation left to fail. After each failure the path is gone through once more without one and must succeed, and the balloon must stand where it stood.
 *
 * The n-th is counted by the kernel (interval, looked at after the stack): its count is never reset, so it is kept here from a guest that has not counted
 * yet on. With an interval of one the kernel does not count.
 *
 * Invariant: a sweep that hit its cap, or whose path did not come to its end, has not fired. One in which nothing failed has, when another path, on which
 * every driver allocates, shows that an allocation would have. Limit: once for each kind in a guest's life.
 */
#include "faults.h"

#include <errno.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "../scenario/scenario.h"
#include "alloc_path.h"
#include "injection.h"
#include "timeline.h"

#define POLL_NS (20 * PN_NS_PER_MS)

/** struct sweep - the fault's own */
struct sweep {
	const struct pn_alloc_path *path, *witness;
	struct pn_alloc_walk walk;
	enum pn_injection_kind kind;
	int64_t counted;  /* by the kernel so far */
	int64_t failures; /* n of the last that failed on the path */
	bool unspent; /* the path has come to its end with nothing failing */
	bool struck;  /* an allocation of the driver is known to fail when it is to */
	bool armed;
};

static int prepare(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct sweep *sweep = g_new0(struct sweep, 1);
	const char *name = json_string_value(json_object_get(run->args, "path"));

	run->data = sweep;
	sweep->path = pn_alloc_path_find(name);
	if (!sweep->path)
		return pn_diag_set(diag, -ENOSYS, "path '%s' has no mechanism", name);
	sweep->kind = pn_injection_kind(json_string_value(json_object_get(run->args, "kind")));
	/* pages are what an inflation takes; the driver's own state is what a probe allocates */
	sweep->witness = pn_alloc_path_find(sweep->kind == PN_INJECTION_PAGE ? "inflate" : "probe");
	sweep->walk.conductor = run->conductor;
	sweep->walk.step_bytes = (uint64_t)json_integer_value(json_object_get(run->args, "step"));
	return pn_injection_check(run->conductor->timeline, sweep->kind, diag);
}

static int disarm(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct sweep *sweep = run->data;

	if (!sweep || !sweep->armed)
		return 0;
	sweep->armed = false;
	return pn_injection_disarm(run->conductor->timeline, sweep->kind, diag);
}

/* Until the allocation has failed, or the path's end has come without. Return: 1 it failed, 0 not, or a negative errno. */
static int go(struct pn_fault_run *run, const struct pn_alloc_path *path, struct pn_diag *diag)
{
	struct sweep *sweep = run->data;
	uint64_t deadline_ns = pn_clock_now_ns() + run->conductor->timeline->scenario->settle_timeout_ns;
	int64_t left = 1;
	int r = path->go(&sweep->walk, diag), done;

	while (r == 0) {
		/* in this order: what fails on the last steps is seen too */
		done = path->done(&sweep->walk, diag);
		r = done < 0 ? done : pn_injection_left(run->conductor->timeline, sweep->kind, &left, diag);
		if (r == 0 && left == 0)
			return 1;
		if (r < 0 || done)
			return r;
		if (pn_clock_now_ns() >= deadline_ns)
			return pn_diag_set(diag, -ETIME, "path '%s' does not come to its end although no allocation has failed", path->name);
		r = pn_conductor_wait(run->conductor, pn_clock_now_ns() + POLL_NS, diag);
	}
	return r;
}

/* Return: 1 the n-th allocation of a path failed, 0 the path came to its end without, or a negative errno. */
static int one(struct pn_fault_run *run, const struct pn_alloc_path *path, int64_t n, struct pn_diag *diag)
{
	struct sweep *sweep = run->data;
	int r = path->before ? path->before(&sweep->walk, diag) : 0, failed;

	/* the kernel fails the one whose count divides by the interval: the n-th from here is the next multiple of all so far and n */
	if (r == 0)
		r = pn_injection_once(run->conductor->timeline, sweep->kind, sweep->counted + n, diag);
	if (r == 0)
		r = go(run, path, diag);
	failed = r;
	if (r == 0)
		r = pn_injection_once(run->conductor->timeline, sweep->kind, 0, diag);
	if (r < 0)
		return r;
	if (failed && sweep->counted + n > 1)
		sweep->counted += n;
	sweep->struck |= failed;
	r = path->after(&sweep->walk, diag);
	return r < 0 ? r : failed;
}

static int sweep_path(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct sweep *sweep = run->data;
	int64_t cap = json_integer_value(json_object_get(run->args, "cap"));
	struct pn_diag words = {0};
	int r;

	for (int64_t n = 1; n <= cap; n++) {
		r = one(run, sweep->path, n, &words);
		if (r < 0)
			return pn_diag_set(diag, r, "path '%s', allocation %lld: %s", sweep->path->name, (long long)n, words.text);
		if (r == 0) {
			sweep->unspent = true;
			return 0;
		}
		sweep->failures = n;
		r = pn_conductor_check(run->conductor, diag);
		if (r < 0)
			return r;
	}
	return pn_diag_set(diag, -E2BIG, "path '%s' still allocates after %lld failures; expected it to complete within cap", sweep->path->name, (long long)cap);
}

static int arm(struct pn_fault_run *run, struct pn_diag *diag)
{
	static const struct pn_injection_words none_yet = {.probability = 100, .interval = 1};
	struct sweep *sweep = run->data;
	int r = pn_guest_ballooned(run->conductor->timeline->guest, &sweep->walk.rest_bytes, diag);

	if (r == 0)
		r = pn_injection_aim(run->conductor->timeline, sweep->kind, diag);
	if (r == 0) {
		sweep->armed = true;
		r = pn_injection_arm(run->conductor->timeline, sweep->kind, &none_yet, diag);
	}
	if (r == 0)
		r = sweep_path(run, diag);
	if (r == 0 && !sweep->struck && sweep->witness != sweep->path)
		r = one(run, sweep->witness, 1, diag);
	if (r >= 0 && !sweep->struck)
		r = pn_diag_set(diag, -ENODATA, "no allocation failed on path '%s', nor on path '%s', on which every driver allocates", sweep->path->name,
				sweep->witness->name);
	if (r < 0)
		disarm(run, NULL);
	else
		r = disarm(run, diag);
	return r;
}

static int fired(struct pn_fault_run *run, struct pn_diag *diag)
{
	const struct sweep *sweep = run->data;

	json_object_set_new(run->evidence, "failures", json_integer(sweep->failures));
	if (!sweep->failures && sweep->struck)
		json_object_set_new(run->evidence, "failed_elsewhere", json_string(sweep->witness->name));
	return sweep->unspent && sweep->struck;
}

const struct pn_fault_ops pn_fault_alloc_nth = {.name = "alloc-nth", .flags = PN_FAULT_HOLDS | PN_FAULT_OWN_ACTUAL, .prepare = prepare, .arm = arm,
						.fired = fired};
