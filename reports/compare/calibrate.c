// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the judge would make of this host's noise. Trials are drawn from the pairs of one A/A run: pairs with replacement, all metrics of a
 * case together as they were measured, the sides swapped at random as the order of a real comparison is. Limit: noise that this run has
 * not met (the neighbour who comes at night) is not in it.
 */
#include "calibrate.h"

#include <errno.h>
#include <math.h>

#include "../../harness/base/diag.h"
#include "../stats/random.h"
#include "../stats/stats.h"

#define PAIRS_MIN 6
#define POWER_TRIALS 200
#define SHIFT_MOST 10.0
#define SHIFT_STEPS 14
#define MAD_SCALE 1.4826

static bool is_judged(const struct pn_series *series)
{
	return series->info->tier != PN_TIER_INFO;
}

/** struct draw - one trial: which pair each position takes, and whether its sides are swapped */
struct draw {
	unsigned int pairs;
	uint64_t *at;
	bool *swap;
};

static void draw_anew(struct draw *draw, struct pn_random *random)
{
	for (unsigned int i = 0; i < draw->pairs; i++) {
		draw->at[i] = pn_random_next(random);
		draw->swap[i] = pn_random_next(random) >> 63;
	}
}

/* the first @pairs of the trial; B made worse by @shift */
static struct pn_series *drawn(const struct pn_series *from, const struct draw *draw, unsigned int pairs, double shift)
{
	struct pn_series *series = pn_series_new(from->subject, from->name, from->info);
	double factor = from->info->higher ? 1 / (1 + shift) : 1 + shift;

	for (unsigned int i = 0; from->a->len && i < pairs; i++) {
		guint at = (guint)(((unsigned __int128)draw->at[i] * from->a->len) >> 64);
		double a = g_array_index(from->a, double, at), b = g_array_index(from->b, double, at);

		pn_series_add(series, draw->swap[i] ? b : a, (draw->swap[i] ? a : b) * factor);
	}
	return series;
}

/* one comparison as it would go: looked at until the answer is no longer open */
static bool try_equal(const struct pn_comparison *comparison, const struct draw *draw, unsigned int *alarms)
{
	const GPtrArray *all = comparison->pairs->series;
	g_autofree struct pn_judged *judged = g_new0(struct pn_judged, all->len + 1);
	bool open = true, alarm = false;

	for (unsigned int pairs = 1; open && pairs <= draw->pairs; pairs++) {
		g_autoptr(GPtrArray) series = NULL;

		if (!pn_judge_is_look(draw->pairs, pairs))
			continue;
		series = g_ptr_array_new_with_free_func((GDestroyNotify)pn_series_free);
		for (guint i = 0; i < all->len; i++)
			g_ptr_array_add(series, drawn(all->pdata[i], draw, pairs, 0));
		open = pn_judge(series, pn_judge_looks(draw->pairs), judged) == PN_CANNOT_TELL && pairs < draw->pairs;
		for (guint i = 0; !open && i < all->len; i++) {
			bool raised = judged[i].verdict == PN_REGRESSED || judged[i].verdict == PN_IMPROVED;

			alarms[i] += raised;
			alarm |= raised;
		}
	}
	return alarm;
}

/* how often is a shift found, at the share of alpha that is left to one metric of the family */
static double power_at(const struct pn_series *from, struct draw *draw, double shift, unsigned int shares, uint64_t seed)
{
	struct pn_random random = {seed};
	unsigned int found = 0;

	for (unsigned int trial = 0; trial < POWER_TRIALS; trial++) {
		g_autoptr(GPtrArray) one = g_ptr_array_new_with_free_func((GDestroyNotify)pn_series_free);
		struct pn_judged judged;

		draw_anew(draw, &random);
		g_ptr_array_add(one, drawn(from, draw, draw->pairs, shift));
		pn_judge(one, shares, &judged);
		found += judged.verdict == PN_REGRESSED;
	}
	return (double)found / POWER_TRIALS;
}

static double find_detectable(const struct pn_series *from, struct draw *draw, unsigned int shares, uint64_t seed)
{
	double low = 0.001, high = SHIFT_MOST;

	if (!from->a->len || power_at(from, draw, high, shares, seed) < PN_JUDGE_POWER)
		return NAN;
	for (unsigned int step = 0; step < SHIFT_STEPS; step++) {
		double middle = sqrt(low * high);

		if (power_at(from, draw, middle, shares, seed) < PN_JUDGE_POWER)
			low = middle;
		else
			high = middle;
	}
	return high;
}

static double noise_of(const struct pn_series *series)
{
	g_autofree double *away = g_new(double, series->a->len);
	double median = NAN;

	for (guint i = 0; i < series->a->len; i++)
		away[i] = fabs(log(g_array_index(series->b, double, i) / g_array_index(series->a, double, i)));
	pn_stats_median(away, series->a->len, &median);
	return expm1(MAD_SCALE * median);
}

static unsigned int usable_pairs(const struct pn_comparison *comparison, unsigned int *ret_family)
{
	unsigned int least = UINT_MAX;

	*ret_family = 0;
	for (guint i = 0; i < comparison->pairs->series->len; i++) {
		const struct pn_series *series = comparison->pairs->series->pdata[i];

		if (!is_judged(series) || !series->a->len)
			continue;
		(*ret_family)++;
		if (series->info->decides)
			least = MIN(least, series->a->len);
	}
	return least == UINT_MAX ? 0 : least;
}

