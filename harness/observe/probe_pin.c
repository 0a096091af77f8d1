// SPDX-License-Identifier: GPL-2.0-only
/*
 * Instructions that the guest executed, as the plugin in QEMU counts them. Read from shared memory: it costs guest and monitor nothing. There is
 * nothing to read under KVM, or where QEMU takes no plugins; the guest layer has journalled why.
 */

#include "probe.h"

#include <errno.h>

#include "../pin/pin.h"

static const struct pn_probe_key keys[] = {
    {"pin.driver_insns", "count", "instructions executed in the driver under test"},
    {"pin.kernel_insns", "count", "in the rest of the guest's kernel"},
    {"pin.user_insns", "count", "in user space"},
    {NULL},
};

struct pin_state {
	struct pn_probe_context *context;
	struct pn_pin *pin;
};

static int pin_open(struct pn_probe_context *context, void **ret_state)
{
	struct pn_pin *pin = pn_guest_pin(context->guest);
	struct pin_state *state;

	if (!pin)
		return -ENOTSUP;
	state = g_new0(struct pin_state, 1);
	*state = (struct pin_state){.context = context, .pin = pin};
	*ret_state = state;
	return 0;
}

static void pin_sample(void *data, bool mark, json_t *into)
{
	struct pin_state *state = data;
	struct pn_pin_counts counts;
	int err = pn_pin_counts(state->pin, &counts);

	if (err == -EOVERFLOW)
		pn_probe_unsupported(state->context, "pin", "the guest's modules have more blocks than there are counters");
	if (err)
		return;
	pn_probe_set(into, counts.driver, "pin.driver_insns");
	pn_probe_set(into, counts.kernel, "pin.kernel_insns");
	pn_probe_set(into, counts.user, "pin.user_insns");
}

const struct pn_probe pn_probe_pin = {
    .name = "pin",
    .help = "instructions of the guest by region, counted by the TCG plugin",
    .beat = PN_BEAT_HOST,
    .keys = keys,
    .open = pin_open,
    .sample = pin_sample,
    .close = g_free,
};
