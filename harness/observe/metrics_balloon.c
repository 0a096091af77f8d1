// SPDX-License-Identifier: GPL-2.0-only
/*
 * Balloon metrics. A rate is bytes really moved over the time in which they moved: a course runs from a target to where it settled, or to
 * the next target that cut it short. Courses of a phase that is not measured (setup, warm-up) are left out.
 *
 * The balloon is seen at its target up to one poll late. So a time is an upper bound and a rate a lower one; balloon.settle_resolution_s, the
 * longest such poll, says how far off they can be: a rate is true to a tenth where that is a tenth of the time.
 */

#include "metrics.h"

#include <stdlib.h>
#include <string.h>

#include "../base/units.h"
#include "../scenario/scenario.h"

#define CALM_NS PN_NS_PER_S /* before the driver was there, for the state that a rise starts from */

/** struct course - one stretch of moving */
struct course {
	const char *phase;
	int64_t moved_bytes; /* negative: deflated */
	int64_t moving_ns;
	int64_t resolution_ns; /* it was there up to so much earlier; 0 when a next target cut it short */
	bool settled; /* at its target */
};

/* @end: the record that ended it, @moving_ns after it began at @t_ns */
static void close_course(GArray *courses, const GArray *phases, uint64_t t_ns, const json_t *end, int64_t moved_bytes,
			 int64_t moving_ns)
{
	struct course course = {.phase = pn_phases_at(phases, t_ns),
				.moved_bytes = moved_bytes,
				.moving_ns = moving_ns,
				.resolution_ns = pn_field_or(end, "resolution_ns", 0),
				.settled = pn_is(end, "ev", "settled")};

	if (moved_bytes && moving_ns > 0 && pn_phase_measured(course.phase))
		g_array_append_val(courses, course);
}

static GArray *find_courses(const struct pn_record *record, struct pn_span window)
{
	GArray *courses = g_array_new(FALSE, FALSE, sizeof(struct course)), *phases = pn_record_phases(record);
	const json_t *open = NULL, *entry;
	size_t i;

	json_array_foreach(record->journal, i, entry) {
		uint64_t t_ns = (uint64_t)pn_field_or(entry, "t_ns", 0), since_ns = (uint64_t)pn_field_or(open, "t_ns", 0);
		int64_t from, now;

		if (t_ns < window.from_ns || t_ns > window.to_ns)
			continue;
		if (pn_is(entry, "ev", "target")) {
			if (open && pn_field(open, "from_bytes", &from) && pn_field(entry, "from_bytes", &now))
				close_course(courses, phases, since_ns, entry, now - from, (int64_t)(t_ns - since_ns));
			open = json_object_get(entry, "refused") ? NULL : entry;
		} else if (pn_is(entry, "ev", "settled") || pn_is(entry, "ev", "unsettled")) {
			if (open && pn_field(entry, "from_bytes", &from) && pn_field(entry, "balloon_bytes", &now))
				close_course(courses, phases, since_ns, entry, now - from, pn_field_or(entry, "duration_ns", 0));
			open = NULL;
		}
	}
	g_array_unref(phases);
	return courses;
}

/* Bytes and time of one direction, of one phase or (NULL) of all. */
static void set_rate(const GArray *courses, const char *phase, bool inflate, const char *name, json_t *metrics)
{
	int64_t bytes = 0, ns = 0;

	for (guint i = 0; i < courses->len; i++) {
		const struct course *course = &g_array_index(courses, struct course, i);

		if ((course->moved_bytes > 0) != inflate || (phase && strcmp(phase, course->phase)))
			continue;
		bytes += llabs(course->moved_bytes);
		ns += course->moving_ns;
	}
	if (ns > 0)
		pn_metric_set(metrics, name, (double)bytes * (double)PN_NS_PER_S / (double)ns, "bytes/s");
}

static void set_rates(const GArray *courses, json_t *metrics)
{
	set_rate(courses, NULL, true, "balloon.inflate.bytes_per_s", metrics);
	set_rate(courses, NULL, false, "balloon.deflate.bytes_per_s", metrics);
	for (guint i = 0; i < courses->len; i++) {
		const char *phase = g_array_index(courses, struct course, i).phase;
		g_autofree char *inflate = g_strdup_printf("phase.%s.inflate.bytes_per_s", phase);
		g_autofree char *deflate = g_strdup_printf("phase.%s.deflate.bytes_per_s", phase);

		if (!phase[0] || json_object_get(metrics, inflate) || json_object_get(metrics, deflate))
			continue;
		set_rate(courses, phase, true, inflate, metrics);
		set_rate(courses, phase, false, deflate, metrics);
	}
}

static void set_settle(const GArray *courses, json_t *metrics)
{
	GArray *times = g_array_new(FALSE, FALSE, sizeof(struct pn_point));
	int64_t resolution_ns = 0;

	for (guint i = 0; i < courses->len; i++) {
		const struct course *course = &g_array_index(courses, struct course, i);
		struct pn_point point = {.value = course->moving_ns};

		if (!course->settled)
			continue;
		g_array_append_val(times, point);
		resolution_ns = MAX(resolution_ns, course->resolution_ns);
	}
	if (times->len) {
		pn_metric_set(metrics, "balloon.settle_s", (double)pn_quantile(times, 0.5) / (double)PN_NS_PER_S, "s");
		pn_metric_set(metrics, "balloon.settle_s.max", (double)pn_quantile(times, 1) / (double)PN_NS_PER_S, "s");
		if (resolution_ns)
			pn_metric_set(metrics, "balloon.settle_resolution_s", (double)resolution_ns / (double)PN_NS_PER_S, "s");
		pn_metric_set(metrics, "balloon.settled_targets", times->len, "count");
	}
	g_array_unref(times);
}

