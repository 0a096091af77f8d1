/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct pn_law;
struct pn_sim_trace;
struct pn_diag;

/** struct pn_sim_config - one simulation; the same for every law in it */
struct pn_sim_config {
	unsigned int guests;
	unsigned int hours;
	uint64_t seed;
	double tick_s;			  /* between two looks of the controller */
	double overcommit;		  /* sum of the largest sizes over the host's capacity */
	double reserve;			  /* part of the capacity that must stay free */
	double hostile;			  /* part of guests that do not play by the rules */
	bool cgroups;			  /* enforce the bounds that a law gives */
	const struct pn_sim_trace *trace; /* NULL: synthetic loads */
};

/** pn_sim_defaults() - 1000 guests, 1000 hours, 10 s ticks, 1.5 times overcommitted, 5 % reserve, all honest, no cgroups */
struct pn_sim_config pn_sim_defaults(void);

/** struct pn_sim_result - how a law did; of honest guests where guests are meant */
struct pn_sim_result {
	const struct pn_law *law;
	double reclaimed_bytes;	 /* sum of what guests could have and did not hold of the host, mean over time */
	double stall_s;		 /* time that guests stood still for want of memory */
	double swap_in_ratio;	 /* part of the anonymous memory that programs touched that had to be swapped in for it */
	uint64_t reversals;	 /* targets that changed direction */
	double jain;		 /* of mean satisfied part of each guest's weighted max-min share of what all needed */
	uint64_t reserve_crossed; /* ticks in which the reserve was touched */
	uint64_t ooms;
	double bytes_max; /* sum of largest sizes */
	double guest_s;	  /* simulated guest time */
	/* CPU time of the law, per tick */
	double tick_p50_ms, tick_p99_ms;
	double cpu_s; /* of the whole simulation of this law */
};

/**
 * pn_sim_run() - one law through one simulation
 * @stop: ends it early when it becomes true; may be NULL
 *
 * Deterministic but for the CPU times. Safe to call from several threads at once.
 * Return: 0, -ENOMEM, -EINVAL when the law refuses its configuration, -EINTR when stopped.
 */
int pn_sim_run(const struct pn_sim_config *config, const struct pn_law *law, const volatile int *stop, struct pn_sim_result *ret_result,
	       struct pn_diag *diag);
