// SPDX-License-Identifier: GPL-2.0-only
/*
 * A run as a trace in the Trace Event Format (JSON), which ui.perfetto.dev and chrome://tracing open: a process a case; phases, faults and
 * the host's actions as slices, samples as counters. Times are microseconds of the run's clock. The format wants slices of one thread to lie in
 * each other or apart; readers drop or cut those that overlap, so these get further threads. Limit: all of a run is one file; report on a run
 * of few cases.
 */
#include "report.h"

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "../harness/base/diag.h"
#include "html/html.h"
#include "rundir.h"

/** enum track - a thread of the case's process */
enum track { TRACK_PHASES = 1, TRACK_FAULTS, TRACK_ACTIONS, TRACK_EVENTS, TRACKS };

static const char *const track_names[] = {
	[TRACK_PHASES] = "phases", [TRACK_FAULTS] = "faults and lifecycle", [TRACK_ACTIONS] = "actions of the host", [TRACK_EVENTS] = "events"};

/** struct slice - a stretch of time on a track */
struct slice {
	enum track track;
	int64_t from_ns, to_ns;
	char *name;
	json_t *args;
};

/** struct trace - where events go */
struct trace {
	FILE *out;
	int pid;
	bool any;
	GArray *slices; /* of the case at hand */
};

static void put(struct trace *trace, json_t *event)
{
	fputs(trace->any ? ",\n" : "\n", trace->out);
	trace->any = true;
	json_dumpf(event, trace->out, JSON_COMPACT);
	json_decref(event);
}

static double us_of(int64_t ns)
{
	return (double)ns / 1e3;
}

static void put_name(struct trace *trace, const char *what, int tid, const char *name)
{
	put(trace, json_pack("{s:s, s:s, s:i, s:i, s:{s:s}}", "ph", "M", "name", what, "pid", trace->pid, "tid", tid, "args", "name", name));
}

/* A slice. @args is stolen. */
static void add_slice(struct trace *trace, enum track track, const char *name, int64_t from_ns, int64_t took_ns, json_t *args)
{
	struct slice slice = {track, from_ns, from_ns + MAX(took_ns, 0), g_strdup(name), args};

	g_array_append_val(trace->slices, slice);
}

static void slice_clear(void *data)
{
	struct slice *slice = data;

	g_free(slice->name);
	json_decref(slice->args);
}

/* outer slices before those that lie in them */
static int by_time(const void *a, const void *b)
{
	const struct slice *one = a, *other = b;

	if (one->track != other->track)
		return one->track < other->track ? -1 : 1;
	if (one->from_ns != other->from_ns)
		return one->from_ns < other->from_ns ? -1 : 1;
	return (one->to_ns < other->to_ns) - (one->to_ns > other->to_ns);
}

/* Does it lie in the innermost slice that is open at its start, or after all? Then it is open now. @open: ends, outermost first. */
static bool fits(GArray *open, const struct slice *slice)
{
	while (open->len && g_array_index(open, int64_t, open->len - 1) <= slice->from_ns)
		g_array_set_size(open, open->len - 1);
	if (open->len && g_array_index(open, int64_t, open->len - 1) < slice->to_ns)
		return false;
	g_array_append_val(open, slice->to_ns);
	return true;
}

/* the first thread of the track that the slice fits into; a new one gets its name */
static int thread_of(struct trace *trace, GPtrArray *lanes, const struct slice *slice)
{
	guint lane = 0;

	while (lane < lanes->len && !fits(lanes->pdata[lane], slice))
		lane++;
	if (lane == lanes->len) {
		GArray *open = g_array_new(FALSE, FALSE, sizeof(int64_t));

		fits(open, slice);
		g_ptr_array_add(lanes, open);
		if (lane) {
			g_autofree char *name = g_strdup_printf("%s %u", track_names[slice->track], lane + 1);

			put_name(trace, "thread_name", (int)(slice->track + lane * TRACKS), name);
		}
	}
	return (int)(slice->track + lane * TRACKS);
}

static void put_slices(struct trace *trace)
{
	g_autoptr(GPtrArray) lanes = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
	enum track track = 0;

	g_array_sort(trace->slices, by_time);
	for (guint i = 0; i < trace->slices->len; i++) {
		struct slice *slice = &g_array_index(trace->slices, struct slice, i);

		if (slice->track != track)
			g_ptr_array_set_size(lanes, 0);
		track = slice->track;
		put(trace, json_pack("{s:s, s:s, s:s, s:i, s:i, s:f, s:f, s:O}", "ph", "X", "cat", "puncture", "name", slice->name, "pid", trace->pid,
				     "tid", thread_of(trace, lanes, slice), "ts", us_of(slice->from_ns), "dur", us_of(slice->to_ns - slice->from_ns),
				     "args", slice->args));
	}
	g_array_set_size(trace->slices, 0);
}

static void put_spans(struct trace *trace, const struct pn_html_record *record)
{
	GArray *spans = pn_html_spans(record);

	for (guint i = 0; i < spans->len; i++) {
		const struct pn_html_span *span = &g_array_index(spans, struct pn_html_span, i);
		bool phase = !strcmp(span->kind, "phase");

		add_slice(trace, phase ? TRACK_PHASES : TRACK_FAULTS, span->name, span->from_ns, span->to_ns - span->from_ns,
			  json_pack("{s:s, s:s*}", "kind", span->kind, "detail", span->detail));
	}
	g_array_unref(spans);
}

