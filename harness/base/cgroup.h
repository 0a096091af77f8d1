/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct pn_diag;

/** struct pn_cgroup - a control group of ours on the host, version 1 or 2 */
struct pn_cgroup {
	char *dir;    /* NULL: not made */
	char *parent; /* where what was put into it goes back to */
	int id;	      /* owner record */
	bool v2;
};

/**
 * pn_cgroup_locate() - where a group for a controller would be made
 * @mounts: text of /proc/self/mounts
 * @self: text of /proc/self/cgroup
 * @controller: "memory", "cpu"
 * @ret_v2: is it the unified hierarchy
 *
 * Version 1: below the group that this process is in. Version 2: at the root, the only group that may have processes and children both.
 * Return: the parent directory, g_free(); NULL when no hierarchy has the controller.
 */
char *pn_cgroup_locate(const char *mounts, const char *self, const char *controller, bool *ret_v2);

/** pn_cgroup_make() - make a group for a controller, owned. Return: 0; -ENOTSUP when the host has none; or another negative errno. */
int pn_cgroup_make(struct pn_cgroup *cgroup, const char *controller, struct pn_diag *diag);

/** pn_cgroup_set() - write a file of the group. @v1_key, @v2_key: by version. Return: 0 or a negative errno. */
int pn_cgroup_set(const struct pn_cgroup *cgroup, const char *v1_key, const char *v2_key, const char *value, struct pn_diag *diag);

/** pn_cgroup_count() - the number behind @word in one of its files (the whole file, where @word is NULL). Return: 0 or a negative errno. */
int pn_cgroup_count(const struct pn_cgroup *cgroup, const char *file, const char *word, uint64_t *ret_count, struct pn_diag *diag);

/** pn_cgroup_enter() - put a process, or (version 1 only) one thread, into the group. Return: 0 or a negative errno. */
int pn_cgroup_enter(const struct pn_cgroup *cgroup, pid_t id, bool thread, struct pn_diag *diag);

/** pn_cgroup_leave() - back to where it goes when the group is removed; pairs with pn_cgroup_enter(). Return: 0 or a negative errno. */
int pn_cgroup_leave(const struct pn_cgroup *cgroup, pid_t id, bool thread, struct pn_diag *diag);

/** pn_cgroup_remove() - what is in it goes back to its parent, and it is removed. Nothing to do when it was never made. */
int pn_cgroup_remove(struct pn_cgroup *cgroup, struct pn_diag *diag);
