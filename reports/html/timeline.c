// SPDX-License-Identifier: GPL-2.0-only
/* The plots of one case, one below the other on one time axis. Which series stand in which panel is a table; a series nobody sampled is
 * named, not drawn as 0. */
#include "html.h"

#include <math.h>
#include <string.h>

/** struct series - one series of a panel */
struct series {
	const char *key; /* of samples.jsonl; NULL: the targets of the journal */
	const char *label;
	double scale; /* of the key's unit in the panel's */
	enum { GAUGE, RATE, DOTS } form;
};

/** struct panel - what is plotted together */
struct panel {
	const char *title;
	enum pn_html_unit unit;
	bool rare; /* not missed where it was not sampled */
	struct series series[PN_HTML_STYLES];
};

static const struct panel panels[] = {
    {"All guests together, on the host",
     PN_HTML_BYTES,
     true,
     {{"controller.all.resident_bytes", "held of the host", 1, GAUGE},
      {"controller.all.target_bytes", "targets", 1, GAUGE},
      {"controller.budget_bytes", "budget", 1, GAUGE},
      {"controller.all.demand_bytes", "judged to need", 1, GAUGE}}},
    {"Controller: memory left to the guest",
     PN_HTML_BYTES,
     true,
     {{"controller.resident_bytes", "held of the host", 1, GAUGE},
      {"controller.target_bytes", "target", 1, GAUGE},
      {"controller.bound_bytes", "bound", 1, GAUGE},
      {"controller.demand_bytes", "judged to need", 1, GAUGE}}},
    {"Memory",
     PN_HTML_BYTES,
     false,
     {{"balloon.bytes", "balloon: actual", 1, GAUGE},
      {NULL, "balloon: target", 1, GAUGE},
      {"guest.mem.available", "available in the guest", 1, GAUGE},
      {"qemu.rss_bytes", "QEMU on the host", 1, GAUGE},
      {"qemu.ram.rss_bytes", "of it guest RAM", 1, DOTS}}},
    {"Pressure",
     PN_HTML_SHARE,
     false,
     {{"guest.psi.memory.some_us", "guest memory some", 1e-6, RATE},
      {"guest.psi.memory.full_us", "guest memory full", 1e-6, RATE},
      {"host.psi.memory.some_us", "host memory some", 1e-6, RATE},
      {"qemu.vcpu0.run_delay_ns", "vCPU 0 waits for a CPU (at most 100 %)", 1e-9, RATE}}},
    {"Swap I/O of the guest", PN_HTML_BYTES_PER_S, false, {{"swapdev.write_bytes", "out", 1, RATE}, {"swapdev.read_bytes", "in", 1, RATE}}},
    {"Disk I/O of the guest", PN_HTML_BYTES_PER_S, false, {{"datadev.read_bytes", "read", 1, RATE}, {"datadev.write_bytes", "written", 1, RATE}}},
    {"Latency", PN_HTML_NS, false, {{"monitor_ns", "answer of QEMU's monitor", 1, GAUGE}}},
    {"Latency of touching a page, over the last second",
     PN_HTML_NS,
     false,
     {{"guest.touch.p50_ns", "median", 1, GAUGE}, {"guest.touch.p99_ns", "p99", 1, GAUGE}}},
    /* a thousand times the others: on one axis with them they would be a line along its foot */
    {"Longest touch of a page, over the last second", PN_HTML_NS, false, {{"guest.touch.max_ns", "longest", 1, DOTS}}},
    /* in which a stall is a dip */
    {"Touches by the latency probe", PN_HTML_PER_S, false, {{"guest.touch.count", "touches", 1, RATE}}},
};

/* The conductor's targets and the deflation at the end are one verb at the choke point. */
static GArray *targets(const struct pn_html_record *record)
{
	GArray *points = g_array_new(FALSE, FALSE, sizeof(struct pn_html_point));
	struct pn_html_point last = {.t_ns = record->from_ns};
	const json_t *line;
	size_t i;

	g_array_append_val(points, last);
	json_array_foreach(record->journal, i, line) {
		const json_t *bytes = json_object_get(json_object_get(line, "args"), "bytes");

		if (!pn_html_is(line, "ev", "action") || !pn_html_is(line, "verb", "balloon") || !json_is_number(bytes))
			continue;
		last.t_ns = json_integer_value(json_object_get(line, "t_ns"));
		last.value = json_number_value(bytes);
		g_array_append_val(points, last);
	}
	last.t_ns = record->to_ns;
	if (points->len > 1)
		g_array_append_val(points, last);
	else
		g_array_set_size(points, 0);
	return points;
}

static GArray *points_of(const struct pn_html_record *record, const struct series *series, guint max)
{
	g_autoptr(GArray) points = series->key ? pn_html_series(record->samples, series->key) : targets(record);
	g_autoptr(GArray) rates = series->form == RATE ? pn_html_rate(points) : NULL;
	GArray *thin = pn_html_thin(rates ? rates : points, max);

	for (guint i = 0; i < thin->len; i++)
		g_array_index(thin, struct pn_html_point, i).value *= series->scale;
	return thin;
}

