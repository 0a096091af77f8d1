// SPDX-License-Identifier: GPL-2.0-only
/* A run from its command line to its exit code: plan, repair, prepare, run, report. */
#include "run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../reports/mutants.h"
#include "../../reports/report.h"
#include "../../reports/rundir.h"
#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/owned.h"
#include "../base/units.h"
#include "fitness.h"
#include "jobs.h"
#include "pairs.h"
#include "supervisor.h"

#define FITNESS_EVERY_NS (5 * PN_NS_PER_S)

static unsigned int choose_jobs(const struct pn_supervisor *self)
{
	struct pn_jobs_need need = {0};

	for (unsigned int i = 0; i < self->queue->cases->len; i++) {
		const struct pn_queued *queued = self->queue->cases->pdata[i];

		if (queued->scenario)
			pn_jobs_add(&need, queued->scenario);
	}
	return pn_jobs_fit(&need);
}

/* settle what the host decides and note what can't run here, for the cases from @first on */
static void fit(struct pn_supervisor *self, unsigned int first)
{
	for (unsigned int i = first; i < self->queue->cases->len; i++) {
		struct pn_queued *queued = self->queue->cases->pdata[i];

		if (!queued->ended && !queued->skip_reason)
			queued->skip_reason = self->ops->fit(queued->scenario);
		if (!queued->ended && !queued->skip_reason)
			self->progress.total++;
	}
}

static int add_round(struct pn_supervisor *self, struct pn_diag *diag)
{
	struct pn_plan_config plan_config = self->config->plan;
	struct pn_plan *plan = NULL;
	int err;

	/* the first round has the seeds of the scenarios, so that it is the same tomorrow; so have the others, counted from there */
	if (self->queue->rounds)
		plan_config.seed = (plan_config.seed ? plan_config.seed : 1) + self->queue->rounds;
	err = pn_plan_build(&plan_config, &plan, diag);
	if (!err)
		err = pn_queue_add_plan(self->queue, plan, self->config, diag);
	return err;
}

int pn_supervisor_round(struct pn_supervisor *self, struct pn_diag *diag)
{
	unsigned int before = self->queue->cases->len;
	int err = self->config->pairs ? pn_pairs_round(self, diag) : add_round(self, diag);

	if (err)
		return err;
	fit(self, before);
	if (self->config->pairs)
		pn_pairs_settle(self, before);
	return pn_queue_save(self->queue, self->store, self->argv, diag);
}

static json_t *argv_json(const struct pn_run_config *config)
{
	json_t *argv = json_array();

	for (const char *const *word = config->argv; word && *word; word++)
		json_array_append_new(argv, json_string(*word));
	return argv;
}

/* with --fit-within: looks again until the host is fit or the time is up */
static json_t *judge_host(struct pn_supervisor *self)
{
	uint64_t until_ns = pn_clock_now_ns() + self->config->fit_within_ns;
	bool told = false;

	for (;;) {
		json_t *host = self->ops->host(self->config);
		const json_t *fitness = json_object_get(host, "fitness");
		g_autofree char *why = pn_host_unfit(host);

		if (!fitness || pn_fitness_fit(fitness) || !self->config->fit_only || pn_clock_now_ns() + FITNESS_EVERY_NS > until_ns)
			return host;
		if (!told)
			pn_progress_say(&self->progress, "waiting for a quiet host: %s", why);
		told = true;
		json_decref(host);
		pn_clock_sleep_until(pn_clock_now_ns() + FITNESS_EVERY_NS);
	}
}

/* times of an unfit host are noise; what is counted holds all the same, so without --fit-within the run goes on */
static int refuse_unfit(struct pn_supervisor *self, const json_t *host, struct pn_diag *diag)
{
	const json_t *fitness = json_object_get(host, "fitness");
	g_autofree char *why = pn_host_unfit(host);

	if (!fitness || pn_fitness_fit(fitness))
		return 0;
	if (self->config->fit_only)
		return pn_diag_set(diag, -EBUSY, "this host is not fit for measuring times: %s", why);
	pn_progress_say(&self->progress, "not fit for measuring times: %s", why);
	return 0;
}

/* The suite of mutants has some that need no guest: they are judged first, in seconds. */
static int judge_policy(struct pn_supervisor *self, struct pn_diag *diag)
{
	int err;

	if (!self->ops->policy || !g_strv_contains(self->config->plan.names, "mutants"))
		return 0;
	err = self->ops->policy(self->store, diag);
	if (err != -ENOENT)
		return err;
	pn_progress_say(&self->progress, "mutants of the policy are left out: %s", diag->text);
	return 0;
}

