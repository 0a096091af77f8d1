// SPDX-License-Identifier: GPL-2.0-only
/*
 * Recorded loads. A trace is CSV with a header line and one line per guest and time, ordered by guest and then by time:
 *
 *     guest,time_s,max_bytes,anon_bytes,hot_bytes,file_bytes
 *
 * guest: any name; time_s: rising within a guest; max_bytes: memory of the recorded machine, above 0; anon_bytes: anonymous memory, hot_bytes: the part
 * of it in use, at most anon_bytes; file_bytes: page cache in use. Lines that start with # are skipped.
 */
#include "trace.h"

#include <errno.h>
#include <glib.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "../../../harness/base/diag.h"
#include "../../../harness/base/fs.h"

static const char *const columns[] = { "guest", "time_s", "max_bytes", "anon_bytes", "hot_bytes", "file_bytes" };
#define HEADER "guest,time_s,max_bytes,anon_bytes,hot_bytes,file_bytes"
#define COLUMNS G_N_ELEMENTS(columns)

/** struct reading - a trace while it is read */
struct reading {
	const char *path;
	unsigned int line;
	GArray *points, *first;
	char *guest;
};

static int refuse(const struct reading *reading, unsigned int column, const char *value, const char *accepted, struct pn_diag *diag)
{
	g_autofree char *where = g_strdup_printf("%s:%u", reading->path, reading->line);

	return pn_diag_value(diag, where, columns[column], value, accepted);
}

static int read_numbers(const struct reading *reading, char **cells, double *ret_numbers, struct pn_diag *diag)
{
	for (unsigned int i = 1; i < COLUMNS; i++) {
		char *end;
		double value = g_ascii_strtod(cells[i], &end);

		if (end == cells[i] || *end || !isfinite(value) || value < 0)
			return refuse(reading, i, cells[i], i == 1 ? "seconds, 0 or more" : "a number of bytes, 0 or more", diag);
		ret_numbers[i] = value;
	}
	if (ret_numbers[2] == 0)
		return refuse(reading, 2, cells[2], "more than 0 bytes", diag);
	if (ret_numbers[4] > ret_numbers[3])
		return refuse(reading, 4, cells[4], "at most anon_bytes", diag);
	return 0;
}

static int read_line(struct reading *reading, const char *line, struct pn_diag *diag)
{
	g_auto(GStrv) cells = g_strsplit(line, ",", -1);
	double numbers[COLUMNS];
	struct pn_sim_point point;
	size_t count = reading->points->len;
	bool same;
	int err;

	if (g_strv_length(cells) != COLUMNS)
		return pn_diag_set(diag, -EINVAL, "%s:%u: %u columns; expected %zu: " HEADER, reading->path, reading->line, g_strv_length(cells),
				   COLUMNS);
	err = read_numbers(reading, cells, numbers, diag);
	if (err)
		return err;
	same = reading->guest && !strcmp(reading->guest, cells[0]);
	if (same && numbers[1] <= g_array_index(reading->points, struct pn_sim_point, count - 1).time_s)
		return refuse(reading, 1, cells[1], "later than the line before of the same guest", diag);
	if (!same) {
		g_free(reading->guest);
		reading->guest = g_strdup(cells[0]);
		g_array_append_val(reading->first, count);
	}
	point = (struct pn_sim_point){ numbers[1], numbers[2], numbers[3], numbers[4], numbers[5] };
	g_array_append_val(reading->points, point);
	return 0;
}

static int read_lines(struct reading *reading, char *text, struct pn_diag *diag)
{
	char *save = NULL;
	bool header = false;

	/* empty lines are kept in the count */
	for (char *line = text; line; line = save) {
		int err;

		save = strchr(line, '\n');
		if (save)
			*save++ = '\0';
		reading->line++;
		g_strchomp(line);
		if (!*line || *line == '#')
			continue;
		if (!header) {
			if (strcmp(line, HEADER))
				return pn_diag_set(diag, -EINVAL, "%s:%u: the header is '%.80s'; expected " HEADER, reading->path, reading->line, line);
			header = true;
			continue;
		}
		err = read_line(reading, line, diag);
		if (err)
			return err;
	}
	if (!reading->points->len)
		return pn_diag_set(diag, -EINVAL, "%s: there is no line of a guest in it; expected " HEADER, reading->path);
	return 0;
}

static struct pn_sim_trace *finish(struct reading *reading)
{
	struct pn_sim_trace *trace = g_new0(struct pn_sim_trace, 1);
	size_t end = reading->points->len;

	trace->guests = reading->first->len;
	g_array_append_val(reading->first, end);
	trace->first = (size_t *)(void *)g_array_free(g_steal_pointer(&reading->first), FALSE);
	trace->points = (struct pn_sim_point *)(void *)g_array_free(g_steal_pointer(&reading->points), FALSE);
	for (unsigned int i = 0; i < trace->guests; i++) {
		struct pn_sim_point *first = &trace->points[trace->first[i]], *last = &trace->points[trace->first[i + 1] - 1];
		double start = first->time_s;

		for (struct pn_sim_point *point = first; point <= last; point++)
			point->time_s -= start;
		trace->length_s = MAX(trace->length_s, last->time_s);
	}
	return trace;
}

int pn_sim_trace_read(const char *path, struct pn_sim_trace **ret_trace, struct pn_diag *diag)
{
	struct reading reading = { .path = path };
	g_autofree char *text = NULL;
	int err = pn_fs_read(path, &text, NULL, diag);

	if (err)
		return err;
	reading.points = g_array_new(FALSE, FALSE, sizeof(struct pn_sim_point));
	reading.first = g_array_new(FALSE, FALSE, sizeof(size_t));
	err = read_lines(&reading, text, diag);
	if (!err)
		*ret_trace = finish(&reading);
	if (reading.points)
		g_array_free(reading.points, TRUE);
	if (reading.first)
		g_array_free(reading.first, TRUE);
	g_free(reading.guest);
	return err;
}

void pn_sim_trace_free(struct pn_sim_trace *trace)
{
	if (!trace)
		return;
	g_free(trace->points);
	g_free(trace->first);
	g_free(trace);
}

void pn_sim_trace_at(const struct pn_sim_trace *trace, unsigned int guest, double time_s, unsigned int *row, struct pn_sim_point *ret_point)
{
	const struct pn_sim_point *points = &trace->points[trace->first[guest]];
	unsigned int count = (unsigned int)(trace->first[guest + 1] - trace->first[guest]);
	double length = points[count - 1].time_s, part;

	if (count == 1 || length <= 0) {
		*ret_point = points[0];
		return;
	}
	time_s = fmod(time_s, length);
	if (*row + 1 >= count || points[*row].time_s > time_s)
		*row = 0;
	while (*row + 2 < count && points[*row + 1].time_s <= time_s)
		++*row;
	points += *row;
	part = (time_s - points[0].time_s) / (points[1].time_s - points[0].time_s);
	*ret_point = (struct pn_sim_point){
		.time_s = time_s,
		.max_bytes = points[0].max_bytes,
		.anon_bytes = points[0].anon_bytes + (points[1].anon_bytes - points[0].anon_bytes) * part,
		.hot_bytes = points[0].hot_bytes + (points[1].hot_bytes - points[0].hot_bytes) * part,
		.file_bytes = points[0].file_bytes + (points[1].file_bytes - points[0].file_bytes) * part,
	};
}
