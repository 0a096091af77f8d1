/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "key.h"

/*
 * What the tables of faults share; for fault*.c only.
 */

static const char *const motions[] = {"any", "idle", "inflating", "deflating", "hinting", "reporting", "oom", NULL};

/* Of every fault: when it strikes. A guest that was not in that phase then means that the fault never fired. */
#define STRIKE_ARGS                                                                                       \
	{.name = "while",                                                                                 \
	 .type = PN_KEY_CHOICE,                                                                           \
	 .choices = motions,                                                                              \
	 .fallback = "any",                                                                               \
	 .help = "what must be going on when it strikes; idle: the balloon rests at its target"},                                       \
	{                                                                                                 \
		.name = "at-progress", .type = PN_KEY_COUNT, .min = 1, .max = 99,                         \
		.help = "inflating, deflating, any: strikes when the balloon has covered this many percent of its way" \
	}

/* Arguments of the faults between driver and device (fault-traffic.c). */
extern const struct pn_key_info pn_fault_interrupt_args[], pn_fault_used_args[], pn_fault_config_args[], pn_fault_chain_args[];

/* Of those that the host does to QEMU (fault-host.c). */
extern const struct pn_key_info pn_fault_throttle_args[], pn_fault_pressure_args[], pn_fault_host_oom_args[], pn_fault_discard_fail_args[],
    pn_fault_discard_slow_args[];
