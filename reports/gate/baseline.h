/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>

struct pn_diag;
struct pn_rundir;

/*
 * What figures a run is held against: {"schema":1,"class","runs":[{"run","revision","kernel","qemu"}],
 * "cases":{"CASE":{"METRIC":[value,...]}}}. One file per class of machine under reports/baselines, reviewed as code is. A run, and runs
 * of the history, take the same form.
 */

/** pn_baseline_case() - name of a case without what numbers its repeats ("repeat=", "round=", "pair="); g_free() by the caller */
char *pn_baseline_case(const char *id);

/**
 * pn_baseline_of_run() - a run in the form of a baseline
 *
 * Cases that did not pass, and metrics that are not judged, are left out. Return: 0; -EINVAL when the run does not say on what machine
 * it was made. json_decref() by the caller.
 */
int pn_baseline_of_run(const struct pn_rundir *run, json_t **ret_baseline, struct pn_diag *diag);

/** pn_baseline_add() - one value of one metric of a case that passed; also a metric that is not judged is taken */
void pn_baseline_add(json_t *baseline, const char *case_id, const char *metric, double value);

/** pn_baseline_new() - an empty baseline of one class; json_decref() by the caller */
json_t *pn_baseline_new(const char *class);

/** pn_baseline_read() - read and check a baseline file. Return: 0; -EINVAL naming what is wrong; or another negative errno. */
int pn_baseline_read(const char *path, json_t **ret_baseline, struct pn_diag *diag);

/**
 * pn_baseline_update() - make a run the baseline of its cases
 * @path: file; made if absent; other cases that it holds stay
 *
 * Return: number of cases that were written; -EINVAL when the file is of another class of machine, or nothing passed; or another negative
 * errno.
 */
int pn_baseline_update(const char *path, const struct pn_rundir *run, struct pn_diag *diag);
