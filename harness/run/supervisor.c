// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cases of a run: each in a process of its own, its end turned into a verdict, what it left behind removed, the summary kept up to
 * date. Invariant: a case has a verdict.json exactly when its process has gone and nothing of it is left. The supervisor itself
 * never opens libvirt, so nothing of a guest can take it along.
 */
#include "supervisor.h"

#include <errno.h>
#include <string.h>

#include "../../reports/rundir.h"
#include "../base/clock.h"
#include "../base/units.h"
#include "leftover.h"
#include "pairs.h"
#include "verdict.h"

#define SUMMARY_EVERY_NS (2 * PN_NS_PER_S)

/** struct running - one case in its process */
struct running {
	struct pn_task task;
	struct pn_job job;
	const struct pn_run_ops *ops;
	struct pn_queued *queued;
	char *case_dir;
	char *log_path;
};

static int run_case(void *data, const int *stop, struct pn_diag *diag)
{
	struct running *running = data;

	pn_leftover_mark();
	return running->ops->run_case(&running->job, stop, diag);
}

static void running_free(struct running *running)
{
	g_free(running->case_dir);
	g_free(running->log_path);
	g_free(running);
}

/* at most every two seconds: with thousands of cases it is read from thousands of files */
static void write_summary(struct pn_supervisor *self, bool now)
{
	uint64_t now_ns = pn_clock_now_ns();

	if (!now && now_ns - self->summary_ns < SUMMARY_EVERY_NS)
		return;
	self->summary_ns = now_ns;
	if (pn_rundir_write_summary(self->store->dir, NULL) == -ENOSPC)
		self->store->full = true;
}

static char *repro_of(const struct pn_supervisor *self, const struct pn_queued *queued)
{
	g_autofree char *uri = self->queue->uri ? g_strdup_printf(" --connect %s", self->queue->uri) : g_strdup("");

	return g_strdup_printf("%s %s/cases/%04u/scenario.yaml --seed %" G_GUINT64_FORMAT "%s", self->config->again, self->store->dir,
			       queued->index, queued->scenario->seed, uri);
}

static void settle_case(struct pn_supervisor *self, struct pn_queued *queued, json_t *verdict)
{
	g_autofree char *path = g_strdup_printf("cases/%04u/verdict.json", queued->index);
	g_autofree char *repro = repro_of(self, queued);
	struct pn_diag diag = {0};
	const char *name;

	name = json_string_value(json_object_get(verdict, "verdict"));
	json_object_set_new(verdict, "repro", json_string(repro));
	if (!json_object_get(verdict, "start_s")) { /* it could not say so itself */
		double ago_s = json_number_value(json_object_get(verdict, "duration_s"));

		json_object_set_new(verdict, "start_s", json_real((double)pn_clock_real_ns() / PN_NS_PER_S - ago_s));
	}
	queued->ended = true;
	if (pn_store_write_json(self->store, path, verdict, &diag))
		pn_progress_say(&self->progress, "the verdict of %s is lost: %s", queued->id, diag.text);
	if (self->config->failed && !strcmp(name, "FAIL")) {
		g_autofree char *case_dir = pn_store_case_dir(self->store, queued->index);

		self->config->failed(case_dir);
	}
	pn_store_note(self->store, "ended", json_pack("{s:i, s:s, s:s}", "index", (int)queued->index, "id", queued->id, "verdict", name));
	pn_progress_ended(&self->progress, queued->id, verdict);
	if (self->config->until_fail && !strcmp(name, "FAIL"))
		self->enough = true;
	write_summary(self, false);
}

static bool disk_full(int err)
{
	return err == -ENOSPC || err == -EDQUOT;
}

static void ended(struct pn_task *task, const struct pn_task_end *end, void *data)
{
	struct pn_supervisor *self = data;
	struct running *running = task->data;
	json_t *leftovers = pn_leftover_collect(end->pid, end->start);
	json_t *verdict = pn_verdict_of_end(running->case_dir, end);

	if (json_array_size(leftovers))
		pn_store_note(self->store, "leftovers",
			      json_pack("{s:i, s:O}", "index", (int)running->queued->index, "things", leftovers));
	/* a process that was killed or crashed could not clean up: that is what the record is for */
	if (end->how == PN_TASK_RETURNED)
		pn_verdict_add_leftovers(verdict, leftovers);
	if (end->how == PN_TASK_RETURNED && disk_full(end->err)) {
		self->store->full = true;
		json_object_set_new(verdict, "interrupted", json_true());
	}
	if (end->how == PN_TASK_RETURNED && end->err == -EINTR)
		json_object_set_new(verdict, "interrupted", json_true());
	pn_verdict_expect(verdict, running->queued->scenario->expect);
	pn_verdict_known(verdict, running->queued->scenario->known_reason, running->queued->scenario->known_expires, NULL);
	settle_case(self, running->queued, verdict);
	json_decref(leftovers);
	json_decref(verdict);
	running_free(running);
}

static int make_case_dir(struct pn_supervisor *self, const struct pn_queued *queued)
{
	g_autofree char *yaml = g_strdup_printf("cases/%04u/scenario.yaml", queued->index);

	return pn_store_write(self->store, yaml, queued->yaml, NULL);
}

