/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct pn_conductor;
struct pn_diag;

/** struct pn_alloc_walk - the balloon on a way through the driver, to be gone again and again */
struct pn_alloc_walk {
	struct pn_conductor *conductor;
	uint64_t rest_bytes; /* where each way begins and ends */
	uint64_t step_bytes; /* how far inflate and deflate go */
	uint64_t released;   /* the kernel's count of pages that came out of balloons, before the path */
	bool arrived;	     /* at the end of a path that one call goes: bound, unbound, frozen and restored */
};

/**
 * struct pn_alloc_path - one way through the driver on which it may allocate. All return a negative errno on failure.
 * @before: brings the driver to where the path begins; NULL: it is there
 * @go: sets out on the path, or goes it; what the driver answers is not asked
 * @done: 1 the driver has come to the path's end, 0 not
 * @after: the same way without a failure, to where it all began; must succeed, within the scenario's time to settle
 */
struct pn_alloc_path {
	const char *name;
	int (*before)(struct pn_alloc_walk *walk, struct pn_diag *diag);
	int (*go)(struct pn_alloc_walk *walk, struct pn_diag *diag);
	int (*done)(struct pn_alloc_walk *walk, struct pn_diag *diag);
	int (*after)(struct pn_alloc_walk *walk, struct pn_diag *diag);
};

/** pn_alloc_path_find() - "probe", "remove", "inflate", "deflate", "oom" or "freeze"; NULL: none of them */
const struct pn_alloc_path *pn_alloc_path_find(const char *name);
