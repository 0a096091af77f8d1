// SPDX-License-Identifier: GPL-2.0-only
/* The paces of sampling: what can be had for 2 % of a host core and 1 % of the guest's CPU (ci/bench/sampling). */

#include "beat.h"

#include <glib.h>

#include "../base/units.h"
#include "../scenario/scenario.h"

#define DEFAULT_NS (100 * PN_NS_PER_MS)
#define GUEST_TCG_MIN_NS PN_NS_PER_S

const char *const pn_beat_names[PN_BEAT_COUNT] = { "host", "monitor", "guest" };

uint64_t pn_beat_pace_ns(const struct pn_scenario *scenario, enum pn_beat beat)
{
	uint64_t interval_ns = scenario->sample_ns ? scenario->sample_ns : DEFAULT_NS;

	if (beat == PN_BEAT_GUEST && scenario->guest.accel == PN_ACCEL_TCG)
		return MAX(interval_ns, GUEST_TCG_MIN_NS);
	return interval_ns;
}

uint64_t pn_beat_interval_ns(const struct pn_scenario *scenario, enum pn_beat beat)
{
	uint64_t pace_ns = pn_beat_pace_ns(scenario, beat);
	uint64_t eager_ns = beat == PN_BEAT_MONITOR ? scenario->sample_monitor_ns : beat == PN_BEAT_HOST ? scenario->sample_free_ns : 0;

	return eager_ns ? MIN(eager_ns, pace_ns) : pace_ns;
}
