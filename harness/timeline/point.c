// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events at points. The plugin's thread tells of a hold; a thread here does the event and lets the vCPU go, one hold after the other.
 *
 * Invariant: whatever becomes of the event, the vCPU it was done at is let go; after pn_points_end() none is held.
 *
 * Limits: an event that needs the guest's answer (a fault armed through the agent) lets the vCPU go first: the choke point does that. An
 * event that comes a second time at the same point, its n-th hit being over, does not.
 */
#include "point.h"

#include <errno.h>
#include <glib.h>
#include <inttypes.h>
#include <jansson.h>

#include "../base/journal.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "../pin/notation.h"
#include "../pin/pin.h"
#include "../pin/symbols.h"
#include "../scenario/scenario.h"
#include "conductor.h"

#define SET_TIMEOUT_NS (20 * PN_NS_PER_S)
#define ASK_TIMEOUT_NS (60 * PN_NS_PER_S) /* the guest prints its whole list of symbols */

/** struct point - one event's point */
struct point {
	struct pn_points *points;
	unsigned int event;
	unsigned int id; /* the plugin's */
	uint64_t nth;
	struct pn_pin_hold hold;
	bool done; /* its event was done, or begun */
};

/** struct pn_points - all of a timeline */
struct pn_points {
	struct pn_conductor *conductor;
	struct pn_pin *pin;
	GPtrArray *list;     /* struct point; complete before the first can be hit and looked at */
	GAsyncQueue *held;   /* struct point, or itself: the end */
	GThread *thread;
};

static const struct pn_event *event_of(const struct point *point)
{
	return &point->points->conductor->timeline->scenario->events[point->event];
}

static void journal(const struct point *point, const char *state, json_t *more)
{
	json_t *fields = json_pack("{s:i,s:s,s:s}", "event", (int)point->event, "point", event_of(point)->point, "state", state);

	if (more)
		json_object_update(fields, more);
	json_decref(more);
	pn_journal_add(point->points->conductor->timeline->journal, "point", fields);
}

/* On the pin's thread. */
static void on_held(const struct pn_pin_hold *hold, void *data)
{
	struct point *point = data;

	point->hold = *hold;
	g_async_queue_push(point->points->held, point);
}

static int perform(struct point *point, struct pn_diag *diag)
{
	struct pn_conductor *conductor = point->points->conductor;
	const struct pn_event *event = event_of(point);
	int r = pn_conductor_check(conductor, diag);

	if (r == 0)
		r = pn_event_journal(conductor, point->event, 0, diag);
	if (r == 0 && event->phase)
		r = pn_phase_begin(conductor, event->phase, diag);
	return r < 0 ? r : pn_event_perform(conductor, point->event, diag);
}

static void at_point(struct point *point)
{
	struct pn_conductor *conductor = point->points->conductor;
	struct pn_diag diag = {0};
	int r;

	pn_conductor_hold(conductor, false);
	journal(point, "held", json_pack("{s:I,s:i,s:I}", "hits", (json_int_t)point->hold.hits, "vcpu", (int)point->hold.vcpu, "insns",
					 (json_int_t)point->hold.insns));
	point->done = true;
	r = perform(point, &diag);
	/* -ENOENT: the event let it go itself. */
	pn_pin_release(point->points->pin, point->id);
	journal(point, "released", NULL);
	pn_conductor_release(conductor, false);
	if (r < 0)
		pn_conductor_fail(conductor, r, &diag);
}

static gpointer run(gpointer data)
{
	struct pn_points *points = data;
	gpointer next;

	while ((next = g_async_queue_pop(points->held)) != points)
		at_point(next);
	return NULL;
}

static int unknown(const struct point *point, const char *function, unsigned int count, struct pn_diag *diag)
{
	if (count)
		return pn_diag_set(diag, -ENOTUNIQ, "timeline event %u: point '%s': %u functions of the guest are called '%s'; expected one",
				   point->event, event_of(point)->point, count, function);
	return pn_diag_set(diag, -ENOENT, "timeline event %u: point '%s': neither the driver '%s' nor the guest's kernel has a function '%s'",
			   point->event, event_of(point)->point, point->points->conductor->timeline->scenario->driver.name, function);
}

static uint64_t address(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? g_ascii_strtoull(text, NULL, 0) : 0;
}

/* By the guest's kernel: its own functions and those of other modules. */
static int ask_kernel(const struct point *point, const char *function, struct pn_range *ret_range, struct pn_diag *diag)
{
	const struct pn_timeline *timeline = point->points->conductor->timeline;
	json_t *request = json_pack("{s:s,s:[s],s:i}", "op", "symbols", "names", function, "timeout_ms", (int)(ASK_TIMEOUT_NS / PN_NS_PER_MS));
	json_t *reply, *found, *symbol, *only = NULL;
	unsigned int count = 0;
	size_t i;
	int r = pn_guest_agent(timeline->guest, request, ASK_TIMEOUT_NS + 5 * PN_NS_PER_S, &reply, diag);

	if (r < 0)
		return r;
	found = json_object_get(json_object_get(reply, "symbols"), function);
	json_array_foreach(found, i, symbol) {
		const char *type = json_string_value(json_object_get(symbol, "type"));

		if (type && g_ascii_tolower(*type) == 't') {
			only = symbol;
			count++;
		}
	}
	if (count == 1)
		*ret_range = (struct pn_range){.from = address(only, "address"), .to = address(only, "end")};
	else
		r = unknown(point, function, count, diag);
	json_decref(reply);
	return r;
}

