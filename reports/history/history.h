/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct pn_diag;
struct pn_history;
struct pn_rundir;

/*
 * Runs of the past, in one SQLite file. Many processes may write at once, and any may be killed at any moment: a run is in it whole or not
 * at all. The file must be on a local disk (WAL).
 */

/**
 * pn_history_open() - open the history, make it if absent, bring an older one up to date
 * @path: of the database file; its folder is made
 *
 * Blocks while another process migrates or writes. Return: 0; -EINVAL when the file is no history or of a newer version; or another
 * negative errno. pn_history_close() by the caller.
 */
int pn_history_open(const char *path, struct pn_history **ret_history, struct pn_diag *diag);
void pn_history_close(struct pn_history *history);

/** pn_history_path() - the default file: $PUNCTURE_HISTORY, or puncture/history.sqlite in the user's data folder; g_free() by the caller */
char *pn_history_path(void);

/**
 * pn_history_import() - take a run directory in, or take it in again after more of its cases have ended
 * @branch: what the run is a measurement of, "main"; NULL: what host.json says, else ""
 *
 * One transaction. Return: 0; -EINVAL when the directory is no run, or does not say its machine; or another negative errno.
 */
int pn_history_import(struct pn_history *history, const struct pn_rundir *run, const char *branch, struct pn_diag *diag);

/** pn_history_forget() - keep only the newest @keep runs of each branch and class of machine. Return: runs dropped, or a negative errno. */
int pn_history_forget(struct pn_history *history, unsigned int keep, struct pn_diag *diag);

/**
 * pn_history_list() - the runs, newest first
 *
 * Return: 0 or a negative errno; array of {"run","branch","class","start_s","revision","kernel","qemu","dir","passed","failed","broken",
 * "skipped"}.
 */
int pn_history_list(struct pn_history *history, json_t **ret_runs, struct pn_diag *diag);

/**
 * pn_history_baseline() - the newest runs of a branch in the form of a baseline (reports/gate/baseline.h)
 * @class: of machine
 * @runs: at most so many
 * @except: a run that is not to be held against itself; may be NULL
 *
 * Return: 0; -ENOENT when there is none; or another negative errno.
 */
int pn_history_baseline(struct pn_history *history, const char *branch, const char *class, unsigned int runs,
			const struct pn_rundir *except, json_t **ret_baseline, struct pn_diag *diag);

/** struct pn_history_point - one run in a series: the median of its values */
struct pn_history_point {
	int64_t run_id;
	double value;
};

/**
 * pn_history_each_series() - call for each metric of each case, of each class of machine and branch, in order of time
 * @metric, @case_id, @branch: only these; NULL: all
 * @each: @points are borrowed
 *
 * Return: 0 or a negative errno.
 */
int pn_history_each_series(struct pn_history *history, const char *metric, const char *case_id, const char *branch,
			   void (*each)(const char *class, const char *branch, const char *case_id, const char *metric,
					const struct pn_history_point *points, size_t count, void *data),
			   void *data, struct pn_diag *diag);

/** pn_history_run() - what is known about one run: as an entry of pn_history_list(). Return: 0 or a negative errno. */
int pn_history_run(struct pn_history *history, int64_t run_id, json_t **ret_run, struct pn_diag *diag);
