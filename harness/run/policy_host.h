/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

struct pn_diag;

/**
 * pn_policy_host_judge() - run balloond for a moment, end it, and let the oracle of the host judge what it left there
 * @mutant: name of a build with a defect, as in balloond-MUTANT beside balloond; NULL: the daemon as it is
 *
 * The daemon looks at the guests of libvirt's test driver, which are made up; all else is real. Its directory and its process are recorded as owned, and
 * gone on return. Blocks for some seconds. Return: 0 nothing was left; 1 the oracle's word is FAIL; -ENOENT when there is no such program; -ETIMEDOUT when
 * it did not come up; or another negative errno.
 */
int pn_policy_host_judge(const char *mutant, struct pn_diag *diag);
