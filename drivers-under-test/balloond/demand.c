// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest needs. Used memory is known from its statistics, but a guest that is squeezed uses no more than it has; only its stalls, its
 * swap-in and its major faults then say that it needs more, not how much. So the demand rises by steps until they end.
 *
 * The headroom is what use may grow by until the controller has seen it and the driver has followed, by what this guest's use has done so far (jumps.c).
 */

#include "demand.h"

#include "mutant.h"

#include <math.h>

#define SECOND_NS 1000000000ULL
#define PAGE_BYTES 4096
#define HIDDEN_MARGIN 1.5
#define PROBE_GROWTH 0.01 /* of use, in one look, ends the calm */
#define FULL 0.015 /* of its use available, and grown by more than that: nothing is known of how much it needs */
#define ROOM 0.05 /* of its size free: what it misses is on its way back, more room would not bring it sooner */

void pn_demand_init(struct pn_demand_state *state, uint64_t target_bytes)
{
	*state = (struct pn_demand_state){
		.swap_in_bytes = PN_UNSET,
		.major_faults = PN_UNSET,
		.psi_some_ns = PN_UNSET,
		.used_bytes = PN_UNSET,
		.demand_bytes = target_bytes,
	};
}

/* Counters per second; 0 where they are not given or have started anew. */
static double rate(uint64_t now, uint64_t before, double seconds)
{
	return now != PN_UNSET && before != PN_UNSET && now > before ? (double)(now - before) / seconds : 0;
}

static void judge_pressure(struct pn_demand_state *state, const struct pn_policy_config *config, const struct pn_observation *o, uint64_t now_ns)
{
	double seconds = (double)(now_ns - state->seen_ns) / SECOND_NS;
	double stalled = 0, refault = 0;

	if (state->seen_ns && o->boots == state->boots && seconds > 0) {
		double faults = rate(o->major_faults, state->major_faults, seconds) * PAGE_BYTES;

		stalled = rate(o->psi_some_ns, state->psi_some_ns, seconds) / SECOND_NS;
		refault = rate(o->swap_in_bytes, state->swap_in_bytes, seconds);
		if (faults > refault) /* a page that is swapped in is a major fault as well */
			refault = faults;
	}
	state->stalled = stalled;
	state->needy = stalled >= config->psi_grow || refault >= (double)config->refault_bytes_per_s;
	if (PB_MUTANT(PRESSURE))
		state->needy = false;
	state->pressed = state->needy || stalled >= config->psi_block;
	state->seen_ns = now_ns;
	state->boots = o->boots;
	state->swap_in_bytes = o->swap_in_bytes;
	state->major_faults = o->major_faults;
	state->psi_some_ns = o->psi_some_ns;
}

/*
 * With deflate-on-oom the Linux driver leaves ballooned pages in the guest's total, so they look used; what the device says to be
 * left bounds the total then. Without, the total is below it anyway.
 */
static uint64_t used_of(const struct pn_observation *o)
{
	uint64_t total = o->total_bytes;

	if (o->actual_bytes != PN_UNSET && o->actual_bytes < total)
		total = o->actual_bytes;
	return total > o->available_bytes ? total - o->available_bytes : 0;
}

/* Short of memory: it stalls or swaps, and has no room for what it misses. */
static bool is_short(const struct pn_demand_state *state, const struct pn_observation *o)
{
	if (!state->needy)
		return false;
	return o->free_bytes == PN_UNSET || o->total_bytes == PN_UNSET || (double)o->free_bytes < ROOM * (double)o->total_bytes;
}

/* What Linux calls available is partly cache that is in use: whoever stalls with some of it left needs all of it, and a bit more. */
static void note_hidden(struct pn_demand_state *state, const struct pn_policy_config *config, const struct pn_observation *o, uint64_t elapsed_ns)
{
	if (config->hidden_after_ns)
		state->hidden_bytes *= exp2(-(double)elapsed_ns / (double)config->hidden_after_ns);
	if (state->needy && (double)o->available_bytes * HIDDEN_MARGIN > state->hidden_bytes)
		state->hidden_bytes = (double)o->available_bytes * HIDDEN_MARGIN;
}

/* Return: by how much its use has grown since the last look; below 0: fallen */
static double note_use(struct pn_demand_state *state, const struct pn_policy_config *config, const struct pn_policy_guest *guest, uint64_t used,
		       uint64_t now_ns, uint64_t elapsed_ns)
{
	double growth = state->used_bytes == PN_UNSET ? 0 : (double)used - (double)state->used_bytes;

	if (config->price_s > 0 && elapsed_ns)
		pn_jumps_note(&state->jumps, growth, (double)guest->max_bytes, (double)elapsed_ns / SECOND_NS, now_ns);
	state->used_bytes = used;
	return growth;
}

