// SPDX-License-Identifier: GPL-2.0-only
/*
 * How well exact mode repeats: the spread of each of its metrics over the runs of one case, in parts per million of the median. Reads a run
 * directory of `puncture run --exact --repeat N`; prints JSON, and exits 1 when a spread is above the bar.
 *
 *	bench-exact RUN [BAR_PPM (50)]
 */

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** struct series - one metric of one case over its runs */
struct series {
	char *key; /* case, a blank, metric */
	GArray *values;
};

static void series_free(void *data)
{
	struct series *series = data;

	g_array_unref(series->values);
	g_free(series->key);
	g_free(series);
}

static gint ascending(gconstpointer a, gconstpointer b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The case without the number of its repeat. */
static char *subject_of(const char *id)
{
	const char *repeat = strstr(id, ",repeat=");

	return repeat ? g_strndup(id, (gsize)(repeat - id)) : g_strdup(id);
}

static void add(GPtrArray *all, const char *subject, const char *metric, double value)
{
	g_autofree char *key = g_strdup_printf("%s %s", subject, metric);
	struct series *series = NULL;

	for (guint i = 0; i < all->len && !series; i++) {
		if (strcmp(((struct series *)all->pdata[i])->key, key) == 0)
			series = all->pdata[i];
	}
	if (!series) {
		series = g_new0(struct series, 1);
		series->key = g_steal_pointer(&key);
		series->values = g_array_new(FALSE, FALSE, sizeof(double));
		g_ptr_array_add(all, series);
	}
	g_array_append_val(series->values, value);
}

/** struct tally - of cases that say nothing */
struct tally {
	unsigned int bad;     /* did not pass: their figures would be of something else */
	unsigned int missing; /* the run was ended before they were */
};

static void take(GPtrArray *all, const char *run, const json_t *planned, struct tally *tally)
{
	g_autofree char *number = g_strdup_printf("%04d", (int)json_integer_value(json_object_get(planned, "index")));
	g_autofree char *path = g_build_filename(run, "cases", number, "verdict.json", NULL);
	g_autofree char *subject = subject_of(json_string_value(json_object_get(planned, "id")));
	json_t *verdict = json_load_file(path, 0, NULL), *metric;
	const char *word = json_string_value(json_object_get(verdict, "verdict")), *name;
	bool missing = !word || json_is_true(json_object_get(verdict, "interrupted")), good = !missing && strcmp(word, "PASS") == 0;

	json_object_foreach(json_object_get(verdict, "metrics"), name, metric) {
		if (good && g_str_has_prefix(name, "exact."))
			add(all, subject, name, json_number_value(json_object_get(metric, "value")));
	}
	if (!good && !missing)
		fprintf(stderr, "bench-exact: %s: %s\n", subject, word);
	tally->missing += missing;
	tally->bad += !good && !missing;
	json_decref(verdict);
}

static json_t *report(const GPtrArray *all, double bar_ppm, double *ret_worst_ppm)
{
	json_t *list = json_object();

	for (guint i = 0; i < all->len; i++) {
		const struct series *series = all->pdata[i];
		GArray *values = series->values;
		double median, spread_ppm, same = 0;

		g_array_sort(values, ascending);
		median = g_array_index(values, double, values->len / 2);
		for (guint v = 0; v < values->len; v++)
			same += g_array_index(values, double, v) == median;
		spread_ppm = median > 0 ? (g_array_index(values, double, values->len - 1) - g_array_index(values, double, 0)) / median * 1e6 : 0;
		*ret_worst_ppm = MAX(*ret_worst_ppm, spread_ppm);
		json_object_set_new(list, series->key, json_pack("{s:i,s:f,s:f,s:i,s:b}", "runs", (int)values->len, "median", median, "spread_ppm", spread_ppm,
								 "equal_to_median", (int)same, "within_bar", spread_ppm <= bar_ppm));
	}
	return list;
}

int main(int argc, char **argv)
{
	g_autofree char *path = argc > 1 ? g_build_filename(argv[1], "plan.json", NULL) : NULL;
	double bar_ppm = argc > 2 ? g_ascii_strtod(argv[2], NULL) : 50, worst_ppm = 0;
	json_t *plan = path ? json_load_file(path, 0, NULL) : NULL, *planned, *result;
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(series_free);
	struct tally tally = {0};
	size_t i;

	if (!plan || argc > 3) {
		fprintf(stderr, "usage: bench-exact RUN [BAR_PPM]; RUN is a run directory of `puncture run --exact --repeat N`\n");
		return 2;
	}
	json_array_foreach(json_object_get(plan, "cases"), i, planned)
		take(all, argv[1], planned, &tally);
	result = report(all, bar_ppm, &worst_ppm);
	json_object_set_new(result, "worst_ppm", json_real(worst_ppm));
	json_object_set_new(result, "cases_not_passed", json_integer(tally.bad));
	json_object_set_new(result, "cases_not_ended", json_integer(tally.missing));
	json_dumpf(result, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(10));
	putchar('\n');
	json_decref(result);
	json_decref(plan);
	return tally.bad || tally.missing || all->len == 0 ? 3 : worst_ppm > bar_ppm;
}
