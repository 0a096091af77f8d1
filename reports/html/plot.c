// SPDX-License-Identifier: GPL-2.0-only
/*
 * Panels as SVG without a picture of their own width: the drawing is stretched to whatever there is (preserveAspectRatio none, strokes not
 * scaled) and text stands beside it at percentages, so a phone and a sheet of paper both get text of its normal size. Colours are
 * attributes, for readers that drop style sheets; page.css has those of the dark theme. Every series has its own dashes too: colour alone
 * tells nothing apart.
 */
#include "html.h"

#include <math.h>
#include <string.h>

#define FULL 10000
#define PANEL_PX 118
#define ROW_PX 17
#define FAULT_ROWS_MAX 6

static const struct {
	const char *colour, *dashes;
} styles[PN_HTML_STYLES] = {
    {"#0072b2", "none"}, {"#d55e00", "7 3"}, {"#007a5a", "2 3"}, {"#9c4f86", "9 3 2 3"}, {"#444444", "none"},
};

static int at(int64_t t_ns, int64_t from_ns, int64_t to_ns)
{
	double share = (double)(t_ns - from_ns) / (double)MAX(to_ns - from_ns, 1);

	return (int)lround(CLAMP(share, 0, 1) * FULL);
}

static double percent(int64_t t_ns, int64_t from_ns, int64_t to_ns)
{
	return at(t_ns, from_ns, to_ns) * 100.0 / FULL;
}

static int up(double value, double top)
{
	return FULL - (int)lround(CLAMP(value / top, 0, 1) * FULL);
}

/* A path of relative steps: short, and read back by page.js. A hole in the values lifts the pen. */
static void put_path(GString *out, const struct pn_html_plot *plot, const struct pn_html_line *line)
{
	bool pen = false;
	int last_x = 0, last_y = 0;

	for (guint i = 0; i < line->points->len; i++) {
		const struct pn_html_point *point = &g_array_index(line->points, struct pn_html_point, i);
		int x = at(point->t_ns, plot->from_ns, plot->to_ns), y = up(point->value, plot->top);

		if (isnan(point->value)) {
			/* steps before their points begin where the hole is */
			if (line->form == PN_HTML_BEFORE && i + 1 < line->points->len)
				y = up(point[1].value, plot->top);
			pen = line->form == PN_HTML_BEFORE && i + 1 < line->points->len && !isnan(point[1].value);
			if (pen)
				g_string_append_printf(out, "M%d %d", x, y);
		} else if (line->form == PN_HTML_DOTS) {
			g_string_append_printf(out, "M%d %dh0", x, y);
		} else if (!pen) {
			g_string_append_printf(out, "M%d %d", x, y);
			pen = true;
		} else if (line->form == PN_HTML_SLOPED) {
			g_string_append_printf(out, "l%d %d", x - last_x, y - last_y);
		} else if (line->form == PN_HTML_BEFORE) {
			g_string_append_printf(out, "v%dh%d", y - last_y, x - last_x);
		} else {
			g_string_append_printf(out, "h%dv%d", x - last_x, y - last_y);
		}
		last_x = x;
		last_y = y;
	}
}

static void put_line(GString *out, const struct pn_html_plot *plot, const struct pn_html_line *line)
{
	static const char *const forms[] = {"sloped", "before", "after", "dots"};
	bool dots = line->form == PN_HTML_DOTS;

	pn_html_printf(out, "<path class=\"s%u\" data-label=\"%s\" data-form=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"%s\" ",
		       line->style, line->label, forms[line->form], styles[line->style].colour, dots ? "6" : "1.6");
	if (dots)
		g_string_append(out, "stroke-linecap=\"round\" ");
	else if (strcmp(styles[line->style].dashes, "none"))
		pn_html_printf(out, "stroke-dasharray=\"%s\" ", styles[line->style].dashes);
	g_string_append(out, "vector-effect=\"non-scaling-stroke\" d=\"");
	put_path(out, plot, line);
	g_string_append(out, "\"/>");
}

