// SPDX-License-Identifier: GPL-2.0-only
/*
 * The patterns and their parameters. Amounts are balloon sizes. The defaults leave a 512 MiB guest able to live under a small load.
 */
#include "pattern.h"

#include <string.h>

#include "../base/units.h"
#include "pattern-expand.h"

#define AMOUNT(text)                                                                                                      \
	{                                                                                                                 \
		.name = "amount", .type = PN_KEY_SHARE, .min = PN_PAGE_BYTES, .fallback = text, .help = "largest balloon" \
	}
#define BASE                                                                                      \
	{                                                                                         \
		.name = "base", .type = PN_KEY_SHARE, .fallback = "0", .help = "smallest balloon" \
	}
#define HOLD(text)                                                                                                         \
	{                                                                                                                  \
		.name = "hold", .type = PN_KEY_DURATION, .min = PN_NS_PER_MS, .max = 3600 * PN_NS_PER_S, .fallback = text, \
		.help = "how long the balloon rests after it has settled"                                                  \
	}
#define INTERVAL(text)                                                                                                         \
	{                                                                                                                      \
		.name = "interval", .type = PN_KEY_DURATION, .min = PN_NS_PER_MS, .max = 3600 * PN_NS_PER_S, .fallback = text, \
		.help = "time between two targets"                                                                             \
	}

static const char *const shapes[] = {"sine", "square", "sawtooth", NULL};

static const struct pn_key_info plain_params[] = {AMOUNT("50%"), HOLD("1s"), {}};

static const struct pn_key_info step_params[] = {
    AMOUNT("50%"),
    {.name = "steps", .type = PN_KEY_COUNT, .min = 1, .max = 1000, .fallback = "4", .help = "equal steps up, and as many down"},
    {.name = "cycles", .type = PN_KEY_COUNT, .min = 1, .max = 10000, .fallback = "1", .help = "how often up and down"},
    HOLD("300ms"),
    {},
};

static const struct pn_key_info ramp_params[] = {
    BASE,
    AMOUNT("50%"),
    {.name = "over",
     .type = PN_KEY_DURATION,
     .min = 10 * PN_NS_PER_MS,
     .max = 24 * 3600 * PN_NS_PER_S,
     .fallback = "3s",
     .help = "time from base to amount"},
    INTERVAL("100ms"),
    HOLD("1s"),
    {},
};

static const struct pn_key_info oscillate_params[] = {
    {.name = "shape", .type = PN_KEY_CHOICE, .choices = shapes, .fallback = "sine", .help = "form of the wave"},
    BASE,
    AMOUNT("50%"),
    {.name = "period", .type = PN_KEY_DURATION, .min = 10 * PN_NS_PER_MS, .max = 3600 * PN_NS_PER_S, .fallback = "2s", .help = "one wave"},
    {.name = "cycles", .type = PN_KEY_COUNT, .min = 1, .max = 10000, .fallback = "3", .help = "number of waves"},
    INTERVAL("100ms"),
    HOLD("500ms"),
    {},
};

static const struct pn_key_info walk_params[] = {
    BASE,
    AMOUNT("50%"),
    {.name = "stride", .type = PN_KEY_SHARE, .min = PN_PAGE_BYTES, .fallback = "15%", .help = "longest step, up or down"},
    {.name = "steps", .type = PN_KEY_COUNT, .min = 1, .max = 100000, .fallback = "20", .help = "number of targets"},
    INTERVAL("200ms"),
    HOLD("1s"),
    {},
};

static const struct pn_key_info flip_params[] = {
    BASE,
    AMOUNT("50%"),
    {.name = "flips", .type = PN_KEY_COUNT, .min = 1, .max = 10000, .fallback = "10", .help = "number of reversals"},
    {.name = "gap-min",
     .type = PN_KEY_DURATION,
     .min = PN_NS_PER_MS,
     .max = 60 * PN_NS_PER_S,
     .fallback = "1ms",
     .help = "shortest time to the next target; the gaps grow from it evenly in ratio, then are shuffled"},
    {.name = "gap-max", .type = PN_KEY_DURATION, .min = PN_NS_PER_MS, .max = 60 * PN_NS_PER_S, .fallback = "1s", .help = "longest"},
    HOLD("1s"),
    {},
};

static const struct pn_key_info sweep_params[] = {
    AMOUNT("40%"),
    {.name = "minimum",
     .type = PN_KEY_SHARE,
     .min = PN_MIB,
     .fallback = "64MiB",
     .help = "the least a guest should keep: one target leaves it half of this"},
    HOLD("300ms"),
    {},
};

static const struct pn_key_info reclaim_params[] = {
    {.name = "asked", .type = PN_KEY_SHARE, .min = PN_MIB, .fallback = "25%", .help = "how much the host must get back"},
    {.name = "within",
     .type = PN_KEY_DURATION,
     .min = 100 * PN_NS_PER_MS,
     .max = 3600 * PN_NS_PER_S,
     .fallback = "20s",
     .help = "how long that may take, and after it each use of all of the mix"},
    HOLD("2s"),
    {},
};

const char *const pn_pattern_names[] = {"inflate", "deflate", "step", "ramp", "oscillate", "random-walk", "flip", "sweep", "reclaim", NULL};

const struct pn_pattern pn_patterns[] = {
    {.name = "inflate",
     .params = plain_params,
     .expand = pn_pattern_expand_inflate,
     .ends = "at amount",
     .help = "one target up; phases inflate, hold"},
    {.name = "deflate",
     .params = plain_params,
     .expand = pn_pattern_expand_deflate,
     .ends = "at 0",
     .help = "inflate unmeasured, then one target down to 0; phases setup, deflate, hold"},
    {.name = "step",
     .params = step_params,
     .expand = pn_pattern_expand_step,
     .ends = "at 0",
     .help = "equal steps up and down, each settled; phases inflate, deflate"},
    {.name = "ramp",
     .params = ramp_params,
     .expand = pn_pattern_expand_ramp,
     .ends = "at amount",
     .help = "targets rise evenly in time, settled or not; phases ramp, hold"},
    {.name = "oscillate",
     .params = oscillate_params,
     .expand = pn_pattern_expand_oscillate,
     .ends = "at base",
     .help = "waves between base and amount; phases oscillate, hold"},
    {.name = "random-walk",
     .params = walk_params,
     .expand = pn_pattern_expand_random_walk,
     .ends = "between base and amount, by the seed",
     .help = "random strides within base and amount; phases walk, hold"},
    {.name = "flip",
     .params = flip_params,
     .expand = pn_pattern_expand_flip,
     .ends = "at base",
     .help = "a new target while the last one is in flight; phases flip, hold"},
    {.name = "sweep",
     .params = sweep_params,
     .expand = pn_pattern_expand_sweep,
     .ends = "at 0",
     .help = "edge targets: 1 page, unaligned, less than the minimum left, all, all and a page, 0; phase sweep"},
    {.name = "reclaim",
     .params = reclaim_params,
     .expand = pn_pattern_expand_reclaim,
     .ends = "at 0",
     .reclaims = true,
     .help = "memory back by `technique`: the mix filled, reclaimed, held, needed, given back; phases setup, warm, reclaim, hold, need, give-back"},
    {},
};

const struct pn_pattern *pn_pattern_find(const char *name)
{
	for (const struct pn_pattern *pattern = pn_patterns; pattern->name; pattern++)
		if (strcmp(pattern->name, name) == 0)
			return pattern;
	return NULL;
}
