/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct pn_diag;
struct pn_load;
struct pn_timeline;

/**
 * pn_load_walk() - have the load `mix` use all of its memory once; blocks until it has
 *
 * Return: 0; -ETIMEDOUT; -EREMOTEIO when it ended meanwhile (the guest ran out of memory); or another negative errno.
 */
int pn_load_walk(const struct pn_timeline *timeline, const char *id, uint64_t timeout_ns, struct pn_diag *diag);

/** struct pn_ready - listens for what a load says of itself */
struct pn_ready;

/** pn_ready_new() - listen from now on: before the load is started, so that nothing is missed. Return: 0 or a negative errno. */
int pn_ready_new(const struct pn_timeline *timeline, const struct pn_load *load, struct pn_ready **ret_ready, struct pn_diag *diag);
void pn_ready_free(struct pn_ready *ready);

/**
 * pn_ready_wait() - wait until the load counts as started (load.h)
 *
 * Return: 0; -EREMOTEIO when it ended first, -ETIMEDOUT after its ready timeout, -EINTR when interrupted, or another negative errno.
 */
int pn_ready_wait(struct pn_ready *ready, struct pn_diag *diag);

/**
 * pn_load_state() - what the agent says of a load; each out parameter may be NULL
 *
 * Return: 0, -ENOENT when the agent knows no such load, or another negative errno.
 */
int pn_load_state(const struct pn_timeline *timeline, const char *id, bool *ret_running, bool *ret_oom_killed, uint64_t *ret_cpu_ns,
		  struct pn_diag *diag);
