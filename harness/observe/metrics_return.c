// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the host gets of an inflation, and how fast, by its own free memory: resident pages mislead, because a huge page of which a part was
 * discarded stays allocated as a whole. Only where the scenario reads free memory often (sample-free).
 *
 * Free memory is everybody's. So the level before and the level after are medians over half a second, and how far free memory strays from them
 * meanwhile is told as host.return.noise_ratio, a share of what the balloon claimed. What noise could have made is not told: the ratio and the rate
 * are absent when the noise is above NOISE_RATIO. host.freed_smaps_ratio and host.return.resident_bytes_per_s are the same by QEMU's resident memory, which
 * is this guest's alone: how much by smaps, when by its counter. It falls with each page of a transparent huge page, which the host does not have before the last
 * of them: so it flatters a driver that goes page by page. What is in hugetlb pages is in no counter: there it is the time to the target.
 */

#include "metrics.h"

#include <math.h>
#include <stdlib.h>

#include "../base/units.h"
#include "../scenario/scenario.h"

#define LEVEL_NS (500 * PN_NS_PER_MS) /* a level is judged over so long */
#define AFTER_NS (100 * PN_NS_PER_MS) /* the mark at the rest costs some ms of its own */
#define NOISE_RATIO 0.02	      /* of what was claimed */
#define NEARLY 0.95		      /* of the rise: the last pages may wait in lists of the kernel's */

/** struct rise - the first measured inflation that reached its target */
struct rise {
	uint64_t began_ns, settled_ns;
	int64_t claimed_bytes, duration_ns;
	unsigned int nth; /* its "settled" record's number: its mark */
};

/** struct level - free memory while nothing moves */
struct level {
	int64_t bytes, noise_bytes;
};

static bool find_rise(const struct pn_record *record, struct pn_span window, struct rise *ret_rise)
{
	const json_t *entry;
	uint64_t event_ns = 0;
	unsigned int nth = 0;
	size_t i;

	json_array_foreach(record->journal, i, entry) {
		uint64_t t_ns = (uint64_t)pn_field_or(entry, "t_ns", 0);
		int64_t from, to;

		if (pn_is(entry, "ev", "event") && pn_is(entry, "do", "target"))
			event_ns = t_ns;
		if (!pn_is(entry, "ev", "settled"))
			continue;
		nth++;
		if (event_ns < window.from_ns || t_ns > window.to_ns || !pn_field(entry, "from_bytes", &from) ||
		    !pn_field(entry, "balloon_bytes", &to) || to <= from)
			continue;
		*ret_rise = (struct rise){event_ns, t_ns, to - from, pn_field_or(entry, "duration_ns", 0), nth};
		return true;
	}
	return false;
}

static bool find_level(const struct pn_record *record, struct pn_span span, struct level *ret_level)
{
	GArray *points = pn_record_series(record, "host.free_bytes", span);
	bool any = points->len >= 10;

	if (any) {
		int64_t low = pn_quantile(points, 0.02), high = pn_quantile(points, 0.98);

		ret_level->bytes = pn_quantile(points, 0.5);
		ret_level->noise_bytes = MAX(high - ret_level->bytes, ret_level->bytes - low);
	}
	g_array_unref(points);
	return any;
}

/* When a figure that rises (@sign 1) or falls (-1) meanwhile had come to a level; 0: it never did. */
static uint64_t find_time(const struct pn_record *record, const struct rise *rise, const char *key, int sign, int64_t level_bytes)
{
	struct pn_span span = {rise->began_ns, rise->settled_ns + AFTER_NS + LEVEL_NS};
	GArray *points = pn_record_series(record, key, span);
	uint64_t found_ns = 0;

	for (guint i = 0; i < points->len && !found_ns; i++)
		if (sign * g_array_index(points, struct pn_point, i).value >= sign * level_bytes)
			found_ns = g_array_index(points, struct pn_point, i).t_ns;
	g_array_unref(points);
	return found_ns;
}

static void set_by_free(const struct pn_record *record, const struct rise *rise, json_t *metrics)
{
	struct pn_span before = {rise->began_ns - MIN(rise->began_ns, LEVEL_NS), rise->began_ns};
	struct pn_span after = {rise->settled_ns + AFTER_NS, rise->settled_ns + AFTER_NS + LEVEL_NS};
	double claimed = (double)rise->claimed_bytes, noise_ratio, freed;
	struct level low, high;
	uint64_t risen_ns;

	if (!find_level(record, before, &low) || !find_level(record, after, &high))
		return;
	noise_ratio = (double)MAX(low.noise_bytes, high.noise_bytes) / claimed;
	pn_metric_set(metrics, "host.return.noise_ratio", noise_ratio, "ratio");
	if (noise_ratio > NOISE_RATIO)
		return;
	freed = (double)(high.bytes - low.bytes);
	pn_metric_set(metrics, "host.freed_ratio", freed / claimed, "ratio");
	if (freed < 2 * NOISE_RATIO * claimed)
		return; /* too little came back for a time to be read from it */
	risen_ns = find_time(record, rise, "host.free_bytes", 1, low.bytes + (int64_t)(NEARLY * freed));
	if (risen_ns > rise->began_ns)
		pn_metric_set(metrics, "host.return.bytes_per_s", NEARLY * freed * PN_NS_PER_S / (double)(risen_ns - rise->began_ns), "bytes/s");
}

