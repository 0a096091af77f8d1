// SPDX-License-Identifier: GPL-2.0-only
/* Look-ups in the record of a case. Linear searches: a record has some thousand lines and is judged once. */

#include "record.h"

#include <errno.h>
#include <string.h>

#include "../scenario/fault.h"
#include "../scenario/scenario.h"

bool pn_field(const json_t *line, const char *key, int64_t *ret_value)
{
	const json_t *value = json_object_get(line, key);

	if (!json_is_number(value))
		return false;
	*ret_value = json_is_integer(value) ? json_integer_value(value) : (int64_t)json_real_value(value);
	return true;
}

int64_t pn_field_or(const json_t *line, const char *key, int64_t fallback)
{
	pn_field(line, key, &fallback);
	return fallback;
}

const char *pn_text(const json_t *line, const char *key)
{
	const char *text = json_string_value(json_object_get(line, key));

	return text ? text : "";
}

bool pn_is(const json_t *line, const char *key, const char *text)
{
	return !strcmp(pn_text(line, key), text);
}

const json_t *pn_record_mark(const struct pn_record *record, const char *label)
{
	const json_t *found = NULL, *line;
	size_t i;

	json_array_foreach(record->samples, i, line) {
		if (pn_is(line, "mark", label))
			found = line;
	}
	return found;
}

int pn_record_window(const struct pn_record *record, struct pn_span *ret_span)
{
	struct pn_span span = {0, 0};
	const json_t *entry;
	size_t i;

	json_array_foreach(record->journal, i, entry) {
		if (!pn_is(entry, "ev", "timeline"))
			continue;
		if (pn_is(entry, "state", "start") && !span.from_ns)
			span.from_ns = (uint64_t)pn_field_or(entry, "t_ns", 0);
		else if (pn_is(entry, "state", "end"))
			span.to_ns = (uint64_t)pn_field_or(entry, "t_ns", 0);
	}
	if (!span.from_ns || span.to_ns <= span.from_ns)
		return -ENODATA;
	*ret_span = span;
	return 0;
}

int pn_record_measured(const struct pn_record *record, struct pn_span *ret_span)
{
	bool unmeasured = false;
	struct pn_span span;
	const json_t *entry;
	size_t i;
	int err = pn_record_window(record, &span);

	if (err)
		return err;
	json_array_foreach(record->journal, i, entry) {
		uint64_t t_ns = (uint64_t)pn_field_or(entry, "t_ns", 0);

		if (!pn_is(entry, "ev", "phase") || t_ns < span.from_ns || t_ns > span.to_ns)
			continue;
		if (pn_phase_measured(pn_text(entry, "name"))) {
			/* A timeline that begins with what is measured, or with what has no name, is measured from its start. */
			if (unmeasured)
				span.from_ns = t_ns;
			unmeasured = false;
			break;
		}
		unmeasured = true;
	}
	if (unmeasured)
		return -ENODATA;
	*ret_span = span;
	return 0;
}

void pn_record_sharpen(const struct pn_record *record, struct pn_span *window)
{
	const json_t *start = pn_record_mark(record, "start"), *end = pn_record_mark(record, "end");

	if (!start || !end)
		return;
	window->from_ns = (uint64_t)pn_field_or(start, "guest_t_ns", pn_field_or(start, "t_ns", 0));
	window->to_ns = (uint64_t)MAX(pn_field_or(end, "guest_t_ns", 0), pn_field_or(end, "t_ns", 0));
}

GArray *pn_record_phases(const struct pn_record *record)
{
	GArray *phases = g_array_new(FALSE, FALSE, sizeof(struct pn_phase));
	const json_t *entry;
	size_t i;

	json_array_foreach(record->journal, i, entry) {
		struct pn_phase phase = {.from_ns = (uint64_t)pn_field_or(entry, "t_ns", 0), .name = ""};

		if (pn_is(entry, "ev", "phase"))
			phase.name = pn_text(entry, "name");
		else if (!pn_is(entry, "ev", "timeline") || !pn_is(entry, "state", "end"))
			continue;
		g_array_append_val(phases, phase);
	}
	return phases;
}

const char *pn_phases_at(const GArray *phases, uint64_t t_ns)
{
	guint low = 0, high = phases->len;

	while (low < high) { /* the first that begins later */
		guint middle = low + (high - low) / 2;

		if (g_array_index(phases, struct pn_phase, middle).from_ns > t_ns)
			high = middle;
		else
			low = middle + 1;
	}
	return low ? g_array_index(phases, struct pn_phase, low - 1).name : "";
}

const char *pn_record_phase(const struct pn_record *record, uint64_t t_ns)
{
	GArray *phases = pn_record_phases(record);
	const char *name = pn_phases_at(phases, t_ns);

	g_array_unref(phases);
	return name;
}

const char *pn_record_unsupported(const struct pn_record *record, const char *name)
{
	const json_t *entry;
	size_t i;

	json_array_foreach(record->journal, i, entry) {
		if (pn_is(entry, "ev", "unsupported") && pn_is(entry, "name", name))
			return pn_text(entry, "reason");
	}
	return NULL;
}

