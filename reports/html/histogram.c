// SPDX-License-Identifier: GPL-2.0-only
/*
 * Latency distributions. fio's bins of all jobs are added and percentiles read from the sum: percentiles are never averaged. The touch
 * probe says its own percentiles. Latency is on a logarithmic axis, eight bars a decade; a bar that holds anything is at least a hair high,
 * so that a single slow operation is seen.
 */
#include "html.h"

#include <math.h>
#include <string.h>

#define PER_DECADE 8
#define FULL 10000
#define HAIR 150 /* of FULL: 2 pixels */

/** struct bin - so many operations at about one latency */
struct bin {
	double ns;
	double count;
};

/** struct quantile - a percentile that is marked; the last of them is the maximum */
struct quantile {
	const char *label;
	double share;
	const char *key; /* in the touch probe's result */
	double ns;	 /* 0: unknown */
};

static void add_bins(GArray *bins, const json_t *object)
{
	const char *latency;
	json_t *count;

	json_object_foreach((json_t *)object, latency, count) {
		struct bin bin = {.ns = g_ascii_strtod(latency, NULL), .count = json_number_value(count)};

		/* fio's bins begin at 0 ns, which no logarithmic axis has */
		bin.ns = fmax(bin.ns, 1);
		if (bin.count > 0 && isfinite(bin.ns))
			g_array_append_val(bins, bin);
	}
}

static gint by_latency(gconstpointer a, gconstpointer b)
{
	double x = ((const struct bin *)a)->ns, y = ((const struct bin *)b)->ns;

	return x < y ? -1 : x > y;
}

static double total_of(const GArray *bins)
{
	double total = 0;

	for (guint i = 0; i < bins->len; i++)
		total += g_array_index(bins, struct bin, i).count;
	return total;
}

/* as the metrics do it: the first bin at which the share is reached */
static double quantile_of(const GArray *bins, double share)
{
	double total = total_of(bins), below = 0;
	guint i = 0;

	while (i + 1 < bins->len && (below += g_array_index(bins, struct bin, i).count) < share * total)
		i++;
	return g_array_index(bins, struct bin, i).ns;
}

static int slot(double ns)
{
	return (int)floor(log10(ns) * PER_DECADE + 1e-9);
}

static void put_bars(GString *out, const GArray *bins, int first, int slots)
{
	g_autofree double *sums = g_new0(double, (gsize)slots);
	double most = 0;

	for (guint i = 0; i < bins->len; i++) {
		const struct bin *bin = &g_array_index(bins, struct bin, i);

		sums[slot(bin->ns) - first] += bin->count;
		most = fmax(most, sums[slot(bin->ns) - first]);
	}
	for (int i = 0; i < slots; i++) {
		int height = (int)lround(sums[i] / most * (FULL - HAIR)) + HAIR;

		if (sums[i] > 0)
			g_string_append_printf(out,
					       "<rect class=\"bar\" fill=\"#0072b2\" x=\"%d\" y=\"%d\" width=\"%d\" "
					       "height=\"%d\"><title>%.0f operations</title></rect>",
					       i * FULL / slots, FULL - height, FULL / slots * 9 / 10, height, sums[i]);
	}
}

static double percent_of(double ns, int first, int slots)
{
	return CLAMP((log10(ns) * PER_DECADE - first) * 100 / slots, 0, 100);
}

static void put_quantiles(GString *out, const struct quantile *quantiles, guint count, int first, int slots)
{
	for (guint i = 0; i < count; i++) {
		g_autofree char *text = pn_html_value(quantiles[i].ns, PN_HTML_NS);
		double x;

		if (quantiles[i].ns < 1)
			continue;
		x = percent_of(quantiles[i].ns, first, slots);
		pn_html_printf(out,
			       "<line class=\"quantile\" stroke=\"#b33c00\" stroke-dasharray=\"4 2\" x1=\"%.4g%%\" x2=\"%.4g%%\" y1=\"%u\" "
			       "y2=\"100%%\"/>"
			       "<text class=\"event\" fill=\"#a33600\" x=\"%.4g%%\" dx=\"%d\" y=\"%u\" text-anchor=\"%s\">%s %s</text>",
			       x, x, 4 + i * 14, x, x > 60 ? -3 : 3, 13 + i * 14, x > 60 ? "end" : "start", quantiles[i].label, text);
	}
}

