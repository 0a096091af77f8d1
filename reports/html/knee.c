// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is asked of one technique against what it costs: swap I/O of the guest and the latency of touches, over sizes. The knee is marked where there is one.
 */
#include "html.h"

#include <stdlib.h>
#include <string.h>

#include "../knee.h"
#include "../techniques.h"

#define HEIGHT 180
#define POINTS_MIN 4

/** struct cost - what is drawn over what was asked for */
static const struct cost {
	const char *path, *title;
	enum pn_html_unit unit;
} costs[] = {{"guest_swap_bytes", "swapped by the guest", PN_HTML_BYTES}, {"touch_ns.p99", "touch latency p99", PN_HTML_NS}};

static int by_x(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* pairs sorted by what was asked for */
static GArray *points_of(const json_t *list, const char *scenario, const char *path)
{
	GArray *points = g_array_new(FALSE, FALSE, 2 * sizeof(double));
	const json_t *entry;
	size_t i;

	json_array_foreach (list, i, entry) {
		double point[2];

		if (pn_html_is(entry, "scenario", scenario) && pn_techniques_value(entry, "asked_bytes", -1, &point[0]) &&
		    pn_techniques_value(entry, path, -1, &point[1]))
			g_array_append_val(points, point);
	}
	qsort(points->data, points->len, 2 * sizeof(double), by_x);
	return points;
}

static bool rises(const double *points, guint count)
{
	for (guint i = 1; i < count; i++)
		if (points[2 * i] <= points[2 * i - 2])
			return false;
	return count >= POINTS_MIN;
}

static void put_curve(GString *out, const struct cost *cost, const double *points, guint count)
{
	g_autofree double *x = g_new(double, count), *y = g_new(double, count);
	g_autofree char *top = NULL, *left = NULL, *right = NULL;
	double high = 0;
	int knee;

	for (guint i = 0; i < count; i++) {
		x[i] = points[2 * i];
		y[i] = points[2 * i + 1];
		high = MAX(high, y[i]);
	}
	if (high <= 0)
		return;
	knee = pn_knee(x, y, count);
	top = pn_html_value(high, cost->unit);
	left = pn_html_value(x[0], PN_HTML_BYTES);
	right = pn_html_value(x[count - 1], PN_HTML_BYTES);
	pn_html_printf(out, "<figure><figcaption><b>%s</b> against what was asked for<span class=\"key\">%s to %s, up to %s</span></figcaption>"
			    "<svg class=\"plot\" role=\"img\" aria-label=\"%s\" width=\"100%%\" height=\"%d\">",
		       cost->title, left, right, top, cost->title, HEIGHT);
	for (guint i = 0; i < count; i++) {
		g_autofree char *asked = pn_html_value(x[i], PN_HTML_BYTES), *value = pn_html_value(y[i], cost->unit);
		double cx = 3 + 94 * (x[i] - x[0]) / (x[count - 1] - x[0]), cy = HEIGHT - 10 - (HEIGHT - 30) * y[i] / high;

		if (i)
			pn_html_printf(out, "<line class=\"s0\" stroke-width=\"2\" x1=\"%.2f%%\" y1=\"%.1f\" x2=\"%.2f%%\" y2=\"%.1f\"/>",
				       3 + 94 * (x[i - 1] - x[0]) / (x[count - 1] - x[0]), HEIGHT - 10 - (HEIGHT - 30) * y[i - 1] / high, cx, cy);
		pn_html_printf(out, "<circle class=\"s%d\" fill=\"none\" stroke-width=\"3\" r=\"%d\" cx=\"%.2f%%\" cy=\"%.1f\"><title>%s: %s</title></circle>",
			       (int)i == knee, (int)i == knee ? 7 : 3, cx, cy, asked, value);
		if ((int)i == knee)
			pn_html_printf(out, "<text x=\"%.2f%%\" y=\"%.1f\" font-size=\"12\">knee: %s</text>", MIN(cx + 1.5, 80), cy - 10, asked);
	}
	g_string_append(out, "</svg></figure>\n");
}

void pn_html_knee(GString *out, const json_t *list, const char *scenario)
{
	g_autoptr(GString) curves = g_string_new(NULL);

	for (size_t c = 0; c < G_N_ELEMENTS(costs); c++) {
		GArray *points = points_of(list, scenario, costs[c].path);

		if (rises((const double *)points->data, points->len))
			put_curve(curves, &costs[c], (const double *)points->data, points->len);
		g_array_unref(points);
	}
	if (curves->len)
		g_string_append_printf(out, "<div class=\"histograms\">%s</div>\n", curves->str);
}
