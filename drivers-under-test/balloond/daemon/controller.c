// SPDX-License-Identifier: GPL-2.0-only
/*
 * The controller around the policy. Invariant: the policy's guests are those of the last tick's views, in their order; what it knew of one that is
 * still there is taken over. A line is logged for each change of target, of trust, and of a reason why nothing moves that would.
 */
#include "controller.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "../../../harness/base/diag.h"

/** struct member - one guest between ticks */
struct member {
	char *uuid, *name;
	bool control;
	struct pn_policy_guest limits;
	struct pn_decision last;
	struct pn_observation seen;
	uint64_t target_bytes; /* as last ordered */
	uint64_t raised, lowered;
	bool greeted; /* has been told where it stands */
	bool refused;
};

struct pn_controller {
	void (*log)(void *data, const char *event, json_t *fields);
	void *data;
	struct pn_policy *policy;
	struct pn_policy_config config;
	struct member *members;
	size_t count;
	uint64_t ticks;
};

struct pn_controller *pn_controller_new(void (*log)(void *data, const char *event, json_t *fields), void *data)
{
	struct pn_controller *controller = g_new0(struct pn_controller, 1);

	controller->log = log;
	controller->data = data;
	return controller;
}

static void clear_member(struct member *member)
{
	g_free(member->uuid);
	g_free(member->name);
}

void pn_controller_free(struct pn_controller *controller)
{
	if (!controller)
		return;
	for (size_t i = 0; i < controller->count; i++)
		clear_member(&controller->members[i]);
	g_free(controller->members);
	pn_policy_free(controller->policy);
	g_free(controller);
}

static bool same_limits(const struct pn_policy_guest *a, const struct pn_policy_guest *b)
{
	return a->min_bytes == b->min_bytes && a->max_bytes == b->max_bytes && a->oom_quota_bytes == b->oom_quota_bytes &&
	       a->overhead_bytes == b->overhead_bytes && a->weight == b->weight;
}

static bool same_set(const struct pn_controller *controller, const struct pn_policy_config *policy, const struct pn_view *views, size_t count)
{
	if (!controller->policy || controller->count != count || memcmp(&controller->config, policy, sizeof(*policy)) != 0)
		return false;
	for (size_t i = 0; i < count; i++)
		if (strcmp(controller->members[i].uuid, views[i].uuid) != 0 || controller->members[i].control != views[i].control ||
		    !same_limits(&controller->members[i].limits, &views[i].limits))
			return false;
	return true;
}

/* Not to be controlled: the policy has no choice, so that all its memory is kept for it. */
static struct pn_policy_guest bounds_of(const struct pn_view *view)
{
	struct pn_policy_guest limits = view->limits;

	if (!view->control)
		limits.min_bytes = limits.max_bytes;
	return limits;
}

static uint64_t first_target(const struct pn_view *view)
{
	uint64_t actual = view->observation.actual_bytes;

	return view->control && actual != PN_UNSET && actual < view->limits.max_bytes ? actual : view->limits.max_bytes;
}

static void take_member(struct member *member, const struct pn_view *view, struct member *old)
{
	if (old && old->control == view->control) {
		*member = *old;
		/* its target is what is left to it: with more memory the balloon that it was told of leaves more */
		member->greeted = old->greeted && old->limits.max_bytes == view->limits.max_bytes;
		old->uuid = old->name = NULL;
		g_free(member->uuid);
		g_free(member->name);
	} else {
		member->target_bytes = first_target(view);
	}
	member->uuid = g_strdup(view->uuid);
	member->name = g_strdup(view->name);
	member->control = view->control;
	member->limits = view->limits;
}

