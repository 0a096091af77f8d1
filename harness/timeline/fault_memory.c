// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory plugged into a guest that runs, brought online by its kernel. The balloon's target is a size that is left to the guest: with more memory a device
 * that is told the same again holds more. Nobody is told anything here. It has fired when the guest's own kernel counts more memory.
 */
#include "faults.h"

#include <errno.h>
#include <string.h>

#include "../base/diag.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "timeline.h"

#define ANSWER_NS (30 * PN_NS_PER_S)
#define PLUG_NS (60 * PN_NS_PER_S)
#define AUTO_ONLINE "/sys/devices/system/memory/auto_online_blocks"

/** struct plug - the fault's own */
struct plug {
	uint64_t before_bytes; /* MemTotal */
};

static int read_total(struct pn_fault_run *run, uint64_t *ret_bytes, struct pn_diag *diag)
{
	json_t *reply = NULL;
	const char *text, *at;
	int r = pn_guest_agent(run->conductor->timeline->guest, json_pack("{s:s,s:s}", "op", "read", "path", "/proc/meminfo"), ANSWER_NS, &reply, diag);

	if (r < 0)
		return r;
	text = json_string_value(json_object_get(reply, "text"));
	at = text ? strstr(text, "MemTotal:") : NULL;
	if (at)
		*ret_bytes = g_ascii_strtoull(at + strlen("MemTotal:"), NULL, 10) * PN_KIB;
	else
		r = pn_diag_set(diag, -EPROTO, "/proc/meminfo of the guest has no MemTotal");
	json_decref(reply);
	return r;
}

static int prepare(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct plug *plug = g_new0(struct plug, 1);
	int r;

	run->data = plug;
	r = read_total(run, &plug->before_bytes, diag);
	if (r == 0)
		r = pn_guest_agent(run->conductor->timeline->guest,
				   json_pack("{s:s,s:s,s:s}", "op", "write", "path", AUTO_ONLINE, "text", "online"), ANSWER_NS, NULL, diag);
	return r;
}

static int arm(struct pn_fault_run *run, struct pn_diag *diag)
{
	return pn_guest_act(run->conductor->timeline->guest, &(struct pn_action){.verb = "plug-memory", .timeout_ns = PLUG_NS}, NULL, diag);
}

/* A balloon that takes pages out of the managed count at the same time hides a part. */
static int fired(struct pn_fault_run *run, struct pn_diag *diag)
{
	const struct plug *plug = run->data;
	uint64_t now_bytes = 0, wanted = pn_guest_machine(run->conductor->timeline->guest)->plug_bytes;
	int r = read_total(run, &now_bytes, diag);

	if (r == -ETIMEDOUT)
		return 0;
	if (r < 0)
		return r;
	json_object_set_new(run->evidence, "mem_total_before", json_integer((json_int_t)plug->before_bytes));
	json_object_set_new(run->evidence, "mem_total", json_integer((json_int_t)now_bytes));
	return now_bytes >= plug->before_bytes + wanted / 2;
}

const struct pn_fault_ops pn_fault_memory_plug = {
	.name = "memory-plug", .flags = PN_FAULT_BY_AGENT | PN_FAULT_OWN_ACTUAL, .prepare = prepare, .arm = arm, .fired = fired};
