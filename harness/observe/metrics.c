// SPDX-License-Identifier: GPL-2.0-only
/*
 * The numbers of a case, all from its record and only over the part of its timeline that is measured. What was not measured is absent: an absent metric
 * and a 0 are two things.
 */

#include "metrics.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "../base/diag.h"
#include "../base/units.h"
#include "../scenario/scenario.h"

/** struct counted - a metric that is how far a counter went, times a scale */
struct counted {
	const char *name;
	const char *unit;
	const char *key;
	double scale;
};

#define PER_S (1 / (double)PN_NS_PER_S)
#define PER_US (1 / 1e6)

static const struct counted counted[] = {
    {"guest.swap_in_bytes", "bytes", "guest.vm.pswpin", PN_PAGE_BYTES},
    {"guest.swap_out_bytes", "bytes", "guest.vm.pswpout", PN_PAGE_BYTES},
    {"guest.page_faults", "count", "guest.vm.pgfault", 1},
    {"guest.major_faults", "count", "guest.vm.pgmajfault", 1},
    {"guest.alloc_stalls", "count", "guest.vm.allocstall", 1},
    {"guest.compact_stalls", "count", "guest.vm.compact_stall", 1},
    {"guest.oom_kills", "count", "guest.vm.oom_kill", 1},
    {"guest.balloon.migrated_pages", "count", "guest.vm.balloon_migrate", 1},
    {"guest.balloon.cpu_s", "s", "guest.driver.cpu_ns", PER_S},
    {"guest.balloon.context_switches", "count", "guest.driver.switches", 1},
    {"guest.balloon.cpu_migrations", "count", "guest.driver.perf.migrations", 1},
    {"guest.balloon.cycles", "count", "guest.driver.perf.cycles", 1},
    {"guest.balloon.instructions", "count", "guest.driver.perf.instructions", 1},
    {"guest.agent.cpu_s", "s", "guest.agent_cpu_ns", PER_S},
    {"guest.psi.memory.some_s", "s", "guest.psi.memory.some_us", PER_US},
    {"guest.psi.memory.full_s", "s", "guest.psi.memory.full_us", PER_US},
    {"swapdev.read_bytes", "bytes", "swapdev.read_bytes", 1},
    {"swapdev.write_bytes", "bytes", "swapdev.write_bytes", 1},
    {"swapdev.read_ops", "count", "swapdev.read_ops", 1},
    {"swapdev.write_ops", "count", "swapdev.write_ops", 1},
    {"datadev.read_bytes", "bytes", "datadev.read_bytes", 1},
    {"datadev.write_bytes", "bytes", "datadev.write_bytes", 1},
    {"qemu.cpu_s", "s", "qemu.cpu_ns", PER_S},
    {"qemu.main.cpu_s", "s", "qemu.main.cpu_ns", PER_S},
    {"qemu.main.page_faults", "count", "qemu.main.page_faults", 1},
    {"qemu.main.context_switches", "count", "qemu.main.context_switches", 1},
    {"host.psi.cpu.some_s", "s", "host.psi.cpu.some_us", PER_US},
    {"harness.cpu_s", "s", "harness.cpu_ns", PER_S},
    {"driver.instructions", "insns", "pin.driver_insns", 1},
    {"kernel.instructions", "insns", "pin.kernel_insns", 1},
    {"user.instructions", "insns", "pin.user_insns", 1},
    {"driver.oom_events", "count", "guest.driver.oom_events", 1},
    {"driver.oom_released_bytes", "bytes", "guest.driver.oom_released_pages", PN_PAGE_BYTES},
    {"balloon.change_events", "count", "balloon.change_events", 1},
    {"monitor.timeouts", "count", "monitor.timeouts", 1},
};

/* The same of all vCPUs together. */
static const struct counted per_vcpu[] = {
    {"qemu.vcpu.cpu_s", "s", "cpu_ns", PER_S},
    {"qemu.vcpu.run_delay_s", "s", "run_delay_ns", PER_S},
    {"qemu.vcpu.page_faults", "count", "page_faults", 1},
    {"qemu.vcpu.context_switches", "count", "context_switches", 1},
    {"qemu.vcpu.cpu_migrations", "count", "cpu_migrations", 1},
    {"qemu.vcpu.instructions", "count", "instructions", 1},
};

void pn_metric_set(json_t *metrics, const char *name, double value, const char *unit)
{
	/* Whole numbers stay whole in the file. */
	json_t *number = value == floor(value) && fabs(value) < 9e15 ? json_integer((json_int_t)value) : json_real(value);

	json_object_set_new(metrics, name, json_pack("{s:o, s:s}", "value", number, "unit", unit));
}

