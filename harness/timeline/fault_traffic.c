// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hostile device for the driver, and a hostile driver for the device, while both are the real ones: what they tell each other is changed on its way by the
 * watcher in QEMU (harness/rings), at the access of the driver by which it passes. So neither the guest nor QEMU has to be changed, and a place is exact.
 *
 * Evidence is the watcher's count of what it has changed; rings.jsonl has each of them ("tamper").
 */
#include "faults.h"

#include <errno.h>
#include <string.h>

#include "../base/diag.h"
#include "../guest/guest.h"
#include "../scenario/scenario.h"
#include "timeline.h"

/** struct traffic - the faults' own */
struct traffic {
	bool touched;
};

static int prepare(struct pn_fault_run *run, struct pn_diag *diag)
{
	run->data = g_new0(struct traffic, 1);
	return 0;
}

static int act(struct pn_fault_run *run, json_t *args, struct pn_diag *diag)
{
	int r = pn_guest_act(run->conductor->timeline->guest, &(struct pn_action){.verb = "tamper", .args = args}, NULL, diag);

	json_decref(args);
	return r;
}

/* The words are the same for all; which argument is the value is not. */
static int arm(struct pn_fault_run *run, const char *prefix, const char *value_key, struct pn_diag *diag)
{
	static const char *const words[] = {"queue", "probability", "space", "interval", "times", NULL};
	struct traffic *traffic = run->data;
	g_autofree char *what = g_strdup_printf("%s-%s", prefix, json_string_value(json_object_get(run->args, "kind")));
	uint64_t seed = run->conductor->timeline->scenario->seed + run->event;
	json_t *args = json_pack("{s:s,s:O*,s:I}", "what", what, "value", json_object_get(run->args, value_key), "seed", (json_int_t)(seed & INT64_MAX));
	int r;

	for (unsigned int i = 0; words[i]; i++)
		if (json_object_get(run->args, words[i]))
			json_object_set(args, words[i], json_object_get(run->args, words[i]));
	r = act(run, args, diag);
	traffic->touched = r == 0;
	return r;
}

static int arm_interrupts(struct pn_fault_run *run, struct pn_diag *diag)
{
	return arm(run, "irq", "delay", diag);
}

static int arm_used(struct pn_fault_run *run, struct pn_diag *diag)
{
	return arm(run, "used", "value", diag);
}

static int arm_config(struct pn_fault_run *run, struct pn_diag *diag)
{
	return arm(run, "config", "pages", diag);
}

static int arm_chain(struct pn_fault_run *run, struct pn_diag *diag)
{
	return arm(run, "chain", "value", diag);
}

static int fired(struct pn_fault_run *run, struct pn_diag *diag)
{
	uint64_t seen, struck;
	int r = pn_guest_tampered(run->conductor->timeline->guest, &seen, &struck, diag);

	if (r < 0)
		return r;
	json_object_set_new(run->evidence, "seen", json_integer((json_int_t)seen));
	json_object_set_new(run->evidence, "struck", json_integer((json_int_t)struck));
	return struck > 0;
}

/* The guest may have gone, or moved into a QEMU without a watcher. */
static int disarm(struct pn_fault_run *run, struct pn_diag *diag)
{
	const struct traffic *traffic = run->data;
	int r;

	if (!traffic || !traffic->touched || pn_guest_state(run->conductor->timeline->guest) == PN_GUEST_GONE)
		return 0;
	r = act(run, json_object(), diag);
	return r == -ENOTSUP || r == -ENOTCONN ? 0 : r;
}

const struct pn_fault_ops pn_fault_interrupts = {.name = "interrupts", .flags = PN_FAULT_HOLDS, .prepare = prepare, .arm = arm_interrupts, .fired = fired, .disarm = disarm};
const struct pn_fault_ops pn_fault_used_ring = {.name = "used-ring", .prepare = prepare, .arm = arm_used, .fired = fired, .disarm = disarm};
const struct pn_fault_ops pn_fault_config_space = {.name = "config-space", .flags = PN_FAULT_HOLDS | PN_FAULT_OWN_ACTUAL, .prepare = prepare,
						   .arm = arm_config, .fired = fired, .disarm = disarm};
const struct pn_fault_ops pn_fault_driver_output = {.name = "driver-output", .prepare = prepare, .arm = arm_chain, .fired = fired, .disarm = disarm};