static struct running *make_running(struct pn_supervisor *self, struct pn_queued *queued)
{
	struct running *running = g_new0(struct running, 1);
	g_autofree char *case_dir = pn_store_case_dir(self->store, queued->index);

	running->ops = self->ops;
	running->queued = queued;
	running->case_dir = g_canonicalize_filename(case_dir, NULL); /* QEMU has another working directory */
	running->log_path = g_build_filename(running->case_dir, "harness.log", NULL);
	running->job = (struct pn_job){
		.index = queued->index,
		.id = queued->id,
		.scenario = queued->scenario,
		.yaml = queued->yaml,
		.case_dir = running->case_dir,
		.uri = self->queue->uri,
		.workloads_dir = self->config->plan.workloads_dir,
	};
	running->task = (struct pn_task){
		.run = run_case,
		.data = running,
		.log_path = running->log_path,
		.timeout_ns = queued->scenario->timeout_ns,
	};
	return running;
}

/* why the case is broken before it starts; NULL when it may start */
static const char *not_prepared(const struct pn_supervisor *self, const struct pn_queued *queued)
{
	for (unsigned int i = 0; i < pn_scenario_guests(queued->scenario); i++) {
		g_autofree char *key = self->ops->prepare_key(pn_scenario_guest(queued->scenario, i));
		const char *reason = key ? g_hash_table_lookup(self->prepared, key) : NULL;

		if (reason && *reason)
			return reason;
	}
	return NULL;
}

static bool out_of_time(const struct pn_supervisor *self)
{
	uint64_t so_far_ns = pn_clock_now_ns() - self->began_ns;

	return (self->config->for_ns && so_far_ns >= self->config->for_ns) || (self->config->budget_ns && so_far_ns >= self->config->budget_ns);
}

static bool any_ran(const struct pn_queue *queue)
{
	for (unsigned int i = 0; i < queue->cases->len; i++) {
		const struct pn_queued *queued = queue->cases->pdata[i];

		if (queued->ended && !queued->skip_reason)
			return true;
	}
	return false;
}

static bool another_round(struct pn_supervisor *self)
{
	struct pn_diag diag = {0};

	if (!self->config->until_fail && !self->config->for_ns && !self->config->pairs)
		return false;
	if (self->config->pairs && !pn_pairs_more(self))
		return false;
	if (!self->progress.done && !any_ran(self->queue)) /* nothing can run: no use in planning it for ever */
		return false;
	if (!pn_supervisor_round(self, &diag))
		return true;
	pn_progress_say(&self->progress, "no further round: %s", diag.text);
	self->enough = true;
	return false;
}

static struct pn_task *next_case(void *data)
{
	struct pn_supervisor *self = data;

	for (;;) {
		struct pn_queued *queued;
		const char *reason;

		if (self->enough || out_of_time(self) || !pn_store_has_room(self->store))
			return NULL;
		if (self->next >= self->queue->cases->len && !another_round(self))
			return NULL;
		queued = self->queue->cases->pdata[self->next++];
		if (queued->ended || queued->skip_reason)
			continue;
		reason = not_prepared(self, queued);
		if (!reason && !make_case_dir(self, queued)) {
			pn_store_note(self->store, "started", json_pack("{s:i, s:s}", "index", (int)queued->index, "id", queued->id));
			return &make_running(self, queued)->task;
		}
		if (reason) {
			json_t *verdict = pn_verdict_broken(reason);

			/* whatever was expected of it: it has shown nothing */
			make_case_dir(self, queued);
			settle_case(self, queued, verdict);
			json_decref(verdict);
		}
	}
}

static void tick(unsigned int running, void *data)
{
	struct pn_supervisor *self = data;

	pn_progress_tick(&self->progress, running);
}

static void stopping(unsigned int times, void *data)
{
	struct pn_supervisor *self = data;

	pn_store_note(self->store, "interrupted", json_pack("{s:i}", "times", (int)times));
	if (times == 1)
		pn_progress_say(&self->progress, "ending the running cases; what they have measured is kept (once more to kill them)");
}

/* cases of a round that time or --until-fail cut off were never promised */
static void drop_unstarted(struct pn_supervisor *self)
{
	GPtrArray *cases = self->queue->cases;

	if (self->store->full || (!self->config->until_fail && !self->config->for_ns) || self->queue->rounds < 2)
		return;
	while (cases->len && cases->len > self->next && !((struct pn_queued *)cases->pdata[cases->len - 1])->ended)
		g_ptr_array_set_size(cases, (int)cases->len - 1);
	pn_queue_save(self->queue, self->store, self->argv, NULL);
}

int pn_supervisor_cases(struct pn_supervisor *self, struct pn_diag *diag)
{
	static const struct pn_pool_ops ops = {next_case, ended, tick, stopping};
	int err;

	self->began_ns = pn_clock_now_ns();
	err = pn_pool_run(self->jobs, &ops, self, diag);
	if (err != -EINTR)
		drop_unstarted(self);
	pn_progress_end(&self->progress);
	write_summary(self, true);
	return err;
}
