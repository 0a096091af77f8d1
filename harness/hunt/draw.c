// SPDX-License-Identifier: GPL-2.0-only
/*
 * Drawing events by the records of patterns, events and faults. Amounts are drawn where drivers have edges: nothing, a page, whole and nearly whole
 * blocks, most of the guest. Durations are short, since cases per minute count for more than seconds per case.
 */
#include <jansson.h>
#include <string.h>

#include "../base/units.h"
#include "../scenario/doc.h"
#include "../scenario/event.h"
#include "../scenario/fault.h"
#include "../scenario/pattern.h"
#include "../scenario/require.h"
#include "../scenario/seed.h"
#include "drawing.h"

#define HOLD_MAX_NS (300 * PN_NS_PER_MS)
#define COUNT_MAX 6
#define COUNT_NEAR 100
#define REST_NS (5 * PN_NS_PER_S)
#define REST_OF 4 /* one hold of so many is a rest */
#define POINT_OF 12 /* one event of so many is at a point of the driver's code */
#define BLOCK_BYTES (2 * PN_MIB)
#define PROGRESS_MAX 50 /* percent of a movement */
#define MOVES 7 /* so many of the kinds of events are targets and holds */

/* powers of two are as likely as one another */
static uint64_t draw_span(uint64_t *random, uint64_t low, uint64_t high)
{
	uint64_t at = MAX(low, 1);

	while (at * 2 < high && pn_seed_below(random, 4))
		at *= 2;
	return MIN(at + pn_seed_below(random, at), MAX(high, low));
}

/* a quarter is left to loads */
static uint64_t most_bytes(uint64_t memory_bytes)
{
	return pn_events_reachable(memory_bytes) * 3 / 4 / PN_PAGE_BYTES * PN_PAGE_BYTES;
}

uint64_t drawing_bytes(uint64_t *random, uint64_t memory_bytes)
{
	uint64_t most = most_bytes(memory_bytes), blocks = MAX(most / BLOCK_BYTES, 1);

	switch (pn_seed_below(random, 8)) {
	case 0:
		return 0;
	case 1:
		return PN_PAGE_BYTES * (1 + pn_seed_below(random, 3));
	case 2:
	case 3:
		return BLOCK_BYTES * pn_seed_below(random, blocks + 1);
	case 4:
		return BLOCK_BYTES * pn_seed_below(random, blocks) + PN_PAGE_BYTES * pn_seed_below(random, 512);
	case 5:
		return BLOCK_BYTES * (1 + pn_seed_below(random, blocks)) - PN_PAGE_BYTES;
	case 6:
		return most - pn_seed_below(random, most / 4) / PN_PAGE_BYTES * PN_PAGE_BYTES;
	default:
		return PN_PAGE_BYTES * pn_seed_below(random, most / PN_PAGE_BYTES);
	}
}

uint64_t drawing_duration(uint64_t *random)
{
	return draw_span(random, PN_NS_PER_MS, HOLD_MAX_NS) / PN_NS_PER_MS * PN_NS_PER_MS;
}

/* few, where there is no end; all alike, where that is near, as percents are */
static uint64_t draw_count(const struct pn_key_info *key, uint64_t *random)
{
	if (!key->max)
		return key->min + pn_seed_below(random, COUNT_MAX + 1);
	return key->max <= COUNT_NEAR ? key->min + pn_seed_below(random, key->max - key->min + 1) : draw_span(random, key->min, key->max);
}

/* a value for one argument, as a file would have it; NULL: leave it at its default */
static char *draw_argument(const struct pn_key_info *key, uint64_t *random, uint64_t memory_bytes)
{
	unsigned int choices = 0;

	if (!key->required && pn_seed_below(random, 2))
		return NULL;
	if (key->type == PN_KEY_SHARE && key->percent_max > 100)
		return NULL; /* more than there is on purpose: with less nothing would happen */
	switch (key->type) {
	case PN_KEY_BYTES:
	case PN_KEY_SHARE:
		return pn_key_quote(PN_KEY_BYTES, MAX(drawing_bytes(random, memory_bytes), key->min));
	case PN_KEY_DURATION:
		return pn_key_quote(PN_KEY_DURATION, MAX(drawing_duration(random), key->min));
	case PN_KEY_COUNT:
		return g_strdup_printf("%" G_GUINT64_FORMAT, draw_count(key, random));
	case PN_KEY_FLAG:
		return g_strdup(pn_seed_below(random, 2) ? "true" : "false");
	case PN_KEY_CHOICE:
		while (key->choices[choices])
			choices++;
		return g_strdup(key->choices[pn_seed_below(random, choices)]);
	default:
		return NULL;
	}
}

static struct pn_doc *draw_arguments(const struct pn_key_info *table, uint64_t *random, uint64_t memory_bytes)
{
	struct pn_doc *doc = NULL;

	g_assert(!pn_doc_parse("drawn: true", strlen("drawn: true"), "drawn", &doc, NULL));
	for (const struct pn_key_info *key = table; key && key->name; key++) {
		g_autofree char *text = draw_argument(key, random, memory_bytes);

		if (text)
			pn_doc_put(doc, pn_doc_root(doc), key->name, pn_doc_add_text(doc, text, NULL));
	}
	return doc;
}

