// SPDX-License-Identifier: GPL-2.0-only
/*
 * The faults a scenario may ask for. Only what they are called and which arguments they take; harness/timeline does them. A new
 * fault is one record here and one function there.
 */
#include "fault.h"

#include <string.h>

#include "../base/units.h"

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

static const struct pn_key_info strike_args[] = {STRIKE_ARGS, {}};

static const char *const oom_modes[] = {"anon", "cache", "mlock", "thp", NULL};

static const struct pn_key_info oom_args[] = {
    {.name = "mode", .type = PN_KEY_CHOICE, .choices = oom_modes, .fallback = "anon", .help = "what kind of memory the hog takes"},
    {.name = "bytes",
     .type = PN_KEY_SHARE,
     .min = PN_MIB,
     .percent_max = 400,
     .fallback = "120%",
     .help = "how much the hog asks for; more than memory and swap together to force a kill"},
    STRIKE_ARGS,
    {},
};

static const struct pn_key_info migration_args[] = {
    {.name = "bandwidth",
     .type = PN_KEY_BYTES,
     .min = 64 * PN_KIB,
     .max = PN_GIB,
     .fallback = "2MiB",
     .help = "at most this much a second, so that it lasts"},
    STRIKE_ARGS,
    {},
};

/* Of faults that end the guest: unplanned they break the case, for self-tests of the harness. */
static const struct pn_key_info fatal_args[] = {
    {.name = "planned", .type = PN_KEY_FLAG, .fallback = "true", .help = "the case ends here as planned and is judged by what was seen until then"},
    STRIKE_ARGS,
    {},
};

const struct pn_fault_info pn_fault_infos[] = {
    {.name = "oom",
     .span = PN_FAULT_LASTS,
     .args = oom_args,
     .undo = "the hog is ended and has given its memory back",
     .help = "a hog in the guest takes memory until it runs out, for real"},
    {.name = "vcpu-pause",
     .span = PN_FAULT_LASTS,
     .holds = true,
     .args = strike_args,
     .undo = "the vCPUs run again",
     .help = "all vCPUs stopped through the monitor"},
    {.name = "qemu-stop",
     .span = PN_FAULT_LASTS,
     .holds = true,
     .args = strike_args,
     .undo = "SIGCONT to QEMU",
     .help = "SIGSTOP to QEMU: neither device nor monitor answers"},
    {.name = "unbind",
     .span = PN_FAULT_LASTS,
     .holds = true,
     .args = strike_args,
     .undo = "the driver is bound again",
     .help = "driver unbound from the device through sysfs"},
    {.name = "unload",
     .span = PN_FAULT_LASTS,
     .holds = true,
     .args = strike_args,
     .undo = "the driver is loaded and bound again",
     .help = "driver module removed, as rmmod does"},
    {.name = "reset",
     .span = PN_FAULT_INSTANT,
     .args = strike_args,
     .help = "system_reset: the guest boots again and the driver is loaded again"},
    {.name = "panic",
     .span = PN_FAULT_INSTANT,
     .args = strike_args,
     .help = "the guest's kernel panics and stops; then as reset"},
    {.name = "migration",
     .span = PN_FAULT_LASTS,
     .args = migration_args,
     .undo = "the migration is cancelled",
     .help = "a migration to nowhere goes on: dirty pages are tracked, and with free-page-hint the device asks for hints"},
    {.name = "migrate-cancel",
     .span = PN_FAULT_INSTANT,
     .args = strike_args,
     .help = "a migration is begun and cancelled when it has moved something, or the one under way is"},
    {.name = "qemu-kill", .span = PN_FAULT_FATAL, .args = fatal_args, .help = "SIGKILL to QEMU; nothing of it may be left on the host"},
    {.name = "agent-wedge",
     .span = PN_FAULT_FATAL,
     .args = strike_args,
     .help = "the agent in the guest answers no more (self-test of the harness)"},
    {},
};

const struct pn_fault_info *pn_fault_find(const char *name)
{
	for (const struct pn_fault_info *fault = pn_fault_infos; fault->name; fault++)
		if (strcmp(fault->name, name) == 0)
			return fault;
	return NULL;
}
