// SPDX-License-Identifier: GPL-2.0-only
/*
 * Timelines that can't happen: events after the end, loads stopped that never ran, waiting for a balloon that can't settle.
 *
 * The ordered events are followed in their order with a small state of the guest. Events by time may fall anywhere between them, so they
 * are checked against the end, and for their own sense, but do not change that state, except that a pause by time which nothing ends is one.
 */
#include <errno.h>
#include <string.h>

#include "../base/diag.h"
#include "event-draft.h"
#include "fault.h"
#include "pattern.h"

struct course {
	struct pn_doc *doc;
	const struct pn_scenario *scenario;
	struct pn_diag *diag;
	GHashTable *loads; /* running */
	bool paused, unbound, unloaded, reclaimed;
	bool resumed_by_time; /* some event of its own time resumes the guest, so no pause is known to last */
	const struct pn_draft *held; /* a fault that never ends has struck before; NULL: none */
	const struct pn_draft *target; /* last one, NULL: none yet */
};

static int refuse(const struct course *course, const struct pn_draft *draft, const char *key, const char *value, const char *accepted)
{
	int node = pn_doc_get(course->doc, draft->node, key);
	g_autofree char *where = pn_doc_where(course->doc, node ? node : draft->node);
	g_autofree char *dotted = g_strconcat(draft->path, ".", key, NULL);
	const char *written = pn_doc_text(course->doc, node);

	return pn_diag_value(course->diag, where, dotted, written ? written : value, accepted);
}

static int check_end(const struct course *course, const struct pn_draft *draft)
{
	const struct pn_event *event = &draft->event;
	uint64_t end = course->scenario->runtime_ns;
	g_autofree char *accepted = NULL;
	g_autofree char *text = pn_key_quote(PN_KEY_DURATION, end);

	if (!end || event->after != PN_AFTER_TIME)
		return 0;
	accepted = g_strdup_printf("a time before the end of the timeline, runtime %s", text);
	if (event->at_ns > end)
		return refuse(course, draft, "at", "", accepted);
	return event->at_ns + event->for_ns > end ? refuse(course, draft, "for", "", accepted) : 0;
}

static int check_target(struct course *course, const struct pn_draft *draft)
{
	if (course->scenario->guest.balloon.absent)
		return refuse(course, draft, "balloon", "(a target)", "no target: guest.balloon.absent is true");
	course->target = draft;
	return 0;
}

static int check_settle(const struct course *course, const struct pn_draft *draft)
{
	uint64_t memory = course->scenario->guest.memory_bytes, reach = pn_events_reachable(memory);
	const char *wait = g_str_equal(draft->path, "timeline") ? "settled, as every timeline ends" : "settled";
	const struct pn_event *target = course->target ? &course->target->event : NULL;
	g_autofree char *accepted = NULL;
	g_autofree char *text = pn_key_quote(PN_KEY_BYTES, reach);

	if (course->paused && !course->resumed_by_time)
		return refuse(course, draft, "after", wait, "previous: the guest is paused and its balloon can't settle");
	if (course->unbound || course->unloaded)
		return refuse(course, draft, "after", wait, "previous: no driver is bound and the balloon can't settle");
	if (!target)
		return refuse(course, draft, "after", wait, "previous: no target has been set before");
	if (course->held)
		return refuse(course, course->held, "for", "(none)", "a duration: with this fault in force the balloon can't settle later on");
	if (target->may_miss || target->balloon_bytes <= reach)
		return 0;
	accepted = g_strdup_printf("at most %s of this guest's memory, or may-miss: true (in a timeline)", text);
	return refuse(course, course->target, g_str_equal(course->target->path, "pattern") ? "amount" : "balloon", "(its default)",
		      accepted);
}

