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
	int64_t times; /* above 0, so that what was spent can be seen */
	int64_t space;
};

/** pn_injection_kind() - of a fault's argument: "page" or "slab" */
enum pn_injection_kind pn_injection_kind(const char *name);

/** pn_injection_check() - has the guest's kernel what it takes? Return: 0, -ENOTSUP when not, or a negative errno. */
int pn_injection_check(const struct pn_timeline *timeline, enum pn_injection_kind kind, struct pn_diag *diag);

/**
 * pn_injection_arm() - allocations with the driver's code on the stack fail from now on
 *
 * The driver is looked up anew: it lies elsewhere when it has been loaded again. Return: 0, -ENOENT when it is not loaded, or a negative errno.
 */
int pn_injection_arm(const struct pn_timeline *timeline, enum pn_injection_kind kind, const struct pn_injection_words *words, struct pn_diag *diag);

/** pn_injection_left() - what is left of `times`. Return: 0 or a negative errno. */
int pn_injection_left(const struct pn_timeline *timeline, enum pn_injection_kind kind, int64_t *ret_times, struct pn_diag *diag);

/** pn_injection_disarm() - none fails any more. Return: 0 or a negative errno. */
int pn_injection_disarm(const struct pn_timeline *timeline, enum pn_injection_kind kind, struct pn_diag *diag);