/*
 * A movement to strike in, where the fault needs one or by chance, and how far it has got by then: a balloon may be over the second half before it is looked at
 * again. Of the phases beside it most cases never have one. Return: which one, NULL: it strikes at once.
 */
static const char *draw_motion(const struct pn_fault_info *info, struct pn_doc *doc, uint64_t *random)
{
	static const char *const motions[] = {"inflating", "deflating"};
	const char *motion = info->moving ? motions[0] : pn_seed_below(random, 4) ? NULL : motions[pn_seed_below(random, 2)];
	g_autofree char *progress = g_strdup_printf("%u", (unsigned int)pn_seed_below(random, PROGRESS_MAX));

	pn_doc_remove(doc, pn_doc_root(doc), "while");
	pn_doc_remove(doc, pn_doc_root(doc), "at-progress");
	if (motion) {
		pn_doc_put(doc, pn_doc_root(doc), "while", pn_doc_add_text(doc, motion, NULL));
		pn_doc_put(doc, pn_doc_root(doc), "at-progress", pn_doc_add_text(doc, progress, NULL));
	}
	return motion;
}

/* what this guest can stand, and after which the same is right as without it */
static bool drawable(const struct pn_fault_info *info, const struct pn_scenario *base)
{
	g_autofree char *lacks = info->injected ? pn_require_check("fault-injection", base) : NULL;

	return info->span != PN_FAULT_FATAL && !info->apart && !lacks && !(info->exhausts && base->guest.swap_bytes) && (!info->needs || info->needs->has(&base->guest));
}

static const struct pn_fault_info *choose_fault(uint64_t *random, const struct pn_scenario *base)
{
	const struct pn_fault_info *chosen = NULL;
	unsigned int seen = 0;

	for (const struct pn_fault_info *info = pn_fault_infos; info->name; info++)
		if (drawable(info, base) && !pn_seed_below(random, ++seen))
			chosen = info;
	return chosen;
}

static bool draw_fault(const struct pn_fault_info *info, struct pn_doc *doc, uint64_t memory_bytes, struct pn_event *ret_event)
{
	struct pn_args *args = NULL;
	json_t *json;
	char *text;

	if (pn_args_read(doc, pn_doc_root(doc), info->args, memory_bytes, "drawn", &args, NULL))
		return false;
	json = pn_args_json(args);
	text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
	*ret_event = (struct pn_event){.action = PN_DO_FAULT, .after = PN_AFTER_PREVIOUS, .name = g_strdup(info->name), .fault_args = g_strdup(text)};
	free(text);
	json_decref(json);
	pn_args_free(args);
	return true;
}

/* From one end to the other, so that there is a way to strike on. */
static void draw_way(bool up, uint64_t memory_bytes, struct pn_event *first, struct pn_event *last)
{
	uint64_t most = most_bytes(memory_bytes);

	*first = (struct pn_event){.action = PN_DO_TARGET, .after = PN_AFTER_PREVIOUS, .balloon_bytes = up ? 0 : most};
	*last = (struct pn_event){.action = PN_DO_TARGET, .after = PN_AFTER_PREVIOUS, .balloon_bytes = up ? most : 0};
}

unsigned int drawing_fault(uint64_t *random, const struct pn_scenario *base, struct pn_event ret_events[DRAWING_FAULT_EVENTS])
{
	uint64_t memory_bytes = base->guest.memory_bytes;
	const struct pn_fault_info *info = choose_fault(random, base);
	struct pn_doc *doc = draw_arguments(info->args, random, memory_bytes);
	const char *motion = draw_motion(info, doc, random);
	struct pn_event fault;
	bool good = draw_fault(info, doc, memory_bytes, &fault);

	pn_doc_free(doc);
	if (!good)
		return 0;
	fault.for_ns = info->span == PN_FAULT_LASTS ? drawing_duration(random) : 0;
	if (!motion) {
		ret_events[0] = fault;
		return 1;
	}
	draw_way(!strcmp(motion, "inflating"), memory_bytes, &ret_events[0], &ret_events[2]);
	fault.after = PN_AFTER_SETTLED;
	ret_events[1] = fault;
	return DRAWING_FAULT_EVENTS;
}

/* A target in the middle of a function is what no clock hits. Early entries: one that never comes breaks the case. */
static bool draw_point(const struct pn_grammar *grammar, uint64_t *random, struct pn_event *event)
{
	unsigned int count = grammar->functions ? g_strv_length(grammar->functions) : 0;

	if (!count || pn_seed_below(random, POINT_OF))
		return false;
	event->after = PN_AFTER_POINT;
	event->point = g_strdup_printf("%s%s#%" G_GUINT64_FORMAT, grammar->functions[pn_seed_below(random, count)],
				       pn_seed_below(random, 4) ? "" : "@exit", 1 + pn_seed_below(random, 3));
	event->action = pn_seed_below(random, 3) ? PN_DO_TARGET : PN_DO_HOLD;
	return true;
}