static gint by_value(gconstpointer a, gconstpointer b)
{
	int64_t x = ((const struct pn_point *)a)->value, y = ((const struct pn_point *)b)->value;

	return x < y ? -1 : x > y;
}

int64_t pn_quantile(GArray *points, double share)
{
	guint rank = (guint)ceil(share * points->len);

	g_array_sort(points, by_value);
	return g_array_index(points, struct pn_point, CLAMP(rank, 1, points->len) - 1).value;
}

static void compute_counted(const struct pn_record *record, struct pn_span window, json_t *metrics)
{
	for (size_t i = 0; i < G_N_ELEMENTS(counted); i++) {
		int64_t delta;

		if (!pn_record_delta(record, counted[i].key, window, &delta))
			pn_metric_set(metrics, counted[i].name, (double)delta * counted[i].scale, counted[i].unit);
	}
}

static void compute_per_vcpu(const struct pn_record *record, struct pn_span window, json_t *metrics)
{
	for (size_t i = 0; i < G_N_ELEMENTS(per_vcpu); i++) {
		unsigned int known = 0;
		int64_t sum = 0;

		for (unsigned int v = 0; v < record->scenario->guest.vcpus; v++) {
			g_autofree char *key = g_strdup_printf("qemu.vcpu%u.%s", v, per_vcpu[i].key);
			int64_t delta;

			if (pn_record_delta(record, key, window, &delta))
				continue;
			sum += delta;
			known++;
		}
		/* A sum with a vCPU left out would be a wrong number. */
		if (known && known == record->scenario->guest.vcpus)
			pn_metric_set(metrics, per_vcpu[i].name, (double)sum * per_vcpu[i].scale, per_vcpu[i].unit);
	}
}

void pn_metric_quantiles(GArray *points, const char *prefix, json_t *metrics)
{
	static const struct {
		const char *name;
		double share;
		guint samples_min; /* with fewer it is no percentile but the maximum by another name */
	} quantiles[] = {{"p50", 0.5, 1}, {"p99", 0.99, 100}, {"p999", 0.999, 1000}, {"max", 1, 1}};

	for (size_t i = 0; i < G_N_ELEMENTS(quantiles); i++) {
		g_autofree char *name = g_strdup_printf("%s.%s", prefix, quantiles[i].name);

		if (points->len >= quantiles[i].samples_min)
			pn_metric_set(metrics, name, (double)pn_quantile(points, quantiles[i].share), "ns");
	}
}

/* What QEMU occupied at most, of all that was sampled: a balloon that lets memory go and takes it back late shows here and in no mean. */
static void compute_peak(const struct pn_record *record, struct pn_span window, json_t *metrics)
{
	GArray *points = pn_record_series(record, "qemu.rss_bytes", window);

	if (points->len)
		pn_metric_set(metrics, "qemu.peak_resident_pages", (double)(pn_quantile(points, 1) / PN_PAGE_BYTES), "pages");
	g_array_unref(points);
}

/* From the wish to start a guest to the agent's first answer, as the guest layer journals it. */
static void compute_start(const struct pn_record *record, json_t *metrics)
{
	const json_t *entry;
	size_t i;

	json_array_foreach(record->journal, i, entry) {
		int64_t duration_ns;

		if (!pn_is(entry, "ev", "guest") || !pn_is(entry, "state", "started") || !pn_field(entry, "duration_ns", &duration_ns))
			continue;
		pn_metric_set(metrics, "case.start_s", (double)duration_ns * PER_S, "s");
		return;
	}
}

int pn_metrics_compute(const struct pn_record *record, json_t **ret_metrics, struct pn_diag *diag)
{
	struct pn_span window, sharp;
	json_t *metrics;

	if (!json_is_array(record->journal) || !json_is_array(record->samples))
		return pn_diag_set(diag, -EINVAL, "the record of case '%s' has no journal or no samples", record->scenario->name);
	metrics = json_object();
	compute_start(record, metrics);
	if (!pn_record_measured(record, &window)) {
		sharp = window;
		pn_record_sharpen(record, &sharp);
		compute_counted(record, sharp, metrics);
		compute_per_vcpu(record, sharp, metrics);
		pn_metrics_monitor(record, window, metrics);
		compute_peak(record, window, metrics);
		pn_metrics_balloon(record, window, metrics);
		pn_metrics_insns(record, window, record->scenario->guest.exact, metrics);
		pn_metrics_crossings(record, window, metrics);
		pn_metrics_return(record, window, metrics);
		pn_metrics_loads(record, metrics);
		pn_metrics_technique(record, metrics);
	}
	*ret_metrics = metrics;
	return 0;
}