static void put_key(GString *out, const struct pn_html_line *line)
{
	bool dots = line->form == PN_HTML_DOTS;

	pn_html_printf(out,
		       " <span class=\"key\"><svg width=\"26\" height=\"8\" aria-hidden=\"true\"><path class=\"s%u\" d=\"%s\" "
		       "stroke=\"%s\" stroke-width=\"%s\" ",
		       line->style, dots ? "M13 4h0" : "M0 4h26", styles[line->style].colour, dots ? "6" : "2.2");
	if (dots)
		g_string_append(out, "stroke-linecap=\"round\"");
	else if (strcmp(styles[line->style].dashes, "none"))
		pn_html_printf(out, "stroke-dasharray=\"%s\"", styles[line->style].dashes);
	pn_html_printf(out, "/></svg> %s</span>", line->label);
}

/* phases as bands in turn, faults as bands with a line where they begin, instants as lines */
static void put_spans(GString *out, int64_t from_ns, int64_t to_ns, const GArray *spans)
{
	bool odd = false;

	for (guint i = 0; i < spans->len; i++) {
		const struct pn_html_span *span = &g_array_index(spans, struct pn_html_span, i);
		int x = at(span->from_ns, from_ns, to_ns), width = at(span->to_ns, from_ns, to_ns) - x;

		if (!strcmp(span->kind, "phase")) {
			odd = !odd;
			if (odd)
				g_string_append_printf(
				    out, "<rect class=\"phase\" fill=\"#888\" fill-opacity=\".13\" x=\"%d\" width=\"%d\" height=\"%d\"/>",
				    x, width, FULL);
			continue;
		}
		if (width > 0)
			g_string_append_printf(
			    out, "<rect class=\"fault\" fill=\"#d55e00\" fill-opacity=\".16\" x=\"%d\" width=\"%d\" height=\"%d\"/>", x,
			    width, FULL);
		pn_html_printf(out,
			       "<path class=\"%s\" stroke=\"#b33c00\" stroke-width=\"1.5\" stroke-dasharray=\"4 2\" "
			       "vector-effect=\"non-scaling-stroke\" d=\"M%d 0v%d\"/>",
			       span->kind, x, FULL);
	}
}

/** struct ticks - ticks of the time axis: multiples of step_s from the zero */
struct ticks {
	double from_s, to_s, step_s, first_s;
};

static struct ticks time_ticks(int64_t from_ns, int64_t to_ns, int64_t zero_ns)
{
	struct ticks ticks = {.from_s = (double)(from_ns - zero_ns) / 1e9, .to_s = (double)(to_ns - zero_ns) / 1e9};

	ticks.step_s = pn_html_step(ticks.to_s - ticks.from_s, 6, PN_HTML_SECONDS);
	ticks.first_s = ceil(ticks.from_s / ticks.step_s - 1e-9) * ticks.step_s;
	return ticks;
}

static void put_grid(GString *out, const struct pn_html_plot *plot, double step)
{
	struct ticks ticks = time_ticks(plot->from_ns, plot->to_ns, plot->zero_ns);

	g_string_append(out, "<path class=\"grid\" stroke=\"#888\" stroke-opacity=\".2\" vector-effect=\"non-scaling-stroke\" d=\"");
	for (double tick_s = ticks.first_s; tick_s <= ticks.to_s; tick_s += ticks.step_s)
		g_string_append_printf(out, "M%d 0v%d", (int)lround((tick_s - ticks.from_s) / (ticks.to_s - ticks.from_s) * FULL), FULL);
	g_string_append(out, "\"/>");
	for (double value = 0; value <= plot->top * 1.001; value += step)
		g_string_append_printf(
		    out,
		    "<path class=\"grid\" stroke=\"#888\" stroke-opacity=\".35\" vector-effect=\"non-scaling-stroke\" d=\"M0 %dh%d\"/>",
		    up(value, plot->top), FULL);
}

static void put_value_labels(GString *out, const struct pn_html_plot *plot, double step)
{
	for (double value = step; value <= plot->top * 1.001; value += step) {
		g_autofree char *text = pn_html_value(value, plot->unit);
		double y = up(value, plot->top) * 100.0 / FULL;

		pn_html_printf(out, "<text class=\"tick\" x=\"2\" y=\"%.4g%%\" dy=\"%d\">%s</text>", y, y < 9 ? 11 : -3, text);
	}
}

