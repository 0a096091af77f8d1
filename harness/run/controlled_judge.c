// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a controller did, from its record alone. The reserve counts by what the host sees behind the guests' memory, from the first tick on which they fit:
 * guests start with all their memory, and to bring them within the budget is the controller's first task, not its fault.
 */
#include "controlled.h"

#include <glib.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../observe/observe.h"
#include "../scenario/scenario.h"
#include "controlled_private.h"

#define TICKS_MIN 5
#define REVERSAL_BYTES (1 << 20)

/** struct tally - what is gathered over the ticks */
struct tally {
	unsigned int ticks, known, crossed, fired;
	double reclaimed_bytes; /* sum over ticks */
	double most_bytes;	/* resident together, once they fit */
	double within_s;	/* -1: never */
	uint64_t began_ns;
	GArray *decision_ns; /* double */
	unsigned int reversals;
};

static bool is(const json_t *record, const char *key, const char *value)
{
	return !g_strcmp0(json_string_value(json_object_get(record, key)), value);
}

static void count_tick(const struct pn_scenario *scenario, const json_t *record, struct tally *tally)
{
	const json_t *guests = json_object_get(record, "guests");
	double resident = 0, most = 0, decision_ns = json_number_value(json_object_get(record, "decision_ns"));
	double budget = (double)(scenario->controller.host_bytes - scenario->controller.reserve_bytes);
	uint64_t t_ns = (uint64_t)json_integer_value(json_object_get(record, "t_ns"));
	unsigned int known = 0;

	tally->ticks++;
	if (json_object_get(record, "decision_ns"))
		g_array_append_val(tally->decision_ns, decision_ns);
	for (unsigned int i = 0; i < scenario->member_count; i++) {
		const json_t *guest = json_object_get(guests, scenario->members[i]->guest_name), *value = json_object_get(guest, "resident_bytes");
		const json_t *memory = json_object_get(guest, "memory_bytes"); /* it may have been given more */

		known += value != NULL;
		resident += json_number_value(value);
		most += memory ? json_number_value(memory) : (double)scenario->members[i]->guest.memory_bytes;
	}
	if (known < scenario->member_count) /* a sum with one left out would be a wrong number */
		return;
	tally->known++;
	tally->reclaimed_bytes += most - resident;
	if (tally->within_s < 0 && resident <= budget)
		tally->within_s = (double)(t_ns - tally->began_ns) / 1e9;
	if (tally->within_s < 0)
		return;
	tally->most_bytes = MAX(tally->most_bytes, resident);
	tally->crossed += resident > budget;
}

/* targets that changed direction, by a MiB or more, all guests together */
static unsigned int count_reversals(const struct pn_scenario *scenario, const json_t *records)
{
	unsigned int reversals = 0;

	for (unsigned int i = 0; i < scenario->member_count; i++) {
		const json_t *record;
		int direction = 0;
		size_t k;

		json_array_foreach(records, k, record) {
			json_int_t step = json_integer_value(json_object_get(record, "target_bytes")) - json_integer_value(json_object_get(record, "from_bytes"));

			if (!is(record, "ev", "order") || !is(record, "guest", scenario->members[i]->guest_name) || llabs(step) < REVERSAL_BYTES)
				continue;
			reversals += direction && (step > 0) != (direction > 0);
			direction = step > 0 ? 1 : -1;
		}
	}
	return reversals;
}

