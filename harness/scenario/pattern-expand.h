/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "pattern.h"

#define PN_EXPAND(name)                                                                                                            \
	const char *pn_pattern_expand_##name(const struct pn_args *args, const struct pn_pattern_context *context, GArray *events, \
					     char **ret_accepted)

/* The expand functions of pn_patterns, see struct pn_pattern. */
PN_EXPAND(inflate);
PN_EXPAND(deflate);
PN_EXPAND(step);
PN_EXPAND(ramp);
PN_EXPAND(oscillate);
PN_EXPAND(random_walk);
PN_EXPAND(flip);
PN_EXPAND(sweep);
PN_EXPAND(reclaim);
