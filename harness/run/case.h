/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

struct pn_diag;
struct pn_job;

/**
 * pn_case_run() - one case from start to end, in its own process
 * @job: what to run and where
 * @stop: becomes non-zero when the user interrupts: what was measured is judged no more, but kept
 *
 * Starts the guest, loads the driver, starts the loads, conducts the timeline, takes everything back, judges, and leaves outcome.json in the
 * case's directory. Whatever the environment refuses is an outcome too: BROK. Nothing is left on the host when it returns.
 * Return: 0 when the outcome stands there; or a negative errno with @diag filled.
 */
int pn_case_run(const struct pn_job *job, const int *stop, struct pn_diag *diag);
