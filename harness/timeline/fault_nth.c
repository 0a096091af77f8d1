// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each allocation of one path of the driver fails in turn: the first, then the second, and so on until the path completes unspent, with no
 * allocation left to fail. After each failure the path is gone through once more without one and must succeed, and the balloon must stand where it stood.
 *
 * The n-th is counted by the kernel (interval, looked at after the stack): its count is never reset, so it is kept here from a guest that has not counted
 * yet on. With an interval of one the kernel does not count.
 *
 * Invariant: a sweep that hit its cap, or in which nothing failed, has not fired. Limit: once for each kind in a guest's life.
 */
#include "faults.h"

#include <errno.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "../scenario/scenario.h"
#include "driver.h"
#include "injection.h"
#include "settle.h"
#include "timeline.h"

#define ANSWER_NS (30 * PN_NS_PER_S)
#define POLL_NS (20 * PN_NS_PER_MS)
#define SHORT_NS (1500 * PN_NS_PER_MS) /* a driver that waits for memory rests: no reason to wait longer for it */

struct sweep;

/**
 * struct path - one way through the driver
 * @before: brings the driver to where the path begins; NULL: it is there
 * @go: the path, while an allocation fails; what it says of itself is not asked
 * @after: the same without a failure, to where it all began; must succeed
 */
struct path {
	const char *name;
	int (*before)(struct pn_fault_run *run, struct pn_diag *diag);
	void (*go)(struct pn_fault_run *run);
	int (*after)(struct pn_fault_run *run, struct pn_diag *diag);
};

/** struct sweep - the fault's own */
struct sweep {
	const struct path *path;
	enum pn_injection_kind kind;
	int64_t counted;  /* by the kernel so far */
	int64_t failures; /* n of the last that failed */
	uint64_t rest_bytes;
	uint64_t step_bytes;
	bool unspent; /* the path has completed with nothing failing */
	bool armed;
};

static bool is_bound(struct pn_fault_run *run)
{
	json_t *bound;
	bool is;

	if (pn_driver_bound(run->conductor->timeline, &bound, NULL) < 0)
		return false;
	is = json_is_true(json_object_get(bound, "bound"));
	json_decref(bound);
	return is;
}

static int unbind(struct pn_fault_run *run, struct pn_diag *diag)
{
	return pn_driver_unbind(run->conductor->timeline, diag);
}

static int bind(struct pn_fault_run *run, struct pn_diag *diag)
{
	return is_bound(run) ? 0 : pn_driver_bind(run->conductor->timeline, diag);
}

static void go_probe(struct pn_fault_run *run)
{
	pn_driver_bind(run->conductor->timeline, NULL);
}

static void go_remove(struct pn_fault_run *run)
{
	pn_driver_unbind(run->conductor->timeline, NULL);
}

/* To a target within a time; the balloon's rest elsewhere is no error of the call. Return: 1 at the target, 0 not, or a negative errno. */
static int move(struct pn_fault_run *run, uint64_t target_bytes, uint64_t timeout_ns, struct pn_diag *diag)
{
	struct pn_guest *guest = run->conductor->timeline->guest;
	uint64_t deadline_ns = pn_clock_now_ns() + timeout_ns, now_bytes = 0;
	int r = pn_guest_balloon(guest, target_bytes, diag);

	while (r == 0) {
		r = pn_guest_ballooned(guest, &now_bytes, diag);
		if (r < 0 || now_bytes == target_bytes)
			return r < 0 ? r : 1;
		if (pn_clock_now_ns() >= deadline_ns)
			return 0;
		r = pn_conductor_wait(run->conductor, pn_clock_now_ns() + POLL_NS, diag);
	}
	return r;
}

static void go_inflate(struct pn_fault_run *run)
{
	const struct sweep *sweep = run->data;

	move(run, sweep->rest_bytes + sweep->step_bytes, SHORT_NS, NULL);
}

static void go_deflate(struct pn_fault_run *run)
{
	const struct sweep *sweep = run->data;

	move(run, sweep->rest_bytes - sweep->step_bytes, SHORT_NS, NULL);
}

static int must_move(struct pn_fault_run *run, uint64_t target_bytes, struct pn_diag *diag)
{
	const struct sweep *sweep = run->data;
	int r = move(run, target_bytes, run->conductor->timeline->scenario->settle_timeout_ns, diag);

	if (r == 0)
		return pn_diag_set(diag, -ETIME, "after allocation %lld had failed the balloon does not reach %llu KiB any more",
				   (long long)sweep->failures, (unsigned long long)(target_bytes / PN_KIB));
	return r < 0 ? r : 0;
}

/* The whole way that failed, then back. */
static int after_inflate(struct pn_fault_run *run, struct pn_diag *diag)
{
	const struct sweep *sweep = run->data;
	int r = must_move(run, sweep->rest_bytes + sweep->step_bytes, diag);

	return r < 0 ? r : must_move(run, sweep->rest_bytes, diag);
}

static int after_deflate(struct pn_fault_run *run, struct pn_diag *diag)
{
	const struct sweep *sweep = run->data;
	int r = must_move(run, sweep->rest_bytes - sweep->step_bytes, diag);

	return r < 0 ? r : must_move(run, sweep->rest_bytes, diag);
}

