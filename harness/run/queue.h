/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

struct pn_diag;
struct pn_case;
struct pn_plan;
struct pn_plan_config;
struct pn_run_config;
struct pn_scenario;
struct pn_store;

/** struct pn_queued - one case of a run; owned by the queue */
struct pn_queued {
	unsigned int index; /* from 1; its directory is cases/INDEX */
	char *id;
	char *params_json;
	char *yaml; /* the resolved scenario */
	char *skip_reason;
	struct pn_scenario *scenario; /* borrowed from its plan; NULL for a case of an earlier process that has ended */
	unsigned int whole; /* its place, from 1, in the plan that this run is a shard of; 0: this run is the whole */
	json_t *pair; /* of a run of pairs: what plan.json says under "pair"; NULL otherwise */
	bool ended;
};

/** struct pn_queue - the cases of a run in order; grows by rounds */
struct pn_queue {
	GPtrArray *cases; /* of struct pn_queued */
	GPtrArray *plans; /* of struct pn_plan */
	const struct pn_plan *sides[2]; /* of a run of pairs: the plans of A and B, in @plans; NULL before the first round of this process */
	unsigned int rounds;
	unsigned int whole_count; /* cases of the plan that this run is a shard of; 0: no shard */
	char *run_id;	 /* name of the whole run; NULL: the directory's */
	char *uri;	 /* of the libvirt that guests run in; NULL: the embedded driver */
	json_t *compare; /* of a run of pairs: what plan.json says under "compare"; NULL otherwise */
};

struct pn_queue *pn_queue_new(void);
void pn_queue_free(struct pn_queue *queue);

/**
 * pn_queue_add_plan() - append the cases of a plan
 * @plan: stolen
 * @config: its shard, from 1: take only every shard_count-th case, starting with this one; 0: all; and its except_dirs: cases that have
 *	ended in one of these run directories are left out
 *
 * Return: 0, or a negative errno when one of except_dirs can't be read.
 */
int pn_queue_add_plan(struct pn_queue *queue, struct pn_plan *plan, const struct pn_run_config *config, struct pn_diag *diag);

/**
 * pn_queue_add_case() - append one case of a plan that the queue already holds
 * @id: in place of the plan's
 * @pair: stolen
 */
void pn_queue_add_case(struct pn_queue *queue, const struct pn_case *planned, const char *id, json_t *pair);

/**
 * pn_queue_resume() - the cases of a run directory, those that have ended marked so
 *
 * A case directory without a verdict, or with that of a case that the user interrupted, is set aside as NNNN.old.
 * Return: 0 or a negative errno.
 */
int pn_queue_resume(struct pn_queue *queue, const struct pn_store *store, const struct pn_plan_config *config, struct pn_diag *diag);

/** pn_queue_save() - write plan.json and each new case's resolved scenario (plan/NNNN.yaml). Return: 0 or a negative errno. */
int pn_queue_save(const struct pn_queue *queue, struct pn_store *store, json_t *argv, struct pn_diag *diag);
