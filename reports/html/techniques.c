// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ways to get memory back: for each scenario a plot a figure, a row a technique, a dot for the median and a line from the smallest to the largest repeat, and a table
 * of the same numbers. Axes are logarithmic where figures lie decades apart. And the curve of what a balloon asks against what it costs, where a run has
 * several sizes of one technique: its knee is the point farthest from the line between both ends (Satopaa et al. 2011, both axes scaled to 1).
 *
 * What was not measured has no dot: its row says so.
 */
#include "html.h"

#include <math.h>
#include <string.h>

#include "../rundir.h"
#include "../techniques.h"

#define ROW 18
#define LEFT 30.0 /* percent of the width: names */

/** struct panel - one figure */
static const struct panel {
	const char *path, *title;
	enum pn_html_unit unit;
	bool logarithmic;
} panels[] = {
	{"returned_bytes", "returned to the host", PN_HTML_BYTES, false},
	{"t90_s", "time to 90 %", PN_HTML_SECONDS, true},
	{"host_cpu_s_per_gib", "host CPU time a GiB", PN_HTML_SECONDS, true},
	{"touch_ns.p99", "touch latency p99 meanwhile", PN_HTML_NS, true},
	{"need_s", "all memory needed at once, technique in force", PN_HTML_SECONDS, true},
	{"giveback_s", "given back and all memory used", PN_HTML_SECONDS, true},
};

/** struct scale - from values to percent of the width */
struct scale {
	double low, high;
	bool logarithmic;
};

static double place(const struct scale *scale, double value)
{
	double share = scale->logarithmic ? log(value / scale->low) / log(scale->high / scale->low) : (value - scale->low) / (scale->high - scale->low);

	return LEFT + (97 - LEFT) * CLAMP(share, 0, 1);
}

static bool is_of(const json_t *entry, const char *scenario)
{
	return pn_html_is(entry, "scenario", scenario);
}

static bool find_scale(const json_t *list, const char *scenario, const struct panel *panel, struct scale *ret_scale)
{
	struct scale scale = {INFINITY, -INFINITY, panel->logarithmic};
	const json_t *entry;
	size_t i;

	json_array_foreach (list, i, entry) {
		for (int end = -1; is_of(entry, scenario) && end < 2; end++) {
			double value;

			if (!pn_techniques_value(entry, panel->path, end, &value) || (panel->logarithmic && value <= 0))
				continue;
			scale.low = MIN(scale.low, value);
			scale.high = MAX(scale.high, value);
		}
	}
	if (scale.high < scale.low)
		return false;
	if (!panel->logarithmic)
		scale.low = 0;
	if (scale.high <= scale.low) {
		scale.high = scale.low > 0 ? scale.low * 2 : 1;
		scale.low = panel->logarithmic ? scale.low / 2 : 0;
	}
	*ret_scale = scale;
	return true;
}

static char *label_of(const json_t *entry)
{
	const char *key;
	json_t *value;
	g_autoptr(GString) label = g_string_new(pn_html_string(entry, "technique"));

	json_object_foreach (json_object_get(entry, "axes"), key, value)
		if (json_is_string(value) && (strstr(key, "diverge") || strstr(key, "asked")))
			g_string_append_printf(label, " %s", json_string_value(value));
	return g_strdup(label->str);
}

static void put_dot(GString *out, const json_t *entry, const struct panel *panel, const struct scale *scale, int y)
{
	g_autofree char *text = NULL;
	double value, low, high;

	if (!pn_techniques_value(entry, panel->path, -1, &value) || (panel->logarithmic && value <= 0)) {
		pn_html_printf(out, "<text class=\"tick\" x=\"%.1f%%\" y=\"%d\" font-size=\"11\">not measured</text>", LEFT, y + 4);
		return;
	}
	text = pn_html_value(value, panel->unit);
	if (pn_techniques_value(entry, panel->path, 0, &low) && pn_techniques_value(entry, panel->path, 1, &high))
		pn_html_printf(out, "<line class=\"s0\" stroke-width=\"2\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"%d\" y2=\"%d\"/>", place(scale, low), place(scale, high), y,
			       y);
	pn_html_printf(out, "<circle class=\"s0\" fill=\"none\" stroke-width=\"3\" r=\"3\" cx=\"%.2f%%\" cy=\"%d\"><title>%s</title></circle>", place(scale, value), y, text);
}

