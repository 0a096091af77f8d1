/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/** struct pn_progress - what the user sees while a run goes on: a live line on a terminal, a line per case otherwise; all on stderr */
struct pn_progress {
	bool live;
	bool colour;
	unsigned int total; /* cases to run in this process */
	unsigned int done;
	unsigned int failed;
	unsigned int broken;
	unsigned int jobs;
	uint64_t began_ns;
	uint64_t drawn_ns;
};

/** pn_progress_init() - look whether stderr is a terminal */
void pn_progress_init(struct pn_progress *progress, unsigned int jobs);

/** pn_progress_colour() - may this stream be coloured? (a terminal that is not dumb, and NO_COLOR not set or empty) */
bool pn_progress_colour(int fd);

/** pn_progress_say() - a line of news, above the live line */
void pn_progress_say(struct pn_progress *progress, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** pn_progress_tick() - redraw the live line */
void pn_progress_tick(struct pn_progress *progress, unsigned int running);

/** pn_progress_ended() - a case has ended */
void pn_progress_ended(struct pn_progress *progress, const char *id, const json_t *verdict);

/** pn_progress_end() - take the live line away */
void pn_progress_end(struct pn_progress *progress);