static int check_load(struct course *course, const struct pn_draft *draft)
{
	char *name = draft->event.name;
	bool runs = g_hash_table_contains(course->loads, name), start = draft->event.action == PN_DO_LOAD_START;

	if (start && runs)
		return refuse(course, draft, "load", name, "a load that does not run already");
	if (!start && !runs)
		return refuse(course, draft, "load", name, "a load that was started before");
	if (start)
		g_hash_table_add(course->loads, name);
	else
		g_hash_table_remove(course->loads, name);
	return 0;
}

static int check_lifecycle(struct course *course, const struct pn_draft *draft)
{
	const char *action = draft->event.name, *needs = NULL;

	if (g_str_equal(action, "pause")) {
		needs = course->paused ? "resume: the guest is paused already" : NULL;
		course->paused = true;
	} else if (g_str_equal(action, "resume")) {
		needs = !course->paused ? "an action other than resume: the guest is not paused" : NULL;
		course->paused = false;
	} else if (g_str_equal(action, "unbind")) {
		needs = course->unbound || course->unloaded ? "bind or load: no driver is bound" : NULL;
		course->unbound = true;
	} else if (g_str_equal(action, "bind")) {
		needs = !course->unbound ? "an action other than bind: nothing was unbound" : NULL;
		course->unbound = false;
	} else if (g_str_equal(action, "unload")) {
		needs = course->unloaded ? "load: the driver is unloaded already" : NULL;
		course->unloaded = true;
	} else if (g_str_equal(action, "load")) {
		needs = !course->unloaded ? "an action other than load: the driver is loaded" : NULL;
		course->unloaded = course->unbound = false;
	}
	return needs ? refuse(course, draft, "action", action, needs) : 0;
}

static bool is_lifecycle(const struct pn_draft *draft, const char *action)
{
	return draft->event.action == PN_DO_LIFECYCLE && g_str_equal(draft->event.name, action);
}

/* By time it may fall anywhere, but a pause that nothing ends is in force when all that stands behind it waits. */
static int check_lifecycle_by_time(struct course *course, const struct pn_draft *draft)
{
	course->paused |= is_lifecycle(draft, "pause");
	return 0;
}

static int check_need(const struct course *course, const struct pn_draft *draft)
{
	const struct pn_fault_need *need = draft->event.action == PN_DO_FAULT ? pn_fault_find(draft->event.name)->needs : NULL;
	g_autofree char *accepted = need ? g_strdup_printf("%s beside it, or another fault", need->accepted) : NULL;

	return !need || need->has(&course->scenario->guest) ? 0 : refuse(course, draft, "fault", draft->event.name, accepted);
}

static int check_fault(struct course *course, const struct pn_draft *draft)
{
	if (draft->event.after != PN_AFTER_TIME && !draft->event.for_ns && pn_fault_find(draft->event.name)->holds)
		course->held = draft;
	return 0;
}

/* Done while a vCPU is held, so nothing that stops all vCPUs; by no time of the timeline's, so it changes no state of the guest here. */
static int check_point(struct course *course, const struct pn_draft *draft)
{
	const struct pn_event *event = &draft->event;

	if (event->action == PN_DO_LOAD_START || event->action == PN_DO_LOAD_STOP)
		return refuse(course, draft, "do", "(a load)", "target, hold, fault or lifecycle: at a point of the guest's code the guest can't answer");
	if (event->action == PN_DO_LIFECYCLE && (g_str_equal(event->name, "pause") || g_str_equal(event->name, "resume")))
		return refuse(course, draft, "action", event->name, "hold with `for`: at a point of the guest's code a vCPU is held already");
	if (event->action == PN_DO_FAULT && g_str_equal(event->name, "vcpu-pause"))
		return refuse(course, draft, "fault", event->name, "do: hold with `for`: at a point of the guest's code a vCPU is held already");
	return event->action == PN_DO_TARGET ? check_target(course, draft) : 0;
}

