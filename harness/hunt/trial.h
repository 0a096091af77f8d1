/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>

struct pn_diag;
struct pn_lab;
struct pn_trial;

/*
 * A trial inside its lab; lab.h has what others see of it.
 */

/**
 * pn_trial_admit() - give a trial its number, its directory and its plan
 *
 * One that is no scenario of one case, or that this host can't run, is refused: it has the reason and no directory. Return: 0 or a negative errno.
 */
int pn_trial_admit(struct pn_lab *lab, struct pn_trial *trial, struct pn_diag *diag);

/** pn_trial_settle() - it has a verdict; stolen, and written into its directory */
void pn_trial_settle(struct pn_trial *trial, json_t *verdict);
