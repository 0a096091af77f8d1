/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "supervisor.h"

/*
 * A run of pairs (struct pn_run_pairs): rounds of one pair of each subject. A subject is a case without what tells its two variants apart.
 * One case at a time: figures that are compared are not measured beside each other.
 */

/**
 * pn_pairs_check() - do the two variants expand to the same cases?
 * @a: plan of variant A; variant B is planned here
 *
 * Return: 0; -EINVAL saying which case has no counterpart; or what planning B says.
 */
int pn_pairs_check(const struct pn_plan *a, const struct pn_run_pairs *pairs, struct pn_diag *diag);

/** pn_pairs_round() - append one more pair of each subject to the queue; the first round is the warm-up. Return: 0 or a negative errno. */
int pn_pairs_round(struct pn_supervisor *self, struct pn_diag *diag);

/**
 * pn_pairs_resume() - make a run of pairs that was read back ready for further rounds
 *
 * Return: 0; -EINVAL when the scenarios expand to something else today: what was measured then could not be paired with it; or another
 * negative errno.
 */
int pn_pairs_resume(struct pn_supervisor *self, struct pn_diag *diag);

/** pn_pairs_settle() - a pair of which one side can't run is left out whole: the cases from @first on */
void pn_pairs_settle(struct pn_supervisor *self, unsigned int first);

/** pn_pairs_more() - is another round wanted, and within the budget? */
bool pn_pairs_more(struct pn_supervisor *self);
