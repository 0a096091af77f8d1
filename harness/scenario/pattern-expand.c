// SPDX-License-Identifier: GPL-2.0-only
/*
 * From parameters to events. Pure functions: no clock, no global state, the only chance is the seed's.
 *
 * Targets are whole pages except where a pattern asks for an unaligned one. Each target waits for nothing but time, or for the balloon
 * to settle where the pattern is about settling.
 */
#include "pattern-expand.h"

#include <math.h>

#include "../base/units.h"
#include "seed.h"

#define MAX_TARGETS 100000

static uint64_t whole_pages(uint64_t bytes)
{
	return bytes / PN_PAGE_BYTES * PN_PAGE_BYTES;
}

static struct pn_event *target(GArray *events, uint64_t balloon_bytes, uint64_t delay_ns, const char *phase)
{
	struct pn_event event = {.action = PN_DO_TARGET,
				 .after = PN_AFTER_PREVIOUS,
				 .at_ns = delay_ns,
				 .balloon_bytes = balloon_bytes,
				 .phase = g_strdup(phase)};

	g_array_append_val(events, event);
	return &g_array_index(events, struct pn_event, events->len - 1);
}

static void settle(GArray *events, uint64_t for_ns, const char *phase)
{
	struct pn_event event = {.action = PN_DO_HOLD, .after = PN_AFTER_SETTLED, .for_ns = for_ns, .phase = g_strdup(phase)};

	g_array_append_val(events, event);
}

static const char *base_below_amount(const struct pn_args *args, char **ret_accepted)
{
	if (pn_args_number(args, "base") < pn_args_number(args, "amount"))
		return NULL;
	*ret_accepted = g_strdup_printf("less than pattern.amount, %s", pn_args_text(args, "amount"));
	return "base";
}

PN_EXPAND(inflate)
{
	target(events, whole_pages(pn_args_number(args, "amount")), 0, "inflate");
	settle(events, pn_args_number(args, "hold"), "hold");
	return NULL;
}

PN_EXPAND(deflate)
{
	target(events, whole_pages(pn_args_number(args, "amount")), 0, "setup");
	settle(events, pn_args_number(args, "hold"), NULL);
	target(events, 0, 0, "deflate");
	settle(events, pn_args_number(args, "hold"), "hold");
	return NULL;
}

PN_EXPAND(step)
{
	uint64_t amount = pn_args_number(args, "amount"), steps = pn_args_number(args, "steps");

	for (uint64_t n = 0; n < 2 * steps * pn_args_number(args, "cycles"); n++) {
		uint64_t i = n % (2 * steps) + 1, height = i <= steps ? i : 2 * steps - i;

		target(events, whole_pages(amount / steps * height + amount % steps * height / steps), 0,
		       i == 1		? "inflate"
		       : i == steps + 1 ? "deflate"
					: NULL);
		settle(events, pn_args_number(args, "hold"), NULL);
	}
	return NULL;
}

/* Number of targets of a wave or ramp, refused where it would be absurd rather than run for a day. */
static const char *ticks_in(uint64_t length_ns, const struct pn_args *args, uint64_t times, uint64_t *ret_ticks, char **ret_accepted)
{
	uint64_t interval = pn_args_number(args, "interval");

	*ret_ticks = length_ns / interval;
	if (*ret_ticks < 2) {
		*ret_accepted = g_strdup("at most half of the time it divides");
		return "interval";
	}
	if (*ret_ticks * times > MAX_TARGETS) {
		*ret_accepted = g_strdup_printf("one that gives at most %d targets", MAX_TARGETS);
		return "interval";
	}
	return NULL;
}

PN_EXPAND(ramp)
{
	uint64_t base = pn_args_number(args, "base"), rise, ticks;
	const char *bad = base_below_amount(args, ret_accepted);

	if (!bad)
		bad = ticks_in(pn_args_number(args, "over"), args, 1, &ticks, ret_accepted);
	if (bad)
		return bad;
	rise = pn_args_number(args, "amount") - base;
	for (uint64_t i = 0; i <= ticks; i++)
		target(events, whole_pages(base + (uint64_t)((double)rise * i / ticks)), i ? pn_args_number(args, "interval") : 0,
		       i ? NULL : "ramp");
	settle(events, pn_args_number(args, "hold"), "hold");
	return NULL;
}

/* Height of a wave, 0 to 1, at a part of its period. */
static double wave(uint64_t shape, double part)
{
	switch (shape) {
	case 0:
		return (1 - cos(2 * M_PI * part)) / 2;
	case 1:
		return part < 0.5 ? 1 : 0;
	default:
		return part;
	}
}

PN_EXPAND(oscillate)
{
	uint64_t base = pn_args_number(args, "base"), cycles = pn_args_number(args, "cycles"), shape = pn_args_number(args, "shape");
	uint64_t period = pn_args_number(args, "period"), rise, ticks, last = UINT64_MAX, waited = 0;
	const char *bad = base_below_amount(args, ret_accepted);

	if (!bad)
		bad = ticks_in(period, args, cycles, &ticks, ret_accepted);
	if (bad)
		return bad;
	rise = pn_args_number(args, "amount") - base;
	for (uint64_t i = 0; i <= cycles * ticks; i++) {
		double part = (double)(i % ticks) / ticks;
		uint64_t bytes = i == cycles * ticks ? whole_pages(base) : whole_pages(base + (uint64_t)((double)rise * wave(shape, part)));

		waited += i ? period / ticks : 0;
		if (bytes == last && i < cycles * ticks) /* a square wave sets a target once a flank */
			continue;
		target(events, bytes, waited, i ? NULL : "oscillate");
		last = bytes;
		waited = 0;
	}
	settle(events, pn_args_number(args, "hold"), "hold");
	return NULL;
}