static void put_decades(GString *out, int first, int slots)
{
	g_string_append(out, "<svg class=\"axis\" width=\"100%\" height=\"18\" font-size=\"11\" aria-hidden=\"true\">");
	for (int i = 0; i <= slots; i++) {
		g_autofree char *text = NULL;

		if ((first + i) % PER_DECADE)
			continue;
		text = pn_html_value(pow(10, (first + i) / PER_DECADE), PN_HTML_NS);
		pn_html_printf(out, "<text class=\"tick\" x=\"%.4g%%\" y=\"13\" text-anchor=\"%s\">%s</text>", i * 100.0 / slots,
			       i == 0	    ? "start"
			       : i == slots ? "end"
					    : "middle",
			       text);
	}
	g_string_append(out, "</svg>");
}

static void put_histogram(GString *out, const char *load, const char *what, GArray *bins, struct quantile *quantiles, guint count)
{
	int first, last;

	if (!bins->len)
		return;
	g_array_sort(bins, by_latency);
	first = slot(g_array_index(bins, struct bin, 0).ns);
	last = slot(g_array_index(bins, struct bin, bins->len - 1).ns);
	/* whole decades, so that there are always two ticks */
	first -= first % PER_DECADE;
	last += PER_DECADE - last % PER_DECADE;
	for (guint i = 0; i < count; i++) {
		if (quantiles[i].ns == 0 && quantiles[i].share < 1)
			quantiles[i].ns = quantile_of(bins, quantiles[i].share);
		/* a bin's name can be above all that is in it */
		if (quantiles[count - 1].ns > 0)
			quantiles[i].ns = fmin(quantiles[i].ns, quantiles[count - 1].ns);
	}
	pn_html_printf(
	    out,
	    "<figure class=\"histogram\"><figcaption><b>%s</b> %s, %.0f operations</figcaption>"
	    "<svg class=\"plot\" role=\"img\" aria-label=\"latency distribution of %s %s\" width=\"100%%\" height=\"120\" font-size=\"11\">"
	    "<svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" width=\"100%%\" height=\"100%%\">",
	    load, what, total_of(bins), load, what, FULL, FULL);
	put_bars(out, bins, first, last - first);
	g_string_append(out, "</svg>");
	put_quantiles(out, quantiles, count, first, last - first);
	g_string_append(out, "</svg>");
	put_decades(out, first, last - first);
	g_string_append(out, "</figure>\n");
}

static void put_touch(GString *out, const char *load, const json_t *touch)
{
	struct quantile quantiles[] = {{"p50", 0.5, "p50", 0}, {"p99", 0.99, "p99", 0}, {"p99.9", 0.999, "p999", 0}, {"max", 1, "max", 0}};
	g_autoptr(GArray) bins = g_array_new(FALSE, FALSE, sizeof(struct bin));

	for (size_t i = 0; i < G_N_ELEMENTS(quantiles); i++)
		quantiles[i].ns = json_number_value(json_object_get(touch, quantiles[i].key));
	add_bins(bins, json_object_get(touch, "bins"));
	put_histogram(out, load, "touch of a page", bins, quantiles, G_N_ELEMENTS(quantiles));
}

static void put_fio(GString *out, const char *load, const json_t *fio, const char *direction)
{
	struct quantile quantiles[] = {{"p50", 0.5, NULL, 0}, {"p99", 0.99, NULL, 0}, {"p99.9", 0.999, NULL, 0}, {"max", 1, NULL, 0}};
	g_autoptr(GArray) bins = g_array_new(FALSE, FALSE, sizeof(struct bin));
	const json_t *job;
	size_t i;

	json_array_foreach(json_object_get(fio, "jobs"), i, job) {
		const json_t *latency = json_object_get(json_object_get(job, direction), "clat_ns");

		add_bins(bins, json_object_get(latency, "bins"));
		quantiles[3].ns = fmax(quantiles[3].ns, json_number_value(json_object_get(latency, "max")));
	}
	put_histogram(out, load, direction, bins, quantiles, G_N_ELEMENTS(quantiles));
}

void pn_html_histograms(GString *out, const json_t *loads)
{
	g_autoptr(GString) plots = g_string_new(NULL);
	const json_t *load;
	size_t i;

	json_array_foreach(loads, i, load) {
		const char *name = pn_html_string(load, "load");

		put_touch(plots, name, json_object_get(load, "touch"));
		put_fio(plots, name, json_object_get(load, "fio"), "read");
		put_fio(plots, name, json_object_get(load, "fio"), "write");
		put_fio(plots, name, json_object_get(load, "fio"), "trim");
	}
	if (plots->len)
		g_string_append_printf(out, "<section><h4>Latency, logarithmic</h4><div class=\"histograms\">%s</div></section>\n",
				       plots->str);
}
