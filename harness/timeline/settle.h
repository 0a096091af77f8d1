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
