// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is taken out of a failed case, and in which order: whole guests, loads and keys first, since they make each trial cheaper, then events,
 * then sizes and amounts of what is left, until nothing more goes.
 */
#include "shrink.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/units.h"
#include "../scenario/key.h"
#include "../scenario/scenario.h"
#include "explicit.h"
#include "lab.h"
#include "shrinking.h"

#define BASE_RUNS 3	 /* all of these fail: the case is taken to fail always */
#define BASE_RUNS_MAX 20 /* none of these fails: it is taken to be gone */
#define MISS 0.05	 /* chance to take a candidate that fails for one that passes */
#define AMOUNT_EVENTS 12 /* amounts are looked at when this few events are left */
#define VERIFY_RUNS 3

/** removable - keys without which a case is simpler; what stands in the matrix of a suite is among them */
static const char *const removable[] = {
    "guest.backing", "guest.swap", "guest.disk", "guest.devices", "guest.kernel-args", "guest.vcpus", "guest.balloon", "driver.params",
    "guest.balloon.deflate-on-oom", "guest.balloon.free-page-reporting", "guest.balloon.free-page-hint", "guest.balloon.page-poison",
    "guest.balloon.packed", "guest.balloon.iommu", "guest.balloon.stats-interval", "oracles", "sample", "settle", "runtime", "timeout",
};

static const char *const memories[] = {"256MiB", "512MiB", "1GiB", NULL};
static const char *const amounts[] = {"0", "1MiB", "8MiB", "64MiB", NULL};
static const char *const times[] = {"1ms", "10ms", "100ms", "1s", NULL};

static unsigned int list_length(struct pn_doc *doc, const char *path)
{
	yaml_node_t *node = pn_doc_node(doc, pn_doc_find(doc, path));

	return node && node->type == YAML_SEQUENCE_NODE ? (unsigned int)(node->data.sequence.items.top - node->data.sequence.items.start) : 0;
}

/* Nothing can settle before there is a target: what comes to stand first must not wait for it. */
static void start_at_once(struct pn_doc *doc, const char *path)
{
	for (unsigned int i = 0; i < list_length(doc, path); i++) {
		g_autofree char *item = g_strdup_printf("%s[%u]", path, i);
		int event = pn_doc_find(doc, item);

		if (!g_strcmp0(pn_doc_text(doc, pn_doc_get(doc, event, "after")), "settled"))
			pn_doc_remove(doc, event, "after");
		if (!g_strcmp0(pn_doc_text(doc, pn_doc_get(doc, event, "do")), "target"))
			return;
	}
}

/* the document without @n items of a list from @first on; an empty list goes altogether */
static struct pn_doc *without_items(struct pn_doc *from, const char *path, unsigned int first, unsigned int n)
{
	struct pn_doc *doc = pn_doc_copy(from);
	int old = pn_doc_find(doc, path), list = pn_doc_add_list(doc, NULL);
	unsigned int length = list_length(doc, path);

	for (unsigned int i = 0; i < length; i++)
		if (i < first || i >= first + n)
			pn_doc_append(doc, list, pn_doc_node(doc, old)->data.sequence.items.start[i]);
	pn_doc_node(doc, list)->data.sequence.style = pn_doc_node(doc, old)->data.sequence.style;
	if (n < length)
		pn_doc_set(doc, path, list);
	else
		pn_doc_remove(doc, pn_doc_root(doc), path);
	if (g_str_has_suffix(path, "timeline"))
		start_at_once(doc, path);
	return doc;
}

/* ddmin, complements only; each pass goes on where the last success was, instead of from the start. */
static bool shrink_list(struct shrinking *self, const char *path, const char *what)
{
	unsigned int before = list_length(self->doc, path), chunk = (before + 1) / 2;
	unsigned int jobs = self->lab->jobs;

	for (bool again = before > 0; again && !self->over && !self->err;) {
		unsigned int at = 0, started = list_length(self->doc, path);

		while (at < list_length(self->doc, path) && !self->over && !self->err) {
			unsigned int length = list_length(self->doc, path), count = MIN(jobs, (length - at + chunk - 1) / chunk);
			g_autofree struct pn_doc **docs = g_new0(struct pn_doc *, count);
			int kept;

			for (unsigned int i = 0; i < count; i++)
				docs[i] = without_items(self->doc, path, at + i * chunk, chunk);
			kept = shrinking_try(self, docs, count);
			at += (kept < 0 ? count : (unsigned int)kept) * chunk;
			if (kept >= 0)
				shrinking_say(self, "%s: %u of %u left", what, list_length(self->doc, path), before);
		}
		again = chunk > 1 || list_length(self->doc, path) < started;
		chunk = (chunk + 1) / 2;
	}
	return list_length(self->doc, path) < before;
}

