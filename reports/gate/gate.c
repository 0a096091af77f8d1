// SPDX-License-Identifier: GPL-2.0-only
/* The gate. What can't be compared is CANNOT-TELL and never passes silently. */
#include "gate.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "../../harness/base/diag.h"
#include "../compare/class.h"
#include "../compare/compare.h"
#include "../report.h"
#include "../rundir.h"
#include "../stats/stats.h"
#include "baseline.h"

#define ADVISORY_P 0.05

static struct pn_gate_finding *add_finding(struct pn_gate *gate, const char *case_id, const char *metric, enum pn_judgement verdict,
					   char *why)
{
	struct pn_gate_finding *finding = g_new0(struct pn_gate_finding, 1);

	*finding = (struct pn_gate_finding){
	    .case_id = g_strdup(case_id),
	    .metric = g_strdup(metric),
	    .verdict = verdict,
	    .before = NAN,
	    .now = NAN,
	    .why = why,
	};
	g_ptr_array_add(gate->findings, finding);
	return finding;
}

static void finding_free(void *data)
{
	struct pn_gate_finding *finding = data;

	g_free(finding->case_id);
	g_free(finding->metric);
	g_free(finding->why);
	g_free(finding);
}

static struct pn_gate *gate_new(const char *against)
{
	struct pn_gate *gate = g_new0(struct pn_gate, 1);

	gate->findings = g_ptr_array_new_with_free_func(finding_free);
	gate->against = g_strdup(against);
	return gate;
}

void pn_gate_free(struct pn_gate *gate)
{
	if (!gate)
		return;
	g_ptr_array_free(gate->findings, TRUE);
	g_free(gate->against);
	g_free(gate->refused);
	g_free(gate);
}

/** struct sample - the values of one side */
struct sample {
	double *values;
	size_t n;
	double median, least, most;
};

static struct sample sample_of(const json_t *list)
{
	struct sample sample = {.n = json_array_size(list), .median = NAN, .least = INFINITY, .most = -INFINITY};

	sample.values = g_new0(double, sample.n + 1);
	for (size_t i = 0; i < sample.n; i++) {
		sample.values[i] = json_number_value(json_array_get(list, i));
		sample.least = fmin(sample.least, sample.values[i]);
		sample.most = fmax(sample.most, sample.values[i]);
	}
	pn_stats_median(sample.values, sample.n, &sample.median);
	return sample;
}

/* log of how much worse; infinite where it came from or went to nothing */
static double effect_of(const struct sample *before, const struct sample *now, bool higher)
{
	double worse = higher ? before->median - now->median : now->median - before->median;

	if (worse == 0)
		return 0;
	if (before->median > 0 && now->median > 0)
		return higher ? log(before->median / now->median) : log(now->median / before->median);
	return worse > 0 ? INFINITY : -INFINITY;
}

static bool apart(const struct sample *before, const struct sample *now)
{
	return now->least > before->most || now->most < before->least;
}

static double spread_of(const struct sample *sample)
{
	if (sample->least == sample->most)
		return 0;
	return sample->least > 0 ? log(sample->most / sample->least) : INFINITY;
}

/* by how much the worst value of now is worse than the worst of before: nothing can have got worse that is within the limit here */
static double worst_effect(const struct sample *before, const struct sample *now, bool higher)
{
	struct sample worst_before = {.median = higher ? before->least : before->most};
	struct sample worst_now = {.median = higher ? now->least : now->most};

	return effect_of(&worst_before, &worst_now, higher);
}

