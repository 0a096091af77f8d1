/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The controller's decision as a pure function: (state, observations, now) -> targets and reasons. No clock, no I/O, no allocation after
 * _new; the daemon, the harness and the simulator call the same code. Every size is guest memory in bytes (what the guest has left, not
 * what is in its balloon), as libvirt counts it.
 *
 * Budget: B_i = max(target, actual, resident) + OOM quota + overhead. At all times sum(B_i) <= capacity - reserve as far as it is ours to
 * keep: a target is raised only out of slack, and lowering one makes slack only once actual AND resident have fallen. (On hugetlb
 * backing the stock driver frees nothing and reports success, so actual alone proves nothing.)
 */

/** PN_UNSET - a figure that was not given: libvirt and QEMU say 2^64-1 for it */
#define PN_UNSET UINT64_MAX

/** enum pn_trust - how far a guest's words count */
enum pn_trust {
	PN_TRUST_FRESH,	      /* statistics are new and add up */
	PN_TRUST_STALE,	      /* none for more than 3 polls: its target is held */
	PN_TRUST_STUCK,	      /* does not follow its target: left where it is, asked again with growing gaps */
	PN_TRUST_LYING,	      /* figures contradict each other or the host: fair share at most, and nothing is given */
	PN_TRUST_QUARANTINED, /* lied again and again: the same for good; only its memory cgroup binds it */
	PN_TRUST_COUNT,
};

/** enum pn_reason - why a target is what it is */
enum pn_reason {
	PN_REASON_SETTLED,   /* within the dead band */
	PN_REASON_DEMAND,    /* raised towards what the guest needs */
	PN_REASON_PRESSURE,  /* raised because the guest swaps or stalls */
	PN_REASON_NO_SLACK,  /* would be raised, but nothing has been freed yet */
	PN_REASON_IDLE,	     /* lowered: the guest does not use it */
	PN_REASON_SCARCE,    /* lowered: others are owed it */
	PN_REASON_COOL_DOWN, /* would be lowered, but was raised a moment ago */
	PN_REASON_BLOCKED,   /* would be lowered, but the guest is under pressure */
	PN_REASON_HELD,	     /* not trusted enough to move */
	PN_REASON_COUNT,
};

extern const char *const pn_trust_names[PN_TRUST_COUNT];
extern const char *const pn_reason_names[PN_REASON_COUNT];

/** struct pn_policy_guest - what is configured for one guest */
struct pn_policy_guest {
	uint64_t min_bytes;
	uint64_t max_bytes;
	uint64_t oom_quota_bytes; /* what deflate-on-oom may let it take above its target; 0 without */
	uint64_t overhead_bytes;  /* QEMU's own memory */
	double weight;		  /* share when memory is scarce; > 0 */
};

/** struct pn_policy_config - the host and the law's knobs; pn_policy_defaults() gives all but the host */
struct pn_policy_config {
	uint64_t capacity_bytes; /* of the host, for guests */
	uint64_t reserve_bytes;	 /* never to be touched */
	bool bounds_enforced;	 /* memory cgroups hold every guest to its bound: what it says beyond it is not counted; default no */
	/* demand */
	double price_s;		      /* caution: seconds of keeping a byte free that it is worth to have one that is wanted; default 1600; 0: no learning */
	double headroom;	      /* part of the used memory that is kept free at least; default 0.05 */
	uint64_t headroom_bytes;      /* and at least this much; default 64 MiB */
	double assured;		      /* part of its largest size, and headroom_bytes on it, below which nobody is lowered for being idle; default 0 */
	uint64_t hidden_after_ns;     /* half-life of what was learned of memory in use that is called available; default 15 min */
	double psi_block;	      /* share of time stalled on memory that blocks lowering; default 0.0025 */
	double psi_grow;	      /* and that asks for more; default 0.005 */
	uint64_t refault_bytes_per_s; /* rate of swap-in or major faults that asks for more; default 200 kB/s */
	double pressure_step;	      /* and how much more, as part of the target; default 0.25 */
	double full_step;	      /* the same where it has grown into the last of its memory; default 1 */
	double probe_per_s;	      /* how fast calm guests are tried below their demand, as part of the target; default 0: not at all */
	uint64_t probe_after_ns;      /* how long they must have been calm; default 5 min */
	double psi_probe;	      /* share of time stalled that ends the trying; default 0.0005 */
	/* movement */
	double dead_band;	     /* part of what a guest is due within which nothing moves; default 0.01 */
	double shrink_step;	     /* part of the distance that one tick covers downwards; in (0, 1], default 0.6 */
	double shrink_per_s;	     /* and at most this part of its largest size; default 0.25 */
	uint64_t cool_down_ns;	     /* no lowering of an idle guest so soon after a raise, nor below what it needed in that time; default 30 s */
	/* trust */
	uint64_t stuck_ns;	   /* no progress for this long: stuck; default 5 s */
	uint64_t stats_period_ns;  /* how often guests are polled; default 1 s */
	unsigned int stale_polls;  /* silence for longer than this many polls: stale; default 3 */
	unsigned int lies_allowed; /* more contradictions than these, each within a minute of the one before: quarantine; default 3 */
};

