// SPDX-License-Identifier: GPL-2.0-only
/* Progress for people. Everything goes to stderr, so that stdout holds the report only. */
#include "progress.h"

#include <glib.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/units.h"

#define REDRAW_NS (500 * PN_NS_PER_MS)

bool pn_progress_colour(int fd)
{
	const char *none = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(fd) && term && strcmp(term, "dumb") && !(none && *none);
}

void pn_progress_init(struct pn_progress *progress, unsigned int jobs)
{
	const char *term = getenv("TERM");

	*progress = (struct pn_progress){
		.live = isatty(STDERR_FILENO) && term && strcmp(term, "dumb"),
		.colour = pn_progress_colour(STDERR_FILENO),
		.jobs = jobs,
		.began_ns = pn_clock_now_ns(),
	};
}

static void wipe(const struct pn_progress *progress)
{
	if (progress->live)
		fputs("\r\033[K", stderr);
}

void pn_progress_say(struct pn_progress *progress, const char *fmt, ...)
{
	va_list args;

	wipe(progress);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	progress->drawn_ns = 0;
}

void pn_progress_tick(struct pn_progress *progress, unsigned int running)
{
	uint64_t now_ns = pn_clock_now_ns();
	unsigned int left = progress->total - MIN(progress->total, progress->done + running);
	char to_go[16] = "?";

	if (!progress->live || now_ns - progress->drawn_ns < REDRAW_NS)
		return;
	progress->drawn_ns = now_ns;
	if (progress->done)
		pn_duration_format((now_ns - progress->began_ns) / progress->done * (left + running), to_go, sizeof(to_go));
	fprintf(stderr, "\r\033[K%u done", progress->done);
	if (progress->failed)
		fprintf(stderr, " (%u failed)", progress->failed);
	if (progress->broken)
		fprintf(stderr, " (%u broken)", progress->broken);
	fprintf(stderr, ", %u running, %u left, %s to go", running, left, to_go);
	fflush(stderr);
}

static const char *paint(const struct pn_progress *progress, const char *verdict)
{
	if (!progress->colour)
		return "";
	if (!strcmp(verdict, "PASS"))
		return "\033[32m";
	return strcmp(verdict, "SKIP") ? "\033[31m" : "\033[33m";
}

void pn_progress_ended(struct pn_progress *progress, const char *id, const json_t *verdict)
{
	const char *name = json_string_value(json_object_get(verdict, "verdict"));
	const char *reason = json_string_value(json_object_get(verdict, "reason"));
	const char *repro = json_string_value(json_object_get(verdict, "repro"));
	bool quiet = !strcmp(name, "PASS");
	char took[16] = "-";

	progress->done++;
	progress->failed += !strcmp(name, "FAIL");
	progress->broken += !strcmp(name, "BROK");
	pn_duration_format((uint64_t)(json_number_value(json_object_get(verdict, "duration_s")) * PN_NS_PER_S), took, sizeof(took));
	pn_progress_say(progress, "[%u/%u] %s%s%s %s  %s", progress->done, progress->total, paint(progress, name), name,
			progress->colour ? "\033[0m" : "", id, took);
	if (!quiet && reason && *reason)
		pn_progress_say(progress, "    %s", reason);
	if (!quiet && repro && *repro)
		pn_progress_say(progress, "    again: %s", repro);
}

void pn_progress_end(struct pn_progress *progress)
{
	wipe(progress);
	fflush(stderr);
}
