// SPDX-License-Identifier: GPL-2.0-only
/* Arguments of the faults that the host does to QEMU: less CPU, less memory, discards that fail or are slow. */
#include "fault.h"

#include "../base/units.h"
#include "fault-words.h"

const struct pn_key_info pn_fault_throttle_args[] = {
    {.name = "percent", .type = PN_KEY_COUNT, .min = 1, .max = 99, .fallback = "10", .help = "of one host CPU, for all vCPUs together"},
    STRIKE_ARGS,
    {},
};

#define LIMIT_ARG                                                                                         \
	{                                                                                                 \
		.name = "limit", .type = PN_KEY_BYTES, .min = PN_MIB, .fallback = "16MiB",                \
		.help = "how much QEMU may take from then on"                                             \
	}

const struct pn_key_info pn_fault_pressure_args[] = {
    LIMIT_ARG,
    {.name = "swap", .type = PN_KEY_BYTES, .min = PN_MIB, .fallback = "512MiB", .help = "size of the swap file on the host"},
    STRIKE_ARGS,
    {},
};

const struct pn_key_info pn_fault_host_oom_args[] = {
    {.name = "planned", .type = PN_KEY_FLAG, .fallback = "true", .help = "the case ends here as planned and is judged by what was seen until then"},
    LIMIT_ARG,
    STRIKE_ARGS,
    {},
};

static const char *const discard_errors[] = {"ENOMEM", "EINVAL", "EAGAIN", "EIO", NULL};

/* The kernel's words of fault injection. */
#define WHICH_CALLS_ARGS                                                                                  \
	{.name = "space", .type = PN_KEY_COUNT, .fallback = "0", .help = "this many calls pass first"},   \
	{.name = "interval", .type = PN_KEY_COUNT, .min = 1, .fallback = "1", .help = "then every so many-th is hit"}, \
	{                                                                                                 \
		.name = "times", .type = PN_KEY_COUNT, .fallback = "0", .help = "at most this many, 0: no limit; counted for each thread of QEMU" \
	}

const struct pn_key_info pn_fault_discard_fail_args[] = {
    {.name = "error", .type = PN_KEY_CHOICE, .choices = discard_errors, .fallback = "ENOMEM", .help = "what they return"},
    WHICH_CALLS_ARGS,
    STRIKE_ARGS,
    {},
};

const struct pn_key_info pn_fault_discard_slow_args[] = {
    {.name = "delay", .type = PN_KEY_DURATION, .min = PN_NS_PER_US, .max = PN_NS_PER_S, .fallback = "1ms", .help = "how much longer each takes"},
    WHICH_CALLS_ARGS,
    STRIKE_ARGS,
    {},
};
