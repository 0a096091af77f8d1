/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>

/*
 * Exact mode: after each reply the agent executes an instruction at which the host holds the vCPU (harness/pin/wire.h). So whatever the host does
 * next, it does at one and the same instruction in every run. Where nobody holds, the instruction does nothing.
 */

/** pn_exact_set() - hold after each reply from now on, or not */
void pn_exact_set(bool on);

/** pn_exact_replied() - a reply has been handed to the link */
void pn_exact_replied(void);

/**
 * pn_exact_spin() - no request has come: hold again, if the agent is to wait so and not asleep
 *
 * A snapshot is taken of an agent that spins: whoever loads it finds the guest at this instruction before any time passes.
 * Return: whether it spins.
 */
bool pn_exact_spin(void);

/** pn_exact_awake() - a request has come: no spinning any more */
void pn_exact_awake(void);

/** pn_exact_drained() - everything handed to the link has gone out: hold, if a reply was among it */
void pn_exact_drained(void);
