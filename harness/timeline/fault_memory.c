// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory plugged into a guest that runs, brought online by its kernel. The balloon's target is a size that is left to the guest: with more memory a device
 * that is told the same again holds more. Nobody is told anything here. It has fired when the guest's own kernel has more memory in its zones: "present"
 * pages, of which a balloon takes none, as it does of MemTotal.
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
	uint64_t before_bytes; /* in the guest's zones */
};

static uint64_t present_bytes(const char *zoneinfo)
{
	static const char word[] = " present ";
	uint64_t pages = 0;

	for (const char *at = zoneinfo; (at = strstr(at, word)); at += strlen(word))
		pages += g_ascii_strtoull(at + strlen(word), NULL, 10);
	return pages * PN_PAGE_BYTES;
}

static int read_present(struct pn_fault_run *run, uint64_t *ret_bytes, struct pn_diag *diag)
{
	json_t *reply = NULL;
	const char *text;
	uint64_t bytes;
	int r = pn_guest_agent(run->conductor->timeline->guest, json_pack("{s:s,s:s}", "op", "read", "path", "/proc/zoneinfo"), ANSWER_NS, &reply, diag);

	if (r < 0)
		return r;
	text = json_string_value(json_object_get(reply, "text"));
	bytes = text ? present_bytes(text) : 0;
	json_decref(reply);
	if (!bytes)
		return pn_diag_set(diag, -EPROTO, "/proc/zoneinfo of the guest counts no present pages");
	*ret_bytes = bytes;
	return 0;
}

static int prepare(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct plug *plug = g_new0(struct plug, 1);
	int r;

	run->data = plug;
	r = read_present(run, &plug->before_bytes, diag);
	if (r == 0)
		r = pn_guest_agent(run->conductor->timeline->guest,
				   json_pack("{s:s,s:s,s:s}", "op", "write", "path", AUTO_ONLINE, "text", "online"), ANSWER_NS, NULL, diag);
	return r;
}

static int arm(struct pn_fault_run *run, struct pn_diag *diag)
{
	return pn_guest_act(run->conductor->timeline->guest, &(struct pn_action){.verb = "plug-memory", .timeout_ns = PLUG_NS}, NULL, diag);
}

static int fired(struct pn_fault_run *run, struct pn_diag *diag)
{
	const struct plug *plug = run->data;
	uint64_t now_bytes = 0, wanted = pn_guest_machine(run->conductor->timeline->guest)->plug_bytes;
	int r = read_present(run, &now_bytes, diag);

	if (r == -ETIMEDOUT)
		return 0;
	if (r < 0)
		return r;
	json_object_set_new(run->evidence, "present_before", json_integer((json_int_t)plug->before_bytes));
	json_object_set_new(run->evidence, "present", json_integer((json_int_t)now_bytes));
	return now_bytes >= plug->before_bytes + wanted;
}

const struct pn_fault_ops pn_fault_memory_plug = {
	.name = "memory-plug", .flags = PN_FAULT_BY_AGENT | PN_FAULT_OWN_ACTUAL, .prepare = prepare, .arm = arm, .fired = fired};