PN_EXPAND(random_walk)
{
	uint64_t base = pn_args_number(args, "base"), amount = pn_args_number(args, "amount"), stride = pn_args_number(args, "stride");
	uint64_t steps = pn_args_number(args, "steps"), state = context->seed;
	const char *bad = base_below_amount(args, ret_accepted);

	if (bad)
		return bad;
	uint64_t here = base + (amount - base) / 2;

	for (uint64_t i = 0; i < steps; i++) {
		uint64_t low = here - base > stride ? here - stride : base;
		uint64_t high = amount - here > stride ? here + stride : amount;

		here = low + pn_seed_below(&state, high - low + 1);
		target(events, MAX(whole_pages(here), whole_pages(base)), i ? pn_args_number(args, "interval") : 0, i ? NULL : "walk");
	}
	settle(events, pn_args_number(args, "hold"), "hold");
	return NULL;
}

PN_EXPAND(flip)
{
	uint64_t low = pn_args_number(args, "gap-min"), high = pn_args_number(args, "gap-max"), flips = pn_args_number(args, "flips");
	uint64_t base = whole_pages(pn_args_number(args, "base")), amount = whole_pages(pn_args_number(args, "amount"));
	uint64_t state = context->seed;
	const char *bad = base_below_amount(args, ret_accepted);

	if (bad)
		return bad;
	if (low > high) {
		*ret_accepted = g_strdup_printf("at most pattern.gap-max, %s", pn_args_text(args, "gap-max"));
		return "gap-min";
	}
	g_autofree uint64_t *gaps = g_new(uint64_t, flips);

	for (uint64_t i = 0; i < flips; i++)
		gaps[i] = (uint64_t)((double)low * pow((double)high / low, flips > 1 ? (double)i / (flips - 1) : 0));
	for (uint64_t i = flips; i > 1; i--) { /* Fisher-Yates: short and long gaps must hit both directions */
		uint64_t j = pn_seed_below(&state, i), swapped = gaps[i - 1];

		gaps[i - 1] = gaps[j];
		gaps[j] = swapped;
	}
	target(events, amount, 0, "flip");
	for (uint64_t i = 0; i < flips; i++)
		target(events, i % 2 ? amount : base, gaps[i], NULL);
	if (flips % 2 == 0) /* ended high: back to where it started */
		target(events, base, high, NULL);
	settle(events, pn_args_number(args, "hold"), "hold");
	return NULL;
}

PN_EXPAND(sweep)
{
	uint64_t memory = context->memory_bytes, minimum = pn_args_number(args, "minimum"), hold = pn_args_number(args, "hold");
	uint64_t amount = whole_pages(pn_args_number(args, "amount"));
	const struct {
		uint64_t balloon_bytes;
		bool may_miss;
	} edges[] = {
	    {0, false},
	    {PN_PAGE_BYTES, false},
	    {amount + PN_PAGE_BYTES / 2 + 1, false},
	    {amount, false},
	    {whole_pages(memory - minimum / 2), true},
	    {memory, true},
	    {memory + PN_PAGE_BYTES, true},
	    {0, false},
	};

	if (minimum > memory) {
		*ret_accepted = g_strdup("at most guest.memory");
		return "minimum";
	}
	for (size_t i = 0; i < G_N_ELEMENTS(edges); i++) {
		target(events, edges[i].balloon_bytes, 0, i ? NULL : "sweep")->may_miss = edges[i].may_miss;
		settle(events, hold, NULL);
	}
	return NULL;
}

static struct pn_event *step(GArray *events, enum pn_event_do action, const char *load, uint64_t for_ns, const char *phase)
{
	struct pn_event event = {.action = action, .after = PN_AFTER_PREVIOUS, .for_ns = for_ns, .name = g_strdup(load), .phase = g_strdup(phase)};

	g_array_append_val(events, event);
	return &g_array_index(events, struct pn_event, events->len - 1);
}

#define WARM_NS (1000 * PN_NS_PER_MS) /* what the load costs by itself is measured over so long */

PN_EXPAND(reclaim)
{
	uint64_t within = pn_args_number(args, "within");
	bool hot = context->mix && context->mix->hot_bytes;

	step(events, PN_DO_LOAD_START, "mix", 0, "setup");
	if (hot)
		step(events, PN_DO_LOAD_START, "mix-hot", 0, NULL);
	step(events, PN_DO_HOLD, NULL, WARM_NS, "warm");
	step(events, PN_DO_RECLAIM, NULL, within, "reclaim")->asked_bytes = whole_pages(pn_args_number(args, "asked"));
	step(events, PN_DO_HOLD, NULL, pn_args_number(args, "hold"), "hold");
	if (hot)
		step(events, PN_DO_LOAD_STOP, "mix-hot", 0, NULL);
	step(events, PN_DO_NEED, NULL, within, "need");
	step(events, PN_DO_GIVE_BACK, NULL, within, "give-back");
	step(events, PN_DO_LOAD_STOP, "mix", 0, NULL);
	return NULL;
}
