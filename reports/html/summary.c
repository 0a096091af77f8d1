// SPDX-License-Identifier: GPL-2.0-only
/* Top of the page: how the run ended, and on what it ran. */
#include "html.h"

#include <string.h>

#include "../../harness/base/units.h"
#include "../rundir.h"

/* A verdict has a sign and a word of its own: its colour only repeats them. */
void pn_html_verdict(GString *out, const char *verdict)
{
	static const struct {
		const char *verdict, *sign;
	} signs[] = {
	    {"PASS", "\xe2\x9c\x93"}, {"FAIL", "\xe2\x9c\x97"}, {"BROK", "!"}, {"SKIP", "\xe2\x80\x93"}, {"not run", "\xe2\x80\xa6"}};
	const char *word = verdict ? verdict : "not run";

	for (size_t i = 0; i < G_N_ELEMENTS(signs); i++)
		if (!strcmp(signs[i].verdict, word))
			pn_html_printf(out, "<span class=\"v %s\"><span aria-hidden=\"true\">%s</span> %s</span>",
				       verdict ? verdict : "NONE", signs[i].sign, word);
}

static void put_count(GString *out, unsigned int count, const char *verdict, const char *meaning)
{
	if (!count)
		return;
	g_string_append(out, "<li>");
	pn_html_verdict(out, verdict);
	pn_html_printf(out, " <b>%u</b> %s</li>", count, meaning);
}

static void put_headline(GString *out, const struct pn_rundir *run, const struct pn_rundir_totals *totals)
{
	const char *word = "Passed";

	if (totals->failed)
		word = "Failed";
	else if (totals->broken)
		word = "Broken: what broke could not be judged";
	else if (totals->unfinished)
		word = "Not finished";
	else if (!totals->passed)
		word = "Nothing could run";
	pn_html_printf(out, "<p class=\"headline %s\">%s</p><ul class=\"totals\">",
		       totals->failed			       ? "FAIL"
		       : totals->broken			       ? "BROK"
		       : totals->unfinished || !totals->passed ? "NONE"
							       : "PASS",
		       word);
	put_count(out, totals->failed, "FAIL", "failed");
	put_count(out, totals->broken, "BROK", "broken");
	put_count(out, totals->passed, "PASS", "passed");
	put_count(out, totals->skipped, "SKIP", "skipped");
	put_count(out, totals->unfinished, NULL, "did not end");
	pn_html_printf(out, "<li><b>%zu</b> case%s in all</li></ul>\n", run->count, run->count == 1 ? "" : "s");
	if (totals->unfinished || totals->interrupted)
		pn_html_printf(out, "<p>Go on with <code class=\"copy\">ci/puncture run --resume %s</code></p>\n", run->dir);
}

static void put_fact(GString *out, const char *name, const char *value)
{
	if (*value)
		pn_html_printf(out, "<div><dt>%s</dt><dd>%s</dd></div>", name, value);
}

static void put_host(GString *out, const json_t *host)
{
	static const char *const texts[][2] = {
	    {"accel", "accelerator"}, {"qemu", "QEMU"},		{"libvirt", "libvirt"}, {"kernel", "host kernel"},
	    {"cpu", "CPU"},	      {"revision", "revision"}, {"thp", "THP"},		{"zswap", "zswap"}};
	static const char *const numbers[][2] = {{"cpus", "CPUs"}, {"load1", "load at start"}};
	static const char *const sizes[][2] = {{"memory_bytes", "memory"}, {"swap_bytes", "swap"}};

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		put_fact(out, texts[i][1], pn_html_string(host, texts[i][0]));
	for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
		const json_t *value = json_object_get(host, numbers[i][0]);
		g_autofree char *text = g_strdup_printf("%.3g", json_number_value(value));

		put_fact(out, numbers[i][1], json_is_number(value) ? text : "");
	}
	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		const json_t *value = json_object_get(host, sizes[i][0]);
		char text[32];

		pn_bytes_format((uint64_t)json_number_value(value), text, sizeof(text));
		put_fact(out, sizes[i][1], json_is_number(value) ? text : "");
	}
}

/* the first case's start: wall-clock time, a label */
static void put_start(GString *out, const struct pn_rundir *run)
{
	double first_s = 0;
	g_autoptr(GDateTime) time = NULL;
	g_autofree char *text = NULL;

	for (size_t i = 0; i < run->count; i++) {
		double start_s = pn_rundir_number(run, i, "start_s");

		if (start_s > 0 && (!first_s || start_s < first_s))
			first_s = start_s;
	}
	time = first_s ? g_date_time_new_from_unix_utc((gint64)first_s) : NULL;
	text = time ? g_date_time_format(time, "%Y-%m-%d %H:%M:%S UTC") : NULL;
	put_fact(out, "first case", text ? text : "");
}

static char *command_line(const json_t *argv)
{
	GString *line = g_string_new("puncture");
	const json_t *word;
	size_t i;

	json_array_foreach(argv, i, word) {
		const char *text = json_string_value(word) ?: "";
		bool plain =
		    *text && strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./=:,+@%") == strlen(text);
		g_autofree char *quoted = plain ? g_strdup(text) : g_shell_quote(text);

		g_string_append_printf(line, " %s", quoted);
	}
	return g_string_free(line, FALSE);
}

static void put_fitness(GString *out, const struct pn_rundir *run)
{
	g_autofree char *unfit = pn_host_unfit(run->host), *cost = pn_rundir_cost(run);

	if (*unfit)
		pn_html_printf(out, "<p class=\"unfit\">! The host was not fit for measuring times: %s. What is counted holds; times and rates are noisy.</p>\n", unfit);
	if (*cost)
		pn_html_printf(out, "<p>%s</p>\n", cost);
}

void pn_html_summary(GString *out, const struct pn_rundir *run)
{
	g_autofree char *command = command_line(json_object_get(run->plan, "argv"));
	struct pn_rundir_totals totals;

	pn_rundir_totals(run, &totals);
	pn_html_printf(out, "<header><h1>Run %s</h1>\n", pn_html_string(run->plan, "run"));
	put_headline(out, run, &totals);
	g_string_append(out, "<dl class=\"facts\">");
	put_start(out, run);
	put_fact(out, "mode", pn_html_string(run->plan, "mode"));
	put_host(out, run->host);
	g_string_append(out, "</dl>\n");
	put_fitness(out, run);
	if (json_array_size(json_object_get(run->plan, "argv")))
		pn_html_printf(out, "<p>Made by <code class=\"copy\">%s</code></p>", command);
	g_string_append(out, "</header>\n");
}