/* which members were there before; the index of each, or -1 */
static gint64 *find_old(const struct pn_controller *controller, const struct pn_view *views, size_t count)
{
	g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);
	gint64 *old = g_new(gint64, count + 1);

	for (size_t i = 0; i < controller->count; i++)
		g_hash_table_insert(known, controller->members[i].uuid, GSIZE_TO_POINTER(i + 1));
	for (size_t i = 0; i < count; i++)
		old[i] = (gint64)GPOINTER_TO_SIZE(g_hash_table_lookup(known, views[i].uuid)) - 1;
	return old;
}

static int rebuild(struct pn_controller *controller, const struct pn_policy_config *policy, const struct pn_view *views, size_t count,
		   struct pn_diag *diag)
{
	g_autofree struct pn_policy_guest *limits = g_new0(struct pn_policy_guest, count + 1);
	g_autofree uint64_t *targets = g_new0(uint64_t, count + 1);
	g_autofree gint64 *old = find_old(controller, views, count);
	struct member *members = g_new0(struct member, count + 1);
	struct pn_policy *fresh;

	for (size_t i = 0; i < count; i++) {
		limits[i] = bounds_of(&views[i]);
		if (old[i] >= 0 && controller->members[old[i]].control != views[i].control)
			old[i] = -1; /* until now its target was no business of ours */
		targets[i] = old[i] < 0 ? first_target(&views[i]) : controller->members[old[i]].target_bytes;
	}
	fresh = pn_policy_new(policy, limits, targets, count);
	if (!fresh) {
		g_free(members);
		return pn_diag_set(diag, -EINVAL, "the policy refuses its configuration: a guest's minimum above its memory, or the reserve above the capacity");
	}
	for (size_t i = 0; i < count; i++) {
		if (old[i] >= 0)
			pn_policy_adopt(fresh, i, controller->policy, (size_t)old[i]);
		take_member(&members[i], &views[i], old[i] < 0 ? NULL : &controller->members[old[i]]);
	}
	for (size_t i = 0; i < controller->count; i++)
		clear_member(&controller->members[i]);
	g_free(controller->members);
	pn_policy_free(controller->policy);
	controller->policy = fresh;
	controller->config = *policy;
	controller->members = members;
	controller->count = count;
	return 0;
}

static void set_bytes(json_t *fields, const char *name, uint64_t bytes)
{
	if (bytes != PN_UNSET)
		json_object_set_new(fields, name, json_integer((json_int_t)bytes));
}

static void say(struct pn_controller *controller, const struct member *member, const struct pn_decision *now, const char *event)
{
	json_t *fields = json_pack("{s:s, s:s, s:s, s:s}", "guest", member->name, "uuid", member->uuid, "reason", pn_reason_names[now->reason], "trust",
				   pn_trust_names[now->trust]);

	if (member->target_bytes != now->target_bytes)
		set_bytes(fields, "from_bytes", member->target_bytes);
	set_bytes(fields, "target_bytes", now->target_bytes);
	set_bytes(fields, "demand_bytes", now->demand_bytes);
	set_bytes(fields, "actual_bytes", member->seen.actual_bytes);
	set_bytes(fields, "resident_bytes", member->seen.resident_bytes);
	set_bytes(fields, "committed_bytes", pn_policy_committed(controller->policy));
	set_bytes(fields, "budget_bytes", controller->config.capacity_bytes - controller->config.reserve_bytes);
	controller->log(controller->data, event, fields);
	json_decref(fields);
}

/* a change is told once: what only goes on is told by the status */
static void tell(struct pn_controller *controller, struct member *member, const struct pn_decision *now, bool dry_run)
{
	if (!controller->log)
		return;
	if (now->trust != member->last.trust)
		say(controller, member, now, "trust");
	if (now->target_bytes != member->target_bytes && (!dry_run || now->target_bytes != member->last.target_bytes))
		say(controller, member, now, dry_run ? "would" : "target");
	else if (now->reason != member->last.reason && (now->reason == PN_REASON_NO_SLACK || now->reason == PN_REASON_HELD))
		say(controller, member, now, "held");
}