void pn_html_plot(GString *out, const struct pn_html_plot *plot, const struct pn_html_line *lines, guint count, const GArray *spans)
{
	double step = pn_html_step(plot->top, 3, plot->unit);

	pn_html_printf(out, "<figure class=\"panel\"><figcaption><b>%s</b>", plot->title);
	for (guint i = 0; i < count; i++)
		put_key(out, &lines[i]);
	pn_html_printf(out,
		       "</figcaption><svg class=\"plot\" role=\"img\" aria-label=\"%s over time\" width=\"100%%\" height=\"%d\" "
		       "font-size=\"11\" data-unit=\"%s\" data-top=\"%.17g\">",
		       plot->title, PANEL_PX, pn_html_unit_names[plot->unit], plot->top);
	g_string_append_printf(out, "<svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" width=\"100%%\" height=\"100%%\">", FULL,
			       FULL);
	put_spans(out, plot->from_ns, plot->to_ns, spans);
	put_grid(out, plot, step);
	for (guint i = 0; i < count; i++)
		put_line(out, plot, &lines[i]);
	g_string_append(out, "</svg>");
	put_value_labels(out, plot, step);
	g_string_append(out, "</svg></figure>\n");
}

/* A label is clipped by its own span when that is a phase; a fault's hangs from its line, to the left of it in the right half. */
static void put_fault_label(GString *out, const struct pn_html_span *span, double x, guint row)
{
	bool left = x > 60;

	pn_html_printf(out, "<text class=\"event\" fill=\"#a33600\" x=\"%.4g%%\" dx=\"%d\" y=\"%u\" text-anchor=\"%s\">%s%s</text>", x,
		       left ? -3 : 3, (row + 1) * ROW_PX - 4, left ? "end" : "start",
		       strcmp(span->kind, "fault") ? "" : "fault: ", span->name);
}

void pn_html_strip(GString *out, int64_t from_ns, int64_t to_ns, const GArray *spans)
{
	g_autoptr(GString) labels = g_string_new(NULL);
	guint rows = 1;

	for (guint i = 0; i < spans->len; i++) {
		const struct pn_html_span *span = &g_array_index(spans, struct pn_html_span, i);
		double x = percent(span->from_ns, from_ns, to_ns);

		if (!strcmp(span->kind, "phase"))
			pn_html_printf(
			    labels,
			    "<svg x=\"%.4g%%\" width=\"%.4g%%\" height=\"%d\"><title>%s</title><text x=\"3\" y=\"13\">%s</text></svg>", x,
			    percent(span->to_ns, from_ns, to_ns) - x, ROW_PX, span->name, span->name);
		else if (rows <= FAULT_ROWS_MAX)
			put_fault_label(labels, span, x, rows++);
	}
	g_string_append_printf(out, "<svg class=\"strip\" width=\"100%%\" height=\"%u\" font-size=\"11\" aria-hidden=\"true\">",
			       rows * ROW_PX);
	g_string_append_printf(out, "<svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" width=\"100%%\" height=\"100%%\">", FULL,
			       FULL);
	put_spans(out, from_ns, to_ns, spans);
	g_string_append_printf(out, "</svg>%s</svg>\n", labels->str);
}

void pn_html_time_axis(GString *out, int64_t from_ns, int64_t to_ns, int64_t zero_ns)
{
	struct ticks ticks = time_ticks(from_ns, to_ns, zero_ns);

	g_string_append(out, "<svg class=\"axis\" width=\"100%\" height=\"18\" font-size=\"11\" role=\"img\" aria-label=\"time axis\">");
	for (double tick_s = ticks.first_s; tick_s <= ticks.to_s; tick_s += ticks.step_s) {
		double share = (tick_s - ticks.from_s) / (ticks.to_s - ticks.from_s);
		const char *anchor = share < 0.04 ? "start" : share > 0.94 ? "end" : "middle";

		/* -0 is no time */
		g_string_append_printf(out, "<text class=\"tick\" x=\"%.4g%%\" y=\"13\" text-anchor=\"%s\">%.6g s</text>", share * 100,
				       anchor, fabs(tick_s) < ticks.step_s / 1e6 ? 0 : tick_s);
	}
	g_string_append(out, "</svg>\n");
}