static bool shrink_key(struct shrinking *self, const char *path)
{
	g_autofree char *map = g_strdup(path), *text = g_strdup(pn_doc_text(self->doc, pn_doc_find(self->doc, path)));
	char *dot = strrchr(map, '.');
	struct pn_doc *doc;

	if (!pn_doc_find(self->doc, path))
		return false;
	if (dot)
		*dot = '\0';
	doc = pn_doc_copy(self->doc);
	pn_doc_remove(doc, dot ? pn_doc_find(doc, map) : pn_doc_root(doc), dot ? dot + 1 : path);
	if (shrinking_try(self, &doc, 1) < 0)
		return false;
	shrinking_say(self, "without %s%s%s", path, text ? ": " : "", text ? text : "");
	return true;
}

/* the first of @values, which rise, that is smaller than what stands there and will do */
static bool shrink_value(struct shrinking *self, const char *path, enum pn_key_type type, const char *const *values)
{
	const struct pn_key_info key = {.type = type};
	g_autofree char *text = g_strdup(pn_doc_text(self->doc, pn_doc_find(self->doc, path)));
	struct pn_key_value now, value;

	if (!text || pn_key_parse(&key, text, 0, &now))
		return false;
	for (; *values && !self->over && !self->err; values++) {
		struct pn_doc *doc;

		if (pn_key_parse(&key, *values, 0, &value) || value.number >= now.number)
			return false;
		doc = pn_doc_copy(self->doc);
		pn_doc_set(doc, path, pn_doc_add_text(doc, *values, NULL));
		if (shrinking_try(self, &doc, 1) < 0)
			continue;
		shrinking_say(self, "%s: %s instead of %s", path, *values, text);
		return true;
	}
	return false;
}

static bool shrink_event(struct shrinking *self, const char *timeline, unsigned int index)
{
	static const char *const keys[] = {"after", "phase", "at", NULL};
	g_autofree char *event = g_strdup_printf("%s[%u]", timeline, index), *balloon = g_strconcat(event, ".balloon", NULL);
	g_autofree char *length = g_strconcat(event, ".for", NULL), *bytes = g_strconcat(event, ".bytes", NULL);
	bool changed = false;

	for (const char *const *key = keys; *key; key++) {
		g_autofree char *path = g_strdup_printf("%s.%s", event, *key);

		changed |= shrink_key(self, path);
	}
	changed |= shrink_value(self, balloon, PN_KEY_BYTES, amounts);
	changed |= shrink_value(self, bytes, PN_KEY_BYTES, amounts);
	changed |= shrink_value(self, length, PN_KEY_DURATION, times);
	return changed;
}

static bool shrink_timeline(struct shrinking *self, const char *path)
{
	bool changed = shrink_list(self, path, path);

	if (list_length(self->doc, path) > AMOUNT_EVENTS)
		return changed;
	for (unsigned int i = 0; i < list_length(self->doc, path); i++)
		changed |= shrink_event(self, path, i);
	return changed;
}

static bool shrink_round(struct shrinking *self)
{
	bool changed = false;

	changed |= shrink_list(self, "guests", "guests");
	changed |= shrink_list(self, "load", "loads");
	changed |= shrink_list(self, "alongside", "loads alongside");
	for (size_t i = 0; i < G_N_ELEMENTS(removable); i++)
		changed |= shrink_key(self, removable[i]);
	changed |= shrink_value(self, "guest.memory", PN_KEY_BYTES, memories);
	changed |= shrink_timeline(self, "timeline");
	for (unsigned int i = 0; i < list_length(self->doc, "guests"); i++) {
		g_autofree char *timeline = g_strdup_printf("guests[%u].timeline", i);

		changed |= shrink_timeline(self, timeline);
	}
	return changed;
}

