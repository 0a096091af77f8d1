// SPDX-License-Identifier: GPL-2.0-only
/* What the loads measured. Percentiles are never averaged: fio's histogram bins of all jobs are added, and the percentile is read from the
 * sum. */

#include "metrics.h"

#include <stdlib.h>
#include <string.h>

static gint by_time(gconstpointer a, gconstpointer b)
{
	uint64_t x = ((const struct pn_point *)a)->t_ns, y = ((const struct pn_point *)b)->t_ns;

	return x < y ? -1 : x > y;
}

/* Bins of one direction over all jobs: t_ns is the bin's latency, value its count. */
static GArray *add_bins(const json_t *fio, const char *direction)
{
	GArray *bins = g_array_new(FALSE, FALSE, sizeof(struct pn_point));
	const json_t *job;
	size_t i;

	json_array_foreach(json_object_get(fio, "jobs"), i, job) {
		json_t *job_bins = json_object_get(json_object_get(json_object_get(job, direction), "clat_ns"), "bins"), *count;
		const char *latency;

		json_object_foreach(job_bins, latency, count) {
			struct pn_point bin = {.t_ns = g_ascii_strtoull(latency, NULL, 10), .value = json_integer_value(count)};

			if (bin.value > 0)
				g_array_append_val(bins, bin);
		}
	}
	g_array_sort(bins, by_time);
	return bins;
}

static void set_fio(const json_t *fio, const char *direction, json_t *metrics)
{
	static const struct {
		const char *suffix;
		double share;
	} quantiles[] = {{"p50_ns", 0.5}, {"p99_ns", 0.99}, {"p999_ns", 0.999}};
	GArray *bins = add_bins(fio, direction);
	int64_t total = 0;

	for (guint i = 0; i < bins->len; i++)
		total += g_array_index(bins, struct pn_point, i).value;
	for (size_t q = 0; total && q < G_N_ELEMENTS(quantiles); q++) {
		g_autofree char *name = g_strdup_printf("fio.%s.%s", direction, quantiles[q].suffix);
		double below = 0;
		guint i = 0;

		while (i + 1 < bins->len &&
		       (below += (double)g_array_index(bins, struct pn_point, i).value) < quantiles[q].share * (double)total)
			i++;
		pn_metric_set(metrics, name, (double)g_array_index(bins, struct pn_point, i).t_ns, "ns");
	}
	g_array_unref(bins);
}

static void set_touch(const json_t *touch, json_t *metrics)
{
	static const char *const names[] = {"p50", "p99", "p999"};

	/* No touch, no latency: a percentile of nothing is not 0. */
	if (json_number_value(json_object_get(touch, "count")) <= 0)
		return;
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *name = g_strdup_printf("guest.touch_ns.%s", names[i]);
		const json_t *value = json_object_get(touch, names[i]);

		if (json_is_number(value))
			pn_metric_set(metrics, name, json_number_value(value), "ns");
	}
}

/* The longest that the driver's own part of a relief took, of those that say so. */
static void set_slowest(const struct pn_record *record, json_t *metrics)
{
	GArray *points = pn_record_series(record, "guest.driver.oom_slowest_ns", PN_SPAN_ALL);
	int64_t slowest = points->len ? g_array_index(points, struct pn_point, points->len - 1).value : 0;

	if (slowest > 0)
		pn_metric_set(metrics, "driver.oom_slowest_ns", (double)slowest, "ns");
	g_array_unref(points);
}

/* What a program waited for that ran out of memory, until the balloon had let go; and how often it did. */
static void set_spike(const json_t *spike, json_t *metrics)
{
	static const char *const names[] = {"p50", "p99", "p999", "max"};

	if (!spike)
		return;
	pn_metric_set(metrics, "guest.relief.count", json_number_value(json_object_get(spike, "relieved")), "count");
	pn_metric_set(metrics, "guest.relief.missed", json_number_value(json_object_get(spike, "spikes")) - json_number_value(json_object_get(spike, "relieved")),
		      "count");
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *name = g_strdup_printf("guest.relief_ns.%s", names[i]);
		const json_t *value = json_object_get(spike, names[i]);

		if (json_is_number(value))
			pn_metric_set(metrics, name, json_number_value(value), "ns");
	}
}

/*
 * Operations of different loads do not add up, so load.ops_per_s is of one: the only one, or the only one beside the latency probe, which runs
 * along to measure and not to load. NULL: there is no such one.
 */
static const json_t *main_load(const json_t *loads)
{
	const json_t *load, *found = NULL;
	unsigned int count = 0;
	size_t i;

	if (json_array_size(loads) == 1)
		return json_array_get(loads, 0);
	json_array_foreach(loads, i, load) {
		if (json_object_get(load, "touch"))
			continue;
		found = load;
		count++;
	}
	return count == 1 ? found : NULL;
}

void pn_metrics_loads(const struct pn_record *record, json_t *metrics)
{
	size_t i;
	const json_t *load;

	set_slowest(record, metrics);
	json_array_foreach(record->loads, i, load) {
		const json_t *ops = json_object_get(load, "ops_per_s");
		g_autofree char *name = g_strdup_printf("load.%s.ops_per_s", pn_text(load, "load"));

		if (json_is_number(ops)) {
			pn_metric_set(metrics, name, json_number_value(ops), "ops/s");
			if (load == main_load(record->loads))
				pn_metric_set(metrics, "load.ops_per_s", json_number_value(ops), "ops/s");
		}
		set_fio(json_object_get(load, "fio"), "read", metrics);
		set_fio(json_object_get(load, "fio"), "write", metrics);
		set_touch(json_object_get(load, "touch"), metrics);
		set_spike(json_object_get(load, "spike"), metrics);
	}
}