static gint by_number(gconstpointer a, gconstpointer b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void set(json_t *metrics, const char *name, double value, const char *unit)
{
	json_object_set_new(metrics, name, json_pack("{s:f, s:s}", "value", value, "unit", unit));
}

/* Return: was any bound ever set? */
static bool set_hits(const json_t *records, json_t *metrics)
{
	const json_t *record, *hits = NULL, *count;
	const char *name;
	json_int_t all = 0;
	size_t k;

	json_array_foreach(records, k, record)
		if (is(record, "ev", "bounds"))
			hits = json_object_get(record, "hits");
	json_object_foreach((json_t *)hits, name, count) {
		g_autofree char *metric = g_strdup_printf("controller.bound_hits.%s", name);

		all += json_integer_value(count);
		if (metrics)
			set(metrics, metric, json_number_value(count), "count");
	}
	if (metrics && json_object_size(hits))
		set(metrics, "controller.bound_hits", (double)all, "count");
	return json_object_size(hits) > 0;
}

static json_t *metrics_of(const struct pn_scenario *scenario, const json_t *records, struct tally *tally)
{
	json_t *metrics = json_object();

	set(metrics, "controller.ticks", tally->ticks, "count");
	set(metrics, "controller.reversals", count_reversals(scenario, records), "count");
	if (tally->known) {
		set(metrics, "controller.reclaimed_bytes", tally->reclaimed_bytes / tally->known, "bytes");
		set(metrics, "controller.reserve_crossed", tally->crossed, "count");
	}
	if (tally->within_s >= 0) {
		set(metrics, "controller.within_s", tally->within_s, "s");
		set(metrics, "controller.resident_bytes.max", tally->most_bytes, "bytes");
	}
	if (tally->decision_ns->len) {
		g_array_sort(tally->decision_ns, by_number);
		set(metrics, "controller.decision_ns.p50", g_array_index(tally->decision_ns, double, tally->decision_ns->len / 2), "ns");
	}
	pn_controlled_isolation(scenario, records, metrics);
	set_hits(records, metrics);
	return metrics;
}

static const char *unfired(const struct pn_scenario *scenario, const json_t *records)
{
	for (unsigned int i = 0; i < scenario->controller.fault_count; i++) {
		const char *name = pn_controller_fault_names[scenario->controller.faults[i].kind];
		const json_t *record;
		bool fired = false;
		size_t k;

		json_array_foreach(records, k, record)
			fired |= is(record, "ev", "fault") && is(record, "name", name) && is(record, "state", "fired");
		if (!fired)
			return name;
	}
	return NULL;
}

static json_t *find(const struct pn_scenario *scenario, const json_t *records, const struct tally *tally)
{
	const char *quiet = unfired(scenario, records);
	g_autofree char *reason = NULL, *wrong = pn_controlled_misjudged(scenario, records);
	enum pn_verdict verdict = PN_PASS;

	if (quiet || tally->known < TICKS_MIN || tally->known < tally->ticks / 2) {
		verdict = PN_BROK;
		reason = quiet ? g_strdup_printf("the fault '%s' never fired", quiet)
			       : g_strdup_printf("%u ticks, of %u of which the host's memory is known: too few to judge by", tally->ticks, tally->known);
	} else if (scenario->controller.cgroups && !set_hits(records, NULL)) {
		verdict = PN_BROK;
		reason = g_strdup_printf("controller.cgroups is on, and the law '%s' never gave a bound", scenario->controller.law);
	} else if (tally->within_s < 0) {
		verdict = PN_FAIL;
		reason = g_strdup_printf("guests never came within the budget in %u ticks", tally->ticks);
	} else if (tally->crossed) {
		verdict = PN_FAIL;
		reason = g_strdup_printf("the reserve was touched in %u of %u ticks: %.0f bytes resident at most, %.0f of the host without its reserve",
					 tally->crossed, tally->known, tally->most_bytes,
					 (double)(scenario->controller.host_bytes - scenario->controller.reserve_bytes));
	} else if (wrong) {
		verdict = PN_FAIL;
		reason = g_steal_pointer(&wrong);
	} else {
		reason = g_strdup_printf("within the budget after %.1f s, reserve not touched in %u ticks", tally->within_s, tally->known);
	}
	return json_pack("{s:s, s:s, s:s}", "oracle", "controller", "verdict", pn_verdict_names[verdict], "reason", reason);
}

json_t *pn_controlled_judge(const struct pn_scenario *scenario, const json_t *records)
{
	struct tally tally = {.within_s = -1, .decision_ns = g_array_new(FALSE, FALSE, sizeof(double))};
	const json_t *record;
	json_t *result;
	size_t i;

	json_array_foreach(records, i, record) {
		if (is(record, "ev", "controller"))
			tally.began_ns = (uint64_t)json_integer_value(json_object_get(record, "t_ns"));
		if (is(record, "ev", "tick"))
			count_tick(scenario, record, &tally);
	}
	result = json_pack("{s:o, s:o}", "finding", find(scenario, records, &tally), "metrics", metrics_of(scenario, records, &tally));
	g_array_unref(tally.decision_ns);
	return result;
}
