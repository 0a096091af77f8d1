/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>

struct pn_diag;
struct pn_timeline;

/** enum pn_injection_kind - which allocations */
enum pn_injection_kind { PN_INJECTION_PAGE, PN_INJECTION_SLAB };

/** struct pn_injection_words - the kernel's words for when an allocation fails (Documentation/fault-injection) */
struct pn_injection_words {
	int64_t probability; /* percent; 0: none fails */
	int64_t interval;
	int64_t times; /* so many fail at most; 0: none does until there are more */
	int64_t space;
};

/** pn_injection_kind() - of a fault's argument: "page" or "slab" */
enum pn_injection_kind pn_injection_kind(const char *name);

/** pn_injection_check() - has the guest's kernel what it takes? Return: 0, -ENOTSUP when not, or a negative errno. */
int pn_injection_check(const struct pn_timeline *timeline, enum pn_injection_kind kind, struct pn_diag *diag);

/**
 * pn_injection_aim() - from now on the allocations in question are those with the driver's code on the stack, also such as may sleep or take high memory, but
 * not those of who opens its counters
 *
 * Holds until the driver is loaded again, which may be elsewhere. Return: 0, -ENOENT when it is not loaded, or a negative errno.
 */
int pn_injection_aim(const struct pn_timeline *timeline, enum pn_injection_kind kind, struct pn_diag *diag);

/** pn_injection_arm() - of those in question some fail from now on. Return: 0 or a negative errno. */
int pn_injection_arm(const struct pn_timeline *timeline, enum pn_injection_kind kind, const struct pn_injection_words *words, struct pn_diag *diag);

/**
 * pn_injection_once() - one allocation fails from now on, the next whose count divides by @interval; 0: none does until the next call
 *
 * After pn_injection_arm() only. What does not fail because its time has not come is counted by the kernel; what comes after the failure is not. Return: 0 or a
 * negative errno.
 */
int pn_injection_once(const struct pn_timeline *timeline, enum pn_injection_kind kind, int64_t interval, struct pn_diag *diag);

/** pn_injection_left() - what is left of `times`. Return: 0 or a negative errno. */
int pn_injection_left(const struct pn_timeline *timeline, enum pn_injection_kind kind, int64_t *ret_times, struct pn_diag *diag);

/** pn_injection_disarm() - none fails any more. Return: 0 or a negative errno. */
int pn_injection_disarm(const struct pn_timeline *timeline, enum pn_injection_kind kind, struct pn_diag *diag);
