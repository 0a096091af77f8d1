/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>

#include "../base/units.h"
#include "../guest/guest.h"
#include "../guest/machine.h"

/*
 * A guest of the tests' own: it defines the functions of guest.h that the sampler uses, so the monitor can hang, the agent can be silent
 * and events can come when a test wants. Its process is the test itself.
 */

#define FAKE_MEMORY_BYTES (256 * PN_MIB) /* what tests of it have in their scenario, too */
#define FAKE_STANDS_NS PN_NS_PER_S /* what it shows in exact mode, always */
#define FAKE_BEHIND_NS (5 * PN_NS_PER_S) /* its clock shows that much less than the host's */

struct pn_guest {
	GMutex lock;
	GCond wake;
	GPtrArray *subscribers; /* fn, data, fn, data, ... */
	bool monitor_hangs;
	bool agent_silent;
	struct pn_machine machine;
	unsigned int agent_starts;
};

void fake_guest_init(struct pn_guest *guest);
void fake_guest_deinit(struct pn_guest *guest);

/** fake_guest_tell() - an event to all subscribers; stolen */
void fake_guest_tell(struct pn_guest *guest, json_t *event);

/** fake_guest_now_ns() - the guest's clock */
uint64_t fake_guest_now_ns(void);
