/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "../base/exit.h"
#include "../scenario/scenario.h"

struct pn_diag;
struct pn_store;
struct pn_rundir;

/**
 * struct pn_run_pairs - two variants of every case, run in pairs; all borrowed
 * @b: how variant B is planned; variant A is the run's own plan, of the same names
 * @head: object that plan.json keeps under "compare", for those who judge; "seed" and "pairs" are in it
 * @seed: of the order within pairs and of the cases within a round
 * @pairs: at most so many of each case, after one for warm-up
 * @budget_ns: no round starts that would not end within this; 0: no limit
 * @open: is another pair wanted, after @pairs of them? NULL: always
 * @report: in place of the report to stdout. Return: enum pn_exit or a negative errno.
 */
struct pn_run_pairs {
	const struct pn_plan_config *b;
	const json_t *head;
	uint64_t seed;
	unsigned int pairs;
	uint64_t budget_ns;
	bool (*open)(const char *dir, unsigned int pairs, void *data);
	int (*report)(const char *dir, bool interrupted, void *data, struct pn_diag *diag);
	void *data;
};

/** struct pn_run_config - a run as the command line asks for it; plain value, all borrowed */
struct pn_run_config {
	struct pn_plan_config plan;
	const char *uri;	  /* libvirt; NULL: the embedded driver */
	const char *out_dir;	  /* NULL: runs/TIMESTAMP-NAME */
	const char *resume_dir;	  /* go on with this run; uri, plan, shard and out_dir are then not looked at, except for plan.workloads_dir */
	unsigned int jobs;	  /* cases at once; 0: as many as the host has CPUs and memory for */
	const struct pn_run_pairs *pairs; /* NULL: a plain run */
	bool until_fail;	  /* further rounds with other seeds until a case fails */
	uint64_t for_ns;	  /* further rounds until this much time has passed; 0: one round */
	bool control;		  /* measure what monitoring costs before the first case */
	bool fit_only;		  /* refuse to measure on a host that is not fit for it (fitness.h) */
	uint64_t fit_within_ns;	  /* with @fit_only: wait so long for it to become fit */
	unsigned int shard;	  /* from 1; 0: all */
	unsigned int shard_count;
	const char *run_id;	  /* of the whole run that shards belong to; NULL: the directory's name */
	const char *const *except_dirs; /* run directories: their ended cases are left out; NULL-terminated; NULL: none */
	uint64_t budget_ns;	  /* no case starts after so long; 0: no limit */
	const char *const *argv; /* for the record; NULL-terminated */
	const char *again;	  /* how a case is run again: "ci/puncture run" */
	void (*failed)(const char *case_dir); /* called when a case has failed and its directory is complete; NULL: nothing is */
};

struct pn_guest;
struct pn_module;

/**
 * struct pn_visit - somebody who looks into the guest of a case that runs in the foreground
 * @loaded: the guest is there and has not run. Return: as @start
 * @start: the driver is loaded, the timeline has not begun. Return: 0 to go on, or a negative errno that ends the case
 * @end: the timeline has come to its end, one way or another (@err), and nothing has been taken back yet
 *
 * Each may be NULL. Of a case with several guests each is visited, on a thread of its own.
 */
struct pn_visit {
	int (*loaded)(struct pn_guest *guest, void *data, struct pn_diag *diag);
	int (*start)(struct pn_guest *guest, const struct pn_module *module, void *data, struct pn_diag *diag);
	void (*end)(struct pn_guest *guest, const struct pn_module *module, int err, void *data);
	void *data;
};

/** struct pn_job - what a case's process is told; borrowed */
struct pn_job {
	unsigned int index;
	const char *id;
	const struct pn_scenario *scenario;
	const char *yaml;
	const char *case_dir; /* exists, empty but for harness.log */
	const char *uri;
	const char *workloads_dir;
	const struct pn_visit *visit; /* NULL: nobody looks in */
};

/**
 * struct pn_run_ops - the parts of a run that touch guests; a table, so that the supervisor is tested without any
 * @prepare: images, drivers and snapshots that a case needs; in a forked process. Return: 0 or a negative errno with @diag filled.
 * @prepare_key: what @prepare would do, as a text: equal texts are prepared once; NULL: nothing to prepare; g_free() by the caller
 * @run_case: one case from start to end, in a forked process; leaves outcome.json in its directory.
 *	Return: 0 when it did, whatever the outcome; or a negative errno with @diag filled
 * @fit: settles what a scenario leaves to the host (the accelerator). Return: what this host lacks for it, one line (freed with
 *	g_free()), or NULL when nothing is missing
 * @host: fills host.json
 * @control: measures what monitoring costs on the guest of @scenario and writes it to @path (control.json); in a forked process.
 *	Return: 0 or a negative errno with @diag filled
 * @policy: judges the mutants that need no guest, into policy.json (policy.h); NULL: there are none
 */
struct pn_run_ops {
	int (*prepare)(const struct pn_scenario *scenario, const char *uri, struct pn_diag *diag);
	char *(*prepare_key)(const struct pn_scenario *scenario);
	int (*run_case)(const struct pn_job *job, const int *stop, struct pn_diag *diag);
	char *(*fit)(struct pn_scenario *scenario);
	json_t *(*host)(const struct pn_run_config *config);
	int (*control)(const struct pn_scenario *scenario, const char *uri, const char *path, struct pn_diag *diag);
	int (*policy)(struct pn_store *store, struct pn_diag *diag);
};

/** pn_run_init() - make known what only this layer knows: kinds of owned things, checks of requirements, names of
 * drivers and images. Before anything is planned or repaired. */
void pn_run_init(void);

/** pn_run_ops_real - the ones that boot guests */
extern const struct pn_run_ops pn_run_ops_real;

/**
 * pn_run() - run plans to a run directory
 *
 * Repairs what dead owners left, prepares, runs every case in a process of its own, keeps run.json up to date, prints progress to stderr
 * and the report to stdout. Blocks. Return: enum pn_exit; or a negative errno with @diag filled when nothing was run.
 */
int pn_run(const struct pn_run_config *config, const struct pn_run_ops *ops, struct pn_diag *diag);

/** pn_run_exit() - enum pn_exit that a run directory amounts to; @interrupted: by the user */
int pn_run_exit(const struct pn_rundir *run, bool interrupted);
