// SPDX-License-Identifier: GPL-2.0-only
/* Arguments of the faults that change what driver and device tell each other. */
#include <stdint.h>

#include "../base/units.h"
#include "fault-words.h"

/* The kernel's words of fault injection, of what passes between driver and device. */
#define TRAFFIC_WORDS                                                                                     \
	{.name = "probability", .type = PN_KEY_COUNT, .min = 1, .max = 100, .fallback = "100", .help = "percent of those that are in question"}, \
	{.name = "space", .type = PN_KEY_COUNT, .fallback = "0", .help = "this many pass first"},         \
	{.name = "interval", .type = PN_KEY_COUNT, .min = 1, .fallback = "1", .help = "then every so many-th is in question"}, \
	{                                                                                                 \
		.name = "times", .type = PN_KEY_COUNT, .fallback = "0", .help = "at most this many, 0: no limit" \
	}

static const char *const queues[] = {"any", "inflate", "deflate", "stats", "reporting", NULL};

#define QUEUE_ARG {.name = "queue", .type = PN_KEY_CHOICE, .choices = queues, .fallback = "any", .help = "of which queue"}

static const char *const interrupt_kinds[] = {"lost", "late", "twice", "spurious", NULL};

const struct pn_key_info pn_fault_interrupt_args[] = {
    {.name = "kind", .type = PN_KEY_CHOICE, .choices = interrupt_kinds, .fallback = "lost", .help = "what becomes of them; spurious: raised with nothing to tell"},
    {.name = "delay", .type = PN_KEY_DURATION, .min = PN_NS_PER_MS, .max = 60 * PN_NS_PER_S, .fallback = "10ms", .help = "late, twice: how much later; spurious: pause between two"},
    QUEUE_ARG,
    TRAFFIC_WORDS,
    STRIKE_ARGS,
    {},
};

static const char *const used_kinds[] = {"length", "id", "order", NULL};

const struct pn_key_info pn_fault_used_args[] = {
    {.name = "kind", .type = PN_KEY_CHOICE, .choices = used_kinds, .fallback = "length", .help = "length: bytes said to be written; id: of another buffer; order: buffers used together stand in reverse"},
    {.name = "value", .type = PN_KEY_COUNT, .max = UINT32_MAX, .fallback = "4294967295", .help = "length, id: what stands there"},
    QUEUE_ARG,
    TRAFFIC_WORDS,
    STRIKE_ARGS,
    {},
};

static const char *const config_kinds[] = {"target", "random", NULL};

const struct pn_key_info pn_fault_config_args[] = {
    {.name = "kind", .type = PN_KEY_CHOICE, .choices = config_kinds, .fallback = "random", .help = "how num_pages reads: as one value, or as another one each time"},
    {.name = "pages", .type = PN_KEY_COUNT, .max = UINT32_MAX, .fallback = "4294967295", .help = "target: that value; more than the guest has by default"},
    TRAFFIC_WORDS,
    STRIKE_ARGS,
    {},
};

static const char *const chain_kinds[] = {"pfn", "length", "loop", NULL};

const struct pn_key_info pn_fault_chain_args[] = {
    {.name = "kind", .type = PN_KEY_CHOICE, .choices = chain_kinds, .fallback = "pfn", .help = "pfn: the first page of a buffer is another one; length: of its first descriptor; loop: that is followed by itself"},
    {.name = "value", .type = PN_KEY_COUNT, .max = UINT32_MAX, .fallback = "4294967295", .help = "pfn, length: what the device is shown"},
    QUEUE_ARG,
    TRAFFIC_WORDS,
    STRIKE_ARGS,
    {},
};
