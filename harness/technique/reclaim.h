/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>

struct pn_diag;
struct pn_guest;
struct pn_journal;
struct pn_reclaim;
struct pn_scenario;
struct pn_timeline_technique;

/*
 * A technique at work on one guest: it prepares host and guest, gets memory back, gives it back, and undoes what it changed.
 * What it saw goes into the journal; metrics and reports read that:
 *	"reclaim" {state: "begin", technique, unaware, asked_bytes}
 *	"reclaim" {state: "look", when: "warm"|"begin"|"end-of-reclaim"|"need"|"need-end"|"end", figures of meter.h}
 *	"reclaim" {state: "end", outcome: "all"|"rest" (nothing moves any more)|"late", returned_bytes, why: what holds it up, absent when all came back,
 *		   points: [[ns since begin, bytes returned], ...]}
 */

/**
 * pn_reclaim_new() - for a scenario with a technique
 * @case_dir: where what belongs to the case goes; borrowed, as @scenario and @journal
 *
 * Return: 0, or -EINVAL for a scenario without one.
 */
int pn_reclaim_new(const struct pn_scenario *scenario, struct pn_journal *journal, const char *case_dir, struct pn_reclaim **ret_reclaim, struct pn_diag *diag);

/**
 * pn_reclaim_enter(), pn_reclaim_leave() - around the start of the guest
 *
 * A control group charges what is taken from then on, so QEMU has to be born in it: the calling thread, whose child it is, is in the group between the two.
 * Return: 0 or a negative errno; leave() also -EOPNOTSUPP when QEMU is not in the group (it is the child of somebody else).
 */
int pn_reclaim_enter(struct pn_reclaim *reclaim, struct pn_diag *diag);
int pn_reclaim_leave(struct pn_reclaim *reclaim, struct pn_guest *guest, struct pn_diag *diag);

/** pn_reclaim_prepare() - what guest and host need before the loads start; blocks for up to some seconds. Return: 0 or a negative errno. */
int pn_reclaim_prepare(struct pn_reclaim *reclaim, struct pn_guest *guest, struct pn_diag *diag);

/** pn_reclaim_look() - put what the host holds and what was swapped so far into the journal */
void pn_reclaim_look(struct pn_reclaim *reclaim, const char *when);

/** pn_reclaim_technique() - as the conductor uses it. Borrowed. */
const struct pn_timeline_technique *pn_reclaim_technique(struct pn_reclaim *reclaim);

/** pn_reclaim_free() - undo what is left of it, the guest having gone. NULL is fine. Return: 0 or a negative errno. */
int pn_reclaim_free(struct pn_reclaim *reclaim, struct pn_diag *diag);
