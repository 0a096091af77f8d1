/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "pool.h"
#include "progress.h"
#include "queue.h"
#include "run.h"
#include "store.h"

/** struct pn_supervisor - a run in progress */
struct pn_supervisor {
	const struct pn_run_config *config;
	const struct pn_run_ops *ops;
	struct pn_store *store;
	struct pn_queue *queue;
	struct pn_progress progress;
	GHashTable *prepared; /* prepare key -> why it could not be prepared, "" when it could */
	unsigned int next;    /* position in the queue of the next case to look at */
	unsigned int jobs;
	bool enough;	      /* start no more: failed under --until-fail, out of time, disk full */
	uint64_t began_ns;
	uint64_t summary_ns; /* when run.json was last written */
	uint64_t round_ns; /* of a run of pairs: when the running round began */
	json_t *argv;
};

/**
 * pn_supervisor_prepare() - images, drivers, snapshots of all cases still to run, each in a forked process
 *
 * What can't be prepared breaks the cases that need it, not the run. Return: 0, -EINTR, or another negative errno.
 */
int pn_supervisor_prepare(struct pn_supervisor *self, struct pn_diag *diag);

/**
 * pn_supervisor_control() - measure what monitoring costs, with the guest of the first case that will run, in a forked process
 *
 * What can't be measured is told and absent; the run goes on. Return: 0, -EINTR, or another negative errno.
 */
int pn_supervisor_control(struct pn_supervisor *self, struct pn_diag *diag);

/** pn_supervisor_cases() - run the cases of the queue, and further rounds when asked for. Return: 0, -EINTR, or another negative errno. */
int pn_supervisor_cases(struct pn_supervisor *self, struct pn_diag *diag);

/**
 * pn_supervisor_round() - plan one more round with other seeds and save it
 *
 * Return: 0 or a negative errno.
 */
int pn_supervisor_round(struct pn_supervisor *self, struct pn_diag *diag);
