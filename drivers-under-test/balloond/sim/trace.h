/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stddef.h>

struct pn_diag;

/** struct pn_sim_point - a guest's load at one time */
struct pn_sim_point {
	double time_s;
	double max_bytes; /* size of the machine it was recorded on */
	double anon_bytes, hot_bytes, file_bytes;
};

/** struct pn_sim_trace - recorded loads; README.md has the format */
struct pn_sim_trace {
	unsigned int guests;
	double length_s;	     /* of the longest */
	struct pn_sim_point *points; /* by guest, then by time */
	size_t *first;		     /* index of each guest's first point; one more at the end */
};

/**
 * pn_sim_trace_read() - read a trace
 * @ret_trace: freed with pn_sim_trace_free()
 *
 * Return: 0, or a negative errno with one line that names file, line, column, value and what is accepted.
 */
int pn_sim_trace_read(const char *path, struct pn_sim_trace **ret_trace, struct pn_diag *diag);
void pn_sim_trace_free(struct pn_sim_trace *trace);

/**
 * pn_sim_trace_at() - a guest's load at a time; linear between points, and over again from its end
 * @row: where the last one was found; any value is right, a near one is fast
 */
void pn_sim_trace_at(const struct pn_sim_trace *trace, unsigned int guest, double time_s, unsigned int *row, struct pn_sim_point *ret_point);
