// SPDX-License-Identifier: GPL-2.0-only
/*
 * What guests ask for: phases of rest and work whose heights and lengths are drawn per kind, joined by ramps; or a recorded trace. Depends on seed and time
 * only: every law meets the same load. All of it fits into the guest at its largest size, so every stall is the controller's.
 */
#include "load.h"

#include <math.h>

#include "random.h"
#include "trace.h"

#define DAY_S 86400.0
#define MOST 0.85 /* of the largest size: anonymous memory and hot cache; the kernel needs the rest */

const struct pn_sim_kind pn_sim_kinds[] = {
	{ "idle", "hardly used, now and then a small job", 0.30, 0.06, 0.14, 0.10, 0.25, 0.40, 0.80, 0.02, 14400, 600, 20, 120, false },
	{ "web", "follows the day; allocated memory stays, the touched part of it comes and goes", 0.30, 0.25, 0.40, 0.30, 0.60, 0.50, 0.85, 0.05,
	  3600, 3600, 120, 900, true },
	{ "batch", "long rests, then nearly all of its memory for a while", 0.15, 0.08, 0.15, 0.55, 0.80, 0.50, 0.95, 0.03, 10800, 2400, 20, 240, false },
	{ "build", "short bursts close to each other", 0.10, 0.12, 0.25, 0.25, 0.65, 0.70, 0.95, 0.08, 240, 120, 5, 60, false },
	{ "database", "large and steady, with a hot page cache", 0.15, 0.45, 0.60, 0.50, 0.68, 0.80, 0.90, 0.12, 21600, 7200, 300, 1800, false },
	{ 0 },
};

/* 0 at night, 1 at noon */
static double daylight(const struct pn_sim_load *load)
{
	return 0.5 - 0.5 * cos(2 * M_PI * (load->time_s + load->day_shift_s) / DAY_S);
}

static void begin_phase(struct pn_sim_load *load)
{
	const struct pn_sim_kind *kind = load->kind;
	double low, high, hot, ramp_s, height, anon;

	load->working = !load->working;
	low = load->working ? kind->peak_low : kind->rest_low;
	high = load->working ? kind->peak_high : kind->rest_high;
	hot = load->working ? kind->peak_hot : kind->rest_hot;
	height = pn_random_between(&load->random, 0, 1);
	if (kind->daily) {
		height *= daylight(load);
		hot *= 0.4 + 0.6 * daylight(load);
	}
	anon = fmin(low + (high - low) * height, MOST - kind->file) * load->max_bytes;
	ramp_s = pn_random_between(&load->random, kind->ramp_low_s, kind->ramp_high_s);
	load->ramp_end_s = load->time_s + ramp_s;
	load->phase_end_s = load->ramp_end_s + pn_random_span(&load->random, load->working ? kind->peak_s : kind->rest_s, ramp_s);
	load->anon_per_s = (anon - load->anon_bytes) / ramp_s;
	load->hot_per_s = (anon * hot - load->hot_bytes) / ramp_s;
}

void pn_sim_load_synthetic(struct pn_sim_load *load, uint64_t seed, double max_bytes)
{
	double draw;

	*load = (struct pn_sim_load){ .random = seed, .max_bytes = max_bytes, .kind = pn_sim_kinds };
	draw = pn_random_between(&load->random, 0, 1);
	while (load->kind[1].name && draw >= load->kind->weight)
		draw -= load->kind++->weight;
	/* most guests of a host share a time zone */
	load->day_shift_s = pn_random_between(&load->random, 0, DAY_S / 3);
	load->file_bytes = load->kind->file * max_bytes;
	load->anon_bytes = load->kind->rest_low * max_bytes;
	load->hot_bytes = load->anon_bytes * load->kind->rest_hot;
	load->working = pn_random_next(&load->random) & 1;
	load->phase_end_s = pn_random_between(&load->random, 0, load->kind->rest_s);
}

void pn_sim_load_recorded(struct pn_sim_load *load, const struct pn_sim_trace *trace, unsigned int index, uint64_t seed, double max_bytes)
{
	*load = (struct pn_sim_load){ .random = seed, .max_bytes = max_bytes, .trace = trace, .trace_guest = index % trace->guests };
	load->trace_offset_s = pn_random_between(&load->random, 0, trace->length_s);
	pn_sim_load_advance(load, 0);
}

static void replay(struct pn_sim_load *load)
{
	struct pn_sim_point point;
	double size, most;

	pn_sim_trace_at(load->trace, load->trace_guest, load->time_s + load->trace_offset_s, &load->trace_row, &point);
	size = load->max_bytes / point.max_bytes;
	load->anon_bytes = point.anon_bytes * size;
	load->hot_bytes = point.hot_bytes * size;
	load->file_bytes = point.file_bytes * size;
	most = (load->anon_bytes + load->file_bytes) / (MOST * load->max_bytes);
	if (most > 1) {
		load->anon_bytes /= most;
		load->hot_bytes /= most;
		load->file_bytes /= most;
	}
}

void pn_sim_load_advance(struct pn_sim_load *load, double seconds)
{
	double end = load->time_s + seconds;

	if (load->trace) {
		load->time_s = end;
		replay(load);
		return;
	}
	while (load->time_s < end) {
		double until = end;

		if (load->time_s >= load->phase_end_s) {
			begin_phase(load);
			continue;
		}
		if (load->time_s < load->ramp_end_s) {
			until = fmin(until, load->ramp_end_s);
			load->anon_bytes += load->anon_per_s * (until - load->time_s);
			load->hot_bytes += load->hot_per_s * (until - load->time_s);
		} else {
			until = fmin(until, load->phase_end_s);
		}
		load->time_s = until;
	}
}
