/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdio.h>

struct pn_diag;
struct pn_rundir;

/**
 * pn_matrix_json() - the run as a matrix of faults by scenarios: matrix.json, schema 1
 *
 * {"schema", "totals": {"held", "failed", "never fired", "broken", "skipped", "open"}, "cells": [{"event", "phase", "driver", "cell": one of these
 * words, "fired": the fault is shown to have fired, "case", "reason"}]}. Return: a new object, or NULL when no case has an axis of faults.
 */
json_t *pn_matrix_json(const struct pn_rundir *run);

/** pn_matrix_text() - the same as tables, one a driver; nothing when no case has an axis of faults */
void pn_matrix_text(const struct pn_rundir *run, FILE *out);

/** pn_matrix_write() - write matrix.json into the run directory, where there is a matrix. Return: 0 or a negative errno. */
int pn_matrix_write(const struct pn_rundir *run, struct pn_diag *diag);
