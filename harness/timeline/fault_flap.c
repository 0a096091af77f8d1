// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hostile device, as far as an unmodified QEMU can be one: the target flaps, as fast as the monitor takes it or at a given rate, between what
 * stands and another one; then what stood is set again. What counts is how many targets the monitor took.
 *
 * Limit: a target outside of the guest's memory never reaches the driver this way: QEMU clamps or refuses it (fault_traffic.c).
 */
#include "faults.h"

#include <errno.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "timeline.h"

#define FIRED_MIN 10 /* targets: fewer are no flapping */

/** struct flap - the fault's own */
struct flap {
	GThread *thread;
	int stop;	      /* atomic */
	unsigned int targets; /* atomic: accepted */
	uint64_t begin_ns;
};

static int prepare(struct pn_fault_run *run, struct pn_diag *diag)
{
	run->data = g_new0(struct flap, 1);
	return 0;
}

static gpointer flap_on(gpointer data)
{
	struct pn_fault_run *run = data;
	struct flap *flap = run->data;
	uint64_t other_bytes = (uint64_t)json_integer_value(json_object_get(run->args, "balloon"));
	uint64_t every_ns = PN_NS_PER_S / (uint64_t)MAX(json_integer_value(json_object_get(run->args, "hz")), 1), next_ns = pn_clock_now_ns();
	bool other = true;

	while (!g_atomic_int_get(&flap->stop)) {
		struct pn_course course = pn_conductor_course(run->conductor);

		if (pn_guest_balloon(run->conductor->timeline->guest, other ? other_bytes : course.asked_bytes, NULL) == 0)
			g_atomic_int_inc(&flap->targets);
		other = !other;
		next_ns += every_ns;
		if (next_ns > pn_clock_now_ns())
			pn_clock_sleep_until(next_ns);
		else
			next_ns = pn_clock_now_ns(); /* the monitor is slower: no burst afterwards */
	}
	return NULL;
}

static int arm(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct flap *flap = run->data;

	flap->begin_ns = pn_clock_now_ns();
	flap->thread = g_thread_new("flap", flap_on, run);
	return 0;
}

static int fired(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct flap *flap = run->data;
	unsigned int targets = (unsigned int)g_atomic_int_get(&flap->targets);
	double seconds = (double)(pn_clock_now_ns() - flap->begin_ns) / (double)PN_NS_PER_S;

	json_object_set_new(run->evidence, "targets", json_integer(targets));
	json_object_set_new(run->evidence, "targets_per_s", json_real(targets / MAX(seconds, 1e-3)));
	return targets >= FIRED_MIN;
}

static int disarm(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct flap *flap = run->data;

	if (!flap || !flap->thread)
		return 0;
	g_atomic_int_set(&flap->stop, 1);
	g_thread_join(g_steal_pointer(&flap->thread));
	return pn_guest_balloon(run->conductor->timeline->guest, pn_conductor_course(run->conductor).asked_bytes, diag);
}

const struct pn_fault_ops pn_fault_flap = {.name = "flap", .flags = PN_FAULT_HOLDS | PN_FAULT_OWN_ACTUAL, .prepare = prepare, .arm = arm, .fired = fired,
					   .disarm = disarm};