static double headroom_of(const struct pn_demand_state *state, const struct pn_policy_config *config, const struct pn_policy_guest *guest)
{
	double least = fmax((double)state->used_bytes * config->headroom, (double)config->headroom_bytes);

	return config->price_s > 0 ? fmax(least, pn_jumps_headroom(&state->jumps, (double)guest->max_bytes, config->price_s)) : least;
}

/*
 * Memory that is used but never touched shows in no statistic. A guest that has long been calm is brought to its headroom's end and then
 * slowly further, so that its kernel swaps out what is coldest, until the first stalls say that it is enough; on growth or pressure it has all its
 * headroom back at once. Return: how much below used memory and headroom it is to be.
 */
static double probe(struct pn_demand_state *state, const struct pn_policy_config *config, const struct pn_observation *o, double headroom,
		    double grown, uint64_t target_bytes, uint64_t now_ns, uint64_t elapsed_ns)
{
	double step = config->probe_per_s * (double)target_bytes * (double)elapsed_ns / SECOND_NS;

	if (config->probe_per_s <= 0 || o->psi_some_ns == PN_UNSET)
		return 0;
	if (state->pressed || grown > PROBE_GROWTH * (double)state->used_bytes || !state->calm_ns) {
		state->calm_ns = now_ns;
		state->probe_bytes = 0;
	}
	if (now_ns - state->calm_ns < config->probe_after_ns)
		return 0;
	/* beyond the headroom what it has given up already is off the bill */
	if (grown < 0)
		state->probe_bytes = fmax(fmin(state->probe_bytes, headroom), state->probe_bytes + grown);
	if (state->stalled < config->psi_probe)
		state->probe_bytes = fmin(state->probe_bytes + step, headroom + step + 2 * config->dead_band * (double)target_bytes);
	else
		state->probe_bytes = fmin(state->probe_bytes, headroom);
	return state->probe_bytes;
}

static void note_peak(struct pn_demand_state *state, const struct pn_policy_config *config, uint64_t now_ns)
{
	if (now_ns - state->peak_since_ns >= config->cool_down_ns) {
		/* after two windows of silence nothing of before counts */
		state->peak_bytes[1] = now_ns - state->peak_since_ns < 2 * config->cool_down_ns ? state->peak_bytes[0] : 0;
		state->peak_bytes[0] = 0;
		state->peak_since_ns = now_ns;
	}
	if (state->demand_bytes > state->peak_bytes[0])
		state->peak_bytes[0] = state->demand_bytes;
}

void pn_demand_update(struct pn_demand_state *state, const struct pn_policy_config *config, const struct pn_policy_guest *guest,
		      const struct pn_observation *o, uint64_t target_bytes, uint64_t now_ns)
{
	bool renewed = o->stats_ns != state->stats_ns;
	uint64_t elapsed_ns = state->seen_ns ? now_ns - state->seen_ns : 0;
	double demand, headroom, grown, more;
	bool full = false;

	if (!renewed && o->psi_some_ns == state->psi_some_ns)
		return;
	state->stats_ns = o->stats_ns;
	judge_pressure(state, config, o, now_ns);
	if (o->total_bytes == PN_UNSET || o->available_bytes == PN_UNSET) {
		demand = (double)target_bytes;
	} else {
		state->needy = is_short(state, o);
		grown = note_use(state, config, guest, used_of(o), now_ns, elapsed_ns);
		note_hidden(state, config, o, elapsed_ns);
		headroom = headroom_of(state, config, guest);
		demand = (double)state->used_bytes + state->hidden_bytes + headroom;
		/* it has grown into the last of its memory: it would have grown further */
		full = (double)o->available_bytes < FULL * (double)state->used_bytes && (state->needy || grown > FULL * (double)state->used_bytes);
		demand = fmax(demand, config->assured * (double)guest->max_bytes + (config->assured > 0 ? (double)config->headroom_bytes : 0));
		demand -= probe(state, config, o, headroom, grown, target_bytes, now_ns, elapsed_ns);
	}
	more = state->needy ? config->pressure_step : 0;
	if (full)
		more = fmax(more, config->full_step);
	if (more > 0)
		demand = fmax(demand, (double)target_bytes * (1 + more));
	demand = fmin(fmax(demand, (double)guest->min_bytes), (double)guest->max_bytes);
	state->demand_bytes = (uint64_t)demand;
	note_peak(state, config, now_ns);
}

uint64_t pn_demand_recent(const struct pn_demand_state *state)
{
	return state->peak_bytes[0] > state->peak_bytes[1] ? state->peak_bytes[0] : state->peak_bytes[1];
}