static int open_new(struct pn_supervisor *self, struct pn_diag *diag)
{
	const struct pn_run_config *config = self->config;
	struct pn_plan *plan = NULL;
	json_t *host = NULL;
	int err = pn_plan_build(&config->plan, &plan, diag);

	/* planned before the directory is made: a mistake in a scenario leaves nothing */
	if (!err && config->pairs)
		err = pn_pairs_check(plan, config->pairs, diag);
	pn_plan_free(plan);
	self->queue->uri = g_strdup(config->uri);
	self->queue->run_id = g_strdup(config->run_id);
	if (err)
		return err;
	host = judge_host(self);
	err = refuse_unfit(self, host, diag);
	if (!err)
		err = pn_store_create(config->out_dir, config->plan.names[0], &self->store, diag);
	if (!err)
		err = judge_policy(self, diag);
	if (!err)
		err = pn_supervisor_round(self, diag);
	if (!err)
		err = pn_store_write_json(self->store, "host.json", host, diag);
	json_decref(host);
	return err;
}

static int open_old(struct pn_supervisor *self, struct pn_diag *diag)
{
	int err = pn_store_open(self->config->resume_dir, &self->store, diag);

	if (!err)
		err = pn_queue_resume(self->queue, self->store, &self->config->plan, diag);
	if (!err && self->config->pairs)
		err = pn_pairs_resume(self, diag);
	if (err)
		return err;
	fit(self, 0);
	pn_store_note(self->store, "resumed", json_pack("{s:i}", "left", (int)self->progress.total));
	return 0;
}

static void repair(struct pn_supervisor *self)
{
	struct pn_diag diag = {0};
	json_t *repaired = NULL;
	int err = pn_owned_repair(&repaired, &diag);

	if (json_array_size(repaired))
		pn_progress_say(&self->progress, "removed %zu thing%s that an earlier run left behind", json_array_size(repaired),
				json_array_size(repaired) == 1 ? "" : "s");
	if (err)
		pn_progress_say(&self->progress, "something that an earlier run left behind could not be removed: %s", diag.text);
	json_decref(repaired);
}

int pn_run_exit(const struct pn_rundir *run, bool interrupted)
{
	struct pn_rundir_totals totals;

	pn_rundir_totals(run, &totals);
	if (interrupted)
		return PN_EXIT_INTERRUPTED;
	if (totals.failed)
		return PN_EXIT_FAIL;
	if (totals.broken || totals.unfinished)
		return PN_EXIT_BROKEN;
	return totals.passed ? PN_EXIT_PASS : PN_EXIT_NOTHING_RAN;
}

static int report(const struct pn_supervisor *self, bool interrupted, struct pn_diag *diag)
{
	struct pn_report_style style = {.colour = pn_progress_colour(STDOUT_FILENO)};
	struct pn_rundir *run = NULL;
	int err = pn_rundir_read(self->store->dir, &run, diag), lacking = 0;

	if (err)
		return err;
	if (self->config->pairs) {
		pn_rundir_free(run);
		return self->config->pairs->report(self->store->dir, interrupted, self->config->pairs->data, diag);
	}
	err = pn_report_text(run, &style, stdout, diag);
	if (!err)
		err = lacking = pn_mutants_write(run, stdout, diag);
	if (err >= 0 && self->store->full)
		printf("the disk is full: make room, then go on with: %s --resume %s\n", self->config->again, self->store->dir);
	printf("run directory: %s\n", self->store->dir);
	if (err >= 0)
		err = pn_run_exit(run, interrupted);
	if (err == PN_EXIT_PASS && lacking > 0)
		err = PN_EXIT_FAIL;
	pn_rundir_free(run);
	return err;
}

static int run_all(struct pn_supervisor *self, struct pn_diag *diag)
{
	int err = self->config->resume_dir ? open_old(self, diag) : open_new(self, diag);

	if (err)
		return err;
	self->jobs = self->config->jobs ? self->config->jobs : choose_jobs(self);
	self->progress.jobs = self->jobs;
	pn_progress_say(&self->progress, "%u case%s to run, %u at a time, into %s", self->progress.total, self->progress.total == 1 ? "" : "s",
			self->jobs, self->store->dir);
	repair(self);
	err = pn_supervisor_prepare(self, diag);
	if (!err && self->config->control)
		err = pn_supervisor_control(self, diag);
	if (!err)
		err = pn_supervisor_cases(self, diag);
	if (err && err != -EINTR)
		return err;
	return report(self, err == -EINTR, diag);
}

int pn_run(const struct pn_run_config *config, const struct pn_run_ops *ops, struct pn_diag *diag)
{
	struct pn_supervisor self = {
		.config = config,
		.ops = ops,
		.queue = pn_queue_new(),
		.prepared = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
		.argv = argv_json(config),
	};
	int result;

	pn_progress_init(&self.progress, 1);
	result = run_all(&self, diag);
	pn_store_close(self.store);
	pn_queue_free(self.queue);
	g_hash_table_destroy(self.prepared);
	json_decref(self.argv);
	return result;
}
