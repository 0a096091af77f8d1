// SPDX-License-Identifier: GPL-2.0-only
/* What a comparison is shown as: a table, simulate.json, and a plot without scripts. Functions of the results alone. */
#include "compare.h"

#include <glib.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "../laws/law.h"

#define GIB 1073741824.0

bool pn_sim_ahead(const struct pn_sim_result *a, const struct pn_sim_result *b)
{
	return a->reclaimed_bytes >= b->reclaimed_bytes && a->stall_s <= b->stall_s &&
	       (a->reclaimed_bytes > b->reclaimed_bytes || a->stall_s < b->stall_s);
}

/* By whom it is beaten on both counts; laws of the project's own are named in full */
static char *standing(const struct pn_sim_result *results, size_t count, size_t i)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (size_t j = 0; j < count; j++)
		if (pn_sim_ahead(&results[j], &results[i]))
			g_string_append_printf(text, "%s%s", text->len ? ", " : "", results[j].law->name);
	return g_strdup(text->len ? text->str : "-");
}

void pn_sim_table(const struct pn_sim_config *config, const struct pn_sim_result *results, size_t count, FILE *out)
{
	fprintf(out, "%u guests, %u h, seed %llu, tick %g s, %s; %.0f GiB at most on %.0f GiB\n\n", config->guests, config->hours,
		(unsigned long long)config->seed, config->tick_s, config->trace ? "recorded loads" : "synthetic loads",
		count ? results[0].bytes_max / GIB : 0, count ? results[0].bytes_max / config->overcommit / GIB : 0);
	fprintf(out, "%-18s %17s %21s %9s %10s %7s %7s %6s %15s  %s\n", "law", "reclaimed", "stall", "swap-in", "reversals", "Jain", "crossed",
		"OOMs", "tick p50/p99", "behind");
	fprintf(out, "%-18s %10s %6s %13s %7s %9s %10s %7s %7s %6s %15s  %s\n", "", "GiB", "%", "s", "%", "%", "per h", "", "ticks", "", "ms",
		"(on both)");
	for (size_t i = 0; i < count; i++) {
		const struct pn_sim_result *r = &results[i];
		g_autofree char *behind = standing(results, count, i);

		fprintf(out, "%-18s %10.1f %6.2f %13.0f %7.4f %9.4f %10.3f %7.5f %7llu %6llu %7.3f/%7.3f  %s\n", r->law->name,
			r->reclaimed_bytes / GIB, 100 * r->reclaimed_bytes / r->bytes_max, r->stall_s, 100 * r->stall_s / r->guest_s,
			100 * r->swap_in_ratio, (double)r->reversals / (r->guest_s / 3600), r->jain, (unsigned long long)r->reserve_crossed,
			(unsigned long long)r->ooms, r->tick_p50_ms, r->tick_p99_ms, behind);
	}
}

char *pn_sim_json(const struct pn_sim_config *config, const struct pn_sim_result *results, size_t count)
{
	json_t *policies = json_array(), *root;
	char *text;

	for (size_t i = 0; i < count; i++)
		json_array_append_new(policies, json_pack("{s:s, s:I, s:f, s:f, s:I, s:f}", "name", results[i].law->name, "reclaimed_bytes",
							  (json_int_t)results[i].reclaimed_bytes, "stall_s", results[i].stall_s, "swap_in_ratio",
							  results[i].swap_in_ratio, "reversals", (json_int_t)results[i].reversals, "jain",
							  results[i].jain));
	root = json_pack("{s:I, s:I, s:I, s:{s:f, s:f}, s:o}", "guests", (json_int_t)config->guests, "hours", (json_int_t)config->hours,
			 "reserve_crossed", (json_int_t)results[0].reserve_crossed, "tick_ms", "p50", results[0].tick_p50_ms, "p99",
			 results[0].tick_p99_ms, "policies", policies);
	text = json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
	json_decref(root);
	return text;
}

#define WIDTH 760.0
#define HEIGHT 460.0
#define LEFT 80.0
#define RIGHT 130.0
#define TOP 40.0
#define BOTTOM 60.0

