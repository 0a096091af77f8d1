// SPDX-License-Identifier: GPL-2.0-only
/*
 * Trials in the process pool. Invariant: a trial has a verdict exactly when its process has gone and nothing of it is left; it is the
 * same path that a case of `puncture run` takes, but for the run directory around it.
 */
#include "lab.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/units.h"
#include "../run/leftover.h"
#include "../run/pool.h"
#include "../run/run.h"
#include "../run/verdict.h"
#include "../scenario/scenario.h"
#include "caselog.h"

#define PREPARE_TIMEOUT_NS (30ULL * 60 * PN_NS_PER_S)

/** struct round - one pn_lab_run() */
struct round {
	struct pn_lab *lab;
	struct pn_trial *trials;
	unsigned int count;
	unsigned int next;
	bool preparing, enough_seen;
	bool (*enough)(const struct pn_trial *trial, void *data);
	void *data;
};

/** struct seat - a trial in the pool */
struct seat {
	struct pn_task task;
	struct pn_job job;
	struct pn_lab *lab;
	struct pn_trial *trial;
	char *key, *log_path;
};

static int plan(struct pn_lab *lab, struct pn_trial *trial, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(trial->dir, "scenario.yaml", NULL);
	const char *names[] = {path, NULL}, *live[] = {"guest.exact=false", NULL};
	struct pn_plan_config config = {.names = names, .workloads_dir = lab->workloads_dir, .driver = trial->driver, .sets = trial->live ? live : NULL,
					.kernel = trial->kernel, .modules = trial->modules, .qemu = trial->qemu};
	int err = pn_fs_mkdir_p(trial->dir, diag);

	if (!err)
		err = pn_fs_write(path, trial->yaml, strlen(trial->yaml), diag);
	if (!err)
		err = pn_plan_build(&config, &trial->plan, diag);
	if (!err && trial->plan->count != 1)
		err = pn_diag_set(diag, -EINVAL, "%s: %u cases; expected a scenario of one, without a matrix", path, trial->plan->count);
	if (err)
		return err;
	/* what is kept is what was run: drivers and kernels of the command line included */
	return pn_fs_write(path, trial->plan->cases[0].yaml, strlen(trial->plan->cases[0].yaml), diag);
}

static void refuse(struct pn_trial *trial, const char *why)
{
	trial->refused = g_strdup(why);
	pn_fs_remove_tree(trial->dir, NULL);
	g_clear_pointer(&trial->dir, g_free);
}

static int admit(struct pn_lab *lab, struct pn_trial *trial, struct pn_diag *diag)
{
	struct pn_diag words = {0};
	g_autofree char *lacks = NULL;
	struct pn_case *one;
	int err;

	trial->dir = g_strdup_printf("%s/%04u", lab->dir, ++lab->made);
	err = plan(lab, trial, &words);
	if (err == -EINVAL || err == -ENOENT || err == -ERANGE) {
		refuse(trial, words.text);
		return 0;
	}
	if (err)
		return pn_diag_set(diag, err, "%s", words.text);
	one = &trial->plan->cases[0];
	lacks = one->skip_reason ? g_strdup(one->skip_reason) : lab->ops->fit(one->scenario);
	if (lacks)
		refuse(trial, lacks);
	return 0;
}

static void settle(struct pn_trial *trial, json_t *verdict)
{
	g_autofree char *path = g_build_filename(trial->dir, "verdict.json", NULL);
	char *text = json_dumps(verdict, JSON_INDENT(1));

	trial->verdict = verdict;
	trial->duration_s = json_number_value(json_object_get(verdict, "duration_s"));
	pn_fs_write(path, text, strlen(text), NULL);
	free(text);
}

static void tell(struct round *round, const struct pn_trial *trial)
{
	round->enough_seen |= round->enough && round->enough(trial, round->data);
}

static int run_seat(void *data, const int *stop, struct pn_diag *diag)
{
	struct seat *seat = data;

	pn_leftover_mark();
	if (seat->key)
		return seat->lab->ops->prepare(seat->job.scenario, seat->job.uri, diag);
	return seat->lab->ops->run_case(&seat->job, stop, diag);
}

static struct seat *take_seat(struct round *round, struct pn_trial *trial, char *key)
{
	struct seat *seat = g_new0(struct seat, 1);
	struct pn_case *one = &trial->plan->cases[0];

