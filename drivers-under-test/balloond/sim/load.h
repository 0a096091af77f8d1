/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct pn_sim_trace;

/** struct pn_sim_kind - a kind of synthetic load; sizes are parts of the guest's largest size */
struct pn_sim_kind {
	const char *name;
	const char *help;
	double weight;		    /* how common it is */
	double rest_low, rest_high; /* anonymous memory at rest */
	double peak_low, peak_high; /* and at work */
	double rest_hot, peak_hot;  /* part of it that is touched all the time */
	double file;		    /* hot page cache */
	double rest_s, peak_s;	    /* mean length of either phase */
	double ramp_low_s, ramp_high_s;
	bool daily; /* peak height follows the time of day */
};

/** pn_sim_kinds - the table; ends with a NULL name */
extern const struct pn_sim_kind pn_sim_kinds[];

/** struct pn_sim_load - what one guest's programs ask for over time; never looks at what it gets, so it is the same under every law */
struct pn_sim_load {
	/* now */
	double anon_bytes, hot_bytes, file_bytes;
	/* rest */
	const struct pn_sim_kind *kind;	   /* NULL: recorded */
	const struct pn_sim_trace *trace;
	unsigned int trace_guest, trace_row;
	double trace_offset_s;
	double max_bytes;
	uint64_t random;
	double time_s, ramp_end_s, phase_end_s, day_shift_s;
	double anon_per_s, hot_per_s;
	bool working;
};

/** pn_sim_load_synthetic() - a load of a kind drawn by @seed for a guest of @max_bytes */
void pn_sim_load_synthetic(struct pn_sim_load *load, uint64_t seed, double max_bytes);

/** pn_sim_load_recorded() - guest @index of a trace, scaled to @max_bytes, begun at a time drawn by @seed and repeated; borrows @trace */
void pn_sim_load_recorded(struct pn_sim_load *load, const struct pn_sim_trace *trace, unsigned int index, uint64_t seed, double max_bytes);

/** pn_sim_load_advance() - to @seconds later */
void pn_sim_load_advance(struct pn_sim_load *load, double seconds);
