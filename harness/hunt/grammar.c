// SPDX-License-Identifier: GPL-2.0-only
/* Whole cases: drawn anew, varied, written as scenarios and read back. */
#include "grammar.h"

#include <errno.h>
#include <string.h>

#include "../base/diag.h"
#include "../base/units.h"
#include "../scenario/doc.h"
#include "../scenario/event.h"
#include "../scenario/fault.h"
#include "../scenario/seed.h"
#include "drawing.h"
#include "explicit.h"

#define EVENTS_MAX 24
#define CYCLES 64 /* what the ledger takes a slope from, and some more */
#define CYCLE_BYTES (8 * PN_MIB)
#define FAULT_OF_EVENTS 10
#define FAULT_OF_CASES 2

static void clear_event(gpointer data)
{
	pn_event_clear(data);
}

static GArray *new_events(void)
{
	GArray *events = g_array_new(FALSE, TRUE, sizeof(struct pn_event));

	g_array_set_clear_func(events, clear_event);
	return events;
}

static struct pn_event *event_at(const GArray *events, guint i)
{
	return &g_array_index(events, struct pn_event, i);
}

static struct pn_event copy_event(const struct pn_event *from)
{
	struct pn_event event = *from;

	event.name = g_strdup(from->name);
	event.fault_args = g_strdup(from->fault_args);
	event.point = g_strdup(from->point);
	event.phase = NULL; /* a phase of a case that was something else means nothing */
	return event;
}

static const struct pn_scenario *base_of(const struct pn_grammar *grammar, const struct pn_genome *genome)
{
	return grammar->bases->cases[genome->base].scenario;
}

static uint64_t memory_of(const struct pn_grammar *grammar, const struct pn_genome *genome)
{
	return base_of(grammar, genome)->guest.memory_bytes;
}

void pn_genome_free(struct pn_genome *genome)
{
	if (!genome)
		return;
	g_array_unref(genome->events);
	g_free(genome);
}

static void insert_fault(const struct pn_grammar *grammar, uint64_t *random, struct pn_genome *genome)
{
	struct pn_event events[DRAWING_FAULT_EVENTS];
	unsigned int count = drawing_fault(random, base_of(grammar, genome), events);

	g_array_insert_vals(genome->events, (guint)pn_seed_below(random, genome->events->len + 1), events, count);
}

static void append_last(const struct pn_grammar *grammar, uint64_t *random, struct pn_genome *genome)
{
	struct pn_event event;

	drawing_last(random, memory_of(grammar, genome), &event);
	event.after = PN_AFTER_SETTLED; /* what strikes in a movement has the whole way for it */
	g_array_append_val(genome->events, event);
}

static void append_turn(const struct pn_grammar *grammar, uint64_t *random, struct pn_genome *genome)
{
	struct pn_event events[2];

	drawing_turn(random, memory_of(grammar, genome), events);
	g_array_append_vals(genome->events, events, 2);
}

static void insert_event(const struct pn_grammar *grammar, uint64_t *random, bool moves, struct pn_genome *genome)
{
	struct pn_event events[DRAWING_EVENT_EVENTS];
	unsigned int count;

	if (!moves && !pn_seed_below(random, FAULT_OF_EVENTS)) {
		insert_fault(grammar, random, genome);
		return;
	}
	count = drawing_event(grammar, random, base_of(grammar, genome), moves, events);
	g_array_insert_vals(genome->events, (guint)pn_seed_below(random, genome->events->len + 1), events, count);
}

struct pn_genome *pn_genome_draw(const struct pn_grammar *grammar, unsigned int base, uint64_t *random)
{
	struct pn_genome *genome = g_new0(struct pn_genome, 1);
	bool struck = !pn_seed_below(random, FAULT_OF_CASES);
	unsigned int more;

