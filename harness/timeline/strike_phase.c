// SPDX-License-Identifier: GPL-2.0-only
/*
 * Phases that a fault may strike in besides the balloon's movements: what shows from outside that one is going on.
 *	idle		the balloon rests at its target, as the ordered lane has seen
 *	hinting		a migration is under way, and QEMU's own count has pages that were neither sent nor are left to send: hinted ones
 *	reporting	the device's index of the reporting queue moves from look to look
 *	oom		a fault of the family oom has fired and lasts
 *
 * Limit: a phase is seen to go on some milliseconds before the blow falls, not at the blow itself; an exact point is the plugin's matter.
 */
#include "strike_phase.h"

#include <errno.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "faults.h"
#include "timeline.h"

#define POLL_NS (10 * PN_NS_PER_MS)
#define ANSWER_NS (5 * PN_NS_PER_S)
#define HINTED_MIN_BYTES (4 * PN_MIB) /* one block of the largest order; pages dirtied between two counts are far fewer */

/** struct look - what one wait has seen so far */
struct look {
	struct pn_conductor *conductor;
	json_t *evidence;
	uint16_t reports; /* index of the reporting queue at the last look */
	bool counted;
};

static int look_idle(struct look *look, struct pn_diag *diag)
{
	struct pn_course course = pn_conductor_course(look->conductor);
	uint64_t bytes, held_ns;
	int r;

	if (course.generation == 0 || !course.settled || pn_conductor_held(look->conductor, &held_ns) != PN_HELD_NOT)
		return 0;
	pn_conductor_marked(look->conductor);
	r = pn_guest_ballooned(look->conductor->timeline->guest, &bytes, diag);
	if (r < 0 || bytes != course.asked_bytes / PN_PAGE_BYTES * PN_PAGE_BYTES)
		return r;
	json_object_set_new(look->evidence, "bytes", json_integer((json_int_t)bytes));
	return 1;
}

void pn_migration_seen(struct pn_conductor *conductor, uint64_t moved_bytes, uint64_t hinted_bytes)
{
	g_mutex_lock(&conductor->lock);
	conductor->moved_bytes = MAX(conductor->moved_bytes, moved_bytes);
	conductor->hinted_bytes = MAX(conductor->hinted_bytes, hinted_bytes);
	g_mutex_unlock(&conductor->lock);
}

int pn_hinted_bytes(struct pn_guest *guest, uint64_t *ret_bytes, struct pn_diag *diag)
{
	json_int_t total, left, sent;
	json_t *reply, *ram;
	int r = pn_guest_query(guest, "query-migrate", NULL, ANSWER_NS, &reply, NULL, diag);

	if (r < 0)
		return r;
	*ret_bytes = 0;
	ram = json_object_get(reply, "ram");
	if (g_strcmp0(json_string_value(json_object_get(reply, "status")), "active") == 0 && ram) {
		total = json_integer_value(json_object_get(ram, "total"));
		left = json_integer_value(json_object_get(ram, "remaining"));
		sent = (json_integer_value(json_object_get(ram, "normal")) + json_integer_value(json_object_get(ram, "duplicate"))) *
		       json_integer_value(json_object_get(ram, "page-size"));
		if (json_integer_value(json_object_get(ram, "dirty-sync-count")) > 0 && total > left + sent)
			*ret_bytes = (uint64_t)(total - left - sent);
	}
	json_decref(reply);
	return 0;
}

static int look_hinting(struct look *look, struct pn_diag *diag)
{
	uint64_t bytes;
	int r = pn_hinted_bytes(look->conductor->timeline->guest, &bytes, diag);

	if (r < 0 || bytes < HINTED_MIN_BYTES)
		return r;
	pn_migration_seen(look->conductor, 0, bytes);
	json_object_set_new(look->evidence, "hinted_bytes", json_integer((json_int_t)bytes));
	return 1;
}

/* The device's own index of the queue, which moves with each report it has taken. Queues in QEMU's order: inflate, deflate, stats, [hints], reports. */
static int look_reporting(struct look *look, struct pn_diag *diag)
{
	struct pn_guest *guest = look->conductor->timeline->guest;
	int queue = pn_guest_machine(guest)->balloon.free_page_hint ? 4 : 3;
	json_t *args = json_pack("{s:s,s:i}", "path", "/machine/peripheral/balloon0/virtio-backend", "queue", queue), *reply;
	uint16_t reports;
	bool rises;
	int r = pn_guest_query(guest, "x-query-virtio-queue-status", args, ANSWER_NS, &reply, NULL, diag);

	json_decref(args);
	if (r < 0)
		return r == -EREMOTEIO ? 0 : r; /* no driver, or no device, for the moment */
	reports = (uint16_t)json_integer_value(json_object_get(reply, "used-idx"));
	json_decref(reply);
	rises = look->counted && reports != look->reports;
	if (rises)
		json_object_set_new(look->evidence, "reports", json_integer((uint16_t)(reports - look->reports)));
	look->counted = true;
	look->reports = reports;
	return rises;
}

static int look_oom(struct look *look, struct pn_diag *diag)
{
	struct pn_conductor *conductor = look->conductor;
	bool lasts = false;

	g_mutex_lock(&conductor->lock);
	for (guint i = 0; i < conductor->faults->len; i++) {
		const struct pn_fault_run *run = g_ptr_array_index(conductor->faults, i);

		lasts |= run->lasting && strcmp(run->info->name, "oom") == 0;
	}
	g_mutex_unlock(&conductor->lock);
	if (lasts)
		json_object_set_new(look->evidence, "oom", json_true());
	return lasts;
}

static const struct {
	const char *name;
	int (*look)(struct look *look, struct pn_diag *diag); /* Return: 1 it goes on, 0 it does not, or a negative errno. */
	uint64_t gap_ns;
} phases[] = {
	{"idle", look_idle, POLL_NS},
	{"hinting", look_hinting, POLL_NS},
	{"reporting", look_reporting, POLL_NS},
	{"oom", look_oom, POLL_NS},
};

bool pn_strike_phase_is(const char *name)
{
	for (unsigned int i = 0; i < G_N_ELEMENTS(phases); i++)
		if (strcmp(phases[i].name, name) == 0)
			return true;
	return false;
}

static bool is_ending(struct pn_conductor *conductor)
{
	bool ending;

	g_mutex_lock(&conductor->lock);
	ending = conductor->ending;
	g_mutex_unlock(&conductor->lock);
	return ending;
}

int pn_strike_phase_wait(const char *name, struct pn_conductor *conductor, json_t *evidence, struct pn_diag *diag)
{
	struct look look = {.conductor = conductor, .evidence = evidence};
	unsigned int i = 0;
	int r;

	while (strcmp(phases[i].name, name) != 0)
		i++;
	while (!is_ending(conductor)) {
		r = phases[i].look(&look, diag);
		if (r > 0)
			json_object_set_new(evidence, "phase", json_string(name));
		if (r != 0 && r != -ETIMEDOUT)
			return r;
		r = pn_conductor_wait(conductor, pn_clock_now_ns() + phases[i].gap_ns, diag);
		if (r < 0)
			return r;
	}
	return 0;
}
