// SPDX-License-Identifier: GPL-2.0-only
/* Metrics: the few of the table of cases, and all of them in the section of a case. */
#include "html.h"

#include <math.h>
#include <string.h>

const struct pn_html_key_metric pn_html_key_metrics[] = {
    {"balloon.inflate.bytes_per_s", "inflate", PN_HTML_BYTES_PER_S},
    {"balloon.deflate.bytes_per_s", "deflate", PN_HTML_BYTES_PER_S},
    {"balloon.settle_s", "settle", PN_HTML_SECONDS},
    {"guest.touch_ns.p99", "touch p99", PN_HTML_NS},
    {"guest.swap_out_bytes", "swapped out", PN_HTML_BYTES},
    {"load.ops_per_s", "load", PN_HTML_PER_S},
    {0},
};

static char *readable(double value, const char *unit)
{
	static const struct {
		const char *name;
		enum pn_html_unit unit;
	} units[] = {
	    {"bytes", PN_HTML_BYTES}, {"bytes/s", PN_HTML_BYTES_PER_S}, {"B/s", PN_HTML_BYTES_PER_S}, {"ns", PN_HTML_NS},
	    {"s", PN_HTML_SECONDS},   {"ops/s", PN_HTML_PER_S},		{"1/s", PN_HTML_PER_S},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(units); i++)
		if (!strcmp(unit, units[i].name))
			return pn_html_value(value, units[i].unit);
	if (!strcmp(unit, "count"))
		return g_strdup_printf(value == floor(value) && fabs(value) < 1e15 ? "%.0f" : "%.6g", value);
	return g_strdup_printf("%.6g %s", value, unit);
}

void pn_html_metrics(GString *out, const json_t *metrics)
{
	const char *name;
	json_t *metric;

	if (!json_object_size(metrics))
		return;
	pn_html_printf(out, "<details class=\"metrics\"><summary>All %zu metrics</summary><div class=\"columns\"><table><tbody>", json_object_size(metrics));
	json_object_foreach ((json_t *)metrics, name, metric) {
		const json_t *value = json_object_get(metric, "value");
		g_autofree char *text = json_is_number(value) ? readable(json_number_value(value), pn_html_string(metric, "unit")) : g_strdup("-");

		pn_html_printf(out, "<tr><td>%s</td><td class=\"n\" title=\"%.12g\">%s</td></tr>", name, json_number_value(value), text);
	}
	g_string_append(out, "</tbody></table></div></details>\n");
}