/* The kernel's OOM killer, asked for by hand: the driver's notifier is called as in a real shortage, and gives back what it gives. */
static void go_oom(struct pn_fault_run *run)
{
	struct pn_guest *guest = run->conductor->timeline->guest;

	pn_guest_agent(guest, json_pack("{s:s,s:s,s:s}", "op", "write", "path", "/proc/sys/kernel/sysrq", "text", "1"), ANSWER_NS, NULL, NULL);
	pn_guest_agent(guest, json_pack("{s:s,s:s,s:s}", "op", "write", "path", "/proc/sysrq-trigger", "text", "f"), ANSWER_NS, NULL, NULL);
	/* the killer runs on a worker of the kernel: when it is done shows in the balloon */
	move(run, ((struct sweep *)run->data)->rest_bytes, SHORT_NS, NULL);
}

static int after_oom(struct pn_fault_run *run, struct pn_diag *diag)
{
	return must_move(run, ((struct sweep *)run->data)->rest_bytes, diag);
}

static const struct path paths[] = {
	{"probe", unbind, go_probe, bind},
	{"remove", bind, go_remove, bind},
	{"inflate", NULL, go_inflate, after_inflate},
	{"deflate", NULL, go_deflate, after_deflate},
	{"oom", NULL, go_oom, after_oom},
};

static int prepare(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct sweep *sweep = g_new0(struct sweep, 1);
	const char *name = json_string_value(json_object_get(run->args, "path"));

	run->data = sweep;
	for (unsigned int i = 0; i < G_N_ELEMENTS(paths); i++)
		if (g_strcmp0(paths[i].name, name) == 0)
			sweep->path = &paths[i];
	if (!sweep->path)
		return pn_diag_set(diag, -ENOSYS, "path '%s' has no mechanism", name);
	sweep->kind = pn_injection_kind(json_string_value(json_object_get(run->args, "kind")));
	sweep->step_bytes = (uint64_t)json_integer_value(json_object_get(run->args, "step"));
	return pn_injection_check(run->conductor->timeline, sweep->kind, diag);
}

/* The kernel fails the one whose count divides by the interval: the n-th from here is the next multiple of all so far and n. */
static int arm_nth(struct pn_fault_run *run, int64_t n, struct pn_diag *diag)
{
	struct sweep *sweep = run->data;
	struct pn_injection_words words = {.probability = 100, .interval = sweep->counted + n, .times = 1};

	sweep->armed = true;
	return pn_injection_arm(run->conductor->timeline, sweep->kind, &words, diag);
}

static int disarm(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct sweep *sweep = run->data;

	if (!sweep || !sweep->armed)
		return 0;
	sweep->armed = false;
	return pn_injection_disarm(run->conductor->timeline, sweep->kind, diag);
}

/* Return: 1 it failed, 0 the path completed without it, or a negative errno. */
static int one(struct pn_fault_run *run, int64_t n, struct pn_diag *diag)
{
	struct sweep *sweep = run->data;
	int64_t left = 1;
	int r = sweep->path->before ? sweep->path->before(run, diag) : 0;

	if (r == 0)
		r = arm_nth(run, n, diag);
	if (r == 0) {
		sweep->path->go(run);
		r = pn_injection_left(run->conductor->timeline, sweep->kind, &left, diag);
	}
	if (r == 0)
		r = disarm(run, diag);
	if (r == 0 && left == 0) {
		if (sweep->counted + n > 1)
			sweep->counted += n;
		sweep->failures = n;
	}
	if (r == 0)
		r = sweep->path->after(run, diag);
	return r < 0 ? r : left == 0;
}

static int arm(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct sweep *sweep = run->data;
	int64_t cap = json_integer_value(json_object_get(run->args, "cap"));
	int r = pn_guest_ballooned(run->conductor->timeline->guest, &sweep->rest_bytes, diag);

	if (r == 0 && sweep->path->go == go_deflate && sweep->rest_bytes < sweep->step_bytes)
		r = pn_diag_set(diag, -EINVAL, "the balloon holds less than the step: nothing to deflate");
	for (int64_t n = 1; r == 0 && n <= cap; n++) {
		r = one(run, n, diag);
		sweep->unspent = r == 0;
		if (r <= 0)
			break;
		r = pn_conductor_check(run->conductor, diag);
	}
	if (r == 0 && !sweep->unspent)
		r = pn_diag_set(diag, -E2BIG, "path '%s' still allocates after %lld failures; expected it to complete within cap", sweep->path->name,
				(long long)cap);
	if (r < 0)
		disarm(run, NULL);
	return r;
}

static int fired(struct pn_fault_run *run, struct pn_diag *diag)
{
	const struct sweep *sweep = run->data;

	json_object_set_new(run->evidence, "failures", json_integer(sweep->failures));
	return sweep->unspent && sweep->failures > 0;
}

const struct pn_fault_ops pn_fault_alloc_nth = {.name = "alloc-nth", .flags = PN_FAULT_HOLDS | PN_FAULT_OWN_ACTUAL, .prepare = prepare, .arm = arm,
						.fired = fired};
