/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "../policy.h"

struct pn_diag;

/*
 * From what is seen of guests that come and go to what is to be done to each: the policy's fixed set, kept up to date, and its reasons logged.
 * Knows no libvirt and no clock, so the daemon's decisions are tested without either.
 */

/** struct pn_view - one guest as it is seen now; strings borrowed */
struct pn_view {
	const char *uuid;
	const char *name;
	bool control; /* false: only its memory counts */
	struct pn_policy_guest limits;
	struct pn_observation observation; /* all PN_UNSET where it did not answer */
};

/** struct pn_order - what is to be done to one guest */
struct pn_order {
	uint64_t target_bytes;
	uint64_t bound_bytes;
	bool send; /* the target is new, or has to be said again */
};

struct pn_controller;

/** pn_controller_new() - freed with pn_controller_free(). @log: where its lines go; called with the event's name and fields (borrowed) */
struct pn_controller *pn_controller_new(void (*log)(void *data, const char *event, json_t *fields), void *data);
void pn_controller_free(struct pn_controller *controller);

/**
 * pn_controller_tick() - decide
 * @policy: the host and the knobs, as of now: what differs from the last time holds from now on
 * @views: in any order; a guest is the same as before by its UUID
 * @dry_run: nothing will be done: the targets stay where they are
 * @ret_orders: one a view
 *
 * A guest seen for the first time has its target where its size is, and is told so: a target in flight from a life before would not be accounted for.
 * Return: 0, or -EINVAL when the policy refuses its configuration (nothing is ordered then).
 */
int pn_controller_tick(struct pn_controller *controller, const struct pn_policy_config *policy, const struct pn_view *views, size_t count,
		       uint64_t now_ns, bool dry_run, struct pn_order *ret_orders, struct pn_diag *diag);

/** pn_controller_refused() - an order for a guest could not be carried out: its target is still the one before */
void pn_controller_refused(struct pn_controller *controller, const char *uuid);

/**
 * pn_controller_status() - what is known, as JSON: {"host":{capacity_bytes, reserve_bytes, committed_bytes, overcommitted}, "guests":[{name, uuid,
 * target_bytes, demand_bytes, actual_bytes, resident_bytes, bound_bytes, trust, reason, raised, lowered}]}
 *
 * Return: a new reference.
 */
json_t *pn_controller_status(const struct pn_controller *controller);
