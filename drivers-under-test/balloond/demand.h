/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "jumps.h"
#include "policy.h"

/** struct pn_demand_state - what a guest's use of memory has been like; pn_demand_init() */
struct pn_demand_state {
	uint64_t seen_ns; /* of the counters below; 0: never */
	uint64_t stats_ns;
	unsigned int boots;
	uint64_t swap_in_bytes, major_faults, psi_some_ns;
	uint64_t used_bytes;	   /* PN_UNSET: not known yet */
	struct pn_jumps jumps;	   /* how its use has grown between two looks */
	double hidden_bytes;	   /* what it had available when it stalled for want of memory all the same, fading */
	uint64_t calm_ns;	   /* since when it has been at ease */
	double probe_bytes;	   /* how much below its demand it is being tried */
	double stalled;		   /* share of time, at the last look */
	uint64_t peak_bytes[2];	   /* largest demand in this window of the cool-down and the one before */
	uint64_t peak_since_ns;
	uint64_t demand_bytes;
	bool pressed; /* must not be squeezed for being idle */
	bool needy;   /* wants more than it has, by its stalls */
};

void pn_demand_init(struct pn_demand_state *state, uint64_t target_bytes);

/**
 * pn_demand_update() - judge what a guest needs: used memory and headroom on it, and more while it stalls or swaps
 *
 * Without new statistics the last judgement stands; without any, its target is its demand. Sets demand_bytes, within the guest's limits, pressed and needy.
 */
void pn_demand_update(struct pn_demand_state *state, const struct pn_policy_config *config, const struct pn_policy_guest *guest,
		      const struct pn_observation *observation, uint64_t target_bytes, uint64_t now_ns);

/** pn_demand_recent() - the most it needed in the last one to two cool-downs: what it must not be lowered below */
uint64_t pn_demand_recent(const struct pn_demand_state *state);
