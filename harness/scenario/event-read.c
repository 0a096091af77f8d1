// SPDX-License-Identifier: GPL-2.0-only
/*
 * The events of a case: from `timeline` as written or from `pattern` expanded, faults merged in.
 *
 * Order: PN_AFTER_TIME events run beside the others, which run one after the other in the order of the array. A fault that counts from
 * the timeline's start is a PN_AFTER_TIME event; a fault `during` a phase is put among the ordered ones where its time falls, and the
 * event behind it waits that much less, so that it shifts nothing.
 */
#include <errno.h>
#include <string.h>

#include "../base/diag.h"
#include "../base/units.h"
#include "../pin/notation.h"
#include "args.h"
#include "event-draft.h"
#include "fault.h"
#include "pattern.h"
#include "schema.h"

struct reader {
	struct pn_doc *doc;
	struct pn_scenario *scenario;
	GArray *drafts;
	struct pn_diag *diag;
};

static void clear_draft(gpointer data)
{
	struct pn_draft *draft = data;

	pn_event_clear(&draft->event);
	g_free(draft->path);
}

static int refuse(const struct reader *reader, int node, const char *key, const char *value, const char *accepted)
{
	g_autofree char *where = pn_doc_where(reader->doc, node);

	return pn_diag_value(reader->diag, where, key, value, accepted);
}

/* An event at a point; anything else about its time contradicts that. */
static int read_point(struct reader *reader, const char *at, const char *other, const char *other_key, struct pn_draft *draft)
{
	g_autofree char *key = g_strdup_printf("%s.%s", draft->path, other_key);

	if (!at || !pn_notation_is(at))
		return 0;
	if (other)
		return refuse(reader, pn_doc_get(reader->doc, draft->node, other_key), key, other, "none: `at` is a point of the guest's code");
	draft->event.after = PN_AFTER_POINT;
	draft->event.point = g_strdup(at);
	return 0;
}

static uint64_t duration(const char *text)
{
	static const struct pn_key_info key = {.type = PN_KEY_MOMENT};
	struct pn_key_value value = {};

	if (text)
		g_assert(pn_key_parse(&key, text, 0, &value) == 0);
	return value.number;
}

/* Arguments of the fault as the JSON object that its mechanism gets. */
static int read_fault(struct reader *reader, int node, const char *path, struct pn_event *event)
{
	const struct pn_fault_info *info = pn_fault_find(pn_doc_text(reader->doc, pn_doc_get(reader->doc, node, "fault")));
	struct pn_args *args;
	json_t *json;
	int r = pn_args_read(reader->doc, node, info->args, reader->scenario->guest.memory_bytes, path, &args, reader->diag);
	char *text;

	if (r < 0)
		return r;
	json = pn_args_json(args);
	text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
	event->action = PN_DO_FAULT;
	event->name = g_strdup(info->name);
	event->fault_args = g_strdup(text);
	free(text);
	json_decref(json);
	pn_args_free(args);
	return 0;
}

static int read_kind(struct reader *reader, int node, const char *path, struct pn_event *event)
{
	const struct pn_event_kind *kind = pn_event_kind_find(pn_doc_text(reader->doc, pn_doc_get(reader->doc, node, "do")));
	struct pn_args *args;
	int r = pn_args_read(reader->doc, node, kind->args, reader->scenario->guest.memory_bytes, path, &args, reader->diag);

	if (r < 0)
		return r;
	event->action = kind->action;
	event->balloon_bytes = pn_args_number(args, "balloon");
	event->may_miss = pn_args_number(args, "may-miss");
	event->for_ns = pn_args_number(args, "for");
	event->asked_bytes = pn_args_number(args, "asked") / PN_PAGE_BYTES * PN_PAGE_BYTES;
	if (kind->action == PN_DO_FAULT)
		r = read_fault(reader, node, path, event);
	else
		event->name = g_strdup(kind->action == PN_DO_LIFECYCLE ? pn_args_text(args, "action") : pn_args_text(args, "load"));
	pn_args_free(args);
	return r;
}

static int read_timeline(struct reader *reader, const struct pn_raw_scenario *raw)
{
	for (unsigned int i = 0; i < raw->timeline_count; i++) {
		const struct pn_raw_event *written = &raw->timeline[i];
		struct pn_draft draft = {.path = g_strdup_printf("timeline[%u]", i)};
		int r;

		draft.node = pn_doc_find(reader->doc, draft.path);
		draft.event.at_ns = duration(written->at);
		draft.event.after = !written->after			     ? (written->at ? PN_AFTER_TIME : PN_AFTER_PREVIOUS)
				    : g_str_equal(written->after, "settled") ? PN_AFTER_SETTLED
									     : PN_AFTER_PREVIOUS;
		draft.event.phase = g_strdup(written->phase);
		r = read_point(reader, written->at, written->after, "after", &draft);
		if (r >= 0)
			r = read_kind(reader, draft.node, draft.path, &draft.event);
		if (r < 0) {
			clear_draft(&draft);
			return r;
		}
		g_array_append_val(reader->drafts, draft);
	}
	return 0;
}