static unsigned int count_events(struct pn_doc *doc)
{
	unsigned int events = list_length(doc, "timeline");

	for (unsigned int i = 0; i < list_length(doc, "guests"); i++) {
		g_autofree char *timeline = g_strdup_printf("guests[%u].timeline", i);

		events += list_length(doc, timeline);
	}
	return events;
}

/* How many runs tell that a candidate does not fail. */
static int set_repeats(struct shrinking *self)
{
	unsigned int made = 0, hits = shrinking_measure(self, BASE_RUNS, BASE_RUNS, &made), more = 0;
	double rate;

	if (!hits && !self->err && !self->refused)
		hits += shrinking_measure(self, BASE_RUNS_MAX - BASE_RUNS, 1, &more);
	made += more;
	if (self->err)
		return self->err;
	if (self->refused)
		return pn_diag_set(self->diag, -ENOTSUP, "this host can't run the case: %s", self->refused);
	if (!hits)
		return pn_diag_set(self->diag, -ENOENT, "the case does not fail the same way any more: 0 of %u runs", made);
	rate = (double)hits / made;
	self->repeats = hits == made ? 1 : (unsigned int)ceil(log(MISS) / log1p(-rate));
	shrinking_say(self, "fails the same way in %u of %u runs: a candidate passes when it has not failed in %u", hits, made, self->repeats);
	return 0;
}

/* the failed case as a document whose parts can be taken out, one by one */
static int read_case(struct shrinking *self)
{
	g_autofree char *path = g_build_filename(self->lab->dir, "case.yaml", NULL);
	const char *names[] = {path, NULL};
	struct pn_plan_config config = {.names = names, .workloads_dir = self->lab->workloads_dir};
	struct pn_plan *plan = NULL;
	int err = pn_fs_write(path, self->config->yaml, strlen(self->config->yaml), self->diag);

	if (!err)
		err = pn_plan_build(&config, &plan, self->diag);
	if (!err && plan->count != 1)
		err = pn_diag_set(self->diag, -EINVAL, "%s: %u cases; expected a scenario of one, without a matrix", path, plan->count);
	if (!err)
		err = pn_doc_parse(plan->cases[0].yaml, strlen(plan->cases[0].yaml), path, &self->doc, self->diag);
	if (!err)
		pn_explicit_timeline(self->doc, plan->cases[0].scenario);
	pn_plan_free(plan);
	return err;
}

static int shrink(struct shrinking *self, struct pn_shrink_result *result)
{
	int err = read_case(self);

	if (err)
		return err;
	result->events_before = count_events(self->doc);
	err = set_repeats(self);
	while (!err && !self->over && !self->err && shrink_round(self))
		;
	if (self->err && self->err != -EINTR)
		return self->err;
	if (!err && !self->err)
		result->hits = shrinking_measure(self, VERIFY_RUNS, VERIFY_RUNS, &result->verified);
	return err;
}

int pn_shrink_run(struct pn_lab *lab, const struct pn_shrink_config *config, struct pn_shrink_result *ret_result, struct pn_diag *diag)
{
	struct shrinking self = {
		.lab = lab,
		.config = config,
		.repeats = 1,
		.first_trial = lab->made,
		.began_ns = pn_clock_now_ns(),
		.passed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
		.diag = diag,
	};
	struct pn_shrink_result result = {0};
	int err = shrink(&self, &result);

	if (!err) {
		result.events = count_events(self.doc);
		result.yaml = pn_doc_emit(self.doc);
		result.dir = g_steal_pointer(&self.dir);
		result.trials = lab->made - self.first_trial;
		result.repeats = self.repeats;
		shrinking_say(&self, "%s: %u of %u events left; the result fails the same way in %u of %u runs",
			      self.err ? "interrupted" : self.over ? "out of time" : "nothing more goes", result.events, result.events_before,
			      result.hits, result.verified);
		*ret_result = result;
	}
	pn_doc_free(self.doc);
	g_free(self.dir);
	g_free(self.refused);
	g_hash_table_destroy(self.passed);
	return err ? err : self.err;
}

void pn_shrink_result_deinit(struct pn_shrink_result *result)
{
	g_free(result->yaml);
	g_free(result->dir);
}