/* Each alone would break the case: who is away can't be taken away, and takes no target. */
static unsigned int draw_lifecycle(uint64_t *random, struct pn_event events[DRAWING_EVENT_EVENTS])
{
	static const char *const ways[][DRAWING_EVENT_EVENTS] = {{"reset"}, {"freeze"}, {"pause", "resume"}, {"unbind", "bind"}, {"unload", "load"}};
	const char *const *way = ways[pn_seed_below(random, G_N_ELEMENTS(ways))];

	events[0].name = g_strdup(way[0]);
	if (!way[1])
		return 1;
	events[1] = (struct pn_event){.action = PN_DO_LIFECYCLE, .after = PN_AFTER_PREVIOUS, .at_ns = drawing_duration(random), .name = g_strdup(way[1])};
	return 2;
}

unsigned int drawing_event(const struct pn_grammar *grammar, uint64_t *random, const struct pn_scenario *base, bool moves,
			   struct pn_event ret_events[DRAWING_EVENT_EVENTS])
{
	static const enum pn_event_do kinds[] = {PN_DO_TARGET, PN_DO_TARGET, PN_DO_TARGET,    PN_DO_TARGET,   PN_DO_TARGET,
						 PN_DO_TARGET, PN_DO_HOLD,   PN_DO_LIFECYCLE, PN_DO_LOAD_START};
	unsigned int loads = g_strv_length(grammar->loads), count = moves ? MOVES : G_N_ELEMENTS(kinds);
	struct pn_event event = {.action = kinds[pn_seed_below(random, count)], .after = PN_AFTER_PREVIOUS};

	if (draw_point(grammar, random, &event))
		;
	else if (pn_seed_below(random, 2))
		event.at_ns = drawing_duration(random);
	else if (pn_seed_below(random, 3))
		event.after = PN_AFTER_SETTLED;
	if (event.action == PN_DO_LOAD_START && !loads)
		event.action = PN_DO_TARGET;
	if (event.action == PN_DO_TARGET)
		event.balloon_bytes = drawing_bytes(random, base->guest.memory_bytes);
	if (event.action == PN_DO_HOLD)
		event.for_ns = drawing_duration(random);
	if (event.action == PN_DO_HOLD && event.after != PN_AFTER_POINT && !pn_seed_below(random, REST_OF)) {
		event.after = PN_AFTER_SETTLED; /* a driver that does not rest shows only where it is left alone */
		event.for_ns = REST_NS;
	}
	if (event.action == PN_DO_LOAD_START)
		event.name = g_strdup(grammar->loads[pn_seed_below(random, loads)]);
	ret_events[0] = event;
	return event.action == PN_DO_LIFECYCLE ? draw_lifecycle(random, ret_events) : 1;
}

void drawing_last(uint64_t *random, uint64_t memory_bytes, struct pn_event *ret_event)
{
	uint64_t most = most_bytes(memory_bytes), least = most / 4;

	*ret_event = (struct pn_event){.action = PN_DO_TARGET, .after = PN_AFTER_PREVIOUS, .at_ns = drawing_duration(random)};
	ret_event->balloon_bytes = (least + pn_seed_below(random, most - least)) / PN_PAGE_BYTES * PN_PAGE_BYTES;
}

void drawing_turn(uint64_t *random, uint64_t memory_bytes, struct pn_event ret_events[2])
{
	ret_events[0] = (struct pn_event){.action = PN_DO_TARGET, .after = PN_AFTER_PREVIOUS, .balloon_bytes = most_bytes(memory_bytes)};
	drawing_last(random, memory_bytes, &ret_events[1]);
	if (!pn_seed_below(random, 4))
		ret_events[1].balloon_bytes = drawing_bytes(random, memory_bytes);
}

/* A technique is no part of what is drawn; patterns that are about one stand last. */
static unsigned int drawable_patterns(void)
{
	unsigned int count = 0;

	while (pn_patterns[count].name && !pn_patterns[count].reclaims)
		count++;
	return count;
}

/* What a pattern moves by default is made for larger guests. */
static void keep_reachable(uint64_t memory_bytes, GArray *events)
{
	for (guint i = 0; i < events->len; i++) {
		struct pn_event *event = &g_array_index(events, struct pn_event, i);

		event->balloon_bytes = MIN(event->balloon_bytes, most_bytes(memory_bytes));
	}
}

void drawing_pattern(uint64_t *random, uint64_t memory_bytes, GArray *events)
{
	unsigned int count = drawable_patterns();
	const struct pn_pattern *pattern = &pn_patterns[pn_seed_below(random, count)];
	struct pn_doc *doc = draw_arguments(pattern->params, random, memory_bytes);
	struct pn_pattern_context context = {.memory_bytes = memory_bytes, .seed = pn_seed_next(random) % PN_SEED_MAX + 1};
	g_autofree char *accepted = NULL;
	struct pn_args *args = NULL;

	if (!pn_args_read(doc, pn_doc_root(doc), pattern->params, memory_bytes, "drawn", &args, NULL)) {
		pattern->expand(args, &context, events, &accepted);
		pn_args_free(args);
	}
	keep_reachable(memory_bytes, events);
	pn_doc_free(doc);
}
