/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** PN_NOTATION_ACCEPTED - what a point looks like, for error texts */
#define PN_NOTATION_ACCEPTED "a point such as tell_host, tell_host#100 (its 100th call) or tell_host@exit#3"

/** struct pn_notation - a point as it is written: FUNCTION[@entry|@exit][#N] */
struct pn_notation {
	char function[128];
	bool exit;
	uint64_t nth; /* from 1 */
};

/** pn_notation_is() - is a text meant as a point, rightly written or not: does it begin as a function's name does? */
bool pn_notation_is(const char *text);

/** pn_notation_parse() - read a point. Return: 0 or -EINVAL. */
int pn_notation_parse(const char *text, struct pn_notation *ret_notation);