static int expand_pattern(struct reader *reader, const struct pn_raw_scenario *raw)
{
	const struct pn_pattern *pattern = pn_pattern_find(raw->pattern->kind);
	struct pn_pattern_context context = {.memory_bytes = reader->scenario->guest.memory_bytes, .seed = reader->scenario->seed, .mix = &reader->scenario->mix};
	int node = pn_doc_find(reader->doc, "pattern");
	g_autoptr(GArray) events = g_array_new(FALSE, TRUE, sizeof(struct pn_event));
	g_autofree char *accepted = NULL;
	struct pn_args *args;
	const char *bad;
	int r = pn_args_read(reader->doc, node, pattern->params, context.memory_bytes, "pattern", &args, reader->diag);

	if (r < 0)
		return r;
	bad = pattern->expand(args, &context, events, &accepted);
	if (bad) {
		g_autofree char *key = g_strconcat("pattern.", bad, NULL);
		int value = pn_doc_get(reader->doc, node, bad);

		r = refuse(reader, value ? value : node, key, pn_args_text(args, bad), accepted);
	}
	for (guint i = 0; i < events->len; i++) {
		struct pn_draft draft = {.event = g_array_index(events, struct pn_event, i), .node = node, .path = g_strdup("pattern")};

		g_array_append_val(reader->drafts, draft);
	}
	pn_args_free(args);
	return r;
}

static struct pn_event *event_at(const struct reader *reader, guint index)
{
	return &g_array_index(reader->drafts, struct pn_draft, index).event;
}

/* Where a fault that counts from the timeline's start goes: time events stand in the order of their times. */
static guint place_in_time(const struct reader *reader, uint64_t at_ns)
{
	for (guint i = 0; i < reader->drafts->len; i++)
		if (event_at(reader, i)->after == PN_AFTER_TIME && event_at(reader, i)->at_ns > at_ns)
			return i;
	return reader->drafts->len;
}

static int find_phase(const struct reader *reader, const char *phase, const struct pn_draft *draft, guint *ret_index)
{
	g_autoptr(GPtrArray) phases = g_ptr_array_new();
	g_autofree char *key = g_strconcat(draft->path, ".during", NULL);
	g_autofree char *known = NULL;

	for (guint i = 0; i < reader->drafts->len; i++) {
		if (!event_at(reader, i)->phase)
			continue;
		if (g_str_equal(event_at(reader, i)->phase, phase)) {
			*ret_index = i;
			return 0;
		}
		g_ptr_array_add(phases, event_at(reader, i)->phase);
	}
	if (phases->len == 0)
		return refuse(reader, draft->node, key, phase, "no `during`: this timeline names no phase");
	g_ptr_array_add(phases, NULL);
	known = pn_key_nearest(phase, (const char *const *)phases->pdata);
	return refuse(reader, draft->node, key, phase, known);
}

/* Does an event run beside the ordered ones? */
static bool beside(const struct pn_event *event)
{
	return event->after == PN_AFTER_TIME || event->after == PN_AFTER_POINT;
}

/* A hold that the fault falls into is done in two parts. Returns the place between them. */
static guint split_hold(struct reader *reader, guint index, uint64_t first_ns)
{
	struct pn_draft *hold = &g_array_index(reader->drafts, struct pn_draft, index);
	struct pn_draft rest = {.node = hold->node, .path = g_strdup(hold->path)};

	rest.event = (struct pn_event){.action = PN_DO_HOLD, .after = PN_AFTER_PREVIOUS, .for_ns = hold->event.for_ns - first_ns};
	hold->event.for_ns = first_ns;
	g_array_insert_val(reader->drafts, index + 1, rest);
	return index + 1;
}

/* Walk over what happens before the fault's time; stops in front of whatever takes a time that nobody knows. */
static guint place_in_phase(struct reader *reader, guint start, struct pn_event *fault)
{
	if (beside(event_at(reader, start))) {
		fault->at_ns += event_at(reader, start)->at_ns;
		return place_in_time(reader, fault->at_ns);
	}
	fault->after = PN_AFTER_PREVIOUS;
	for (guint i = start;; i++) {
		uint64_t lasts = event_at(reader, i)->action == PN_DO_HOLD ? event_at(reader, i)->for_ns : 0;
		guint next = i + 1;

		if (fault->at_ns < lasts) {
			next = split_hold(reader, i, fault->at_ns);
			fault->at_ns = 0;
			return next;
		}
		fault->at_ns -= lasts;
		while (next < reader->drafts->len && beside(event_at(reader, next)))
			next++;
		if (next == reader->drafts->len || event_at(reader, next)->after == PN_AFTER_SETTLED)
			return next;
		if (event_at(reader, next)->at_ns > fault->at_ns) {
			event_at(reader, next)->at_ns -= fault->at_ns;
			return next;
		}
		fault->at_ns -= event_at(reader, next)->at_ns;
		i = next - 1;
	}
}

