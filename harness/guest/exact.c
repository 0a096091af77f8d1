// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exact mode: the guest's instructions repeat, so whatever reaches it from outside has to reach it at the same instruction each time. It runs only while
 * a request to its agent is under way; its snapshot is of an agent that spins on its hold, so it stands from the first moment. The request's bytes are in the guest's queue before it goes on: the socket is empty, and QEMU's main loop,
 * which took them out, has answered a query since. After its reply the agent holds itself at an instruction of its own.
 *
 * Invariant: outside of a call, the vCPU stands at that instruction.
 *
 * Limits: one vCPU; one call at a time; of files only small ones can be put into the guest, all of whose bytes are in its queue before it goes on.
 */

#include "exact.h"

#include <errno.h>
#include <glib.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/units.h"
#include "../pin/pin.h"
#include "channel.h"
#include "private.h"

#define STEP_TIMEOUT_NS (60 * PN_NS_PER_S)

/** struct pn_exact - of one guest */
struct pn_exact {
	struct pn_guest *guest;
	unsigned int point; /* where the agent holds itself */
	GMutex lock; /* the rest */
	GCond moved;
	bool held;
};

static void on_held(const struct pn_pin_hold *hold, void *data)
{
	struct pn_exact *exact = data;

	g_mutex_lock(&exact->lock);
	exact->held = true;
	g_cond_signal(&exact->moved);
	g_mutex_unlock(&exact->lock);
}

/* Whatever QEMU's main loop had to do before, it has done. */
static int barrier(struct pn_exact *exact)
{
	return pn_guest_monitor(exact->guest, "query-status", NULL, -1, STEP_TIMEOUT_NS, NULL, NULL, NULL);
}

static int go(struct pn_exact *exact)
{
	g_mutex_lock(&exact->lock);
	exact->held = false;
	g_mutex_unlock(&exact->lock);
	return pn_pin_release(exact->guest->pin, exact->point);
}

static int wait_held(struct pn_exact *exact)
{
	uint64_t deadline_ns = pn_clock_now_ns() + STEP_TIMEOUT_NS;
	int err = 0;

	g_mutex_lock(&exact->lock);
	while (!exact->held && !err) {
		if (!g_cond_wait_until(&exact->moved, &exact->lock, (gint64)(deadline_ns / PN_NS_PER_US)))
			err = exact->held ? 0 : -ETIMEDOUT;
	}
	g_mutex_unlock(&exact->lock);
	return err;
}

static int gate(bool answered, void *data)
{
	struct pn_exact *exact = data;
	int err;

	if (answered)
		return wait_held(exact);
	err = pn_channel_flush(exact->guest->channel, STEP_TIMEOUT_NS);
	if (!err)
		err = barrier(exact);
	return err ? err : go(exact);
}

int pn_exact_begin(struct pn_guest *guest, struct pn_diag *diag)
{
	struct pn_exact *exact = g_new0(struct pn_exact, 1);
	struct pn_pin_point point = { .kind = PN_PIN_SELF, .held = on_held, .data = exact };
	int err;

	guest->exact = exact;
	exact->guest = guest;
	g_mutex_init(&exact->lock);
	g_cond_init(&exact->moved);
	err = pn_pin_set(guest->pin, &point, STEP_TIMEOUT_NS, &exact->point, diag);
	if (!err)
		err = pn_guest_monitor(guest, "cont", NULL, -1, STEP_TIMEOUT_NS, NULL, NULL, diag);
	if (!err && wait_held(exact))
		err = pn_diag_set(diag, -ETIMEDOUT, "exact mode: the agent did not hold itself");
	if (!err)
		pn_channel_gate(guest->channel, gate, exact);
	return err;
}

void pn_exact_free(struct pn_exact *exact)
{
	if (!exact)
		return;
	g_cond_clear(&exact->moved);
	g_mutex_clear(&exact->lock);
	g_free(exact);
}
