/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "../policy.h"
#include "load.h"

/** enum pn_sim_honesty - what a guest does to its host */
enum pn_sim_honesty {
	PN_SIM_HONEST,
	PN_SIM_GREEDY,	 /* says that it has nothing available and stalls all the time */
	PN_SIM_DEAF,	 /* ignores its target */
	PN_SIM_HOARDER,	 /* reports what it was asked for and frees nothing; takes all it can */
	PN_SIM_BABBLER,	 /* figures that contradict each other */
	PN_SIM_HONESTIES,
};

/** struct pn_sim_rates - what all guests of a model share */
struct pn_sim_rates {
	double tick_s;
	double hot_s;	     /* a hot page is touched once in this time */
	double hot_per_tick; /* part of missing hot pages that is touched in a tick */
	double cold_per_tick;
};

/** struct pn_sim_guest - one modelled guest. Bytes are doubles: the model is no ledger. */
struct pn_sim_guest {
	struct pn_sim_load load;
	struct pn_policy_guest limits;
	enum pn_sim_honesty honesty;
	/* made of */
	double max, kernel, swap_size, file_set;
	double inflate_per_s, deflate_per_s, read_per_s, swap_per_s, disk_per_s;
	/* now */
	double target, actual, resident;
	double swapped, cached;
	double evicted; /* hot cache that was there once and is not for want of memory */
	double swap_in, faults, stalled_s; /* since boot */
	double bound;			   /* memory cgroup; 0: none */
	uint64_t random;
	double time_s, event_s, event_end_s; /* next mishap, end of the present one */
	unsigned int boots;
	bool stuck, silent;
	double stats_s;
	/* totals; touched: anonymous bytes that programs used */
	double total_stalled_s, total_swap_in, total_touched;
	unsigned long ooms;
};

struct pn_sim_rates pn_sim_rates_of(double tick_s);

/** pn_sim_guest_init() - a guest drawn by @seed; its load is set by the caller */
void pn_sim_guest_init(struct pn_sim_guest *guest, uint64_t seed, double max_bytes, enum pn_sim_honesty honesty);

/** pn_sim_guest_step() - one tick: its load moves on, its driver follows its target, its kernel makes room and brings back what is touched */
void pn_sim_guest_step(struct pn_sim_guest *guest, const struct pn_sim_rates *rates);

/** pn_sim_guest_observe() - what a controller gets to see of it */
void pn_sim_guest_observe(const struct pn_sim_guest *guest, struct pn_observation *ret_observation);

/** pn_sim_guest_need() - what it needs to run without a stall */
double pn_sim_guest_need(const struct pn_sim_guest *guest);