static void judge_count(struct pn_gate_finding *finding, const struct pn_metric_info *info, const struct sample *before,
			const struct sample *now)
{
	double limit = log1p(pn_tiers[info->tier].limit), effect = effect_of(before, now, info->higher);

	if (fabs(effect) > limit && info->tier == PN_TIER_COUNT && before->n < 2) {
		finding->verdict = PN_CANNOT_TELL;
		finding->why = g_strdup("the baseline has one value: what it varies by is not known");
	} else if (fabs(effect) > limit && apart(before, now)) {
		finding->verdict = effect > 0 ? PN_REGRESSED : PN_IMPROVED;
	} else if (fabs(effect) <= limit && worst_effect(before, now, info->higher) <= limit) {
		finding->verdict = PN_SAME;
	} else {
		finding->verdict = PN_CANNOT_TELL;
		finding->why = g_strdup_printf("values overlap and spread by more than %g %%", pn_tiers[info->tier].limit * 100);
	}
	/* a figure that decides nothing can still get worse, but that it varies blocks nobody */
	finding->advisory = finding->verdict == PN_CANNOT_TELL && !info->decides;
}

static void judge_wall(struct pn_gate_finding *finding, const struct pn_metric_info *info, const struct sample *before,
		       const struct sample *now)
{
	double effect = effect_of(before, now, info->higher), p = 1;

	pn_stats_mann_whitney(now->values, now->n, before->values, before->n, NULL, &p);
	finding->advisory = true;
	/* a few values on each side say nothing, and telling them every time teaches people not to read */
	if (fabs(effect) >= log1p(pn_tiers[info->tier].limit) && p <= ADVISORY_P)
		finding->verdict = effect > 0 ? PN_REGRESSED : PN_IMPROVED;
}

/* a count that varied when the baseline was made is none in this case, on this machine: it can advise as a time can, and block nobody */
static bool is_count(const struct pn_metric_info *info, const struct sample *before)
{
	return pn_tiers[info->tier].blocks && (info->tier != PN_TIER_COUNT || spread_of(before) <= log1p(pn_tiers[info->tier].limit));
}

static void judge_metric(struct pn_gate *gate, const char *case_id, const char *metric, const json_t *before_list, const json_t *now_list)
{
	const struct pn_metric_info *info = pn_metric_find(metric);
	struct pn_gate_finding *finding;
	struct sample before, now;

	if (info->tier == PN_TIER_INFO)
		return;
	finding = add_finding(gate, case_id, metric, PN_SAME, NULL);
	if (!json_array_size(now_list)) {
		finding->verdict = PN_CANNOT_TELL;
		finding->advisory = !info->decides;
		finding->why = g_strdup("measured for the baseline, not in this run");
		return;
	}
	before = sample_of(before_list);
	now = sample_of(now_list);
	finding->before = before.median;
	finding->now = now.median;
	if (is_count(info, &before))
		judge_count(finding, info, &before, &now);
	else
		judge_wall(finding, info, &before, &now);
	g_free(before.values);
	g_free(now.values);
}

/* the worst of all repeats of a case */
static void judge_cases(struct pn_gate *gate, const struct pn_rundir *run, const json_t *known, GHashTable *present)
{
	for (size_t i = 0; i < run->count; i++) {
		g_autofree char *name = pn_baseline_case(pn_rundir_string(run, i, "id"));
		const char *verdict = pn_rundir_verdict(run, i);
		g_autofree char *reason = g_strdup_printf("%s: %s", verdict ? verdict : "not run", pn_rundir_reason(run, i));

		g_hash_table_add(present, g_strdup(name));
		if (verdict && !strcmp(verdict, "FAIL"))
			add_finding(gate, name, "case.verdict", PN_REGRESSED, g_steal_pointer(&reason));
		else if (!verdict || strcmp(verdict, "PASS"))
			add_finding(gate, name, "case.verdict", PN_CANNOT_TELL, g_steal_pointer(&reason))->advisory =
			    verdict && !strcmp(verdict, "SKIP") && !json_object_get(known, name);
	}
}

static void judge_metrics(struct pn_gate *gate, json_t *known, json_t *measured, GHashTable *present)
{
	const char *case_id, *metric;
	json_t *metrics, *values;

	json_object_foreach(known, case_id, metrics) {
		const json_t *now = json_object_get(measured, case_id);

		gate->not_run += !g_hash_table_contains(present, case_id);
		if (now)
			json_object_foreach(metrics, metric, values)
				judge_metric(gate, case_id, metric, values, json_object_get(now, metric));
	}
	json_object_foreach(measured, case_id, metrics)
		gate->no_baseline += !json_object_get(known, case_id);
}