static double highest(const GArray *points)
{
	double most = -1;

	for (guint i = 0; i < points->len; i++)
		most = fmax(most, g_array_index(points, struct pn_html_point, i).value); /* ignores holes */
	return most;
}

/* "Pressure: this, that; Swap I/O: ..." */
static void put_absent(GString *absent, const char *title, const char *label)
{
	g_autoptr(GString) panel = g_string_new(NULL);

	pn_html_printf(panel, "%s: ", title);
	if (strstr(absent->str, panel->str))
		pn_html_printf(absent, ", %s", label);
	else
		g_string_append_printf(absent, "%s%s%s", absent->len ? "; " : "", panel->str, label);
}

static void put_panel(GString *out, const struct panel *panel, const struct pn_html_record *record, guint max, const GArray *spans,
		      GString *absent, GString *idle)
{
	struct pn_html_plot plot = {
	    .title = panel->title, .unit = panel->unit, .from_ns = record->from_ns, .to_ns = record->to_ns, .zero_ns = record->zero_ns};
	struct pn_html_line lines[PN_HTML_STYLES];
	guint count = 0;

	for (guint i = 0; i < PN_HTML_STYLES && panel->series[i].label; i++) {
		const struct series *series = &panel->series[i];
		struct pn_html_line line = {.label = series->label, .points = points_of(record, series, max), .style = i};

		line.form = series->form == RATE   ? PN_HTML_BEFORE
			    : series->form == DOTS ? PN_HTML_DOTS
			    : series->key	   ? PN_HTML_SLOPED
						   : PN_HTML_AFTER;
		if (highest(line.points) > 0) {
			plot.top = fmax(plot.top, highest(line.points));
			lines[count++] = line;
			continue;
		}
		/* of a whole case with a controller nothing else is sampled: that is in its guests */
		if ((!panel->rare && !json_array_size(record->controller)) || highest(line.points) >= 0)
			put_absent(highest(line.points) < 0 ? absent : idle, panel->title, series->label);
		g_array_unref(line.points);
	}
	if (count) {
		double step = pn_html_step(plot.top, 3, plot.unit);

		plot.top = ceil(plot.top / step - 1e-9) * step;
		/* a wait is counted when it ends, so that a short stretch can hold more waiting than time */
		if (plot.unit == PN_HTML_SHARE)
			plot.top = fmin(plot.top, 1);
		pn_html_plot(out, &plot, lines, count, spans);
	}
	while (count)
		g_array_unref(lines[--count].points);
}

static void put_events(GString *out, const GArray *spans, int64_t zero_ns)
{
	if (!spans->len)
		return;
	pn_html_printf(out, "<details class=\"events\"><summary>What happened when (%u)</summary><ol>", spans->len);
	for (guint i = 0; i < spans->len; i++) {
		const struct pn_html_span *span = &g_array_index(spans, struct pn_html_span, i);

		pn_html_printf(out, "<li class=\"%s\"><b>%.3f s</b> %s %s", span->kind, (double)(span->from_ns - zero_ns) / 1e9, span->kind,
			       span->name);
		if (span->to_ns > span->from_ns)
			pn_html_printf(out, ", until %.3f s", (double)(span->to_ns - zero_ns) / 1e9);
		if (span->detail)
			pn_html_printf(out, ": %s", span->detail);
		g_string_append(out, "</li>");
	}
	g_string_append(out, "</ol></details>\n");
}

void pn_html_timeline(GString *out, const struct pn_html_record *record, guint points)
{
	g_autoptr(GArray) spans = pn_html_spans(record);
	g_autoptr(GString) absent = g_string_new(NULL), idle = g_string_new(NULL);

	if (record->to_ns <= record->from_ns || !json_array_size(record->samples)) {
		g_string_append(out, "<p class=\"note\">No timeline: nothing was sampled.</p>\n");
		return;
	}
	pn_html_printf(out, "<section class=\"timeline\" data-from=\"%.9f\" data-to=\"%.9f\"><h4>Timeline</h4>\n",
		       (double)(record->from_ns - record->zero_ns) / 1e9, (double)(record->to_ns - record->zero_ns) / 1e9);
	pn_html_strip(out, record->from_ns, record->to_ns, spans);
	for (guint i = 0; i < G_N_ELEMENTS(panels); i++)
		put_panel(out, &panels[i], record, points, spans, absent, idle);
	pn_html_time_axis(out, record->from_ns, record->to_ns, record->zero_ns);
	/* both hold markup already */
	g_string_append(out, "<p class=\"note\">0 s is the start of the scenario's timeline.");
	if (idle->len)
		g_string_append_printf(out, " 0 all the time: %s.", idle->str);
	if (absent->len)
		g_string_append_printf(out, " Not sampled: %s.", absent->str);
	g_string_append(out, "</p>\n");
	put_events(out, spans, record->zero_ns);
	g_string_append(out, "</section>\n");
}
