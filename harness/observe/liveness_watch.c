// SPDX-License-Identifier: GPL-2.0-only
/* What must go on all the time: the guest is heard, its statistics are fresh, and a balloon with nothing to do does nothing. */

#include "liveness.h"

#include <inttypes.h>

#include "../base/units.h"
#include "../scenario/scenario.h"
#include "beat.h"
#include "oracle.h"

#define GAP_MIN_NS (5 * PN_NS_PER_S)
#define GAP_BEATS 5
#define GAP_STARVED_PERCENT 50.0
#define REST_SETTLE_NS (1500 * PN_NS_PER_MS) /* BALLOON_CHANGE lags by its throttle of one a second */
#define REST_MIN_NS (3 * PN_NS_PER_S)
#define REST_EVENTS_MIN 4
#define REST_EVENTS_PER_S 0.5
#define REST_CPU_PERCENT 50.0
#define STATS_INTERVALS 3
#define STATS_SLACK_NS (5 * PN_NS_PER_S) /* whole seconds in the device, guest and host under load */

static void judge_gap(const struct pn_record *record, struct pn_span gap, uint64_t allowed_ns, struct pn_finding *finding)
{
	double seconds = (double)(gap.to_ns - gap.from_ns) / (double)PN_NS_PER_S, starved;

	if (gap.to_ns - gap.from_ns <= allowed_ns || pn_record_held(record, gap))
		return;
	starved = pn_liveness_starved(record, gap);
	if (starved > GAP_STARVED_PERCENT)
		pn_finding_set(finding, PN_BROK,
			       "nothing was heard of the guest for %.1f s, in which the host kept its vCPU waiting for %.0f %%", seconds,
			       starved);
	else
		pn_finding_set(finding, PN_FAIL, "stuck: nothing was heard of the guest for %.1f s (phase '%s'), allowed are %.1f s",
			       seconds, pn_record_phase(record, gap.from_ns), (double)allowed_ns / (double)PN_NS_PER_S);
}

void pn_liveness_heartbeat(const struct pn_record *record, struct pn_span window, struct pn_finding *finding)
{
	uint64_t allowed_ns = MAX(GAP_MIN_NS, GAP_BEATS * pn_beat_interval_ns(record->scenario, PN_BEAT_GUEST)), before = window.from_ns;
	GArray *points;

	if (record->scenario->guest.exact) /* heard of in each of its steps, and only then; one that fails breaks the case */
		return;
	points = pn_record_series(record, "guest.mem.free", window);
	if (!points->len && !pn_record_held(record, window))
		pn_finding_set(finding, PN_BROK, "no samples of the guest while the timeline ran");
	for (guint i = 0; i < points->len; i++) {
		uint64_t t_ns = g_array_index(points, struct pn_point, i).t_ns;

		judge_gap(record, (struct pn_span){before, t_ns}, allowed_ns, finding);
		before = t_ns;
	}
	if (points->len)
		judge_gap(record, (struct pn_span){before, window.to_ns}, allowed_ns, finding);
	g_array_unref(points);
}

/* Nothing is asked of the balloon from a settled record to the next target. */
static void judge_rest(const struct pn_record *record, struct pn_span rest, struct pn_finding *finding)
{
	double seconds = (double)(rest.to_ns - rest.from_ns) / (double)PN_NS_PER_S;
	int64_t events, cpu_ns;

	if (rest.to_ns <= rest.from_ns || rest.to_ns - rest.from_ns < REST_MIN_NS || pn_record_held(record, rest))
		return;
	if (pn_record_provokes_oom(record))
		return; /* a balloon that is deflated on OOM moves by itself, and ought to */
	if (!pn_record_delta(record, "balloon.change_events", rest, &events) && events >= REST_EVENTS_MIN &&
	    (double)events > REST_EVENTS_PER_S * seconds)
		pn_finding_set(finding, PN_FAIL,
			       "livelock: %" PRId64 " BALLOON_CHANGE events in %.1f s at rest (phase '%s'), with no new target", events,
			       seconds, pn_record_phase(record, rest.from_ns));
	if (!pn_record_delta(record, "guest.driver.cpu_ns", rest, &cpu_ns) &&
	    100 * (double)cpu_ns / (double)PN_NS_PER_S / seconds > REST_CPU_PERCENT)
		pn_finding_set(finding, PN_FAIL, "livelock: the driver used %.0f %% of a CPU over %.1f s at rest (phase '%s')",
			       100 * (double)cpu_ns / (double)PN_NS_PER_S / seconds, seconds, pn_record_phase(record, rest.from_ns));
}

void pn_liveness_rest(const struct pn_record *record, struct pn_span window, struct pn_finding *finding)
{
	uint64_t settled_ns = 0;
	const json_t *entry;
	size_t i;

	json_array_foreach(record->journal, i, entry) {
		uint64_t t_ns = (uint64_t)pn_field_or(entry, "t_ns", 0);

		if (pn_is(entry, "ev", "target") && settled_ns) {
			judge_rest(record, (struct pn_span){settled_ns, t_ns}, finding);
			settled_ns = 0;
		} else if (pn_is(entry, "ev", "settled") && t_ns <= window.to_ns) {
			settled_ns = t_ns + REST_SETTLE_NS;
		}
	}
	if (settled_ns)
		judge_rest(record, (struct pn_span){settled_ns, window.to_ns}, finding);
}

void pn_liveness_stats(const struct pn_record *record, struct pn_span window, struct pn_finding *finding)
{
	const struct pn_balloon_device *device = &record->scenario->guest.balloon;
	uint64_t allowed_ns = STATS_INTERVALS * device->stats_interval_ns + STATS_SLACK_NS;
	GArray *points;

	if (device->absent || !device->stats_interval_ns || pn_record_unsupported(record, "stats"))
		return;
	if (record->scenario->guest.exact) /* asked for by the guest's time, and stamped by QEMU with the host's */
		return;
	points = pn_record_series(record, "balloon.stats.age_ns", window);
	if (!points->len && window.to_ns - window.from_ns > allowed_ns && !pn_record_held(record, window))
		pn_finding_set(finding, PN_FAIL, "silent no-op: the guest reported no statistics in %.1f s, asked for every %.0f s",
			       (double)(window.to_ns - window.from_ns) / (double)PN_NS_PER_S,
			       (double)device->stats_interval_ns / (double)PN_NS_PER_S);
	for (guint i = 0; i < points->len; i++) {
		const struct pn_point *point = &g_array_index(points, struct pn_point, i);
		uint64_t age_ns = (uint64_t)point->value;

		if (age_ns <= allowed_ns || pn_record_held(record, (struct pn_span){point->t_ns - MIN(age_ns, point->t_ns), point->t_ns}))
			continue;
		pn_finding_set(finding, PN_FAIL, "stuck: the guest's statistics were %.1f s old (phase '%s'), asked for every %.0f s",
			       (double)age_ns / (double)PN_NS_PER_S, pn_record_phase(record, point->t_ns),
			       (double)device->stats_interval_ns / (double)PN_NS_PER_S);
		break;
	}
	g_array_unref(points);
}
