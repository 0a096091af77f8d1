// SPDX-License-Identifier: GPL-2.0-only
/* Why was a target not reached? The words are told apart by what moved: the balloon, the counters, the CPU. */

#include "liveness.h"

#include <errno.h>
#include <stdlib.h>

#include "../base/units.h"
#include "../scenario/scenario.h"

#define STILL_S 2.0	     /* without movement: no longer on its way */
#define BUSY_PERCENT 20.0    /* driver CPU that is work, not idling */
#define STARVED_PERCENT 70.0 /* of the time the vCPU wanted to run and could not */
#define FAULTS_PER_S 500.0   /* major faults that are paging, not work */
#define BOTH_WAYS_PAGES 256  /* inflated and deflated between two samples */
#define TURNS 3		     /* to and fro, however small the steps */
#define TURN_S 2.0	     /* and so soon: a driver that let go for want of memory waits before it tries again */

double pn_liveness_starved(const struct pn_record *record, struct pn_span span)
{
	double worst = -1, seconds = (double)(span.to_ns - span.from_ns);

	for (unsigned int v = 0; v < record->scenario->guest.vcpus; v++) {
		g_autofree char *key = g_strdup_printf("qemu.vcpu%u.run_delay_ns", v);
		int64_t delay_ns;

		if (seconds > 0 && !pn_record_delta(record, key, span, &delay_ns))
			worst = MAX(worst, 100 * (double)delay_ns / seconds);
	}
	return worst;
}

static int measure_balloon(const struct pn_record *record, struct pn_span span, struct pn_stall *stall)
{
	GArray *points = pn_record_series(record, "balloon.bytes", span);
	uint64_t moved_ns = span.from_ns;
	int64_t before = stall->from_bytes, way = 0;
	int err = 0;

	for (guint i = 0; i < points->len; i++) {
		const struct pn_point *point = &g_array_index(points, struct pn_point, i);

		if (point->value != before) {
			stall->turns += way && (point->value > before) != (way > 0);
			way = point->value > before ? 1 : -1;
			moved_ns = point->t_ns;
		}
		before = point->value;
	}
	stall->still_s = (double)(span.to_ns - moved_ns) / (double)PN_NS_PER_S;
	stall->progressed = llabs(stall->asked_bytes - stall->balloon_bytes) < llabs(stall->asked_bytes - stall->from_bytes);
	if (!points->len)
		err = -ENODATA;
	g_array_unref(points);
	return err;
}

/* Samples between which it went both ways: a driver can turn faster than it is looked at. */
static unsigned int both_ways(const struct pn_record *record, struct pn_span span)
{
	GArray *up = pn_record_series(record, "guest.vm.balloon_inflate", span), *down = pn_record_series(record, "guest.vm.balloon_deflate", span);
	unsigned int times = 0;

	for (guint i = 1; i < MIN(up->len, down->len); i++)
		times += g_array_index(up, struct pn_point, i).value - g_array_index(up, struct pn_point, i - 1).value >= BOTH_WAYS_PAGES &&
			 g_array_index(down, struct pn_point, i).value - g_array_index(down, struct pn_point, i - 1).value >= BOTH_WAYS_PAGES;
	g_array_unref(up);
	g_array_unref(down);
	return times;
}

/* The span goes from the last target before the record, or from when the driver was bound anew since, to the record. */
static struct pn_span span_of(const struct pn_record *record, const json_t *unsettled)
{
	struct pn_span span = {0, (uint64_t)pn_field_or(unsettled, "t_ns", 0)};
	const json_t *entry;
	size_t i;

	json_array_foreach(record->journal, i, entry) {
		uint64_t t_ns = (uint64_t)pn_field_or(entry, "t_ns", 0);

		if (t_ns > span.to_ns)
			break;
		if (pn_is(entry, "ev", "target") || (span.from_ns && pn_is(entry, "ev", "driver") && pn_is(entry, "state", "bound")))
			span.from_ns = t_ns;
	}
	if (!span.from_ns)
		span.from_ns = span.to_ns - MIN(span.to_ns, (uint64_t)pn_field_or(unsettled, "duration_ns", 0));
	return span;
}

int pn_stall_measure(const struct pn_record *record, const json_t *unsettled, struct pn_stall *ret_stall)
{
	struct pn_span span = span_of(record, unsettled);
	struct pn_stall stall = {
	    .seconds = (double)(span.to_ns - span.from_ns) / (double)PN_NS_PER_S,
	    .from_bytes = pn_field_or(unsettled, "from_bytes", 0),
	    .balloon_bytes = pn_field_or(unsettled, "balloon_bytes", 0),
	    .asked_bytes = pn_field_or(unsettled, "asked_bytes", 0),
	};
	int64_t delta;
	int err = stall.seconds > 0 ? measure_balloon(record, span, &stall) : -ENODATA;

	if (err)
		return err;
	if (!pn_record_delta(record, "guest.driver.cpu_ns", span, &delta))
		stall.driver_cpu_percent = 100 * (double)delta / (double)PN_NS_PER_S / stall.seconds;
	if (!pn_record_delta(record, "guest.vm.pgmajfault", span, &delta))
		stall.fault_rate = (double)delta / stall.seconds;
	pn_record_delta(record, "guest.vm.balloon_inflate", span, &stall.inflated);
	pn_record_delta(record, "guest.vm.balloon_deflate", span, &stall.deflated);
	stall.turns = MAX(stall.turns, both_ways(record, span));
	stall.starved_percent = pn_liveness_starved(record, span);
	stall.starved = stall.starved_percent > STARVED_PERCENT;
	*ret_stall = stall;
	return 0;
}

const char *pn_stall_word(const struct pn_stall *stall)
{
	if (stall->turns >= TURNS && stall->seconds < stall->turns * TURN_S)
		return "thrash";
	if (stall->still_s < STILL_S && stall->progressed)
		return "slow";
	if (stall->driver_cpu_percent >= BUSY_PERCENT)
		return "livelock";
	if (stall->fault_rate >= FAULTS_PER_S)
		return "thrash";
	if (stall->balloon_bytes == stall->from_bytes && stall->inflated < 1 && stall->deflated < 1)
		return "silent no-op";
	return "stuck";
}
