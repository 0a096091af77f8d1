/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "policy.h"

/** struct pn_trust_state - what has been seen of one guest's honesty and obedience; pn_trust_init() */
struct pn_trust_state {
	enum pn_trust trust;
	unsigned int boots;
	/* statistics */
	uint64_t stats_ns;	/* stamp of the newest seen; 0: none yet */
	uint64_t stats_seen_ns; /* when that stamp was first seen */
	uint64_t swap_in_bytes, major_faults, psi_some_ns; /* last seen; PN_UNSET: never */
	/* contradictions */
	unsigned int lies; /* in a row, each within a minute of the one before */
	uint64_t lied_ns;  /* when the last one was seen */
	uint64_t mismatch_ns; /* when the host last saw no more than the guest admits, or first looked; 0: never yet */
	uint64_t weighed_ns;  /* when it was last seen what the host sees */
	bool differs;	      /* at the last look, too: one alone may have met memory on its way back */
	bool mismatch;	      /* and that for long enough to be a lie */
	/* obedience */
	uint64_t mark_bytes;  /* actual when it last came nearer to its target */
	uint64_t progress_ns; /* when that was, or when it last was at its target */
	uint64_t looked_ns; /* when its size was last known */
	bool above;	      /* on which side of its target it was */
	bool stuck;
	uint64_t retry_ns;     /* stuck: not asked again before */
	uint64_t retry_gap_ns; /* the last one; 0: has obeyed since */
};

void pn_trust_init(struct pn_trust_state *state, uint64_t now_ns);

/**
 * pn_trust_update() - move a guest on the trust ladder
 * @target_bytes: its target as it stands
 *
 * fresh -> stale by silence; -> stuck by not moving towards the target, until it moves or its time to be asked again has come; -> lying by
 * contradiction, for a minute after the last one; -> quarantined by lying again and again, for good. The worst one counts.
 * While it is stuck the caller leaves its target at its size.
 */
void pn_trust_update(struct pn_trust_state *state, const struct pn_policy_config *config, const struct pn_policy_guest *guest,
		     const struct pn_observation *observation, uint64_t target_bytes, uint64_t now_ns);
