// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long the monitor took to answer, and how much of that was the balloon device's doing.
 *
 * monitor_ns is everything: device, emulator, and whoever else wanted the CPU. Where a scenario asks often (sample-monitor) it is told apart by what the
 * balloon did: monitor_ns.inflating, on the way to a higher target; monitor_ns.full, at rest after one, when the device has nothing to do and what is left is
 * the host's. The first says nothing of a driver where the second is no better.
 *
 * Where the queues were watched, device.held_*: how long each notification on the way to a higher target held QEMU's big lock, without which the monitor
 * answers nobody; on the wall's clock and on the CPU's. The host's noise is not in the latter.
 */

#include "metrics.h"

#include "../scenario/scenario.h"

/** enum motion - what the balloon was doing */
enum motion {
	MOTION_OTHER,
	MOTION_INFLATING,
	MOTION_FULL, /* at rest at a target that was higher than the one before */
};

static enum motion motion_at(const struct pn_record *record, uint64_t t_ns)
{
	enum motion motion = MOTION_OTHER;
	const json_t *entry;
	size_t i;

	json_array_foreach(record->journal, i, entry) {
		if ((uint64_t)pn_field_or(entry, "t_ns", 0) > t_ns)
			break;
		if (pn_is(entry, "ev", "target"))
			motion = pn_field_or(entry, "balloon_bytes", 0) > pn_field_or(entry, "from_bytes", INT64_MAX) ? MOTION_INFLATING : MOTION_OTHER;
		else if (pn_is(entry, "ev", "settled"))
			motion = motion == MOTION_INFLATING ? MOTION_FULL : MOTION_OTHER;
		else if (pn_is(entry, "ev", "unsettled"))
			motion = MOTION_OTHER;
	}
	return motion;
}

static void set_latency(const struct pn_record *record, GArray *points, enum motion motion, const char *prefix, json_t *metrics)
{
	GArray *chosen = g_array_new(FALSE, FALSE, sizeof(struct pn_point));

	for (guint i = 0; i < points->len; i++)
		if (motion_at(record, g_array_index(points, struct pn_point, i).t_ns) == motion)
			g_array_append_val(chosen, g_array_index(points, struct pn_point, i));
	pn_metric_quantiles(chosen, prefix, metrics);
	g_array_unref(chosen);
}

/* @helds: [[t_ns, wall_ns, cpu_ns],...] */
static void set_held(const struct pn_record *record, const json_t *helds, struct pn_span window, size_t column, const char *prefix, json_t *metrics)
{
	GArray *chosen = g_array_new(FALSE, FALSE, sizeof(struct pn_point));
	const json_t *held;
	size_t i;

	json_array_foreach(helds, i, held) {
		struct pn_point point = {.t_ns = (uint64_t)json_integer_value(json_array_get(held, 0)), .value = json_integer_value(json_array_get(held, column))};

		if (point.t_ns >= window.from_ns && point.t_ns <= window.to_ns && motion_at(record, point.t_ns) == MOTION_INFLATING)
			g_array_append_val(chosen, point);
	}
	pn_metric_quantiles(chosen, prefix, metrics);
	g_array_unref(chosen);
}

void pn_metrics_monitor(const struct pn_record *record, struct pn_span window, json_t *metrics)
{
	GArray *points = pn_record_series(record, "monitor_ns", window);
	const json_t *helds = json_object_get(record->protocol, "held");

	if (record->scenario->sample_monitor_ns) {
		set_latency(record, points, MOTION_INFLATING, "monitor_ns.inflating", metrics);
		set_latency(record, points, MOTION_FULL, "monitor_ns.full", metrics);
	}
	pn_metric_quantiles(points, "monitor_ns", metrics);
	g_array_unref(points);
	if (helds && !json_is_string(json_object_get(record->protocol, "blind"))) {
		set_held(record, helds, window, 1, "device.held_ns", metrics);
		set_held(record, helds, window, 2, "device.held_cpu_ns", metrics);
	}
}