static int check_technique(struct course *course, const struct pn_draft *draft)
{
	bool reclaim = draft->event.action == PN_DO_RECLAIM;

	if (!course->scenario->technique)
		return refuse(course, draft, "do", "(an event of a technique)", "a scenario with `technique`");
	if (!reclaim && !g_hash_table_contains(course->loads, "mix"))
		return refuse(course, draft, "do", "(an event of the mix)", "the load mix started before it: it is what the guest needs");
	if (reclaim == course->reclaimed && draft->event.action != PN_DO_NEED)
		return refuse(course, draft, "do", "(an event of a technique)", reclaim ? "give-back before another reclaim" : "reclaim before it");
	course->reclaimed = draft->event.action == PN_DO_NEED ? course->reclaimed : reclaim;
	return 0;
}

static int check_one(struct course *course, const struct pn_draft *draft)
{
	int r = check_end(course, draft);

	if (r >= 0)
		r = check_need(course, draft);
	if (r >= 0 && draft->event.after == PN_AFTER_POINT)
		return check_point(course, draft);
	if (r >= 0 && draft->event.after == PN_AFTER_SETTLED)
		r = check_settle(course, draft);
	if (r < 0)
		return r;
	switch (draft->event.action) {
	case PN_DO_TARGET:
		return check_target(course, draft);
	case PN_DO_LOAD_START:
	case PN_DO_LOAD_STOP:
		return check_load(course, draft);
	case PN_DO_LIFECYCLE:
		return draft->event.after == PN_AFTER_TIME ? check_lifecycle_by_time(course, draft) : check_lifecycle(course, draft);
	case PN_DO_FAULT:
		return check_fault(course, draft);
	case PN_DO_RECLAIM:
	case PN_DO_NEED:
	case PN_DO_GIVE_BACK:
		return check_technique(course, draft);
	case PN_DO_HOLD:
	case PN_DO_TOUCH:
		return 0;
	}
	return 0;
}

static int check_length(const struct course *course, uint64_t length_ns)
{
	const struct pn_scenario *scenario = course->scenario;
	bool given = scenario->runtime_ns != 0;
	uint64_t length = MAX(length_ns, scenario->runtime_ns);
	int node = pn_doc_find(course->doc, given && length_ns > scenario->runtime_ns ? "runtime" : "timeout");
	g_autofree char *where = pn_doc_where(course->doc, node);
	g_autofree char *text = pn_key_quote(PN_KEY_DURATION, length);
	g_autofree char *accepted = g_strdup_printf("at least %s, the planned length of the timeline", text);
	g_autofree char *longer = g_strdup_printf("more than %s, the planned length of the timeline", text);

	if (given && length_ns > scenario->runtime_ns)
		return pn_diag_value(course->diag, where, "runtime", pn_doc_text(course->doc, node), accepted);
	if (length >= scenario->timeout_ns)
		return pn_diag_value(course->diag, where, "timeout", node ? pn_doc_text(course->doc, node) : "(its default)", longer);
	return 0;
}

int pn_drafts_check(struct pn_doc *doc, GArray *drafts, const struct pn_scenario *scenario, uint64_t length_ns, struct pn_diag *diag)
{
	g_autoptr(GHashTable) loads = g_hash_table_new(g_str_hash, g_str_equal);
	struct course course = {.doc = doc, .scenario = scenario, .diag = diag, .loads = loads};
	int r = 0;

	for (char **load = scenario->loads; *load; load++)
		g_hash_table_add(loads, *load);
	for (guint i = 0; i < drafts->len; i++) {
		const struct pn_draft *draft = &g_array_index(drafts, struct pn_draft, i);

		course.resumed_by_time |= draft->event.after == PN_AFTER_TIME && is_lifecycle(draft, "resume");
	}
	for (guint i = 0; r >= 0 && i < drafts->len; i++)
		r = check_one(&course, &g_array_index(drafts, struct pn_draft, i));
	return r < 0 ? r : check_length(&course, length_ns);
}