static int resolve(const struct point *point, const struct pn_notation *notation, struct pn_range *ret_range, struct pn_diag *diag)
{
	const GArray *symbols = pn_pin_symbols(point->points->pin);
	uint64_t base = pn_pin_base(point->points->pin);
	struct pn_range range;
	unsigned int count = symbols ? pn_symbols_find(symbols, notation->function, &range) : 0;

	if (count == 0)
		return ask_kernel(point, notation->function, ret_range, diag);
	if (count > 1)
		return unknown(point, notation->function, count, diag);
	ret_range->from = base + range.from;
	ret_range->to = base + range.to;
	ret_range->cold_from = range.cold_from ? base + range.cold_from : 0;
	ret_range->cold_to = range.cold_to ? base + range.cold_to : 0;
	return 0;
}

static int set(struct point *point, struct pn_diag *diag)
{
	const bool exact = pn_guest_machine(point->points->conductor->timeline->guest)->exact;
	struct pn_notation notation;
	struct pn_range range = {0};
	struct pn_pin_point where;
	struct pn_diag words = {0};
	int r;

	if (pn_notation_parse(event_of(point)->point, &notation) < 0)
		return pn_diag_set(diag, -EINVAL, "timeline event %u: '%s' is no point", point->event, event_of(point)->point);
	r = resolve(point, &notation, &range, diag);
	if (r < 0)
		return r;
	where = (struct pn_pin_point){.kind = notation.exit ? PN_PIN_EXIT : PN_PIN_ENTRY, .from = range.from, .to = range.to,
				      .cold_from = range.cold_from, .cold_to = range.cold_to, .nth = notation.nth, .held = on_held, .data = point};
	point->nth = notation.nth;
	/* In exact mode the guest stands still now. */
	r = pn_pin_set(point->points->pin, &where, exact ? 0 : SET_TIMEOUT_NS, &point->id, &words);
	if (r < 0)
		return pn_diag_set(diag, r, "timeline event %u: point '%s': %s", point->event, event_of(point)->point, words.text);
	g_autofree char *text = g_strdup_printf("0x%" PRIx64, range.from);

	journal(point, "set", json_pack("{s:s}", "address", text));
	return 0;
}

int pn_points_start(struct pn_conductor *conductor, struct pn_diag *diag)
{
	const struct pn_scenario *scenario = conductor->timeline->scenario;
	struct pn_points *points = NULL;
	int r = 0;

	for (unsigned int i = 0; i < scenario->event_count && r == 0; i++) {
		struct point *point;

		if (scenario->events[i].after != PN_AFTER_POINT)
			continue;
		if (!points) {
			points = conductor->points = g_new0(struct pn_points, 1);
			points->conductor = conductor;
			points->pin = pn_guest_pin(conductor->timeline->guest);
			points->list = g_ptr_array_new_with_free_func(g_free);
			points->held = g_async_queue_new();
			points->thread = g_thread_new("points", run, points);
		}
		if (!points->pin)
			return pn_diag_set(diag, -ENOTSUP, "timeline event %u: point '%s': no plugin holds vCPUs of this guest", i, scenario->events[i].point);
		point = g_new0(struct point, 1);
		*point = (struct point){.points = points, .event = i};
		g_ptr_array_add(points->list, point);
		r = set(point, diag);
	}
	return r;
}

int pn_points_check(struct pn_conductor *conductor, struct pn_diag *diag)
{
	struct pn_points *points = conductor->points;

	for (guint i = 0; points && i < points->list->len; i++) {
		struct point *point = points->list->pdata[i];
		uint64_t hits = pn_pin_hits(points->pin, point->id);

		if (point->done)
			continue;
		journal(point, "missed", json_pack("{s:I}", "hits", (json_int_t)hits));
		if (event_of(point)->may_miss)
			continue;
		return pn_diag_set(diag, -ENODATA, "point '%s' (timeline event %u) was never reached: %" PRIu64 " hits of %" PRIu64,
				   event_of(point)->point, point->event, hits, point->nth);
	}
	return 0;
}

void pn_points_end(struct pn_conductor *conductor)
{
	struct pn_points *points = conductor->points;

	if (!points)
		return;
	for (guint i = 0; points->pin && i < points->list->len; i++)
		pn_pin_clear(points->pin, ((struct point *)points->list->pdata[i])->id);
	g_async_queue_push(points->held, points);
	g_thread_join(points->thread);
	g_async_queue_unref(points->held);
	g_ptr_array_unref(points->list);
	g_free(points);
	conductor->points = NULL;
}