static enum pn_judgement sum_up(const struct pn_gate *gate)
{
	enum pn_judgement worst = PN_SAME;
	bool any = false;

	for (guint i = 0; i < gate->findings->len; i++) {
		const struct pn_gate_finding *finding = gate->findings->pdata[i];

		if (finding->advisory)
			continue;
		any = true;
		worst = MAX(worst, finding->verdict);
	}
	return any ? worst : PN_CANNOT_TELL;
}

static struct pn_gate *refuse(struct pn_gate *gate, char *why)
{
	gate->refused = why;
	gate->verdict = PN_CANNOT_TELL;
	return gate;
}

struct pn_gate *pn_gate_of_run(const struct pn_rundir *run, const json_t *baseline, const char *against)
{
	const char *class = json_string_value(json_object_get(baseline, "class"));
	g_autoptr(GHashTable) present = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	json_t *measured = NULL, *known = json_object_get(baseline, "cases");
	g_autofree char *ours = pn_class_of(run->host);
	struct pn_gate *gate = gate_new(against);

	if (!ours || pn_baseline_of_run(run, &measured, NULL))
		return refuse(gate, g_strdup("this run does not say on what machine it was made"));
	if (!class || strcmp(class, ours)) {
		json_decref(measured);
		return refuse(gate, g_strdup_printf("unlike machines are not compared: this run is of %s, the baseline of %s", ours,
						    class ? class : "an unknown machine"));
	}
	judge_cases(gate, run, known, present);
	judge_metrics(gate, known, json_object_get(measured, "cases"), present);
	json_decref(measured);
	gate->verdict = sum_up(gate);
	return gate;
}

int pn_gate_of_pairs(const struct pn_rundir *run, struct pn_gate **ret_gate, struct pn_diag *diag)
{
	struct pn_comparison *comparison = NULL;
	struct pn_gate *gate;
	int err = pn_comparison_of(run, &comparison, diag);

	if (err)
		return err;
	gate = gate_new("its own pairs");
	for (guint i = 0; i < comparison->pairs->series->len; i++) {
		const struct pn_judged *judged = &comparison->judged[i];
		struct pn_gate_finding *finding;

		if (judged->series->info->tier == PN_TIER_INFO)
			continue;
		finding = add_finding(gate, judged->series->subject, judged->series->name, judged->verdict,
				      *judged->why ? g_strdup(judged->why) : NULL);
		finding->advisory = judged->verdict == PN_CANNOT_TELL && !judged->series->info->decides;
		pn_stats_median((const double *)(const void *)judged->series->a->data, judged->series->a->len, &finding->before);
		pn_stats_median((const double *)(const void *)judged->series->b->data, judged->series->b->len, &finding->now);
	}
	gate->verdict = comparison->verdict;
	pn_comparison_free(comparison);
	*ret_gate = gate;
	return 0;
}

bool pn_gate_moved(const struct pn_gate_finding *finding)
{
	return finding->verdict != PN_SAME && !(finding->advisory && finding->verdict == PN_CANNOT_TELL);
}

char *pn_gate_line(const struct pn_gate_finding *finding)
{
	g_autofree char *before = pn_report_value(finding->metric, finding->before), *now = pn_report_value(finding->metric, finding->now);
	GString *line = g_string_new(NULL);

	g_string_append_printf(line, "%s %s", finding->case_id, finding->metric);
	if (!isnan(finding->now))
		g_string_append_printf(line, " %s -> %s", before, now);
	if (finding->before > 0 && finding->now > 0)
		g_string_append_printf(line, " (%+.1f %%)", (finding->now / finding->before - 1) * 100);
	if (finding->why)
		g_string_append_printf(line, ": %s", finding->why);
	return g_string_free(line, FALSE);
}