static int merge_faults(struct reader *reader, const struct pn_raw_scenario *raw)
{
	for (unsigned int i = 0; i < raw->faults_count; i++) {
		const struct pn_raw_fault *written = &raw->faults[i];
		struct pn_draft draft = {.path = g_strdup_printf("faults[%u]", i), .event.after = PN_AFTER_TIME};
		guint place, start = 0;
		int r;

		draft.node = pn_doc_find(reader->doc, draft.path);
		draft.event.at_ns = duration(written->at);
		draft.event.for_ns = duration(written->length);
		r = read_point(reader, written->at, written->during, "during", &draft);
		if (r >= 0)
			r = read_fault(reader, draft.node, draft.path, &draft.event);
		if (r >= 0 && pn_fault_find(draft.event.name)->span == PN_FAULT_LASTS)
			draft.event.for_ns += duration(written->lasts); /* never both */
		if (r >= 0 && written->during)
			r = find_phase(reader, written->during, &draft, &start);
		if (r < 0) {
			clear_draft(&draft);
			return r;
		}
		place = written->during ? place_in_phase(reader, start, &draft.event) : place_in_time(reader, draft.event.at_ns);
		g_array_insert_val(reader->drafts, place, draft);
	}
	return 0;
}

/* A timeline ends with its last target settled, so that the ledger has a rest to judge. */
static void end_settled(struct reader *reader)
{
	struct pn_draft draft = {.event = {.action = PN_DO_HOLD, .after = PN_AFTER_SETTLED, .for_ns = 100 * 1000000ULL},
				 .path = g_strdup("timeline")};
	bool moving = false;

	for (guint i = 0; i < reader->drafts->len; i++) {
		if (event_at(reader, i)->after == PN_AFTER_SETTLED)
			moving = false;
		if (event_at(reader, i)->action == PN_DO_TARGET)
			moving = true;
	}
	draft.node = pn_doc_find(reader->doc, "timeline");
	if (moving)
		g_array_append_val(reader->drafts, draft);
	else
		clear_draft(&draft);
}

static uint64_t planned_length(const struct reader *reader)
{
	uint64_t ordered = 0, latest = 0;

	for (guint i = 0; i < reader->drafts->len; i++) {
		const struct pn_event *event = event_at(reader, i);
		uint64_t lasts = event->action == PN_DO_HOLD || event->action == PN_DO_FAULT ? event->for_ns : 0;

		if (event->after == PN_AFTER_POINT)
			continue;
		if (event->after == PN_AFTER_TIME) {
			latest = MAX(latest, event->at_ns + lasts);
		} else {
			latest = MAX(latest, ordered + event->at_ns + lasts);
			ordered += event->at_ns + (event->action == PN_DO_HOLD ? lasts : 0);
		}
	}
	return MAX(latest, ordered);
}

static int read_all(struct reader *reader, const struct pn_raw_scenario *raw)
{
	int pattern = pn_doc_find(reader->doc, "pattern"), timeline = pn_doc_find(reader->doc, "timeline");
	int r;

	if (pattern && timeline)
		return refuse(reader, timeline, "timeline", "(a list)", "either pattern or timeline, not both");
	if (!pattern && (!timeline || raw->timeline_count == 0))
		return refuse(reader, timeline, "timeline", timeline ? "(an empty list)" : "(nothing)",
			      "a pattern, or a timeline of at least one event");
	r = pattern ? expand_pattern(reader, raw) : read_timeline(reader, raw);
	if (r >= 0)
		r = merge_faults(reader, raw);
	if (r < 0)
		return r;
	end_settled(reader);
	return 0;
}

int pn_events_read(struct pn_doc *doc, const struct pn_raw_scenario *raw, struct pn_scenario *scenario, struct pn_diag *diag)
{
	struct reader reader = {.doc = doc, .scenario = scenario, .diag = diag};
	int r;

	reader.drafts = g_array_new(FALSE, TRUE, sizeof(struct pn_draft));
	g_array_set_clear_func(reader.drafts, clear_draft);
	r = read_all(&reader, raw);
	if (r >= 0)
		r = pn_drafts_check(doc, reader.drafts, scenario, planned_length(&reader), diag);
	if (r >= 0) {
		if (!scenario->runtime_ns)
			scenario->runtime_ns = planned_length(&reader);
		scenario->event_count = reader.drafts->len;
		scenario->events = g_new0(struct pn_event, reader.drafts->len);
		for (guint i = 0; i < reader.drafts->len; i++) {
			scenario->events[i] = *event_at(&reader, i);
			*event_at(&reader, i) = (struct pn_event){}; /* moved */
		}
	}
	g_array_free(reader.drafts, TRUE);
	return r;
}
