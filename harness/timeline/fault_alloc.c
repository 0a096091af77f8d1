// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocations of the driver fail, by the guest kernel's fault injection (injection.h). Its words are the kernel's: probability, interval, times, space.
 *
 * Evidence is the kernel's own count: `times` goes down with each failure. Limit: kernels before 6.2 look at the stack last, so that `interval` and
 * `space` count the allocations of everybody; image debug has that mended.
 */
#include "faults.h"

#include "injection.h"

/** struct alloc - the faults' own */
struct alloc {
	enum pn_injection_kind kind;
	int64_t times; /* as set */
	bool armed;
};

static int64_t number(const struct pn_fault_run *run, const char *key)
{
	return json_integer_value(json_object_get(run->args, key));
}

static int prepare(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct alloc *alloc = g_new0(struct alloc, 1);
	int r;

	run->data = alloc;
	alloc->kind = pn_injection_kind(json_string_value(json_object_get(run->args, "kind")));
	r = pn_injection_check(run->conductor->timeline, alloc->kind, diag);

	return r < 0 ? r : pn_injection_aim(run->conductor->timeline, alloc->kind, diag);
}

static int arm(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct alloc *alloc = run->data;
	struct pn_injection_words words = {.probability = number(run, "probability"), .interval = number(run, "interval"), .space = number(run, "space")};

	alloc->times = words.times = number(run, "times") ?: G_MAXINT;
	alloc->armed = true;
	return pn_injection_arm(run->conductor->timeline, alloc->kind, &words, diag);
}

static int fired(struct pn_fault_run *run, struct pn_diag *diag)
{
	const struct alloc *alloc = run->data;
	int64_t left = 0;
	int r = pn_injection_left(run->conductor->timeline, alloc->kind, &left, diag);

	if (r < 0)
		return r;
	json_object_set_new(run->evidence, "failures", json_integer(alloc->times - left));
	return left < alloc->times;
}

static int disarm(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct alloc *alloc = run->data;

	if (!alloc || !alloc->armed)
		return 0;
	alloc->armed = false;
	return pn_injection_disarm(run->conductor->timeline, alloc->kind, diag);
}

const struct pn_fault_ops pn_fault_alloc_fail = {.name = "alloc-fail", .prepare = prepare, .arm = arm, .fired = fired, .disarm = disarm};
