/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#include "signature.h"

struct pn_diag;
struct pn_plan;
struct pn_visit;
struct pn_run_ops;

/*
 * Where trials are made: scenarios given as text, each run as a case is, in a process of its own and with its leftovers removed, some at
 * once. What repro, shrink, bisect and fuzz have in common. The directory of a trial is a case directory (RUNDIR.md).
 */

/** struct pn_lab - plain value but for what is marked; deinit with pn_lab_deinit() */
struct pn_lab {
	const struct pn_run_ops *ops;
	const char *uri; /* libvirt; NULL: the embedded driver */
	const char *workloads_dir;
	const char *dir;   /* exists; trials are made below it, as NUMBER/ */
	unsigned int jobs; /* at once, at least 1 */
	unsigned int made;    /* trials so far */
	GHashTable *prepared; /* own */
};

/** struct pn_trial - one run of one scenario; the first part is the caller's, the rest filled by pn_lab_run(); pn_trial_clear() */
struct pn_trial {
	const char *yaml;  /* resolved scenario; borrowed */
	const char *driver; /* in place of the scenario's; NULL: its own; likewise the next three */
	const char *kernel, *modules, *qemu;

	bool live; /* in live mode, whatever the scenario says */
	const struct pn_visit *visit; /* in the trial's process; with an end that is looked at there is no timeout; NULL: nobody */

	char *refused;	   /* why it was not run: no scenario, more than one case, or not for this host; NULL: it was, or was not needed */
	char *dir;	   /* of the trial; NULL when it was not run */
	json_t *verdict;   /* verdict.json; NULL when it was not run */
	double duration_s;

	struct pn_plan *plan; /* inside the lab */
	unsigned int number;
};

/** struct pn_lab_source - where trials come from and where they go to, one by one */
struct pn_lab_source {
	/* @next: one more; borrowed until it has ended. Return: NULL when there is none any more. */
	struct pn_trial *(*next)(void *data);
	/* @ended: it was run (it has a verdict), refused, or given up because the user ended it all */
	void (*ended)(struct pn_trial *trial, void *data);
};

/**
 * pn_lab_stream() - make trials as a source gives them, as many at once as the lab has jobs
 *
 * Started in the order given, but for those that wait while what they need is prepared. Blocks. What can't be prepared is a trial of verdict BROK. Return: 0; -EINTR
 * when the user ended it; or another negative errno.
 */
int pn_lab_stream(struct pn_lab *lab, const struct pn_lab_source *source, void *data, struct pn_diag *diag);

/**
 * pn_lab_run() - make these trials, as pn_lab_stream() does
 * @trials: @count of them
 * @enough: asked when a trial has ended; true: start no more; NULL: never
 */
int pn_lab_run(struct pn_lab *lab, struct pn_trial *trials, unsigned int count, bool (*enough)(const struct pn_trial *trial, void *data),
	       void *data, struct pn_diag *diag);
void pn_lab_deinit(struct pn_lab *lab);

/**
 * pn_lab_visit() - make one trial in this process, with the terminal, and somebody who looks in
 *
 * Not before or after any other use of libvirt in this process. Blocks. Return: as pn_lab_run(); the trial has no verdict when it was refused.
 */
int pn_lab_visit(struct pn_lab *lab, struct pn_trial *trial, const struct pn_visit *visit, struct pn_diag *diag);

/** pn_trial_failed() - does a trial that was run show this failure? */
bool pn_trial_failed(const struct pn_trial *trial, const struct pn_signature *signature);

/** pn_trial_signature() - how a trial failed. Return: 0, or -ENODATA when it was not run or did not fail. */
int pn_trial_signature(const struct pn_trial *trial, struct pn_signature *ret_signature);

/** pn_trial_clear() - free what the lab filled; @remove: its directory too */
void pn_trial_clear(struct pn_trial *trial, bool remove);
