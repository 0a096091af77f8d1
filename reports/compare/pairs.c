// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a run directory to series of pairs. A pair is two cases of one subject with the same number; number 0 is the warm-up, which is
 * shown and never judged. A pair of which one side is missing is no pair: nothing is ever paired with a case of another time.
 */
#include "pairs.h"

#include <errno.h>
#include <string.h>

#include "../../harness/base/diag.h"
#include "../rundir.h"
#include "judge.h"

/** struct pair - indices of the two cases in the run, or -1 */
struct pair {
	const char *subject;
	json_int_t n;
	int a, b;
};

static const json_t *head_of(const struct pn_rundir *run)
{
	return json_object_get(run->plan, "compare");
}

bool pn_pairs_present(const struct pn_rundir *run)
{
	return json_is_object(head_of(run));
}

static struct pair *find_pair(GPtrArray *all, const char *subject, json_int_t n)
{
	struct pair *pair;

	for (guint i = all->len; i > 0; i--) {
		pair = all->pdata[i - 1];
		if (pair->n == n && !strcmp(pair->subject, subject))
			return pair;
	}
	pair = g_new0(struct pair, 1);
	*pair = (struct pair){.subject = subject, .n = n, .a = -1, .b = -1};
	g_ptr_array_add(all, pair);
	return pair;
}

static GPtrArray *find_pairs(const struct pn_rundir *run)
{
	GPtrArray *all = g_ptr_array_new_with_free_func(g_free);

	for (size_t i = 0; i < run->count; i++) {
		const json_t *tag = json_object_get(pn_rundir_case(run, i), "pair");
		const char *subject = json_string_value(json_object_get(tag, "subject"));
		const char *side = json_string_value(json_object_get(tag, "side"));
		struct pair *pair;

		if (!subject || !side)
			continue;
		pair = find_pair(all, subject, json_integer_value(json_object_get(tag, "n")));
		if (*side == 'a')
			pair->a = (int)i;
		else
			pair->b = (int)i;
	}
	return all;
}

static bool ended_as(const struct pn_rundir *run, int index, const char *verdict)
{
	const char *name = index < 0 ? NULL : pn_rundir_verdict(run, (size_t)index);

	return name && !strcmp(name, verdict) && run->verdicts[index];
}

static bool spoke(const struct pn_rundir *run, int index)
{
	return ended_as(run, index, "PASS") || ended_as(run, index, "FAIL");
}

static const json_t *metrics_of(const struct pn_rundir *run, int index)
{
	return json_object_get(run->verdicts[index], "metrics");
}

static const struct pn_metric_info *wanted(const struct pn_pairs *pairs, const json_t *only, const char *name)
{
	const json_t *entry;
	size_t i;

	if (!json_array_size(only))
		return pairs->exact ? pn_metric_find_exact(name) : pn_metric_find(name);
	json_array_foreach(only, i, entry) if (!g_strcmp0(json_string_value(entry), name)) return pn_metric_asked(name);
	return NULL;
}

static struct pn_series *series_of(struct pn_pairs *pairs, const json_t *only, const char *subject, const char *name)
{
	const struct pn_metric_info *info;
	struct pn_series *series;

	for (guint i = 0; i < pairs->series->len; i++) {
		series = pairs->series->pdata[i];
		if (!strcmp(series->name, name) && !strcmp(series->subject, subject))
			return series;
	}
	info = wanted(pairs, only, name);
	if (!info)
		return NULL;
	series = pn_series_new(subject, name, info);
	g_ptr_array_add(pairs->series, series);
	return series;
}

/* what one side measured and the other did not can't be told apart from a subject that stopped reporting it */
static void note_one_sided(struct pn_pairs *pairs, const json_t *only, const struct pn_rundir *run, const struct pair *pair)
{
	const int sides[] = {pair->a, pair->b};

	for (size_t side = 0; side < G_N_ELEMENTS(sides); side++) {
		const json_t *other = metrics_of(run, sides[!side]);
		const char *name;
		json_t *metric;

		json_object_foreach((json_t *)metrics_of(run, sides[side]), name, metric)
		{
			struct pn_series *series;

			if (json_object_get(other, name))
				continue;
			series = series_of(pairs, only, pair->subject, name);
			if (series)
				series->one_sided = true;
		}
	}
}

