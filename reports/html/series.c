// SPDX-License-Identifier: GPL-2.0-only
/* From samples to points: one key over time, rates of counters, fewer points without losing a peak. */
#include "html.h"

#include <math.h>

static gint by_time(gconstpointer a, gconstpointer b)
{
	const struct pn_html_point *x = a, *y = b;

	return x->t_ns < y->t_ns ? -1 : x->t_ns > y->t_ns;
}

/* each part of a mark was taken at a time of its own (harness/observe/observe.h) */
static const char *time_key(const char *key)
{
	static const char *const host[] = {"host.", "qemu.", "harness."};

	if (g_str_has_prefix(key, "guest."))
		return "guest_t_ns";
	for (size_t i = 0; i < G_N_ELEMENTS(host); i++)
		if (g_str_has_prefix(key, host[i]))
			return "host_t_ns";
	return "monitor_t_ns";
}

GArray *pn_html_series(const json_t *samples, const char *key)
{
	GArray *points = g_array_new(FALSE, FALSE, sizeof(struct pn_html_point));
	const char *own_time = time_key(key);
	const json_t *line;
	size_t i;

	json_array_foreach (samples, i, line) {
		const json_t *value = json_object_get(line, key), *t = json_object_get(line, own_time);
		struct pn_html_point point = {.value = json_number_value(value)};

		if (!json_is_number(value))
			continue;
		point.t_ns = json_integer_value(t ? t : json_object_get(line, "t_ns"));
		g_array_append_val(points, point);
	}
	g_array_sort(points, by_time);
	return points;
}

static gint by_size(gconstpointer a, gconstpointer b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static int64_t usual_distance_ns(const GArray *points)
{
	g_autoptr(GArray) gaps = g_array_new(FALSE, FALSE, sizeof(int64_t));

	for (guint i = 1; i < points->len; i++) {
		int64_t gap = g_array_index(points, struct pn_html_point, i).t_ns - g_array_index(points, struct pn_html_point, i - 1).t_ns;

		g_array_append_val(gaps, gap);
	}
	g_array_sort(gaps, by_size);
	return gaps->len ? g_array_index(gaps, int64_t, gaps->len / 2) : 0;
}

/* A mark a few milliseconds after a beat would give a rate over next to no time: noise of the clock, drawn as a peak. */
GArray *pn_html_rate(const GArray *points)
{
	GArray *rates = g_array_new(FALSE, FALSE, sizeof(struct pn_html_point));
	int64_t shortest_ns = MAX(usual_distance_ns(points) / 2, 1);
	const struct pn_html_point *before = NULL;

	for (guint i = 0; i < points->len; i++) {
		const struct pn_html_point *now = &g_array_index(points, struct pn_html_point, i);
		struct pn_html_point rate = {.t_ns = now->t_ns};

		if (before && now->t_ns - before->t_ns < shortest_ns && i + 1 < points->len)
			continue;
		if (before && now->t_ns <= before->t_ns)
			continue;
		if (!before || now->value < before->value)
			rate.value = NAN;
		else
			rate.value = (now->value - before->value) * 1e9 / (double)(now->t_ns - before->t_ns);
		g_array_append_val(rates, rate);
		before = now;
	}
	return rates;
}

static void keep(GArray *kept, const GArray *points, guint i)
{
	const struct pn_html_point *point = &g_array_index(points, struct pn_html_point, i);

	if (!kept->len || g_array_index(kept, struct pn_html_point, kept->len - 1).t_ns < point->t_ns)
		g_array_append_vals(kept, point, 1);
}

/* smallest and largest of [from, to), in the order of time; a hole counts as neither, and is kept in its own right */
static void keep_extremes(GArray *kept, const GArray *points, guint from, guint to)
{
	guint low = from, high = from, hole = to;

	for (guint i = from; i < to; i++) {
		double value = g_array_index(points, struct pn_html_point, i).value;
		double least = g_array_index(points, struct pn_html_point, low).value, most = g_array_index(points, struct pn_html_point, high).value;

		if (isnan(value))
			hole = i;
		if (isnan(least) || value < least)
			low = i;
		if (isnan(most) || value > most)
			high = i;
	}
	for (guint i = from; i < to; i++)
		if (i == low || i == high || i == hole)
			keep(kept, points, i);
}

GArray *pn_html_thin(const GArray *points, guint max)
{
	GArray *kept = g_array_new(FALSE, FALSE, sizeof(struct pn_html_point));
	guint stretches = max > 4 ? (max - 2) / 2 : 1, begin = 1;
	const struct pn_html_point *first, *last;

	if (points->len <= max || points->len < 3) {
		g_array_append_vals(kept, points->data, points->len);
		return kept;
	}
	first = &g_array_index(points, struct pn_html_point, 0);
	last = &g_array_index(points, struct pn_html_point, points->len - 1);
	keep(kept, points, 0);
	for (guint s = 0; s < stretches; s++) {
		int64_t until_ns = first->t_ns + (int64_t)((double)(last->t_ns - first->t_ns) * (s + 1) / stretches);
		guint end = begin;

		while (end + 1 < points->len && (s + 1 == stretches || g_array_index(points, struct pn_html_point, end).t_ns < until_ns))
			end++;
		if (end > begin)
			keep_extremes(kept, points, begin, end);
		begin = end;
	}
	keep(kept, points, points->len - 1);
	return kept;
}