static json_int_t number(const json_t *line, const char *key)
{
	return json_integer_value(json_object_get(line, key));
}

/* an action and the record of its end; one without an end lasts to the end of the journal */
static void put_actions(struct trace *trace, const struct pn_html_record *record)
{
	g_autoptr(GHashTable) ends = g_hash_table_new(g_direct_hash, g_direct_equal);
	const json_t *line, *done;
	size_t i;

	json_array_foreach (record->journal, i, line)
		if (pn_html_is(line, "ev", "done"))
			g_hash_table_insert(ends, GSIZE_TO_POINTER((gsize)number(line, "n")), (void *)line);
	json_array_foreach (record->journal, i, line) {
		const json_t *args = json_object_get(line, "args");
		g_autofree char *name = NULL;

		if (!pn_html_is(line, "ev", "action"))
			continue;
		done = g_hash_table_lookup(ends, GSIZE_TO_POINTER((gsize)number(line, "n")));
		name = g_strconcat(pn_html_string(line, "verb"), " ", pn_html_string(args, "op"), NULL);
		add_slice(trace, TRACK_ACTIONS, g_strchomp(name), number(line, "t_ns"),
			  done ? number(done, "took_ns") : record->to_ns - number(line, "t_ns"),
			  json_pack("{s:O*, s:O*}", "args", args, "errno", json_object_get(done, "errno")));
	}
}

static void put_events(struct trace *trace, const struct pn_html_record *record)
{
	static const char *const shown[] = {"target", "settled", "unsettled", "finding", "driver", "fault", NULL};
	const json_t *line;
	size_t i;

	json_array_foreach (record->journal, i, line) {
		const char *ev = pn_html_string(line, "ev");

		if (g_strv_contains(shown, ev))
			put(trace, json_pack("{s:s, s:s, s:s, s:i, s:i, s:f, s:O}", "ph", "i", "s", "t", "name", ev, "pid", trace->pid, "tid",
					     TRACK_EVENTS, "ts", us_of(number(line, "t_ns")), "args", line));
	}
}

/* a counter a key: what was sampled at this moment and nothing else */
static void put_samples(struct trace *trace, const struct pn_html_record *record)
{
	json_t *line, *value;
	const char *key;
	size_t i;

	json_array_foreach (record->samples, i, line) {
		double us = us_of(number(line, "t_ns"));

		json_object_foreach (line, key, value)
			if (json_is_number(value) && strcmp(key, "t_ns") && !g_str_has_suffix(key, "guest_ns"))
				put(trace, json_pack("{s:s, s:s, s:i, s:f, s:{s:O}}", "ph", "C", "name", key, "pid", trace->pid, "ts", us, "args",
						     "value", value));
	}
}

static void put_record(struct trace *trace, const struct pn_html_record *record, const char *name)
{
	put_name(trace, "process_name", 0, name);
	for (int track = TRACK_PHASES; track <= TRACK_EVENTS; track++)
		put_name(trace, "thread_name", track, track_names[track]);
	put_spans(trace, record);
	put_actions(trace, record);
	put_slices(trace);
	put_events(trace, record);
	put_samples(trace, record);
}

/* a process a guest, numbered behind all cases */
static void put_guests(struct trace *trace, const struct pn_html_record *record, const char *id, int *next)
{
	g_autoptr(GPtrArray) names = pn_html_guests(record);

	for (guint i = 0; i < names->len; i++) {
		g_autofree char *name = g_strdup_printf("%s: guest %s", id, (char *)names->pdata[i]);
		struct pn_html_record guest;

		trace->pid = ++*next;
		pn_html_record_guest(record, names->pdata[i], &guest);
		put_record(trace, &guest, name);
		pn_html_record_deinit(&guest);
	}
}

int pn_report_trace(const struct pn_rundir *run, const struct pn_report_style *style, FILE *out, struct pn_diag *diag)
{
	struct trace trace = {.out = out, .slices = g_array_new(FALSE, FALSE, sizeof(struct slice))};
	int next = 0;

	for (size_t i = 0; i < run->count; i++)
		next = MAX(next, (int)json_integer_value(json_object_get(pn_rundir_case(run, i), "index")));
	g_array_set_clear_func(trace.slices, slice_clear);
	fputs("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[", out);
	for (size_t i = 0; i < run->count; i++) {
		struct pn_html_record record;

		if (!run->verdicts[i])
			continue;
		trace.pid = (int)json_integer_value(json_object_get(pn_rundir_case(run, i), "index"));
		pn_html_record_read(run, i, &record);
		put_record(&trace, &record, pn_rundir_string(run, i, "id"));
		put_guests(&trace, &record, pn_rundir_string(run, i, "id"), &next);
		pn_html_record_deinit(&record);
	}
	fputs("\n]}\n", out);
	g_array_unref(trace.slices);
	return ferror(out) ? pn_diag_set(diag, -EIO, "the report could not be written") : 0;
}
