/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "record.h"

/* The measures behind the liveness oracle. Private to it. */

/** struct pn_stall - what went on while a target was not reached */
struct pn_stall {
	double seconds;
	double still_s; /* since the last movement */
	int64_t from_bytes, balloon_bytes, asked_bytes;
	bool progressed;	    /* nearer to the target than at the start */
	unsigned int turns;	    /* times that it was seen to turn round on its way */
	int64_t inflated, deflated; /* pages, by the guest's kernel */
	double driver_cpu_percent;
	double fault_rate; /* major faults of the guest a second */
	bool starved;	   /* the host did not run the guest */
	double starved_percent;
};

/** pn_stall_measure() - by the samples between a target and its "unsettled" record. Return: 0 or -ENODATA. */
int pn_stall_measure(const struct pn_record *record, const json_t *unsettled, struct pn_stall *ret_stall);

/** pn_stall_word() - the one word for it */
const char *pn_stall_word(const struct pn_stall *stall);

/** pn_liveness_heartbeat() - gaps in what is heard of the guest */
void pn_liveness_heartbeat(const struct pn_record *record, struct pn_span window, struct pn_finding *finding);

/** pn_liveness_rest() - a driver that is busy, or a balloon that keeps changing, with nothing asked of it */
void pn_liveness_rest(const struct pn_record *record, struct pn_span window, struct pn_finding *finding);

/** pn_liveness_stats() - age of the statistics that the guest reports */
void pn_liveness_stats(const struct pn_record *record, struct pn_span window, struct pn_finding *finding);

/** pn_liveness_pause() - a balloon that changes while the guest is paused */
void pn_liveness_pause(const struct pn_record *record, struct pn_span window, struct pn_finding *finding);

/** pn_liveness_oom() - processes killed for want of memory under a balloon that may be deflated for it */
void pn_liveness_oom(const struct pn_record *record, struct pn_span window, struct pn_finding *finding);

/** pn_liveness_technique() - memory that a technique did not bring back, or could not have */
void pn_liveness_technique(const struct pn_record *record, struct pn_finding *finding);

/** pn_liveness_starved() - share of a span in which the most starved vCPU was runnable and waited, in percent; negative: not known */
double pn_liveness_starved(const struct pn_record *record, struct pn_span span);
