/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "conductor.h"

/** struct pn_settling - how the wait for a target went; a value */
struct pn_settling {
	int outcome;	     /* 0: at the target, 1: at rest elsewhere, -ETIMEDOUT: still moving */
	uint64_t bytes;	     /* in the balloon */
	uint64_t duration_ns; /* to the target, or to its last movement; without the holds */
	uint64_t resolution_ns; /* gap between the poll that saw that and the one before */
	uint64_t held_ns;     /* spent in holds */
};

/**
 * struct pn_rest - has a balloon come to rest? Begun with @bytes and @moved_ns of now; its clock is the caller's: the host's less the holds, or the guest's own
 */
struct pn_rest {
	uint64_t bytes;	   /* when it was last looked at */
	uint64_t moved_ns; /* when it was last seen to have moved */
	uint64_t pause_ns; /* the longest between two movements */
	bool moved;
};

/** pn_rest_see() - the balloon holds @bytes now. Return: whether it has moved since it was last looked at. */
bool pn_rest_see(struct pn_rest *rest, uint64_t bytes, uint64_t now_ns);

/** pn_rest_reached() - it has stood still for so long that it rests. @held_ns: it was held for so long on the way, and is given that once more */
bool pn_rest_reached(const struct pn_rest *rest, uint64_t held_ns, uint64_t now_ns);

/**
 * pn_settle_watch() - poll until a target is reached, the balloon rests, or time is over
 * @conductor: of a running timeline: its holds are left out, a new course ends the watch; NULL: there is none
 * @course: what was asked for
 *
 * Return: 0 with @ret_settling; -ESTALE when the course has changed meanwhile; as pn_conductor_wait(); or another negative errno.
 */
int pn_settle_watch(const struct pn_timeline *timeline, struct pn_conductor *conductor, const struct pn_course *course, uint64_t timeout_ns,
		    struct pn_settling *ret_settling, struct pn_diag *diag);

/** pn_settle_journal() - write the record of a settling. Return: 0 or a negative errno. */
int pn_settle_journal(const struct pn_timeline *timeline, const struct pn_course *course, const struct pn_settling *settling);
