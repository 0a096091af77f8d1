// SPDX-License-Identifier: GPL-2.0-only
/* Faults between a guest and its controller: one function a fault, in a table. What the host sees by itself no guest can spoil. */
#include "controlled_private.h"

static void stand_still(const struct pn_observation *before, unsigned int nth, uint64_t memory_bytes, struct pn_observation *o)
{
	uint64_t resident = o->resident_bytes, actual = o->actual_bytes;

	*o = *before;
	o->resident_bytes = resident;
	o->actual_bytes = actual; /* the device's own */
}

static void go_missing(const struct pn_observation *before, unsigned int nth, uint64_t memory_bytes, struct pn_observation *o)
{
	o->actual_bytes = o->total_bytes = o->available_bytes = o->free_bytes = o->swap_in_bytes = o->major_faults = o->psi_some_ns = PN_UNSET;
	o->stats_ns = before->stats_ns;
}

static void read_minus_one(const struct pn_observation *before, unsigned int nth, uint64_t memory_bytes, struct pn_observation *o)
{
	o->total_bytes = o->available_bytes = o->free_bytes = o->swap_in_bytes = o->major_faults = o->psi_some_ns = PN_UNSET;
}

static void contradict(const struct pn_observation *before, unsigned int nth, uint64_t memory_bytes, struct pn_observation *o)
{
	o->total_bytes = memory_bytes / 2;
	o->available_bytes = memory_bytes;
	o->swap_in_bytes = nth % 2 ? 0 : 1ULL << 40;
}

static void want_all(const struct pn_observation *before, unsigned int nth, uint64_t memory_bytes, struct pn_observation *o)
{
	o->available_bytes = 0;
	o->free_bytes = 0;
	if (before->swap_in_bytes != PN_UNSET)
		o->swap_in_bytes = before->swap_in_bytes + nth * (16ULL << 20);
}

static void (*const faults[PN_CONTROLLER_FAULTS])(const struct pn_observation *before, unsigned int nth, uint64_t memory_bytes,
						   struct pn_observation *o) = {
	[PN_CONTROLLER_STALE] = stand_still, [PN_CONTROLLER_MISSING] = go_missing, [PN_CONTROLLER_UNSET] = read_minus_one,
	[PN_CONTROLLER_LIE] = contradict,    [PN_CONTROLLER_GREED] = want_all,	   [PN_CONTROLLER_KILL] = NULL, /* of the law, not of a guest */
};

void pn_controlled_spoil(enum pn_controller_fault_kind kind, const struct pn_observation *before, unsigned int nth, uint64_t memory_bytes,
			 struct pn_observation *observation)
{
	if (faults[kind])
		faults[kind](before, nth, memory_bytes, observation);
}