	seat->lab = round->lab;
	seat->trial = trial;
	seat->key = key;
	seat->log_path = g_build_filename(trial->dir, key ? "prepare.log" : "harness.log", NULL);
	seat->job = (struct pn_job){
		.index = round->lab->made - round->count + (unsigned int)(trial - round->trials) + 1,
		.id = one->id,
		.scenario = one->scenario,
		.yaml = one->yaml,
		.case_dir = trial->dir,
		.uri = round->lab->uri,
		.workloads_dir = round->lab->workloads_dir,
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

static bool wants_preparing(struct round *round, struct pn_trial *trial, char **ret_key)
{
	g_autofree char *key = trial->dir ? round->lab->ops->prepare_key(trial->plan->cases[0].scenario) : NULL;

	if (!key || g_hash_table_contains(round->lab->prepared, key))
		return false;
	/* taken for done while it is under way: nothing else is started before all have been prepared */
	g_hash_table_insert(round->lab->prepared, g_strdup(key), g_strdup(""));
	*ret_key = g_steal_pointer(&key);
	return true;
}

static bool can_run(struct round *round, struct pn_trial *trial)
{
	g_autofree char *key = trial->dir ? round->lab->ops->prepare_key(trial->plan->cases[0].scenario) : NULL;
	const char *why = key ? g_hash_table_lookup(round->lab->prepared, key) : NULL;

	if (!trial->dir)
		return false;
	if (why && *why) {
		settle(trial, pn_verdict_broken(why));
		tell(round, trial);
	}
	return !trial->verdict;
}

static struct pn_task *next(void *data)
{
	struct round *round = data;

	while (round->next < round->count && !round->enough_seen) {
		struct pn_trial *trial = &round->trials[round->next++];
		char *key = NULL;

		if (round->preparing ? wants_preparing(round, trial, &key) : can_run(round, trial))
			return &take_seat(round, trial, key)->task;
	}
	return NULL;
}

static void prepared(const struct seat *seat, const struct pn_task_end *end)
{
	const char *why = end->diag.text[0] ? end->diag.text : "preparing did not come to its end";

	if (end->how != PN_TASK_RETURNED || end->err)
		g_hash_table_insert(seat->lab->prepared, g_strdup(seat->key), g_strdup_printf("can't be prepared: %s", why));
}

static void ended(struct pn_task *task, const struct pn_task_end *end, void *data)
{
	struct round *round = data;
	struct seat *seat = task->data;
	json_t *leftovers = pn_leftover_collect(end->pid, end->start);

	if (seat->key) {
		prepared(seat, end);
	} else {
		json_t *verdict = pn_verdict_of_end(seat->trial->dir, end);

		if (end->how == PN_TASK_RETURNED)
			pn_verdict_add_leftovers(verdict, leftovers);
		settle(seat->trial, verdict);
		tell(round, seat->trial);
	}
	json_decref(leftovers);
	g_free(seat->key);
	g_free(seat->log_path);
	g_free(seat);
}

int pn_lab_run(struct pn_lab *lab, struct pn_trial *trials, unsigned int count, bool (*enough)(const struct pn_trial *trial, void *data),
	       void *data, struct pn_diag *diag)
{
	static const struct pn_pool_ops ops = {next, ended, NULL, NULL};
	struct round round = {.lab = lab, .trials = trials, .count = count, .enough = enough, .data = data, .preparing = true};
	int err = 0;

	if (!lab->prepared)
		lab->prepared = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	for (unsigned int i = 0; !err && i < count; i++)
		err = admit(lab, &trials[i], diag);
	if (!err)
		err = pn_pool_run(lab->jobs, &ops, &round, diag);
	round.preparing = false;
	round.next = 0;
	return err ? err : pn_pool_run(lab->jobs, &ops, &round, diag);
}

int pn_lab_visit(struct pn_lab *lab, struct pn_trial *trial, const struct pn_visit *visit, struct pn_diag *diag)
{
	static const struct pn_pool_ops ops = {next, ended, NULL, NULL};
	struct round round = {.lab = lab, .trials = trial, .count = 1, .preparing = true};
	struct pn_task_end end = {.how = PN_TASK_RETURNED};
	static const int never;
	struct seat *seat;
	int err = 0;

	if (!lab->prepared)
		lab->prepared = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	err = admit(lab, trial, diag);
	if (!err)
		err = pn_pool_run(1, &ops, &round, diag); /* in a process of its own: libvirt is not opened in this one before the case does */
	if (err || !can_run(&round, trial))
		return err;
	seat = take_seat(&round, trial, NULL);
	seat->job.visit = visit;
	end.err = lab->ops->run_case(&seat->job, &never, &end.diag);
	settle(trial, pn_verdict_of_end(trial->dir, &end));
	g_free(seat->log_path);
	g_free(seat);
	return 0;
}

void pn_lab_deinit(struct pn_lab *lab)
{
	if (lab->prepared)
		g_hash_table_destroy(lab->prepared);
	lab->prepared = NULL;
}

bool pn_trial_failed(const struct pn_trial *trial, const struct pn_signature *signature)
{
	json_t *kmsg = trial->verdict ? pn_caselog_read(trial->dir, "kmsg.jsonl") : NULL;
	bool failed = trial->verdict && pn_signature_holds(signature, trial->verdict, kmsg);

	json_decref(kmsg);
	return failed;
}

int pn_trial_signature(const struct pn_trial *trial, struct pn_signature *ret_signature)
{
	json_t *kmsg = trial->verdict ? pn_caselog_read(trial->dir, "kmsg.jsonl") : NULL;
	int err = trial->verdict ? pn_signature_of(trial->verdict, kmsg, ret_signature) : -ENODATA;

	json_decref(kmsg);
	return err;
}

void pn_trial_clear(struct pn_trial *trial, bool remove)
{
	if (remove && trial->dir)
		pn_fs_remove_tree(trial->dir, NULL);
	pn_plan_free(trial->plan);
	json_decref(trial->verdict);
	g_free(trial->refused);
	g_free(trial->dir);
	trial->plan = NULL;
	trial->verdict = NULL;
	trial->refused = trial->dir = NULL;
}