	genome->base = base;
	genome->seed = pn_seed_next(random) % PN_SEED_MAX + 1;
	genome->events = new_events();
	if (!pn_seed_below(random, 3))
		drawing_pattern(random, memory_of(grammar, genome), genome->events);
	if (genome->events->len > EVENTS_MAX)
		g_array_set_size(genome->events, EVENTS_MAX);
	more = (unsigned int)pn_seed_below(random, 8) + (genome->events->len ? 0 : 1);
	while (more--)
		insert_event(grammar, random, !struck, genome);
	if (struck) { /* there are some thirty: by events alone each would come once in hundreds of cases */
		insert_fault(grammar, random, genome);
		append_last(grammar, random, genome);
	} else { /* nothing but moves: a target that is missed is the driver's fault then */
		append_turn(grammar, random, genome);
	}
	return genome;
}

static unsigned int quietest(const struct pn_grammar *grammar, uint64_t *random)
{
	unsigned int chosen = 0, seen = 0;

	for (unsigned int i = 0; i < grammar->bases->count; i++)
		if (!*grammar->bases->cases[i].scenario->loads && !pn_seed_below(random, ++seen))
			chosen = i;
	return chosen;
}

struct pn_genome *pn_genome_draw_cycles(const struct pn_grammar *grammar, uint64_t *random)
{
	struct pn_genome *genome = g_new0(struct pn_genome, 1);
	uint64_t amount_bytes = CYCLE_BYTES * (2 + pn_seed_below(random, 3));

	*genome = (struct pn_genome){.base = quietest(grammar, random), .seed = pn_seed_next(random) % PN_SEED_MAX + 1, .events = new_events()};
	for (unsigned int i = 0; i < CYCLES * 2; i++) {
		struct pn_event event = {.action = PN_DO_TARGET, .after = i ? PN_AFTER_SETTLED : PN_AFTER_PREVIOUS, .balloon_bytes = i % 2 ? 0 : amount_bytes};

		g_array_append_val(genome->events, event);
	}
	return genome;
}

static void change_event(const struct pn_grammar *grammar, uint64_t *random, struct pn_genome *genome)
{
	struct pn_event *event = event_at(genome->events, (guint)pn_seed_below(random, genome->events->len));

	if (event->action == PN_DO_TARGET && pn_seed_below(random, 2))
		event->balloon_bytes = drawing_bytes(random, memory_of(grammar, genome));
	else if (event->for_ns && pn_seed_below(random, 2))
		event->for_ns = drawing_duration(random);
	else if (event->after == PN_AFTER_SETTLED)
		event->after = PN_AFTER_PREVIOUS;
	else
		event->at_ns = pn_seed_below(random, 2) ? drawing_duration(random) : 0;
}

/* some events of another case, in their order */
static void splice(uint64_t *random, struct pn_genome *genome, const struct pn_genome *other)
{
	guint from = (guint)pn_seed_below(random, other->events->len), count = 1 + (guint)pn_seed_below(random, other->events->len - from);
	guint at = (guint)pn_seed_below(random, genome->events->len + 1);

	for (guint i = 0; i < count && genome->events->len < EVENTS_MAX; i++) {
		struct pn_event event = copy_event(event_at(other->events, from + i));

		g_array_insert_val(genome->events, at + i, event);
	}
}

static void vary_once(const struct pn_grammar *grammar, uint64_t *random, struct pn_genome *genome, const struct pn_genome *other)
{
	guint length = genome->events->len, at = length ? (guint)pn_seed_below(random, length) : 0;
	struct pn_event copy;

	switch (length ? pn_seed_below(random, 8) : 0) {
	case 0:
		insert_event(grammar, random, false, genome);
		break;
	case 1:
		insert_fault(grammar, random, genome);
		break;
	case 2:
		if (length > 1)
			g_array_remove_index(genome->events, at);
		break;
	case 3:
		copy = copy_event(event_at(genome->events, at));
		g_array_insert_val(genome->events, (guint)pn_seed_below(random, length + 1), copy);
		break;
	case 4:
		if (other->events->len)
			splice(random, genome, other);
		break;
	case 5:
		genome->base = (unsigned int)pn_seed_below(random, grammar->bases->count);
		break;
	default:
		change_event(grammar, random, genome);
	}
}

