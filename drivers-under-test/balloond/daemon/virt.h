/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "controller.h"

struct pn_diag;

/*
 * Guests through libvirt. Every call that may reach a monitor is done by a worker and waited for with a deadline, so a QEMU that does not
 * answer costs a decision at most that, once; then it is asked by itself until it answers again, and nobody waits for it.
 */

struct pn_virt_host;

/** pn_virt_host_new() - nothing is connected yet. @log as in pn_controller_new(), called on the caller's thread only */
struct pn_virt_host *pn_virt_host_new(void (*log)(void *data, const char *event, json_t *fields), void *data);

/** pn_virt_host_free() - calls that still hang are left to end by themselves */
void pn_virt_host_free(struct pn_virt_host *host);

/**
 * pn_virt_host_connect() - be connected to @uri; waits up to @timeout_ns
 *
 * Return: 0 when it is; -EAGAIN when it takes longer (call again); -ECONNREFUSED with libvirt's words.
 */
int pn_virt_host_connect(struct pn_virt_host *host, const char *uri, uint64_t timeout_ns, uint64_t *ret_host_bytes, struct pn_diag *diag);

/**
 * pn_virt_host_look() - all running guests as they are now
 * @ret_views: array of struct pn_view, strings borrowed from @host until the next look; g_array_unref() by the caller
 *
 * Blocks up to twice the configured timeout. Return: 0, or -ENOTCONN when libvirtd has gone.
 */
int pn_virt_host_look(struct pn_virt_host *host, const struct pn_daemon_config *config, GArray **ret_views, struct pn_diag *diag);

/**
 * pn_virt_host_apply() - carry out orders, of views of the last look, in their order
 *
 * Lowering first, then raising. Does not wait for monitors that are late: what becomes of their orders is told by the next look.
 */
void pn_virt_host_apply(struct pn_virt_host *host, const struct pn_daemon_config *config, const GArray *views, const struct pn_order *orders,
			struct pn_controller *controller);

/** pn_virt_host_bounded() - has every guest under control a bound set in its memory cgroup? */
bool pn_virt_host_bounded(const struct pn_virt_host *host);
