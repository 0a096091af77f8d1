// SPDX-License-Identifier: GPL-2.0-only
/*
 * Trials in the process pool. Invariant: a trial has a verdict exactly when its process has gone and nothing of it is left; it is the
 * same path that a case of `puncture run` takes, but for the run directory around it.
 */
#include "lab.h"

#include <string.h>

#include "../base/diag.h"
#include "../base/units.h"
#include "../run/leftover.h"
#include "../run/pool.h"
#include "../run/run.h"
#include "../run/verdict.h"
#include "../scenario/scenario.h"
#include "trial.h"

#define PREPARE_TIMEOUT_NS (30ULL * 60 * PN_NS_PER_S)

/** struct round - one pn_lab_stream() */
struct round {
	struct pn_lab *lab;
	const struct pn_lab_source *source; /* NULL: the trial is the caller's */
	void *data;
	GQueue waiting; /* of struct pn_trial: admitted, and not yet started */
	int err;
	struct pn_diag *diag;
};

/** struct seat - a trial in the pool, or, with a key, what it needs */
struct seat {
	struct pn_task task;
	struct pn_job job;
	struct pn_lab *lab;
	struct pn_trial *trial;
	char *key, *log_path;
};

/* values of pn_lab.prepared besides the reason why it could not be */
static const char under_way[] = "under way", done[] = "done";

static int run_seat(void *data, const int *stop, struct pn_diag *diag)
{
	struct seat *seat = data;

	pn_leftover_mark();
	if (seat->key)
		return seat->lab->ops->prepare(seat->job.scenario, seat->job.uri, diag);
	return seat->lab->ops->run_case(&seat->job, stop, diag);
}

static struct seat *take_seat(struct pn_lab *lab, struct pn_trial *trial, char *key)
{
	struct seat *seat = g_new0(struct seat, 1);
	struct pn_case *one = &trial->plan->cases[0];

	seat->lab = lab;
	seat->trial = trial;
	seat->key = key;
	seat->log_path = g_build_filename(trial->dir, key ? "prepare.log" : "harness.log", NULL);
	seat->job = (struct pn_job){
		.index = trial->number,
		.id = one->id,
		.scenario = one->scenario,
		.yaml = one->yaml,
		.case_dir = trial->dir,
		.uri = lab->uri,
		.workloads_dir = lab->workloads_dir,
		.visit = trial->visit,
	};
	seat->task = (struct pn_task){
		.run = run_seat,
		.data = seat,
		.log_path = seat->log_path,
		.timeout_ns = key ? PREPARE_TIMEOUT_NS : trial->visit && trial->visit->end ? 0 : one->scenario->timeout_ns,
	};
	return seat;
}

static void set_prepared(struct pn_lab *lab, const char *key, const char *state)
{
	g_hash_table_insert(lab->prepared, g_strdup(key), g_strdup(state));
}

/* Return: done, under_way, why it can't be, or NULL: nobody has begun; with @ret_key. */
static const char *prepared(struct pn_lab *lab, const struct pn_trial *trial, char **ret_key)
{
	const char *state;

	*ret_key = lab->ops->prepare_key(trial->plan->cases[0].scenario);
	if (!*ret_key)
		return done;
	state = g_hash_table_lookup(lab->prepared, *ret_key);
	return g_strcmp0(state, done) == 0 ? done : g_strcmp0(state, under_way) == 0 ? under_way : state;
}

/* One of those that wait may have what it needs by now, or no hope of it. */
static struct pn_trial *take_waiting(struct round *round)
{
	for (GList *link = round->waiting.head, *after; link; link = after) {
		struct pn_trial *trial = link->data;
		g_autofree char *key = NULL;
		const char *state = prepared(round->lab, trial, &key);

		after = link->next;
		if (state == under_way)
			continue;
		g_queue_delete_link(&round->waiting, link);
		if (state == done)
			return trial;
		pn_trial_settle(trial, pn_verdict_broken(state));
		if (round->source)
			round->source->ended(trial, round->data);
	}
	return NULL;
}

/* Return: 1 when there was one, which waits now or has been refused; 0: there is none; or a negative errno. */
static int admit_next(struct round *round)
{
	struct pn_trial *trial = round->source->next(round->data);
	int err = trial ? pn_trial_admit(round->lab, trial, round->diag) : 0;

	if (!trial)
		return 0;
	if (!err && trial->dir)
		g_queue_push_tail(&round->waiting, trial);
	else
		round->source->ended(trial, round->data);
	return err ? err : 1;
}

/* The newest of those that wait is the only one whose preparing may not have begun. */
static struct seat *begin_preparing(struct round *round)
{
	struct pn_trial *trial = g_queue_peek_tail(&round->waiting);
	g_autofree char *key = NULL;

	if (!trial || prepared(round->lab, trial, &key))
		return NULL;
	set_prepared(round->lab, key, under_way);
	return take_seat(round->lab, trial, g_steal_pointer(&key));
}

static struct pn_task *next(void *data)
{
	struct round *round = data;