/* Stall runs over decades, so its axis is logarithmic; better is up and to the left. */
static double plot_x(double stall_percent, double low, double high)
{
	return LEFT + (log10(stall_percent) - low) / (high - low) * (WIDTH - LEFT - RIGHT);
}

static double plot_y(double reclaimed_percent)
{
	return HEIGHT - BOTTOM - reclaimed_percent / 100 * (HEIGHT - TOP - BOTTOM);
}

static double stall_percent(const struct pn_sim_result *result)
{
	return fmax(100 * result->stall_s / result->guest_s, 1e-6);
}

static void draw_axes(GString *svg, double low, double high)
{
	for (int decade = (int)low; decade <= (int)high; decade++) {
		double x = plot_x(pow(10, decade), low, high);

		g_string_append_printf(svg, "<line x1=\"%.1f\" y1=\"%g\" x2=\"%.1f\" y2=\"%g\" stroke=\"#ddd\"/>\n", x, TOP, x, HEIGHT - BOTTOM);
		g_string_append_printf(svg, "<text x=\"%.1f\" y=\"%g\" text-anchor=\"middle\">%g</text>\n", x, HEIGHT - BOTTOM + 18, pow(10, decade));
	}
	for (int percent = 0; percent <= 100; percent += 20) {
		double y = plot_y(percent);

		g_string_append_printf(svg, "<line x1=\"%g\" y1=\"%.1f\" x2=\"%g\" y2=\"%.1f\" stroke=\"#ddd\"/>\n", LEFT, y, WIDTH - RIGHT, y);
		g_string_append_printf(svg, "<text x=\"%g\" y=\"%.1f\" text-anchor=\"end\">%d</text>\n", LEFT - 8, y + 4, percent);
	}
	g_string_append_printf(svg, "<text x=\"%g\" y=\"%g\" text-anchor=\"middle\">guest time stalled, percent (logarithmic)</text>\n",
			       LEFT + (WIDTH - LEFT - RIGHT) / 2, HEIGHT - 20);
	g_string_append_printf(svg, "<text transform=\"translate(24 %g) rotate(-90)\" text-anchor=\"middle\">memory reclaimed, percent</text>\n",
			       TOP + (HEIGHT - TOP - BOTTOM) / 2);
}

char *pn_sim_svg(const struct pn_sim_config *config, const struct pn_sim_result *results, size_t count)
{
	GString *svg = g_string_new(NULL);
	double low = 0, high = -5;

	for (size_t i = 0; i < count; i++) {
		low = fmin(low, floor(log10(stall_percent(&results[i]))));
		high = fmax(high, ceil(log10(stall_percent(&results[i]))));
	}
	high = fmax(high, low + 1);
	g_string_append_printf(svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %g %g\" font-family=\"sans-serif\" font-size=\"12\">\n",
			       WIDTH, HEIGHT);
	g_string_append_printf(svg, "<title>Memory reclaimed against guest stall</title>\n<rect width=\"%g\" height=\"%g\" fill=\"#fff\"/>\n", WIDTH,
			       HEIGHT);
	g_string_append_printf(svg, "<text x=\"%g\" y=\"22\" font-size=\"14\">%u guests, %u h, seed %llu: up and left is better</text>\n", LEFT,
			       config->guests, config->hours, (unsigned long long)config->seed);
	draw_axes(svg, low, high);
	for (size_t i = 0; i < count; i++) {
		double x = plot_x(stall_percent(&results[i]), low, high), y = plot_y(100 * results[i].reclaimed_bytes / results[i].bytes_max);
		bool own = g_str_has_prefix(results[i].law->name, "balloond");

		g_string_append_printf(svg, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" fill=\"%s\"/>\n", x, y, own ? "#06c" : "#c40");
		g_string_append_printf(svg, "<text x=\"%.1f\" y=\"%.1f\">%s</text>\n", x + 8, y + (i % 2 ? 14 : -5), results[i].law->name);
	}
	g_string_append(svg, "</svg>\n");
	return g_string_free(svg, FALSE);
}
