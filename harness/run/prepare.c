// SPDX-License-Identifier: GPL-2.0-only
/*
 * Before the first case: everything that cases share and that takes long, once each, as many at a time as cases would be. Two that need one image
 * wait for each other at the cache's lock. A measured case never builds an image.
 */
#include "supervisor.h"

#include <errno.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/owned.h"
#include "../base/units.h"
#include "leftover.h"

#define PREPARE_TIMEOUT_NS (20 * 60 * PN_NS_PER_S)
#define CONTROL_TIMEOUT_NS (5 * 60 * PN_NS_PER_S)
#define SLOW_NS PN_NS_PER_S

/** struct preparation - one thing to prepare */
struct preparation {
	struct pn_task task;
	const struct pn_supervisor *supervisor;
	const struct pn_scenario *scenario;
	char *key;
	uint64_t began_ns; /* 0: does not run, or its name has been told */
};

/** struct control - the control run */
struct control {
	struct pn_task task;
	struct pn_supervisor *supervisor;
	const struct pn_scenario *scenario;
	char *path;
	bool begun;
};

/** struct preparations - the list of them */
struct preparations {
	struct pn_supervisor *supervisor;
	GPtrArray *list;
	unsigned int next;
};

static int run_preparation(void *data, const int *stop, struct pn_diag *diag)
{
	struct preparation *preparation = data;
	const struct pn_supervisor *self = preparation->supervisor;
	int err = self->ops->prepare(preparation->scenario, self->queue->uri, diag);
	int undone = pn_owned_release_all(err ? NULL : diag);

	return err < 0 ? err : undone;
}

static struct pn_task *next_preparation(void *data)
{
	struct preparations *all = data;
	struct preparation *preparation;

	if (all->next >= all->list->len)
		return NULL;
	preparation = all->list->pdata[all->next++];
	preparation->began_ns = pn_clock_now_ns();
	return &preparation->task;
}

static void tick(unsigned int running, void *data)
{
	struct preparations *all = data;

	for (unsigned int i = 0; i < all->next; i++) {
		struct preparation *preparation = all->list->pdata[i];

		if (!preparation->began_ns || pn_clock_now_ns() - preparation->began_ns < SLOW_NS)
			continue;
		preparation->began_ns = 0; /* told */
		pn_progress_say(&all->supervisor->progress, "preparing %s (%u of %u)", preparation->key, i + 1, all->list->len);
	}
}

static const char *why(const struct pn_task_end *end)
{
	switch (end->how) {
	case PN_TASK_RETURNED:
		return end->err ? end->diag.text[0] ? end->diag.text : g_strerror(-end->err) : "";
	case PN_TASK_TIMED_OUT:
		return "timed out";
	case PN_TASK_KILLED:
		return "killed by the user";
	default:
		return "its process crashed; see prepare.log of the run";
	}
}

static void ended(struct pn_task *task, const struct pn_task_end *end, void *data)
{
	struct preparation *preparation = task->data;
	struct preparations *all = data;
	const char *reason = why(end);

	preparation->began_ns = 0;
	json_decref(pn_leftover_collect(end->pid, end->start)); /* a guest of a preparation that crashed */
	g_hash_table_insert(all->supervisor->prepared, g_strdup(preparation->key), g_strdup(reason));
	pn_store_note(all->supervisor->store, "prepared",
		      json_pack("{s:s, s:s, s:f}", "what", preparation->key, "error", reason, "duration_s",
				(double)end->duration_ns / PN_NS_PER_S));
	if (*reason)
		pn_progress_say(&all->supervisor->progress, "can't prepare %s: %s", preparation->key, reason);
}

