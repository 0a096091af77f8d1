/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdio.h>

#include "gate.h"

/** struct pn_gate_form - one way to write a gate's findings */
struct pn_gate_form {
	const char *name;							  /* also the option of `puncture gate` */
	const char *help;							  /* one line */
	int (*write)(const struct pn_gate *gate, const char *run_dir, FILE *out); /* 0 or a negative errno */
};

/** pn_gate_forms - all of them; ends with a NULL name */
extern const struct pn_gate_form pn_gate_forms[];

/** pn_gate_text() - a line for each metric that moved, then the verdict */
int pn_gate_text(const struct pn_gate *gate, const char *run_dir, FILE *out);
