/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>

/*
 * One cgroup (version 2) per load slot: exact CPU time of everything a load started, and whether the OOM killer took any of it. The
 * groups are made once and used again, so that the agent never removes one (which may block).
 */

/** pn_cgroup_init() - mount the hierarchy's controllers for the slots; in init. Return: 0 or a negative errno. */
int pn_cgroup_init(void);

/** pn_cgroup_enter() - in a child: make the slot's group if need be and move into it. Return: 0 or a negative errno. */
int pn_cgroup_enter(unsigned int slot);

/** pn_cgroup_cpu_ns() - CPU time ever used in a slot's group. Return: 0 or a negative errno (-ENOENT: no such group). */
int pn_cgroup_cpu_ns(unsigned int slot, uint64_t *ret_cpu_ns);

/** pn_cgroup_oom_kills() - processes of a slot's group ever killed for want of memory. Return: as pn_cgroup_cpu_ns(). */
int pn_cgroup_oom_kills(unsigned int slot, uint64_t *ret_kills);