static void add_metrics(struct pn_pairs *pairs, const json_t *only, const struct pn_rundir *run, const struct pair *pair)
{
	const char *name;
	json_t *metric;

	json_object_foreach((json_t *)metrics_of(run, pair->a), name, metric)
	{
		struct pn_series *series;
		double a, b;

		if (pn_rundir_metric(run, (size_t)pair->a, name, &a) || pn_rundir_metric(run, (size_t)pair->b, name, &b))
			continue;
		series = series_of(pairs, only, pair->subject, name);
		if (series)
			pn_series_add(series, a, b);
	}
	note_one_sided(pairs, only, run, pair);
}

static double duration_of(const struct pn_rundir *run, int index)
{
	return index < 0 || !run->verdicts[index] ? 0 : pn_rundir_number(run, (size_t)index, "duration_s");
}

static void add_pair(struct pn_pairs *pairs, const json_t *only, const struct pn_rundir *run, const struct pair *pair)
{
	struct pn_series *failed;

	if (!pair->n) {
		json_array_append_new(pairs->warm_up, json_pack("{s:s, s:f, s:f}", "subject", pair->subject, "a_s",
								duration_of(run, pair->a), "b_s", duration_of(run, pair->b)));
		pairs->subjects++;
		return;
	}
	pairs->pairs = MAX(pairs->pairs, (unsigned int)pair->n);
	failed = spoke(run, pair->a) && spoke(run, pair->b) ? series_of(pairs, only, pair->subject, "case.failed") : NULL;
	if (failed)
		pn_series_add(failed, ended_as(run, pair->a, "FAIL"), ended_as(run, pair->b, "FAIL"));
	if (ended_as(run, pair->a, "PASS") && ended_as(run, pair->b, "PASS"))
		add_metrics(pairs, only, run, pair);
	else
		pairs->lost++;
}

static size_t place_of(const struct pn_series *series)
{
	size_t place = 0;

	while (pn_metric_table[place].pattern && !g_pattern_match_simple(pn_metric_table[place].pattern, series->name))
		place++;
	return place;
}

static gint by_place(gconstpointer left, gconstpointer right)
{
	const struct pn_series *a = *(const struct pn_series *const *)left, *b = *(const struct pn_series *const *)right;
	size_t place_a = place_of(a), place_b = place_of(b);
	int subject = strcmp(a->subject, b->subject);

	if (subject)
		return subject;
	return place_a != place_b ? (place_a > place_b) - (place_a < place_b) : strcmp(a->name, b->name);
}

static char *label_of(const json_t *list)
{
	GString *label = g_string_new(NULL);
	const json_t *entry;
	size_t i;

	json_array_foreach(list, i, entry)
	    g_string_append_printf(label, "%s%s", i ? " " : "", json_string_value(entry) ? json_string_value(entry) : "?");
	return g_string_free(label, FALSE);
}

int pn_pairs_read(const struct pn_rundir *run, struct pn_pairs **ret_pairs, struct pn_diag *diag)
{
	const json_t *head = head_of(run);
	g_autoptr(GPtrArray) all = NULL;
	struct pn_pairs *pairs;

	if (!head)
		return pn_diag_set(diag, -EINVAL, "%s: not a run of pairs; those are made by `puncture compare` and `puncture calibrate`",
				   run->dir);
	pairs = g_new0(struct pn_pairs, 1);
	pairs->series = g_ptr_array_new_with_free_func((GDestroyNotify)pn_series_free);
	pairs->a = label_of(json_object_get(head, "a"));
	pairs->b = label_of(json_object_get(head, "b"));
	pairs->pairs_max = (unsigned int)MAX(1, json_integer_value(json_object_get(head, "pairs")));
	pairs->seed = (uint64_t)json_integer_value(json_object_get(head, "seed"));
	pairs->exact = !g_strcmp0(json_string_value(json_object_get(run->plan, "mode")), "exact");
	pairs->warm_up = json_array();
	all = find_pairs(run);
	for (guint i = 0; i < all->len; i++)
		add_pair(pairs, json_object_get(head, "metrics"), run, all->pdata[i]);
	g_ptr_array_sort(pairs->series, by_place);
	*ret_pairs = pairs;
	return 0;
}

void pn_pairs_free(struct pn_pairs *pairs)
{
	if (!pairs)
		return;
	g_ptr_array_free(pairs->series, TRUE);
	g_free(pairs->a);
	g_free(pairs->b);
	json_decref(pairs->warm_up);
	g_free(pairs);
}