/* When QEMU's resident memory had nearly all of its fall; 0: it did not fall by what was freed, so that was in no counter. */
static uint64_t find_fallen(const struct pn_record *record, const struct rise *rise, int64_t freed_bytes)
{
	struct pn_span before = {rise->began_ns - MIN(rise->began_ns, LEVEL_NS), rise->began_ns};
	int64_t high_bytes;
	uint64_t fallen_ns;
	GArray *points = pn_record_series(record, "qemu.rss_bytes", before);

	high_bytes = points->len ? g_array_index(points, struct pn_point, points->len - 1).value : 0;
	fallen_ns = points->len ? find_time(record, rise, "qemu.rss_bytes", -1, high_bytes - (int64_t)(NEARLY * (double)freed_bytes)) : 0;
	g_array_unref(points);
	return fallen_ns;
}

static void set_by_smaps(const struct pn_record *record, const struct rise *rise, json_t *metrics)
{
	g_autofree char *label = g_strdup_printf("settled:%u", rise->nth);
	const json_t *start = pn_record_mark(record, "start"), *full = pn_record_mark(record, label);
	int64_t before, at;
	uint64_t fallen_ns;

	if (!start || !full || !pn_field(start, "qemu.ram.rss_bytes", &before) || !pn_field(full, "qemu.ram.rss_bytes", &at))
		return;
	pn_metric_set(metrics, "host.freed_smaps_ratio", (double)(before - at) / (double)rise->claimed_bytes, "ratio");
	if ((double)(before - at) < 2 * NOISE_RATIO * (double)rise->claimed_bytes)
		return; /* too little came back for a time to be read from it */
	fallen_ns = find_fallen(record, rise, before - at);
	if (fallen_ns > rise->began_ns)
		pn_metric_set(metrics, "host.return.resident_bytes_per_s", NEARLY * (double)(before - at) * PN_NS_PER_S / (double)(fallen_ns - rise->began_ns),
			      "bytes/s");
	else if (record->scenario->guest.backing == PN_BACKING_HUGETLB && rise->duration_ns > 0)
		pn_metric_set(metrics, "host.return.resident_bytes_per_s", (double)(before - at) * PN_NS_PER_S / (double)rise->duration_ns, "bytes/s");
}

/* CPU time of QEMU for one page, vCPUs and all, the guest's own work for it counted in. */
static void set_cost(const struct pn_record *record, const struct rise *rise, json_t *metrics)
{
	g_autofree char *label = g_strdup_printf("settled:%u", rise->nth);
	const json_t *full = pn_record_mark(record, label);
	struct pn_span span = {rise->began_ns, full ? (uint64_t)pn_field_or(full, "host_t_ns", 0) : 0};
	int64_t delta;

	if (span.to_ns > span.from_ns && !pn_record_delta(record, "qemu.cpu_ns", span, &delta))
		pn_metric_set(metrics, "driver.host_cpu_ns_per_page", (double)delta * PN_PAGE_BYTES / (double)rise->claimed_bytes, "ns");
}

/* Huge pages behind the guest when it touches its memory again after the balloon, against when it did so before it. */
static void set_huge(const struct pn_record *record, json_t *metrics)
{
	const json_t *first = pn_record_mark(record, "touched:1"), *last = pn_record_mark(record, "touched:2");
	int64_t before, after;

	if (!first || !last || !pn_field(first, "qemu.ram.anon_huge_bytes", &before) || !pn_field(last, "qemu.ram.anon_huge_bytes", &after))
		return;
	/* A host that gave hardly any has none to lose. */
	if (before >= (int64_t)record->scenario->guest.memory_bytes / 2)
		pn_metric_set(metrics, "host.thp_kept_ratio", (double)after / (double)before, "ratio");
}

void pn_metrics_return(const struct pn_record *record, struct pn_span window, json_t *metrics)
{
	struct rise rise;

	set_huge(record, metrics);
	if (!find_rise(record, window, &rise))
		return;
	set_by_free(record, &rise, metrics);
	if (!json_object_get(metrics, "host.return.noise_ratio"))
		return; /* the scenario does not look closely */
	set_by_smaps(record, &rise, metrics);
	set_cost(record, &rise, metrics);
}
