/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>

#include "key.h"

/*
 * Declarations of the faults: what a scenario may write. The mechanisms are in harness/timeline, found by name.
 */

/** enum pn_fault_span - how long a fault lasts */
enum pn_fault_span {
	PN_FAULT_LASTS,	  /* armed, then disarmed after `for` (0: at the end of the timeline) */
	PN_FAULT_INSTANT, /* done when it has happened; `for` is refused */
	PN_FAULT_FATAL,	  /* instant, and nothing after it can work: the case ends there, or is broken by it (self-tests of the harness) */
};

struct pn_machine;

/**
 * struct pn_fault_need - what a guest must have for a fault; a scenario without it is refused
 * @has: does it?
 * @accepted: the key that gives it, as an error has it
 */
struct pn_fault_need {
	bool (*has)(const struct pn_machine *guest);
	const char *accepted;
};

/**
 * struct pn_fault_info - record of one fault
 * @name: in scenarios
 * @help: one line
 * @undo: what disarming does, one line; NULL for an instant fault
 * @span: how long it lasts
 * @holds: the balloon can't settle while it lasts
 * @in_qemu: done by what of ours runs in QEMU: TCG only
 * @moving: nothing shows that it fired while the balloon stands still
 * @injected: done by the guest kernel's fault injection, which must be there
 * @exhausts: takes all memory and swap, which at the pace of an emulated disk takes minutes
 * @apart: what is right after it is for the scenario to say (a queue given up for good, more memory than before, memory that the host never got): never drawn at random
 * @needs: NULL: nothing that not every guest has
 * @args: its arguments, ends with a NULL name; NULL: none
 *
 * A scenario's arguments reach the mechanism as pn_event.fault_args: a JSON object with every argument of @args, defaults filled in:
 * sizes as integer bytes (percentages already applied), durations as integer nanoseconds, counts as integers, flags as booleans,
 * choices and names as strings; an argument without value and default is absent. No arguments: "{}".
 */
struct pn_fault_info {
	const char *name;
	const char *help;
	const char *undo;
	enum pn_fault_span span;
	bool holds, in_qemu, moving, injected, exhausts, apart;
	const struct pn_fault_need *needs;
	const struct pn_key_info *args;
};

/** pn_fault_infos - all faults; ends with a NULL name */
extern const struct pn_fault_info pn_fault_infos[];

/** pn_fault_strike_args - arguments that every fault takes: when it strikes */
extern const struct pn_key_info pn_fault_strike_args[];

/** pn_fault_find() - record of a fault, NULL when there is none of that name */
const struct pn_fault_info *pn_fault_find(const char *name);
