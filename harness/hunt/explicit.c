// SPDX-License-Identifier: GPL-2.0-only
/* From events back to what a file would have: a pattern has no parts that could be taken out, a timeline has. */
#include "explicit.h"

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#include "../scenario/doc.h"
#include "../scenario/event.h"
#include "../scenario/fault.h"
#include "../scenario/scenario.h"

static void put(struct pn_doc *doc, int map, const char *key, const char *text)
{
	pn_doc_put(doc, map, key, pn_doc_add_text(doc, text, NULL));
}

static void put_quantity(struct pn_doc *doc, int map, const char *key, enum pn_key_type type, uint64_t number)
{
	g_autofree char *text = pn_key_quote(type, number);

	put(doc, map, key, text);
}

static const char *name_of(enum pn_event_do action)
{
	for (const struct pn_event_kind *kind = pn_event_kinds; kind->name; kind++)
		if (kind->action == action)
			return kind->name;
	g_assert_not_reached();
}

static void put_fault(struct pn_doc *doc, int map, const struct pn_event *event)
{
	const struct pn_fault_info *info = pn_fault_find(event->name);
	json_t *args = event->fault_args ? json_loads(event->fault_args, 0, NULL) : NULL;

	put(doc, map, "fault", event->name);
	for (const struct pn_key_info *key = info->args; key && key->name; key++) {
		const json_t *value = json_object_get(args, key->name);

		if (json_is_string(value))
			put(doc, map, key->name, json_string_value(value));
		else if (json_is_boolean(value))
			put(doc, map, key->name, json_is_true(value) ? "true" : "false");
		else if (json_is_integer(value))
			put_quantity(doc, map, key->name, key->type == PN_KEY_SHARE ? PN_KEY_BYTES : key->type,
				     (uint64_t)json_integer_value(value));
	}
	json_decref(args);
}

static void put_time(struct pn_doc *doc, int map, const struct pn_event *event)
{
	if (event->after == PN_AFTER_POINT)
		put(doc, map, "at", event->point);
	else if (event->after == PN_AFTER_TIME || event->at_ns)
		put_quantity(doc, map, "at", PN_KEY_DURATION, event->at_ns);
	if (event->after == PN_AFTER_SETTLED)
		put(doc, map, "after", "settled");
	else if (event->after == PN_AFTER_PREVIOUS && event->at_ns)
		put(doc, map, "after", "previous");
}

int pn_explicit_event(struct pn_doc *doc, const struct pn_event *event)
{
	int map = pn_doc_add_map(doc, NULL);

	put_time(doc, map, event);
	put(doc, map, "do", name_of(event->action));
	switch (event->action) {
	case PN_DO_TARGET:
		put_quantity(doc, map, "balloon", PN_KEY_BYTES, event->balloon_bytes);
		break;
	case PN_DO_FAULT:
		put_fault(doc, map, event);
		break;
	case PN_DO_LOAD_START:
	case PN_DO_LOAD_STOP:
		put(doc, map, "load", event->name);
		break;
	case PN_DO_LIFECYCLE:
		put(doc, map, "action", event->name);
		break;
	case PN_DO_RECLAIM:
		put_quantity(doc, map, "asked", PN_KEY_BYTES, event->asked_bytes);
		break;
	case PN_DO_HOLD:
	case PN_DO_TOUCH:
	case PN_DO_NEED:
	case PN_DO_GIVE_BACK:
		break;
	}
	if (event->may_miss)
		put(doc, map, "may-miss", "true");
	if (event->for_ns || event->action == PN_DO_HOLD)
		put_quantity(doc, map, "for", PN_KEY_DURATION, event->for_ns);
	if (event->phase)
		put(doc, map, "phase", event->phase);
	return map;
}

static void replace(struct pn_doc *doc, int map, const struct pn_scenario *scenario)
{
	int list = pn_doc_add_list(doc, NULL);

	for (unsigned int i = 0; i < scenario->event_count; i++)
		pn_doc_append(doc, list, pn_explicit_event(doc, &scenario->events[i]));
	pn_doc_node(doc, list)->data.sequence.style = YAML_BLOCK_SEQUENCE_STYLE;
	pn_doc_remove(doc, map, "pattern");
	pn_doc_remove(doc, map, "faults");
	pn_doc_put(doc, map, "timeline", list);
}

static bool has_course(struct pn_doc *doc, int map)
{
	return pn_doc_get(doc, map, "pattern") || pn_doc_get(doc, map, "timeline") || pn_doc_get(doc, map, "faults");
}

void pn_explicit_timeline(struct pn_doc *doc, const struct pn_scenario *scenario)
{
	const struct pn_scenario *shared = scenario->member_count ? NULL : scenario; /* whose events the case's own timeline makes */
	unsigned int member = 0;

	for (int i = 0;; i++) {
		g_autofree char *path = g_strdup_printf("guests[%d]", i), *count_path = g_strconcat(path, ".count", NULL);
		int map = pn_doc_find(doc, path);
		const char *count = map ? pn_doc_text(doc, pn_doc_find(doc, count_path)) : NULL;

		if (!map || member >= scenario->member_count)
			break;
		if (has_course(doc, map))
			replace(doc, map, scenario->members[member]);
		else
			shared = shared ? shared : scenario->members[member];
		member += count ? (unsigned int)g_ascii_strtoull(count, NULL, 10) : 1;
	}
	if (shared)
		replace(doc, pn_doc_root(doc), shared);
}
