// SPDX-License-Identifier: GPL-2.0-only
/*
 * Migrations. "migration": one to nowhere goes on for a while, slowly, so that the device asks for hints and dirty pages are tracked; then
 * it is cancelled. "migrate-cancel": one is begun and cancelled as soon as it has moved something, or the one under way is.
 *
 * What counts as under way is QEMU's own word (query-migrate: active, and bytes transferred).
 */
#include "faults.h"

#include <errno.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "strike_phase.h"
#include "timeline.h"

#define ANSWER_NS (10 * PN_NS_PER_S)
#define POLL_NS (5 * PN_NS_PER_MS)
#define CANCEL_BYTES_PER_S (4 * PN_MIB)

static int act(struct pn_fault_run *run, const char *verb, json_t *args, json_t **ret_reply, struct pn_diag *diag)
{
	int r = pn_guest_act(run->conductor->timeline->guest, &(struct pn_action){.verb = verb, .args = args}, ret_reply, diag);

	json_decref(args);
	return r;
}

/* Return: 1 when a migration is active and has moved something. */
static int is_moving(struct pn_fault_run *run, json_int_t *ret_bytes, struct pn_diag *diag)
{
	json_t *reply;
	bool active;
	int r = pn_guest_query(run->conductor->timeline->guest, "query-migrate", NULL, ANSWER_NS, &reply, NULL, diag);

	if (r < 0)
		return r;
	active = g_strcmp0(json_string_value(json_object_get(reply, "status")), "active") == 0;
	*ret_bytes = json_integer_value(json_object_get(json_object_get(reply, "ram"), "transferred"));
	json_decref(reply);
	if (active && *ret_bytes > 0)
		pn_migration_seen(run->conductor, (uint64_t)*ret_bytes, 0);
	return active && *ret_bytes > 0;
}

static int begin(struct pn_fault_run *run, json_int_t bytes_per_s, struct pn_diag *diag)
{
	return act(run, "migrate-nowhere", json_pack("{s:I}", "bytes_per_s", bytes_per_s), NULL, diag);
}

static int arm_migration(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct pn_conductor *conductor = run->conductor;

	g_mutex_lock(&conductor->lock);
	conductor->hinted_bytes = conductor->moved_bytes = 0;
	g_mutex_unlock(&conductor->lock);
	return begin(run, json_integer_value(json_object_get(run->args, "bandwidth")), diag);
}

/*
 * With free-page-hint it has shown itself when pages were hinted; without, when something was moved. Another fault may have cancelled it since: what that one
 * saw of it counts too.
 */
static int fired_migration(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct pn_conductor *conductor = run->conductor;
	struct pn_guest *guest = conductor->timeline->guest;
	const bool hints = pn_guest_machine(guest)->balloon.free_page_hint;
	uint64_t hinted_bytes = 0, moved_bytes;
	json_int_t bytes;
	int r = is_moving(run, &bytes, diag);

	if (r == 1 && hints)
		r = pn_hinted_bytes(guest, &hinted_bytes, diag);
	if (r < 0 && r != -ENOTCONN) /* the guest may have been killed as planned, after somebody had seen it */
		return r;
	pn_migration_seen(conductor, 0, hinted_bytes);
	g_mutex_lock(&conductor->lock);
	moved_bytes = conductor->moved_bytes;
	hinted_bytes = conductor->hinted_bytes;
	g_mutex_unlock(&conductor->lock);
	if (hints)
		json_object_set_new(run->evidence, "hinted_bytes", json_integer((json_int_t)hinted_bytes));
	json_object_set_new(run->evidence, "transferred_bytes", json_integer((json_int_t)moved_bytes));
	if (hints ? hinted_bytes > 0 : moved_bytes > 0)
		return 1;
	return r < 0 ? r : 0;
}

/* The guest may be another one by now (saved and restored, moved): then there is none to cancel. */
static int disarm_migration(struct pn_fault_run *run, struct pn_diag *diag)
{
	enum pn_guest_state state = pn_guest_state(run->conductor->timeline->guest);

	int r;

	if (state == PN_GUEST_GONE)
		return 0;
	r = act(run, "migrate-cancel", NULL, NULL, diag);
	/* It may go meanwhile, too: killed as planned. */
	return r == -ENOTCONN && pn_guest_state(run->conductor->timeline->guest) == PN_GUEST_GONE ? 0 : r;
}

const struct pn_fault_ops pn_fault_migration = {.name = "migration", .arm = arm_migration, .fired = fired_migration, .disarm = disarm_migration};

static int arm_cancel(struct pn_fault_run *run, struct pn_diag *diag)
{
	uint64_t deadline_ns = pn_clock_now_ns() + ANSWER_NS;
	json_t *reply = NULL;
	json_int_t bytes = 0;
	int r = is_moving(run, &bytes, diag);

	if (r == 0)
		r = begin(run, CANCEL_BYTES_PER_S, diag);
	while (r == 0 && bytes == 0 && pn_clock_now_ns() < deadline_ns) {
		r = pn_conductor_wait(run->conductor, pn_clock_now_ns() + POLL_NS, diag) ?: is_moving(run, &bytes, diag);
		if (r > 0)
			break;
	}
	if (r < 0)
		return r;
	r = act(run, "migrate-cancel", NULL, &reply, diag);
	if (r < 0)
		return r;
	json_object_set_new(run->evidence, "transferred_bytes", json_integer(bytes));
	json_object_set(run->evidence, "status", json_object_get(reply, "status"));
	json_decref(reply);
	return 0;
}

static int fired_cancel(struct pn_fault_run *run, struct pn_diag *diag)
{
	const char *status = json_string_value(json_object_get(run->evidence, "status"));

	return status && strcmp(status, "cancelled") == 0 && json_integer_value(json_object_get(run->evidence, "transferred_bytes")) > 0;
}

const struct pn_fault_ops pn_fault_migrate_cancel = {.name = "migrate-cancel", .arm = arm_cancel, .fired = fired_cancel};
