// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest runs out of memory, for real: a hog takes memory until the kernel acts. What counts as having acted is only what the kernel or
 * the device says: its count of OOM kills went up, or the balloon gave back pages that nobody had asked it for (deflate-on-oom).
 *
 * The hog is the killer's first choice (oom_score_adj 1000), so that the loads are still there afterwards. While memory is short the agent
 * may be slow to answer; that is no error.
 */
#include "faults.h"

#include <errno.h>
#include <string.h>

#include "../base/diag.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "../scenario/scenario.h"
#include "loads.h"
#include "ready.h"
#include "timeline.h"

#define HOG "pn-hog"
#define HOG_OOM_SCORE 1000
#define ANSWER_NS (30 * PN_NS_PER_S)
#define STOP_GRACE_MS 2000

/** struct hog - the fault's own */
struct hog {
	char id[32];
	uint64_t kills;		 /* OOM kills before */
	unsigned int generation; /* of the course that the peak belongs to */
	uint64_t peak_bytes;	 /* most that the balloon held on it */
	bool started;
};

static int count_kills(struct pn_fault_run *run, uint64_t *ret_kills, struct pn_diag *diag)
{
	json_t *reply, *kills;
	int r;

	r = pn_guest_agent(run->conductor->timeline->guest, json_pack("{s:s,s:[s]}", "op", "sample", "sets", "vmstat"), ANSWER_NS, &reply, diag);
	if (r < 0)
		return r;
	kills = json_object_get(reply, "vm.oom_kill");
	if (json_is_integer(kills))
		*ret_kills = (uint64_t)json_integer_value(kills);
	else
		r = pn_diag_set(diag, -ENOTSUP, "this kernel does not count OOM kills (no oom_kill in /proc/vmstat)");
	json_decref(reply);
	return r;
}

static int prepare(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct hog *hog = g_new0(struct hog, 1);

	run->data = hog;
	g_snprintf(hog->id, sizeof(hog->id), PN_FAULT_LOAD_PREFIX "oom-%u", run->event);
	return count_kills(run, &hog->kills, diag);
}

static int arm(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct hog *hog = run->data;
	const char *mode = json_string_value(json_object_get(run->args, "mode"));
	g_autofree char *bytes = g_strdup_printf("%lld", (long long)json_integer_value(json_object_get(run->args, "bytes")));
	json_t *request = json_pack("{s:s,s:s,s:[s,s,s],s:s,s:i,s:i}", "op", "load.start", "id", hog->id, "argv", HOG, mode ? mode : "anon",
				    bytes, "cwd", "/", "oom_score_adj", HOG_OOM_SCORE, "capture_bytes", 65536);

	hog->started = true;
	return pn_guest_agent(run->conductor->timeline->guest, request, ANSWER_NS, NULL, diag);
}

/* Pages that left a balloon which was to grow or to stay. Return: bytes. */
static uint64_t given_back(struct pn_fault_run *run)
{
	struct hog *hog = run->data;
	struct pn_course course = pn_conductor_course(run->conductor);
	uint64_t bytes, held_ns;

	/* A driver that is taken away gives all back: that is not memory pressure. */
	if (pn_conductor_held(run->conductor, &held_ns) != PN_HELD_NOT)
		return 0;
	if (pn_guest_ballooned(run->conductor->timeline->guest, &bytes, NULL) < 0)
		return 0;
	if (course.generation != hog->generation) {
		hog->generation = course.generation;
		hog->peak_bytes = bytes;
	}
	hog->peak_bytes = MAX(hog->peak_bytes, bytes);
	if (course.generation == 0 || course.asked_bytes < hog->peak_bytes)
		return 0;
	return hog->peak_bytes - bytes;
}

static int fired(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct hog *hog = run->data;
	uint64_t kills, given_bytes = given_back(run);
	bool running = true, killed = false;
	int r;

	r = count_kills(run, &kills, diag);
	if (r == -ETIMEDOUT)
		kills = hog->kills;
	else if (r < 0)
		return r;
	if (kills > hog->kills || given_bytes > 0) {
		json_object_set_new(run->evidence, "oom_kills", json_integer((json_int_t)(kills - hog->kills)));
		json_object_set_new(run->evidence, "given_back_bytes", json_integer((json_int_t)given_bytes));
		return 1;
	}
	r = pn_load_state(run->conductor->timeline, hog->id, &running, &killed, NULL, diag);
	if (r == -ETIMEDOUT)
		return 0;
	if (r < 0)
		return r;
	if (!running && !killed)
		return pn_diag_set(diag, -EREMOTEIO, "fault 'oom' (timeline event %u): the hog ended before memory ran out", run->event);
	return 0;
}

static int disarm(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct hog *hog = run->data;
	bool running = true;
	int r;

	if (!hog->started)
		return 0;
	r = pn_load_state(run->conductor->timeline, hog->id, &running, NULL, NULL, diag);
	if (r == -ENOENT)
		return 0; /* it never started */
	if (r < 0 && r != -ETIMEDOUT)
		return r;
	return pn_guest_agent(run->conductor->timeline->guest,
			      json_pack("{s:s,s:s,s:i}", "op", "load.stop", "id", hog->id, "grace_ms", STOP_GRACE_MS), ANSWER_NS, NULL, diag);
}

const struct pn_fault_ops pn_fault_oom = {.name = "oom", .flags = PN_FAULT_BY_AGENT | PN_FAULT_OWN_ACTUAL, .prepare = prepare, .arm = arm,
					  .fired = fired, .disarm = disarm};