static void add_preparation(struct preparations *all, const struct pn_scenario *scenario, const char *log_path, char *key)
{
	struct preparation *preparation = g_new0(struct preparation, 1);

	preparation->supervisor = all->supervisor;
	preparation->scenario = scenario;
	preparation->key = key;
	preparation->task = (struct pn_task){
		.run = run_preparation,
		.data = preparation,
		.log_path = log_path,
		.timeout_ns = PREPARE_TIMEOUT_NS,
		.disposable = true,
	};
	g_ptr_array_add(all->list, preparation);
}

/* what a guest needs, unless it is on the list already */
static void want(struct preparations *all, GHashTable *seen, const struct pn_scenario *scenario, const char *log_path)
{
	char *key = all->supervisor->ops->prepare_key(scenario);

	if (!key)
		return;
	if (g_hash_table_contains(seen, key)) {
		g_free(key);
		return;
	}
	g_hash_table_add(seen, key);
	add_preparation(all, scenario, log_path, key);
}

static void preparation_free(void *data)
{
	struct preparation *preparation = data;

	g_free(preparation->key);
	g_free(preparation);
}

int pn_supervisor_prepare(struct pn_supervisor *self, struct pn_diag *diag)
{
	static const struct pn_pool_ops ops = {next_preparation, ended, tick, NULL};
	g_autofree char *log_path = g_build_filename(self->store->dir, "prepare.log", NULL);
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	struct preparations all = {.supervisor = self, .list = g_ptr_array_new_with_free_func(preparation_free)};
	int err;

	for (unsigned int i = 0; i < self->queue->cases->len; i++) {
		const struct pn_queued *queued = self->queue->cases->pdata[i];

		if (queued->ended || queued->skip_reason)
			continue;
		for (unsigned int k = 0; k < pn_scenario_guests(queued->scenario); k++)
			want(&all, seen, pn_scenario_guest(queued->scenario, k), log_path);
	}
	err = pn_pool_run(self->jobs, &ops, &all, diag);
	g_ptr_array_free(all.list, TRUE);
	return err;
}

static int run_control(void *data, const int *stop, struct pn_diag *diag)
{
	struct control *control = data;
	const struct pn_supervisor *self = control->supervisor;
	int err = self->ops->control(control->scenario, self->queue->uri, control->path, diag);
	int undone = pn_owned_release_all(err ? NULL : diag);

	return err < 0 ? err : undone;
}

static struct pn_task *next_control(void *data)
{
	struct control *control = data;

	if (control->begun)
		return NULL;
	control->begun = true;
	return &control->task;
}

static void control_ended(struct pn_task *task, const struct pn_task_end *end, void *data)
{
	struct control *control = task->data;
	const char *reason = why(end);

	json_decref(pn_leftover_collect(end->pid, end->start));
	pn_store_note(control->supervisor->store, "control",
		      json_pack("{s:s, s:f}", "error", reason, "duration_s", (double)end->duration_ns / PN_NS_PER_S));
	if (*reason)
		pn_progress_say(&control->supervisor->progress, "what monitoring costs could not be measured: %s", reason);
}

int pn_supervisor_control(struct pn_supervisor *self, struct pn_diag *diag)
{
	static const struct pn_pool_ops ops = {next_control, control_ended, NULL, NULL};
	g_autofree char *log_path = g_build_filename(self->store->dir, "prepare.log", NULL);
	g_autofree char *path = g_build_filename(self->store->dir, "control.json", NULL);
	struct control control = {.supervisor = self, .path = path};

	for (unsigned int i = 0; i < self->queue->cases->len && !control.scenario; i++) {
		const struct pn_queued *queued = self->queue->cases->pdata[i];

		if (!queued->ended && !queued->skip_reason)
			control.scenario = queued->scenario;
	}
	if (!control.scenario || !self->ops->control)
		return 0;
	control.task = (struct pn_task){
		.run = run_control, .data = &control, .log_path = log_path, .timeout_ns = CONTROL_TIMEOUT_NS, .disposable = true
	};
	pn_progress_say(&self->progress, "measuring what monitoring costs");
	return pn_pool_run(1, &ops, &control, diag);
}