static void calibrate_metrics(const struct pn_comparison *comparison, struct draw *draw, unsigned int family, const unsigned int *alarms,
			      struct pn_calibration *calibration)
{
	for (guint i = 0; i < comparison->pairs->series->len; i++) {
		const struct pn_series *series = comparison->pairs->series->pdata[i];

		if (!is_judged(series))
			continue;
		calibration->metrics[i] = (struct pn_calibrated){
		    .noise = noise_of(series),
		    .false_alarm = (double)alarms[i] / calibration->trials,
		    .detectable = find_detectable(series, draw, family * pn_judge_looks(draw->pairs), comparison->pairs->seed + i),
		};
	}
}

int pn_calibrate(const struct pn_comparison *comparison, unsigned int pairs, unsigned int trials, struct pn_calibration **ret_calibration,
		 struct pn_diag *diag)
{
	guint count = comparison->pairs->series->len;
	struct draw draw = {.pairs = pairs, .at = g_new(uint64_t, pairs), .swap = g_new(bool, pairs)};
	g_autofree unsigned int *alarms = g_new0(unsigned int, count + 1);
	struct pn_random random = {comparison->pairs->seed};
	unsigned int family, usable = usable_pairs(comparison, &family), raised = 0;
	struct pn_calibration *calibration = NULL;
	int err = 0;

	if (usable < PAIRS_MIN) {
		err = pn_diag_set(diag, -ENODATA, "%u usable pairs: at least %d are needed to know this host's noise", usable, PAIRS_MIN);
	} else {
		calibration = g_new0(struct pn_calibration, 1);
		calibration->pairs = pairs;
		calibration->trials = trials;
		calibration->metrics = g_new0(struct pn_calibrated, count + 1);
		for (unsigned int trial = 0; trial < trials; trial++) {
			draw_anew(&draw, &random);
			raised += try_equal(comparison, &draw, alarms);
		}
		calibration->false_alarm = (double)raised / trials;
		calibrate_metrics(comparison, &draw, family, alarms, calibration);
		*ret_calibration = calibration;
	}
	g_free(draw.at);
	g_free(draw.swap);
	return err;
}

void pn_calibration_free(struct pn_calibration *calibration)
{
	if (!calibration)
		return;
	g_free(calibration->metrics);
	g_free(calibration);
}

static json_t *number_or_null(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

json_t *pn_calibration_json(const struct pn_calibration *calibration, const struct pn_comparison *comparison)
{
	json_t *metrics = json_array();

	for (guint i = 0; i < comparison->pairs->series->len; i++) {
		const struct pn_calibrated *calibrated = &calibration->metrics[i];
		g_autofree char *name = pn_comparison_name(comparison, &comparison->judged[i]);

		if (is_judged(comparison->pairs->series->pdata[i]))
			json_array_append_new(metrics, json_pack("{s:s, s:o, s:f, s:o}", "name", name, "noise",
								 number_or_null(calibrated->noise), "false_alarm", calibrated->false_alarm,
								 "detectable", number_or_null(calibrated->detectable)));
	}
	return json_pack("{s:i, s:i, s:i, s:f, s:f, s:s, s:o}", "schema", 1, "pairs", (int)calibration->pairs, "trials",
			 (int)calibration->trials, "alpha", PN_JUDGE_ALPHA, "false_alarm", calibration->false_alarm, "verdict",
			 pn_judgement_name(comparison->verdict), "metrics", metrics);
}

static void put_share(FILE *out, int width, double share, const char *format)
{
	char digits[32], text[40] = "-";

	if (isfinite(share))
		g_snprintf(text, sizeof(text), "%s %%", g_ascii_formatd(digits, sizeof(digits), format, share * 100));
	fprintf(out, " %*s", width, text);
}

void pn_calibration_text(const struct pn_calibration *calibration, const struct pn_comparison *comparison, const char *class, FILE *out)
{
	const char *subject = NULL;

	fprintf(out, "A/A on %.72s\n", class ? class : "a host of unknown class");
	fprintf(out, "this run: %u pairs, %s\n\n", comparison->pairs->pairs, pn_judgement_name(comparison->verdict));
	fprintf(out, "  %-36s %9s %11s %9s\n", "METRIC", "NOISE", "FALSE ALARM", "SEEN AT");
	for (guint i = 0; i < comparison->pairs->series->len; i++) {
		const struct pn_series *series = comparison->pairs->series->pdata[i];

		if (!is_judged(series))
			continue;
		if (!subject || strcmp(subject, series->subject)) {
			subject = series->subject;
			fprintf(out, "%.80s\n", subject);
		}
		fprintf(out, "  %-36.36s", series->name);
		put_share(out, 9, calibration->metrics[i].noise, "%.1f");
		put_share(out, 11, calibration->metrics[i].false_alarm, "%.1f");
		put_share(out, 9, calibration->metrics[i].detectable, "%.1f");
		fputc('\n', out);
	}
	fprintf(out, "\n%u comparisons of up to %u pairs drawn from this noise:\n", calibration->trials, calibration->pairs);
	fprintf(out, "false alarms of any metric %.2f %% (at most %.0f %% by design)\n", calibration->false_alarm * 100,
		PN_JUDGE_ALPHA * 100);
}
