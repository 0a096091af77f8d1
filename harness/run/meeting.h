/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct pn_diag;

/**
 * struct pn_meeting - where the guests of a case wait for each other, once
 * @all_here: called by the last to come, before anyone goes on; may be NULL. A negative errno breaks the meeting for all.
 *
 * Under @lock but for what is set before the first comes.
 */
struct pn_meeting {
	unsigned int expected;
	int (*all_here)(void *data, struct pn_diag *diag);
	void *data;
	GMutex lock;
	GCond cond;
	unsigned int here;
	bool over;	  /* all were here */
	uint64_t over_ns; /* when: pn_clock_now_ns() */
	bool broken;	  /* one will never come; also read without the lock, as a hint */
};

/** pn_meeting_init() - a meeting of so many; pn_meeting_clear() when nobody is in it any more */
void pn_meeting_init(struct pn_meeting *meeting, unsigned int expected, int (*all_here)(void *data, struct pn_diag *diag), void *data);
void pn_meeting_clear(struct pn_meeting *meeting);

/**
 * pn_meeting_wait() - come, and wait for the others
 * @stop: becomes non-zero when the user interrupts
 *
 * Blocks. Return: 0 when all are here; -EINTR when stopped; -ECANCELED when one will not come; or what @all_here returned.
 */
int pn_meeting_wait(struct pn_meeting *meeting, const int *stop, struct pn_diag *diag);

/** pn_meeting_break() - one who will not come any more says so; nothing happens when @err is 0 or the meeting is over */
void pn_meeting_break(struct pn_meeting *meeting, int err);
