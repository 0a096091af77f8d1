/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "../base/diag.h"
#include "timeline.h"

struct pn_event;
struct pn_points;

/*
 * The running timeline as its lanes and faults see it. Private to this folder.
 *
 * Lanes: the ordered one (the caller's thread), the timed one (events at an instant, which may overlap the waiting of the others), and one
 * thread per fault. So a monitor that does not answer because QEMU is stopped can hold up a lane, but never the SIGCONT.
 */

/** struct pn_course - where the balloon was told to go; a value */
struct pn_course {
	unsigned int generation; /* 0: nobody has asked for anything yet; else counts the targets */
	uint64_t since_ns; /* when, pn_clock_now_ns(); 0: unknown */
	uint64_t since_held_ns; /* what holds had lasted by then */
	uint64_t from_bytes;
	uint64_t asked_bytes;
	bool may_miss;
	bool settled; /* or found not to: it has its record in the journal */
	bool again;   /* disturbed since then: it settles from where and when it was disturbed */
};

/** struct pn_conductor - one running timeline */
struct pn_conductor {
	const struct pn_timeline *timeline;
	uint64_t start_ns;

	GMutex lock; /* all below */
	GCond wake;
	struct pn_course course;
	bool rested;	     /* the course's target has been waited for and nothing has happened to the balloon since */
	bool paused;	     /* by an event, and not yet resumed by one */
	bool ending;	     /* all events are done: faults end */
	unsigned int held;   /* faults and actions that hold the guest or its driver now */
	unsigned int endless; /* of these: the ones that last until the end of the timeline */
	uint64_t held_since_ns;
	uint64_t held_ns;    /* sum of the spans with held > 0 that are over */
	uint64_t hinted_bytes, moved_bytes; /* seen of the last migration by whoever looked; under @lock */
	GPtrArray *faults;   /* struct pn_fault_run, in the order they were started */
	bool crashing;	     /* a fault makes the guest's kernel panic, and brings it back */
	const char *ended_by; /* a fault that was to end the guest, and did; NULL: none */
	int err;	     /* the first failure of any lane */
	struct pn_diag diag; /* its words */

	struct pn_points *points; /* events at points of the guest's code; NULL: none */

	GMutex calls;	/* one callback of the timeline at a time */
	bool measuring; /* what is measured has begun: the loads have been told */
};

/**
 * pn_conductor_wait() - let time pass until an instant
 * @deadline_ns: the instant, pn_clock_now_ns()
 *
 * Return: 0; -EINTR when the user interrupts; -EHOSTDOWN when the guest has gone; or the failure of another lane.
 */
int pn_conductor_wait(struct pn_conductor *conductor, uint64_t deadline_ns, struct pn_diag *diag);

/** pn_conductor_check() - is there a reason to end? Return: as pn_conductor_wait(). */
int pn_conductor_check(struct pn_conductor *conductor, struct pn_diag *diag);

/** pn_conductor_fail() - end the timeline for a failure; the first one counts. Return: @err. */
int pn_conductor_fail(struct pn_conductor *conductor, int err, const struct pn_diag *diag);

/** pn_conductor_end_by() - a fault has ended the guest as planned: that it has gone is no failure then */
void pn_conductor_end_by(struct pn_conductor *conductor, const char *fault);

/** pn_conductor_crash() - a crashed guest is a fault's doing from now on, or (false) is the end of the timeline again */
void pn_conductor_crash(struct pn_conductor *conductor, bool expected);

/** pn_conductor_course() - the balloon's course now */
struct pn_course pn_conductor_course(struct pn_conductor *conductor);

/** pn_conductor_steer() - set a new target and journal it. Return: 0, or a negative errno as of pn_guest_balloon(). */
int pn_conductor_steer(struct pn_conductor *conductor, const struct pn_event *event, struct pn_diag *diag);

/**
 * pn_conductor_hold() - from now on a balloon that stands still means nothing, the guest or its driver being held
 * @endless: until the timeline ends, so waiting for the balloon is in vain
 *
 * Pairs with pn_conductor_release(), after which the balloon has to settle anew.
 */
void pn_conductor_hold(struct pn_conductor *conductor, bool endless);
void pn_conductor_release(struct pn_conductor *conductor, bool endless);

/** enum pn_held - is the guest or its driver held */
enum pn_held { PN_HELD_NOT, PN_HELD_NOW, PN_HELD_ENDLESS };

/** pn_conductor_held() - is it, and how long holds have lasted so far */
enum pn_held pn_conductor_held(struct pn_conductor *conductor, uint64_t *ret_held_ns);

/** pn_conductor_disturb() - something has happened to the balloon without a hold: it has to settle anew */
void pn_conductor_disturb(struct pn_conductor *conductor);

/** pn_conductor_calm() - the balloon is about to be looked at on a course: whatever disturbs it from here on is news */
void pn_conductor_calm(struct pn_conductor *conductor, unsigned int generation);

/** pn_conductor_settle() - wait for the course's target unless that has been done. Return: 0 whatever the balloon did, or as pn_conductor_wait(). */
int pn_conductor_settle(struct pn_conductor *conductor, struct pn_diag *diag);

/** pn_conductor_marked() - wait until the mark of a course that is settled has been taken: what disturbs the guest now is not in it */
void pn_conductor_marked(struct pn_conductor *conductor);

/** pn_conductor_reclaim(), pn_conductor_need(), pn_conductor_give_back() - events of a technique (technique.c). Return: 0 or a negative errno. */
int pn_conductor_reclaim(struct pn_conductor *conductor, const struct pn_event *event, struct pn_diag *diag);
int pn_conductor_need(struct pn_conductor *conductor, const struct pn_event *event, struct pn_diag *diag);
int pn_conductor_give_back(struct pn_conductor *conductor, const struct pn_event *event, struct pn_diag *diag);

/** pn_event_journal() - record that an event is about to be done. Return: 0 or a negative errno. */
int pn_event_journal(struct pn_conductor *conductor, unsigned int index, uint64_t late_ns, struct pn_diag *diag);

/** pn_event_perform() - do one event (event.c's table). Return: 0 or a negative errno that ends the timeline. */
int pn_event_perform(struct pn_conductor *conductor, unsigned int index, struct pn_diag *diag);

/** pn_phase_begin() - journal a phase and tell the runner; the first that is measured ends the loads' warm-up. Return: 0 or a negative errno. */
int pn_phase_begin(struct pn_conductor *conductor, const char *phase, struct pn_diag *diag);