static void order(struct pn_controller *controller, struct member *member, const struct pn_decision *now, bool dry_run, struct pn_order *ret_order)
{
	tell(controller, member, now, dry_run);
	*ret_order = (struct pn_order){
		.target_bytes = now->target_bytes,
		.bound_bytes = now->bound_bytes,
		.send = member->control && !dry_run && (now->target_bytes != member->target_bytes || now->retry || !member->greeted),
	};
	member->last = *now;
	if (dry_run) {
		member->refused = true;
		return;
	}
	if (now->target_bytes > member->target_bytes)
		member->raised++;
	if (now->target_bytes < member->target_bytes)
		member->lowered++;
	member->target_bytes = now->target_bytes;
	member->greeted = member->greeted || member->seen.actual_bytes != PN_UNSET;
}

int pn_controller_tick(struct pn_controller *controller, const struct pn_policy_config *policy, const struct pn_view *views, size_t count,
		       uint64_t now_ns, bool dry_run, struct pn_order *ret_orders, struct pn_diag *diag)
{
	g_autofree struct pn_observation *observations = g_new0(struct pn_observation, count + 1);
	g_autofree struct pn_decision *decisions = g_new0(struct pn_decision, count + 1);
	int err = same_set(controller, policy, views, count) ? 0 : rebuild(controller, policy, views, count, diag);

	if (err)
		return err;
	for (size_t i = 0; i < count; i++) {
		struct member *member = &controller->members[i];

		observations[i] = views[i].observation;
		observations[i].refused = member->refused;
		if (!member->control) /* it may take all of it at any time: it counts as if it had */
			observations[i].actual_bytes = member->limits.max_bytes;
		member->refused = false;
		member->seen = views[i].observation;
	}
	pn_policy_step(controller->policy, observations, now_ns, decisions);
	controller->ticks++;
	for (size_t i = 0; i < count; i++)
		order(controller, &controller->members[i], &decisions[i], dry_run, &ret_orders[i]);
	return 0;
}

void pn_controller_refused(struct pn_controller *controller, const char *uuid)
{
	for (size_t i = 0; i < controller->count; i++)
		if (strcmp(controller->members[i].uuid, uuid) == 0)
			controller->members[i].refused = true;
}

static json_t *member_status(const struct member *member)
{
	json_t *guest = json_pack("{s:s, s:s, s:b, s:s, s:s, s:I, s:I}", "name", member->name, "uuid", member->uuid, "control", member->control, "trust",
				  pn_trust_names[member->last.trust], "reason", pn_reason_names[member->last.reason], "raised",
				  (json_int_t)member->raised, "lowered", (json_int_t)member->lowered);

	set_bytes(guest, "target_bytes", member->target_bytes);
	set_bytes(guest, "max_bytes", member->limits.max_bytes);
	set_bytes(guest, "demand_bytes", member->last.demand_bytes);
	set_bytes(guest, "bound_bytes", member->last.bound_bytes);
	set_bytes(guest, "actual_bytes", member->seen.actual_bytes);
	set_bytes(guest, "resident_bytes", member->seen.resident_bytes);
	return guest;
}

json_t *pn_controller_status(const struct pn_controller *controller)
{
	json_t *guests = json_array(), *host = json_object();
	uint64_t budget = controller->config.capacity_bytes - controller->config.reserve_bytes;

	for (size_t i = 0; i < controller->count; i++)
		json_array_append_new(guests, member_status(&controller->members[i]));
	if (controller->policy) {
		set_bytes(host, "capacity_bytes", controller->config.capacity_bytes);
		set_bytes(host, "reserve_bytes", controller->config.reserve_bytes);
		set_bytes(host, "committed_bytes", pn_policy_committed(controller->policy));
		json_object_set_new(host, "overcommitted", json_boolean(pn_policy_committed(controller->policy) > budget));
	}
	return json_pack("{s:I, s:o, s:o}", "ticks", (json_int_t)controller->ticks, "host", host, "guests", guests);
}
