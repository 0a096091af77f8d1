/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

struct pn_diag;
struct pn_store;

/**
 * pn_policy_mutants_run() - judge the mutants of balloond's policy by its own tests, and the policy as it is by the same
 *
 * Programs are looked for beside those for the guest (guests/images/paths.h): drivers-under-test/balloond/judge-TEST-MUTANT. Leaves policy.json in the
 * run directory: {"mutants":[{"name","killed","by","expected","verdict"}],"alarms":[...],"controls":N}. Blocks for seconds. Return: 0; -ENOENT when a
 * program is not there (an installation has none: then nothing is written); or another negative errno.
 */
int pn_policy_mutants_run(struct pn_store *store, struct pn_diag *diag);
