/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

struct pn_diag;
struct pn_timeline;

/** pn_loads_mark() - tell every running native load that the warm-up is over. Blocks until they say so. Return: 0 or a negative errno. */
int pn_loads_mark(const struct pn_timeline *timeline, struct pn_diag *diag);

/** pn_loads_end() - tell every running native load that its figures stand: what is measured is over. Otherwise as pn_loads_mark(). */
int pn_loads_end(const struct pn_timeline *timeline, struct pn_diag *diag);

/** pn_loads_running() - names of the loads that run now, without the faults' own. @ret_names freed with g_strfreev(). Return: 0 or a negative errno. */
int pn_loads_running(const struct pn_timeline *timeline, char ***ret_names, struct pn_diag *diag);

/**
 * pn_fixture_need() - give the guest what a load needs
 * @need: "swap": the swap disk is in use; "disk": the data disk is mounted at PN_FIXTURE_DISK; done once, twice is fine
 *
 * Return: 0 or a negative errno.
 */
int pn_fixture_need(const struct pn_timeline *timeline, const char *need, struct pn_diag *diag);

/** PN_FIXTURE_DISK - where the data disk is mounted in the guest */
#define PN_FIXTURE_DISK "/mnt/data"

/** PN_FAULT_LOAD_PREFIX - ids of loads that are part of a fault start so */
#define PN_FAULT_LOAD_PREFIX "fault-"