/** pn_policy_defaults() - the knobs at their defaults; capacity and reserve are left 0 */
struct pn_policy_config pn_policy_defaults(void);

/** pn_policy_cautions - settings along one dial, most careful first, "balanced" being the default; ends with NULL */
extern const char *const pn_policy_cautions[];

/** pn_policy_caution() - set the knobs that belong to one of pn_policy_cautions, leave the others. Return: 0, or -EINVAL for an unknown name. */
int pn_policy_caution(struct pn_policy_config *config, const char *name);

/** struct pn_observation - what is known of one guest now; PN_UNSET where unknown. Counters are since the guest's boot. */
struct pn_observation {
	/* what the host sees */
	uint64_t resident_bytes; /* QEMU's memory, its own included */
	unsigned int boots;	 /* resets that the host has seen; may start anywhere */
	bool refused;		 /* the last decision could not be applied: the target is still the one before */
	/* what the guest says */
	uint64_t actual_bytes; /* size as the device has it */
	uint64_t stats_ns;     /* when the guest made its statistics, on any clock; 0: never. Only whether it changes counts. */
	uint64_t total_bytes;
	uint64_t available_bytes;
	uint64_t free_bytes; /* "unused"; other laws look at it */
	uint64_t swap_in_bytes;
	uint64_t major_faults;
	uint64_t psi_some_ns; /* time stalled on memory, from the agent's side channel */
};

/** struct pn_decision - the outcome for one guest */
struct pn_decision {
	uint64_t target_bytes;
	uint64_t demand_bytes; /* what it was judged to need */
	uint64_t bound_bytes;  /* the most it may hold of the host by what it was given, quota and overhead included: for its memory cgroup */
	enum pn_trust trust;
	enum pn_reason reason;
	bool retry; /* set the target again even if it is the same: the guest has not followed */
};

struct pn_policy;

/**
 * pn_policy_new() - a controller for a fixed set of guests
 * @targets: where each guest's target stands now, so that a restart goes on from there (fail static)
 *
 * Return: the policy, freed with pn_policy_free(); NULL when out of memory or a configured value is out of range (min > max, weight <= 0,
 * reserve > capacity, shrink step not in (0, 1]).
 */
struct pn_policy *pn_policy_new(const struct pn_policy_config *config, const struct pn_policy_guest *guests, const uint64_t *targets, size_t count);
void pn_policy_free(struct pn_policy *policy);

/**
 * pn_policy_adopt() - take over what another controller knows of a guest: its target, trust and needs
 * @index: of the guest in @policy, which has not stepped yet
 *
 * For when guests come and go, or limits change: a new policy is made of the new set, and what stays is not forgotten. New limits hold from the
 * next step on. What was never stepped is taken over as new.
 */
void pn_policy_adopt(struct pn_policy *policy, size_t index, const struct pn_policy *from, size_t from_index);

/**
 * pn_policy_step() - decide
 * @observations: one a guest, in the order of pn_policy_new(); each made after the last decision was applied to that guest
 * @now_ns: on the caller's clock, never going back
 * @ret_decisions: one a guest
 *
 * O(n log n); O(n) while nobody has to go without. The caller applies every target that changed; a guest is expected to have seen it by the
 * observation after the next one.
 */
void pn_policy_step(struct pn_policy *policy, const struct pn_observation *observations, uint64_t now_ns, struct pn_decision *ret_decisions);

/** pn_policy_committed() - sum of B_i after the last step */
uint64_t pn_policy_committed(const struct pn_policy *policy);
