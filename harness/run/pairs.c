// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rounds of pairs. Both variants are planned once, so a file that is edited meanwhile changes nothing. The order within each pair and of
 * the pairs within each round is drawn from the seed: drift, and whatever else goes with time, falls on both sides alike.
 */
#include "pairs.h"

#include <errno.h>
#include <string.h>

#include "../../reports/stats/random.h"
#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/fs.h"
#include "../scenario/scenario.h"

/* the parts of an id that both variants have: "smoke/inflate,driver=stock,load=idle" -> "smoke/inflate,load=idle" */
static char *common_id(const char *a, const char *b)
{
	g_auto(GStrv) parts_a = g_strsplit(a, ",", -1);
	g_auto(GStrv) parts_b = g_strsplit(b, ",", -1);
	GString *id = g_string_new(NULL);

	for (char **part = parts_a; *part; part++)
		if (g_strv_contains((const char *const *)parts_b, *part))
			g_string_append_printf(id, "%s%s", id->len ? "," : "", *part);
	return g_string_free(id, FALSE);
}

static bool same_scenario(const struct pn_case *a, const struct pn_case *b)
{
	return !strcmp(a->scenario->name, b->scenario->name) &&
	       !strcmp(a->scenario->file ? a->scenario->file : "", b->scenario->file ? b->scenario->file : "");
}

static int match(const struct pn_plan *a, const struct pn_plan *b, struct pn_diag *diag)
{
	g_autoptr(GHashTable) subjects = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	if (a->count != b->count)
		return pn_diag_set(diag, -EINVAL, "variant A expands to %u cases and variant B to %u: nothing to pair", a->count, b->count);
	for (unsigned int i = 0; i < a->count; i++) {
		char *subject = common_id(a->cases[i].id, b->cases[i].id);

		if (!*subject || !same_scenario(&a->cases[i], &b->cases[i]) || !g_hash_table_add(subjects, subject)) {
			if (!*subject)
				g_free(subject);
			return pn_diag_set(diag, -EINVAL, "%s and %s: these cases of the two variants are no pair", a->cases[i].id,
					   b->cases[i].id);
		}
	}
	return 0;
}

int pn_pairs_check(const struct pn_plan *a, const struct pn_run_pairs *pairs, struct pn_diag *diag)
{
	struct pn_plan *b = NULL;
	int err = pn_plan_build(pairs->b, &b, diag);

	if (!err)
		err = match(a, b, diag);
	pn_plan_free(b);
	return err;
}

static int plan_both(struct pn_supervisor *self, struct pn_diag *diag)
{
	const struct pn_plan_config *configs[] = {&self->config->plan, self->config->pairs->b};

	for (size_t i = 0; i < G_N_ELEMENTS(configs); i++) {
		struct pn_plan *plan = NULL;
		int err = pn_plan_build(configs[i], &plan, diag);

		if (err)
			return err;
		g_ptr_array_add(self->queue->plans, plan);
		self->queue->sides[i] = plan;
	}
	if (!self->queue->compare)
		self->queue->compare = json_deep_copy(self->config->pairs->head);
	return match(self->queue->sides[0], self->queue->sides[1], diag);
}

static void add_case(struct pn_queue *queue, const struct pn_case *planned, const char *subject, unsigned int n, const char *side)
{
	g_autofree char *id =
	    n ? g_strdup_printf("%s,pair=%u%s", planned->id, n, side) : g_strdup_printf("%s,warm-up=%s", planned->id, side);

	pn_queue_add_case(queue, planned, id, json_pack("{s:s, s:i, s:s}", "subject", subject, "n", (int)n, "side", side));
}

