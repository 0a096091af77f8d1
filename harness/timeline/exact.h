/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>

struct pn_conductor;
struct pn_course;
struct pn_diag;
struct pn_guest;
struct pn_settling;
struct pn_timeline;

/**
 * pn_exact_conduct() - all events of a timeline in the guest's own time
 *
 * The guest runs only as long as the timeline lets time pass; events are done while it stands. Return: 0, or as pn_conductor_wait().
 */
int pn_exact_conduct(struct pn_conductor *conductor, struct pn_diag *diag);

/** pn_exact_run() - let so much of the guest's own time pass; blocks. Return: 0 or a negative errno. */
int pn_exact_run(struct pn_guest *guest, uint64_t for_ns, struct pn_diag *diag);

/** pn_exact_step_ns() - how long to let a guest run before the next look at something that has gone on for @since_ns: finer at its beginning */
uint64_t pn_exact_step_ns(uint64_t since_ns);

/**
 * pn_exact_settle_watch() - let the guest run, a little at a time, until the balloon is at a course's target or at rest
 * @ret_settling: its durations are the guest's time
 *
 * Return: 0 whatever the balloon did, or a negative errno.
 */
int pn_exact_settle_watch(const struct pn_timeline *timeline, const struct pn_course *course, uint64_t timeout_ns, struct pn_settling *ret_settling,
			  struct pn_diag *diag);