static bool median_in(const struct pn_record *record, const char *key, struct pn_span span, int64_t *ret_value)
{
	GArray *points = pn_record_series(record, key, span);
	bool any = points->len > 0;

	if (any)
		*ret_value = pn_quantile(points, 0.5);
	g_array_unref(points);
	return any;
}

/* Change of a key from the calm before the window to the time at the fullest. */
static void set_change(const struct pn_record *record, const char *key, struct pn_span calm, struct pn_span full, int sign,
		       const char *name, json_t *metrics)
{
	int64_t before, at;

	if (median_in(record, key, calm, &before) && median_in(record, key, full, &at))
		pn_metric_set(metrics, name, (double)(sign * (at - before)), "bytes");
}

/*
 * Host memory behind guest memory at a mark. What the host has swapped out, or holds on to because the rest of a huge page is in use, it has
 * not got back.
 */
static bool occupied(const json_t *mark, int64_t *ret_bytes)
{
	if (!mark || !pn_field(mark, "qemu.ram.rss_bytes", ret_bytes))
		return false;
	*ret_bytes += pn_field_or(mark, "qemu.ram.swap_bytes", 0) + pn_field_or(mark, "qemu.ram.held_bytes", 0);
	return true;
}

/* The mark with most in a balloon at rest, if that is more than there was at first. */
static const json_t *fullest_rest(const struct pn_record *record, struct pn_span span, int64_t first)
{
	const json_t *found = NULL, *line;
	int64_t most = first, bytes;
	size_t i;

	json_array_foreach(record->samples, i, line) {
		uint64_t t_ns = (uint64_t)pn_field_or(line, "t_ns", 0);

		if (!g_str_has_prefix(pn_text(line, "mark"), "settled:") || t_ns < span.from_ns || t_ns > span.to_ns)
			continue;
		if (!pn_field(line, "balloon.bytes", &bytes) || pn_field_or(line, "balloon.after_bytes", bytes) != bytes || bytes <= most)
			continue;
		most = bytes;
		found = line;
	}
	return found;
}

/* A balloon that never rests, a wave: QEMU's smallest resident size while it moved. Huge pages do not show there as they are. */
static bool drop_in_flight(const struct pn_record *record, struct pn_span span, const json_t *start, int64_t *ret_bytes)
{
	enum pn_backing backing = record->scenario->guest.backing;
	GArray *points;
	int64_t before, least;

	if (backing == PN_BACKING_THP || backing == PN_BACKING_HUGETLB || !pn_field(start, "qemu.rss_bytes", &before))
		return false;
	points = pn_record_series(record, "qemu.rss_bytes", span);
	least = before;
	for (guint i = 0; i < points->len; i++)
		least = MIN(least, g_array_index(points, struct pn_point, i).value);
	g_array_unref(points);
	*ret_bytes = before - least;
	return true;
}

static void set_returned(const struct pn_record *record, struct pn_span span, const json_t *start, int64_t first, json_t *metrics)
{
	const json_t *rest = fullest_rest(record, span, first);
	int64_t before, at;

	if (rest && occupied(start, &before) && occupied(rest, &at))
		pn_metric_set(metrics, "host.returned_bytes", (double)(before - at), "bytes");
	else if (!rest && drop_in_flight(record, span, start, &at))
		pn_metric_set(metrics, "host.returned_bytes", (double)at, "bytes");
	if (rest && pn_field(rest, "qemu.ram.held_bytes", &at))
		pn_metric_set(metrics, "host.held_bytes", (double)(at - pn_field_or(start, "qemu.ram.held_bytes", 0)), "bytes");
}

/*
 * What the host got, of the whole case: a setup counts, for a deflation gives back what was taken there. The change of MemFree is of medians: it
 * belongs to the whole host, and jumps. The stretch at the fullest goes from the first to the last time the balloon's own samples were there.
 */
static void set_host(const struct pn_record *record, struct pn_span window, json_t *metrics)
{
	const json_t *start = pn_record_mark(record, "driver");
	uint64_t began_ns = (uint64_t)pn_field_or(start, "t_ns", 0);
	struct pn_span calm = {began_ns - MIN(began_ns, CALM_NS), began_ns}, span = {began_ns, window.to_ns}, full = {0, 0};
	int64_t first, most;
	GArray *points;

	if (!start || !pn_field(start, "balloon.bytes", &first))
		return;
	points = pn_record_series(record, "balloon.bytes", span);
	most = first;
	for (guint i = 0; i < points->len; i++) {
		const struct pn_point *point = &g_array_index(points, struct pn_point, i);

		if (point->value > most) {
			most = point->value;
			full.from_ns = point->t_ns;
		}
		if (point->value == most)
			full.to_ns = point->t_ns;
	}
	if (points->len)
		pn_metric_set(metrics, "host.claimed_bytes", (double)(most - first), "bytes");
	if (most > first) {
		set_returned(record, span, start, first, metrics);
		set_change(record, "host.mem.free_bytes", calm, full, 1, "host.mem_free_rise_bytes", metrics);
	}
	g_array_unref(points);
}

void pn_metrics_balloon(const struct pn_record *record, struct pn_span window, json_t *metrics)
{
	GArray *courses = find_courses(record, window);

	set_rates(courses, metrics);
	set_settle(courses, metrics);
	set_host(record, window, metrics);
	g_array_unref(courses);
}