	while (!round->err) {
		struct seat *preparing = begin_preparing(round);
		struct pn_trial *trial;

		if (preparing)
			return &preparing->task;
		trial = take_waiting(round);
		if (trial)
			return &take_seat(round->lab, trial, NULL)->task;
		if (round->waiting.length >= round->lab->jobs)
			return NULL;
		round->err = admit_next(round);
		if (!round->err)
			return NULL;
		round->err = MIN(round->err, 0);
	}
	return NULL;
}

static void free_seat(struct seat *seat)
{
	g_free(seat->key);
	g_free(seat->log_path);
	g_free(seat);
}

static void end_preparing(const struct seat *seat, const struct pn_task_end *end)
{
	const char *why = end->diag.text[0] ? end->diag.text : "preparing did not come to its end";
	g_autofree char *reason = g_strdup_printf("can't be prepared: %s", why);

	set_prepared(seat->lab, seat->key, end->how != PN_TASK_RETURNED || end->err ? reason : done);
}

static void ended(struct pn_task *task, const struct pn_task_end *end, void *data)
{
	struct round *round = data;
	struct seat *seat = task->data;
	json_t *leftovers = pn_leftover_collect(end->pid, end->start);

	if (seat->key) {
		end_preparing(seat, end);
	} else {
		json_t *verdict = pn_verdict_of_end(seat->trial->dir, end);

		if (end->how == PN_TASK_RETURNED)
			pn_verdict_add_leftovers(verdict, leftovers);
		pn_trial_settle(seat->trial, verdict);
		round->source->ended(seat->trial, round->data);
	}
	json_decref(leftovers);
	free_seat(seat);
}

static void open_lab(struct pn_lab *lab)
{
	if (!lab->prepared)
		lab->prepared = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

int pn_lab_stream(struct pn_lab *lab, const struct pn_lab_source *source, void *data, struct pn_diag *diag)
{
	static const struct pn_pool_ops ops = {next, ended, NULL, NULL};
	struct round round = {.lab = lab, .source = source, .data = data, .waiting = G_QUEUE_INIT, .diag = diag};
	struct pn_trial *trial;
	int err;

	open_lab(lab);
	err = pn_pool_run(lab->jobs, &ops, &round, diag);
	while ((trial = g_queue_pop_head(&round.waiting)))
		source->ended(trial, data);
	return round.err ? round.err : err;
}

/** struct list - trials that are all there from the beginning */
struct list {
	struct pn_trial *trials;
	unsigned int count, given;
	bool (*enough)(const struct pn_trial *trial, void *data);
	void *data;
	bool enough_seen;
};

static struct pn_trial *list_next(void *data)
{
	struct list *list = data;

	return list->given < list->count && !list->enough_seen ? &list->trials[list->given++] : NULL;
}

static void list_ended(struct pn_trial *trial, void *data)
{
	struct list *list = data;

	list->enough_seen |= trial->verdict && list->enough && list->enough(trial, list->data);
}

int pn_lab_run(struct pn_lab *lab, struct pn_trial *trials, unsigned int count, bool (*enough)(const struct pn_trial *trial, void *data),
	       void *data, struct pn_diag *diag)
{
	static const struct pn_lab_source source = {list_next, list_ended};
	struct list list = {.trials = trials, .count = count, .enough = enough, .data = data};

	return pn_lab_stream(lab, &source, &list, diag);
}

static struct pn_task *next_single(void *data)
{
	struct seat **seat = data, *one = g_steal_pointer(seat);

	return one ? &one->task : NULL;
}

/* In a process of its own: libvirt is not opened in this one before the case does. */
static int prepare_single(struct pn_lab *lab, struct pn_trial *trial, struct pn_diag *diag)
{
	static const struct pn_pool_ops ops = {next_single, ended, NULL, NULL};
	struct round round = {.lab = lab, .waiting = G_QUEUE_INIT};
	struct seat *seat;
	int err;

	g_queue_push_tail(&round.waiting, trial);
	seat = begin_preparing(&round);
	err = seat ? pn_pool_run(1, &ops, &seat, diag) : 0;
	if (!err)
		take_waiting(&round);
	g_queue_clear(&round.waiting);
	return err;
}

int pn_lab_visit(struct pn_lab *lab, struct pn_trial *trial, const struct pn_visit *visit, struct pn_diag *diag)
{
	struct pn_task_end end = {.how = PN_TASK_RETURNED};
	static const int never;
	struct seat *seat;
	int err;

	open_lab(lab);
	err = pn_trial_admit(lab, trial, diag);
	if (!err && trial->dir)
		err = prepare_single(lab, trial, diag);
	if (err || !trial->dir || trial->verdict)
		return err;
	seat = take_seat(lab, trial, NULL);
	seat->job.visit = visit;
	end.err = lab->ops->run_case(&seat->job, &never, &end.diag);
	pn_trial_settle(trial, pn_verdict_of_end(trial->dir, &end));
	free_seat(seat);
	return 0;
}

void pn_lab_deinit(struct pn_lab *lab)
{
	if (lab->prepared)
		g_hash_table_destroy(lab->prepared);
	lab->prepared = NULL;
}