/* a seed for each round: what a round draws does not depend on how many came before */
static void add_pairs(struct pn_queue *queue, unsigned int n, uint64_t seed)
{
	const struct pn_plan *a = queue->sides[0], *b = queue->sides[1];
	g_autofree unsigned int *order = g_new(unsigned int, a->count);
	struct pn_random random = {seed + n * 0x9e3779b97f4a7c15ULL};

	for (unsigned int i = 0; i < a->count; i++) {
		size_t j = pn_random_below(&random, i + 1);

		order[i] = order[j];
		order[j] = i;
	}
	for (unsigned int i = 0; i < a->count; i++) {
		const struct pn_case *case_a = &a->cases[order[i]], *case_b = &b->cases[order[i]];
		g_autofree char *subject = common_id(case_a->id, case_b->id);
		bool ba = pn_random_next(&random) >> 63;

		add_case(queue, ba ? case_b : case_a, subject, n, ba ? "b" : "a");
		add_case(queue, ba ? case_a : case_b, subject, n, ba ? "a" : "b");
	}
}

int pn_pairs_round(struct pn_supervisor *self, struct pn_diag *diag)
{
	int err = self->queue->sides[0] ? 0 : plan_both(self, diag);

	if (err)
		return err;
	self->round_ns = pn_clock_now_ns();
	add_pairs(self->queue, self->queue->rounds, self->config->pairs->seed);
	self->queue->rounds++;
	return 0;
}

/* the case of today's plan that stands behind one of the warm-up of then */
static const struct pn_case *case_of(const struct pn_plan *plan, const char *id, const char *side)
{
	for (unsigned int i = 0; i < plan->count; i++) {
		g_autofree char *then = g_strdup_printf("%s,warm-up=%s", plan->cases[i].id, side);

		if (!strcmp(id, then))
			return &plan->cases[i];
	}
	return NULL;
}

int pn_pairs_resume(struct pn_supervisor *self, struct pn_diag *diag)
{
	struct pn_queue *queue = self->queue;
	int err = plan_both(self, diag);

	self->round_ns = pn_clock_now_ns();
	for (unsigned int i = 0; i < queue->cases->len && !err; i++) {
		const struct pn_queued *queued = queue->cases->pdata[i];
		const char *side = json_string_value(json_object_get(queued->pair, "side"));
		const struct pn_case *today = side ? case_of(queue->sides[*side == 'b'], queued->id, side) : NULL;
		g_autofree char *path = g_strdup_printf("%s/plan/%04u.yaml", self->store->dir, queued->index), *then = NULL;

		if (json_integer_value(json_object_get(queued->pair, "n")))
			break; /* one round has all there are */
		err = pn_fs_read(path, &then, NULL, diag);
		if (!err && (!today || strcmp(then, today->yaml)))
			err = pn_diag_set(diag, -EINVAL, "%s: the scenario is not what it was when this comparison began; start a new one",
					  queued->id);
	}
	return err;
}

void pn_pairs_settle(struct pn_supervisor *self, unsigned int first)
{
	for (unsigned int i = first; i + 1 < self->queue->cases->len; i += 2) {
		struct pn_queued *one = self->queue->cases->pdata[i], *other = self->queue->cases->pdata[i + 1];

		if (!one->skip_reason == !other->skip_reason)
			continue;
		if (one->skip_reason)
			other->skip_reason = g_strdup_printf("its counterpart can't run: %s", one->skip_reason);
		else
			one->skip_reason = g_strdup_printf("its counterpart can't run: %s", other->skip_reason);
		self->progress.total--;
	}
}

bool pn_pairs_more(struct pn_supervisor *self)
{
	const struct pn_run_pairs *pairs = self->config->pairs;
	uint64_t now_ns = pn_clock_now_ns();
	unsigned int done = self->queue->rounds - 1;

	if (done >= pairs->pairs)
		return false;
	/* the next round will take as long as this one did; the first pair of figures is always made */
	if (done && pairs->budget_ns && now_ns - self->began_ns + (now_ns - self->round_ns) > pairs->budget_ns)
		return false;
	return !done || !pairs->open || pairs->open(self->store->dir, done, pairs->data);
}