/* The OOM killer is called in earnest, or by hand on the way of a sweep. */
static bool provokes_oom(const struct pn_event *event)
{
	json_t *args = event->fault_args ? json_loads(event->fault_args, 0, NULL) : NULL;
	bool by_hand = pn_is(args, "path", "oom");

	json_decref(args);
	return by_hand || !strcmp(event->name, "oom");
}

static bool refuses_memory(const struct pn_event *event)
{
	const struct pn_fault_info *info = pn_fault_find(event->name);

	return info && info->injected;
}

static bool has_fault(const struct pn_record *record, bool (*is)(const struct pn_event *event))
{
	for (unsigned int i = 0; i < record->scenario->event_count; i++) {
		const struct pn_event *event = &record->scenario->events[i];

		if (event->action == PN_DO_FAULT && event->name && is(event))
			return true;
	}
	return false;
}

bool pn_record_provokes_oom(const struct pn_record *record)
{
	return has_fault(record, provokes_oom);
}

bool pn_record_refuses_memory(const struct pn_record *record)
{
	return has_fault(record, refuses_memory);
}

/* Faults in which nobody can expect the guest, or its driver, to move. */
static bool holds(const char *name)
{
	const struct pn_fault_info *info = pn_fault_find(name);

	return info && (info->holds || info->span != PN_FAULT_LASTS);
}

/* A lifecycle action has no end of its own in the journal: what follows it, resume or bind, is the next one. */
static bool action_holds(const json_t *entry)
{
	static const char *const names[] = {"pause", "unbind", "unload", "reset", NULL};

	return pn_is(entry, "ev", "event") && pn_is(entry, "do", "lifecycle") && g_strv_contains(names, pn_text(entry, "name"));
}

static bool action_releases(const json_t *entry)
{
	static const char *const names[] = {"resume", "bind", "load", NULL};

	return (pn_is(entry, "ev", "event") && pn_is(entry, "do", "lifecycle") && g_strv_contains(names, pn_text(entry, "name"))) ||
	       (pn_is(entry, "ev", "driver") && pn_is(entry, "state", "bound"));
}

bool pn_record_held(const struct pn_record *record, struct pn_span span)
{
	unsigned int held = 0;
	const json_t *entry;
	size_t i;

	json_array_foreach(record->journal, i, entry) {
		uint64_t t_ns = (uint64_t)pn_field_or(entry, "t_ns", 0);
		unsigned int before = held;

		if (pn_is(entry, "ev", "fault") && holds(pn_text(entry, "name"))) {
			/* It may strike at any time from its arming on. */
			if (pn_is(entry, "state", "armed"))
				held++;
			else if (pn_is(entry, "state", "disarmed") && held)
				held--;
		} else if (action_holds(entry)) {
			held++;
		} else if (action_releases(entry) && held) {
			held--;
		}
		if (t_ns > span.to_ns)
			return before > 0;
		if (t_ns >= span.from_ns && (before || held))
			return true;
	}
	return held > 0;
}

static gint by_time(gconstpointer a, gconstpointer b)
{
	const struct pn_point *x = a, *y = b;

	return x->t_ns < y->t_ns ? -1 : x->t_ns > y->t_ns;
}

/* Which part of a mark a key belongs to: each was taken at a time of its own. */
static const char *time_key(const char *key)
{
	static const char *const host[] = {"host.", "qemu.", "harness."};

	if (g_str_has_prefix(key, "guest."))
		return "guest_t_ns";
	for (size_t i = 0; i < G_N_ELEMENTS(host); i++) {
		if (g_str_has_prefix(key, host[i]))
			return "host_t_ns";
	}
	return "monitor_t_ns";
}

GArray *pn_record_series(const struct pn_record *record, const char *key, struct pn_span span)
{
	GArray *points = g_array_new(FALSE, FALSE, sizeof(struct pn_point));
	const char *own_time = time_key(key);
	const json_t *line;
	size_t i;

	json_array_foreach(record->samples, i, line) {
		struct pn_point point;

		if (!pn_field(line, key, &point.value))
			continue;
		point.t_ns = (uint64_t)pn_field_or(line, own_time, pn_field_or(line, "t_ns", 0));
		if (point.t_ns >= span.from_ns && point.t_ns <= span.to_ns)
			g_array_append_val(points, point);
	}
	g_array_sort(points, by_time);
	return points;
}

int pn_record_delta(const struct pn_record *record, const char *key, struct pn_span span, int64_t *ret_delta)
{
	GArray *points = pn_record_series(record, key, (struct pn_span){0, span.to_ns});
	bool guest = g_str_has_prefix(key, "guest.");
	int64_t sum = 0;
	guint first = 0, count;

	while (first + 1 < points->len && g_array_index(points, struct pn_point, first + 1).t_ns <= span.from_ns)
		first++;
	count = points->len - first;
	for (guint i = first + 1; i < points->len; i++) {
		int64_t before = g_array_index(points, struct pn_point, i - 1).value, now = g_array_index(points, struct pn_point, i).value;

		/* Only the guest's counters start anew, when it boots. */
		sum += now >= before || !guest ? now - before : now;
	}
	g_array_unref(points);
	if (count < 2)
		return -ENODATA;
	*ret_delta = sum;
	return 0;
}
