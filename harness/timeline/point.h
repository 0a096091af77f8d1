/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

struct pn_conductor;
struct pn_diag;

/*
 * Events at points of the guest's code: a vCPU is held there, the event is done, the vCPU goes on. In the journal: "point" {event, point,
 * state: "set"|"held"|"released"|"missed", address, hits, vcpu, insns: executed by the whole guest}.
 */

/**
 * pn_points_start() - resolve and set the points of all events that have one
 *
 * Blocks until they are in force. Return: 0; -ENOENT for a function nobody has; -ENOTUNIQ for one that several have; -ENOTSUP where no
 * plugin holds vCPUs; or another negative errno. pn_points_end() follows in any case.
 */
int pn_points_start(struct pn_conductor *conductor, struct pn_diag *diag);

/** pn_points_check() - Return: 0, or -ENODATA when a point was never hit. */
int pn_points_check(struct pn_conductor *conductor, struct pn_diag *diag);

/** pn_points_end() - no vCPU is held from here on; ends the thread that did the events */
void pn_points_end(struct pn_conductor *conductor);