struct pn_genome *pn_genome_vary(const struct pn_grammar *grammar, uint64_t *random, const struct pn_genome *from, const struct pn_genome *other)
{
	struct pn_genome *genome = g_new0(struct pn_genome, 1);
	unsigned int changes = 1 + (unsigned int)pn_seed_below(random, 3);

	genome->base = from->base;
	genome->seed = pn_seed_next(random) % PN_SEED_MAX + 1;
	genome->events = new_events();
	for (guint i = 0; i < from->events->len; i++) {
		struct pn_event event = copy_event(event_at(from->events, i));

		g_array_append_val(genome->events, event);
	}
	while (changes--)
		vary_once(grammar, random, genome, other);
	return genome;
}

/* Memory that something else takes, or a driver that is away, keeps a balloon from its target, rightly. */
static bool may_miss(const struct pn_grammar *grammar, const struct pn_genome *genome)
{
	if (*base_of(grammar, genome)->loads)
		return true;
	for (guint i = 0; i < genome->events->len; i++)
		if (event_at(genome->events, i)->action != PN_DO_TARGET && event_at(genome->events, i)->action != PN_DO_HOLD)
			return true;
	return false;
}

char *pn_genome_write(const struct pn_grammar *grammar, const struct pn_genome *genome)
{
	const char *base = grammar->bases->cases[genome->base].yaml;
	g_autofree char *seed = g_strdup_printf("%" G_GUINT64_FORMAT, genome->seed);
	struct pn_doc *doc = NULL;
	bool missing = may_miss(grammar, genome), targeted = false;
	char *text;
	int list;

	g_assert(!pn_doc_parse(base, strlen(base), "base", &doc, NULL));
	list = pn_doc_add_list(doc, NULL);
	for (guint i = 0; i < genome->events->len; i++) {
		struct pn_event event = *event_at(genome->events, i);

		event.may_miss = event.action == PN_DO_FAULT || (event.action == PN_DO_TARGET && missing);
		event.phase = NULL;
		if (event.after == PN_AFTER_SETTLED && !targeted)
			event.after = PN_AFTER_PREVIOUS;
		targeted |= event.action == PN_DO_TARGET;
		pn_doc_append(doc, list, pn_explicit_event(doc, &event));
	}
	pn_doc_node(doc, list)->data.sequence.style = YAML_BLOCK_SEQUENCE_STYLE;
	pn_doc_remove(doc, pn_doc_root(doc), "pattern");
	pn_doc_remove(doc, pn_doc_root(doc), "faults");
	pn_doc_put(doc, pn_doc_root(doc), "timeline", list);
	pn_doc_put(doc, pn_doc_root(doc), "seed", pn_doc_add_text(doc, seed, NULL));
	text = pn_doc_emit(doc);
	pn_doc_free(doc);
	return text;
}

int pn_genome_read(const struct pn_grammar *grammar, const char *path, const char *workloads_dir, struct pn_genome **ret_genome, struct pn_diag *diag)
{
	const char *names[] = {path, NULL};
	struct pn_plan_config config = {.names = names, .workloads_dir = workloads_dir};
	struct pn_plan *plan = NULL;
	struct pn_genome *genome;
	int err = pn_plan_build(&config, &plan, diag);

	if (err)
		return err;
	genome = g_new0(struct pn_genome, 1);
	genome->events = new_events();
	genome->seed = plan->cases[0].scenario->seed;
	for (unsigned int i = 0; i < plan->cases[0].scenario->event_count; i++) {
		struct pn_event event = copy_event(&plan->cases[0].scenario->events[i]);

		g_array_append_val(genome->events, event);
	}
	/* the base of the same guest and loads, or the first */
	for (unsigned int i = 0; i < grammar->bases->count; i++)
		if (!strcmp(grammar->bases->cases[i].params_json, plan->cases[0].params_json))
			genome->base = i;
	pn_plan_free(plan);
	*ret_genome = genome;
	return 0;
}
