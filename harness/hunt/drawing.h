/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "../scenario/scenario.h"
#include "grammar.h"

/*
 * Between grammar.c (whole cases) and draw.c (their parts).
 */

/** drawing_bytes() - a size of the balloon */
uint64_t drawing_bytes(uint64_t *random, uint64_t memory_bytes);

/** drawing_duration() - a short time, whole milliseconds */
uint64_t drawing_duration(uint64_t *random);

#define DRAWING_EVENT_EVENTS 2

/**
 * drawing_event() - something that is no fault, for a guest like that of @base
 * @moves: a target or a hold
 * @ret_events: it; where it takes guest or driver away, also what brings them back
 *
 * Return: how many events these are; strings owned by them.
 */
unsigned int drawing_event(const struct pn_grammar *grammar, uint64_t *random, const struct pn_scenario *base, bool moves,
			   struct pn_event ret_events[DRAWING_EVENT_EVENTS]);

#define DRAWING_FAULT_EVENTS 3

/**
 * drawing_fault() - a fault that a guest like that of @base can stand
 * @ret_events: it; where it strikes in a movement, between the two targets that make one
 *
 * Return: how many events these are, 0 when the arguments that were drawn do not go together; strings owned by them.
 */
unsigned int drawing_fault(uint64_t *random, const struct pn_scenario *base, struct pn_event ret_events[DRAWING_FAULT_EVENTS]);

/** drawing_last() - a target, not a small one: whether the host has got the memory shows only where the balloon rests with some in it */
void drawing_last(uint64_t *random, uint64_t memory_bytes, struct pn_event *ret_event);

/** drawing_turn() - a long way up, and another target on that way: a driver that loses it, with none after it, never gets there */
void drawing_turn(uint64_t *random, uint64_t memory_bytes, struct pn_event ret_events[2]);

/** drawing_pattern() - append the events of a pattern; nothing when its parameters do not go together */
void drawing_pattern(uint64_t *random, uint64_t memory_bytes, GArray *events);
