// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kinds of events and what each takes.
 */
#include "event.h"

#include <glib.h>
#include <string.h>

#include "../base/units.h"

const char *const pn_event_kind_names[] = {"target", "hold", "fault", "load-start", "load-stop", "lifecycle", "touch", "reclaim", "need", "give-back", NULL};
const char *const pn_lifecycle_names[] = {"pause", "resume", "reset", "unbind", "bind", "unload", "load", "freeze", NULL};
const char *const pn_event_after_names[] = {"previous", "settled", NULL};

static const struct pn_key_info target_args[] = {
    {.name = "balloon",
     .type = PN_KEY_SHARE,
     .required = true,
     .percent_max = 200,
     .help = "size of the balloon asked for, not of what is left to the guest"},
    {.name = "may-miss", .type = PN_KEY_FLAG, .fallback = "false", .help = "out of reach on purpose: resting short of it is no failure, nor is a point that is never reached"},
    {},
};

static const struct pn_key_info hold_args[] = {
    {.name = "for", .type = PN_KEY_DURATION, .required = true, .max = 24 * 3600 * PN_NS_PER_S, .help = "how long; 0 where only a phase begins"},
    {},
};

static const struct pn_key_info fault_args[] = {
    {.name = "fault", .type = PN_KEY_NAME, .required = true, .help = "which one: `puncture list faults`"},
    {.name = "for",
     .type = PN_KEY_DURATION,
     .min = PN_NS_PER_MS,
     .max = 24 * 3600 * PN_NS_PER_S,
     .help = "disarm it after this time; otherwise at the end of the timeline"},
    {.name = "may-miss",
     .type = PN_KEY_FLAG,
     .fallback = "false",
     .help = "of timelines drawn at random: where it finds no moment to strike, or nothing to strike at, the case is judged without it"},
    {},
};

static const struct pn_key_info load_args[] = {
    {.name = "load", .type = PN_KEY_NAME, .required = true, .help = "name under workloads/loads"},
    {},
};

static const struct pn_key_info lifecycle_args[] = {
    {.name = "action", .type = PN_KEY_CHOICE, .required = true, .choices = pn_lifecycle_names, .help = "what is done to guest or driver"},
    {},
};

static const struct pn_key_info touch_args[] = {{}};

#define WITHIN(text, what)                                                                                                              \
	{                                                                                                                               \
		.name = "for", .type = PN_KEY_DURATION, .min = 100 * PN_NS_PER_MS, .max = 3600 * PN_NS_PER_S, .fallback = text, .help = what \
	}

static const struct pn_key_info reclaim_args[] = {
    {.name = "asked", .type = PN_KEY_SHARE, .required = true, .min = PN_MIB, .help = "how much the host must get back"},
    WITHIN("20s", "how long it may take; over earlier when all is back or nothing moves any more"),
    {},
};

static const struct pn_key_info need_args[] = {WITHIN("20s", "how long it may take"), {}};

const struct pn_event_kind pn_event_kinds[] = {
    {.name = "target", .action = PN_DO_TARGET, .args = target_args, .help = "set a new balloon target"},
    {.name = "hold", .action = PN_DO_HOLD, .args = hold_args, .help = "let time pass"},
    {.name = "fault", .action = PN_DO_FAULT, .args = fault_args, .help = "arm a fault; its own arguments stand beside"},
    {.name = "load-start", .action = PN_DO_LOAD_START, .args = load_args, .help = "start a load"},
    {.name = "load-stop", .action = PN_DO_LOAD_STOP, .args = load_args, .help = "stop a load that runs"},
    {.name = "lifecycle",
     .action = PN_DO_LIFECYCLE,
     .args = lifecycle_args,
     .help = "do a lifecycle action, as part of the case, not as a fault"},
    {.name = "touch",
     .action = PN_DO_TOUCH,
     .args = touch_args,
     .help = "the guest writes all of its free memory once and releases it, as it does before every timeline: the host must have memory behind it"},
    {.name = "reclaim", .action = PN_DO_RECLAIM, .args = reclaim_args, .help = "the host gets memory back by the scenario's technique"},
    {.name = "need", .action = PN_DO_NEED, .args = need_args, .help = "the guest suddenly uses all that the load `mix` holds, the technique in force"},
    {.name = "give-back", .action = PN_DO_GIVE_BACK, .args = need_args, .help = "the technique is undone, and the guest uses all that the load `mix` holds"},
    {},
};

const struct pn_event_kind *pn_event_kind_find(const char *name)
{
	for (const struct pn_event_kind *kind = pn_event_kinds; kind->name; kind++)
		if (strcmp(kind->name, name) == 0)
			return kind;
	return NULL;
}

void pn_event_clear(struct pn_event *event)
{
	g_free(event->name);
	g_free(event->point);
	g_free(event->fault_args);
	g_free(event->phase);
}

uint64_t pn_events_reachable(uint64_t memory_bytes)
{
	uint64_t kept = 112 * PN_MIB + memory_bytes / 32;

	return memory_bytes > kept ? (memory_bytes - kept) / PN_MIB * PN_MIB : 0;
}
