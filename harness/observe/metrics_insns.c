// SPDX-License-Identifier: GPL-2.0-only
/*
 * What moving a page costs in instructions of the guest, between records that carry the plugin's counts. The kernel's are counted from a target to where the balloon
 * had settled, for the rest of the kernel idles and polls as well. The driver's are near-exact even on a noisy host, and go on to the next target or the
 * timeline's end: one that tells the device of pages after it has given them back pays for that too.
 */

#include "metrics.h"

#include <stdlib.h>

#include "../base/units.h"
#include "../scenario/scenario.h"

/** struct sums - of all moves of one direction */
struct sums {
	double pages, driver, kernel;
};

static bool insns(const json_t *entry, const char *region, double *ret_value)
{
	const json_t *value = json_object_get(json_object_get(entry, "insns"), region);

	*ret_value = json_number_value(value);
	return json_is_integer(value);
}

/** struct move - from one target to the next */
struct move {
	const json_t *target, *settled; /* records; NULL: there was none */
};

/* @over: the record that ends it, as far as it has counts. */
static void add_move(const struct move *move, const json_t *over, struct sums *up, struct sums *down)
{
	double driver[2], end, kernel[2];
	int64_t before, after;
	struct sums *sums;

	if (!move->settled || !pn_field(move->settled, "from_bytes", &before) || !pn_field(move->settled, "balloon_bytes", &after) || before == after)
		return;
	if (!insns(move->target, "driver", &driver[0]) || !insns(move->settled, "driver", &driver[1]) ||
	    !insns(move->target, "kernel", &kernel[0]) || !insns(move->settled, "kernel", &kernel[1]))
		return;
	sums = after > before ? up : down;
	sums->pages += (double)llabs(after - before) / PN_PAGE_BYTES;
	/* a driver that has gone and come back counts from nothing */
	sums->driver += (insns(over, "driver", &end) && end > driver[1] ? end : driver[1]) - driver[0];
	sums->kernel += kernel[1] - kernel[0];
}

static void set(const struct sums *sums, const char *driver_name, const char *kernel_name, const char *suffix, json_t *metrics)
{
	g_autofree char *driver = g_strconcat(driver_name, suffix, NULL), *kernel = g_strconcat(kernel_name, suffix, NULL);

	if (sums->pages <= 0)
		return;
	pn_metric_set(metrics, driver, sums->driver / sums->pages, "insns/page");
	pn_metric_set(metrics, kernel, sums->kernel / sums->pages, "insns/page");
}

/* Of all regions; exact mode has them at each phase's record and at the timeline's ends. */
static bool total(const json_t *entry, double *ret_total)
{
	double driver, kernel, user;

	if (!insns(entry, "driver", &driver) || !insns(entry, "kernel", &kernel) || !insns(entry, "user", &user))
		return false;
	*ret_total = driver + kernel + user;
	return true;
}

/* From where what is measured begins to the timeline's end, and each phase to the next. */
static void set_totals(const struct pn_record *record, json_t *metrics)
{
	double first = -1, since = 0, now;
	const char *phase = "";
	const json_t *entry;
	size_t i;

	json_array_foreach(record->journal, i, entry) {
		bool edge = pn_is(entry, "ev", "timeline"), over = edge && pn_is(entry, "state", "end");

		if ((!edge && !pn_is(entry, "ev", "phase")) || !total(entry, &now))
			continue;
		if (*phase && pn_phase_measured(phase)) {
			g_autofree char *name = g_strconcat("exact.instructions.", phase, NULL);

			pn_metric_set(metrics, name, now - since, "insns");
		}
		if (!over) {
			phase = edge ? "" : pn_text(entry, "name");
			since = now;
		}
		if (first < 0 && (edge ? !pn_scenario_measured_late(record->scenario) : pn_phase_measured(phase)))
			first = now;
		if (over && first >= 0)
			pn_metric_set(metrics, "exact.instructions", now - first, "insns");
	}
}

void pn_metrics_insns(const struct pn_record *record, struct pn_span window, bool exact, json_t *metrics)
{
	const char *driver = exact ? "exact.driver_instructions_per_page" : "driver.instructions_per_page";
	const char *kernel = exact ? "exact.kernel_instructions_per_page" : "kernel.instructions_per_page";
	GArray *phases = pn_record_phases(record);
	struct sums up = {0}, down = {0}, both;
	struct move move = {0};
	const json_t *entry;
	size_t i;

	json_array_foreach(record->journal, i, entry) {
		uint64_t t_ns = (uint64_t)pn_field_or(entry, "t_ns", 0);
		bool target = pn_is(entry, "ev", "target"), end = pn_is(entry, "ev", "timeline") && pn_is(entry, "state", "end");

		if (target || end) {
			add_move(&move, entry, &up, &down);
			move = (struct move){0};
		}
		if (t_ns < window.from_ns || t_ns > window.to_ns || !pn_phase_measured(pn_phases_at(phases, t_ns)))
			continue;
		if (target && !json_object_get(entry, "refused"))
			move.target = entry;
		else if (pn_is(entry, "ev", "settled") && move.target && !move.settled)
			move.settled = entry;
	}
	add_move(&move, NULL, &up, &down);
	g_array_unref(phases);
	if (exact)
		set_totals(record, metrics);
	both = (struct sums){up.pages + down.pages, up.driver + down.driver, up.kernel + down.kernel};
	set(&both, driver, kernel, "", metrics);
	set(&up, driver, kernel, ".inflate", metrics);
	set(&down, driver, kernel, ".deflate", metrics);
}