static void put_panel(GString *out, const json_t *list, const char *scenario, const struct panel *panel)
{
	g_autofree char *low = NULL, *high = NULL;
	struct scale scale;
	const json_t *entry;
	int y = ROW, rows = 0;
	size_t i;

	if (!find_scale(list, scenario, panel, &scale))
		return;
	json_array_foreach (list, i, entry)
		rows += is_of(entry, scenario);
	low = pn_html_value(scale.low, panel->unit);
	high = pn_html_value(scale.high, panel->unit);
	pn_html_printf(out, "<figure><figcaption><b>%s</b><span class=\"key\">%s to %s%s</span></figcaption><svg role=\"img\" aria-label=\"%s\" width=\"100%%\" height=\"%d\">",
		       panel->title, low, high, panel->logarithmic ? ", logarithmic" : "", panel->title, ROW * (rows + 1));
	json_array_foreach (list, i, entry) {
		g_autofree char *label = NULL;

		if (!is_of(entry, scenario))
			continue;
		label = label_of(entry);
		pn_html_printf(out, "<text x=\"0\" y=\"%d\" font-size=\"12\">%s</text>", y + 4, label);
		put_dot(out, entry, panel, &scale, y);
		y += ROW;
	}
	g_string_append(out, "</svg></figure>\n");
}

static void put_number(GString *out, const json_t *entry, const struct pn_techniques_key *key)
{
	enum pn_html_unit unit = strstr(key->path, "_ns") ? PN_HTML_NS : g_str_has_suffix(key->path, "bytes") ? PN_HTML_BYTES : PN_HTML_SECONDS;
	bool plain = !strcmp(key->path, "guest_oom_kills") || !strcmp(key->path, "ops_per_s");
	g_autofree char *text = NULL, *from = NULL, *to = NULL;
	double value, low, high;

	if (!pn_techniques_value(entry, key->path, -1, &value)) {
		g_string_append(out, "<td></td>");
		return;
	}
	text = plain ? g_strdup_printf("%.4g", value) : pn_html_value(value, unit);
	pn_html_printf(out, "<td class=\"n\">%s", text);
	if (pn_techniques_value(entry, key->path, 0, &low) && pn_techniques_value(entry, key->path, 1, &high) && high > low) {
		from = plain ? g_strdup_printf("%.4g", low) : pn_html_value(low, unit);
		to = plain ? g_strdup_printf("%.4g", high) : pn_html_value(high, unit);
		pn_html_printf(out, "<br><small>%s \xe2\x80\xa6 %s</small>", from, to);
	}
	g_string_append(out, "</td>");
}

static void put_table(GString *out, const json_t *list, const char *scenario)
{
	const json_t *entry;
	size_t i;

	g_string_append(out, "<div class=\"wide\"><table><thead><tr><th>technique</th><th>verdict</th><th>needs the guest</th>");
	for (const struct pn_techniques_key *key = pn_techniques_keys; key->path; key++)
		pn_html_printf(out, "<th>%s</th>", key->title);
	g_string_append(out, "</tr></thead><tbody>\n");
	json_array_foreach (list, i, entry) {
		const json_t *needs = json_object_get(entry, "needs_guest_driver");
		g_autofree char *label = NULL;

		if (!is_of(entry, scenario))
			continue;
		label = label_of(entry);
		pn_html_printf(out, "<tr><td>%s</td><td class=\"id\">%s<br><small>%s</small></td><td>%s</td>", label, pn_html_string(entry, "verdict"), pn_html_string(entry, "why"),
			       !needs ? "" : json_is_true(needs) ? "yes" : "no");
		for (const struct pn_techniques_key *key = pn_techniques_keys; key->path; key++)
			put_number(out, entry, key);
		g_string_append(out, "</tr>\n");
	}
	g_string_append(out, "</tbody></table></div>\n");
}

void pn_html_techniques(GString *out, const struct pn_rundir *run)
{
	json_t *list = pn_techniques_json(run);
	const json_t *entry;
	const char *scenario = "";
	size_t i;

	if (!list)
		return;
	pn_html_printf(out, "<section id=\"techniques\"><h2>Techniques</h2>\n<p class=\"note\">Ways to get memory back from guests, measured on the same work: %s, %s. "
			    "A dot is the median of the repeats, a line goes from the smallest to the largest. What was not measured is empty.</p>\n",
		       pn_html_string(run->host, "accel"), pn_html_string(run->host, "kernel"));
	json_array_foreach (list, i, entry) {
		if (is_of(entry, scenario))
			continue;
		scenario = pn_html_string(entry, "scenario");
		pn_html_printf(out, "<h3>%s</h3>\n<div class=\"histograms\">", scenario);
		for (size_t p = 0; p < G_N_ELEMENTS(panels); p++)
			put_panel(out, list, scenario, &panels[p]);
		g_string_append(out, "</div>\n");
		pn_html_knee(out, list, scenario);
		put_table(out, list, scenario);
	}
	g_string_append(out, "</section>\n");
	json_decref(list);
}
