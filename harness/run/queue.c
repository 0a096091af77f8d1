// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cases of a run. What plan.json and plan/NNNN.yaml say is enough to go on after a crash, whatever has become of the files
 * that the scenarios were read from.
 */
#include "queue.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../../reports/rundir.h"
#include "../base/diag.h"
#include "../base/fs.h"
#include "../scenario/scenario.h"
#include "run.h"
#include "store.h"

static void queued_free(void *data)
{
	struct pn_queued *queued = data;

	g_free(queued->id);
	g_free(queued->params_json);
	g_free(queued->yaml);
	g_free(queued->skip_reason);
	json_decref(queued->pair);
	g_free(queued);
}

struct pn_queue *pn_queue_new(void)
{
	struct pn_queue *queue = g_new0(struct pn_queue, 1);

	queue->cases = g_ptr_array_new_with_free_func(queued_free);
	queue->plans = g_ptr_array_new_with_free_func((GDestroyNotify)pn_plan_free);
	return queue;
}

void pn_queue_free(struct pn_queue *queue)
{
	if (!queue)
		return;
	g_ptr_array_free(queue->cases, TRUE);
	g_ptr_array_free(queue->plans, TRUE);
	json_decref(queue->compare);
	g_free(queue->uri);
	g_free(queue->run_id);
	g_free(queue);
}

/* ids of what has ended in these directories */
static int read_except(const char *const *dirs, GHashTable *ids, struct pn_diag *diag)
{
	for (; dirs && *dirs; dirs++) {
		struct pn_rundir *run = NULL;
		int err = pn_rundir_read(*dirs, &run, diag);

		if (err)
			return err;
		for (size_t i = 0; i < run->count; i++)
			if (run->verdicts[i] && !json_is_true(json_object_get(run->verdicts[i], "interrupted")))
				g_hash_table_add(ids, g_strdup(pn_rundir_string(run, i, "id")));
		pn_rundir_free(run);
	}
	return 0;
}

int pn_queue_add_plan(struct pn_queue *queue, struct pn_plan *plan, const struct pn_run_config *config, struct pn_diag *diag)
{
	g_autoptr(GHashTable) except = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	int err = read_except(config->except_dirs, except, diag);

	queue->rounds++;
	g_ptr_array_add(queue->plans, plan);
	if (config->shard)
		queue->whole_count = plan->count;
	for (unsigned int i = 0; i < plan->count && !err; i++) {
		const struct pn_case *planned = &plan->cases[i];
		g_autofree char *id = NULL;

		if (config->shard && i % config->shard_count != config->shard - 1)
			continue;
		id = queue->rounds == 1 ? g_strdup(planned->id) : g_strdup_printf("%s,round=%u", planned->id, queue->rounds);
		if (g_hash_table_contains(except, id))
			continue;
		pn_queue_add_case(queue, planned, id, NULL);
		if (config->shard)
			((struct pn_queued *)queue->cases->pdata[queue->cases->len - 1])->whole = i + 1;
	}
	return err;
}

void pn_queue_add_case(struct pn_queue *queue, const struct pn_case *planned, const char *id, json_t *pair)
{
	struct pn_queued *queued = g_new0(struct pn_queued, 1);

	queued->index = queue->cases->len + 1;
	queued->id = g_strdup(id);
	queued->params_json = g_strdup(planned->params_json);
	queued->yaml = g_strdup(planned->yaml);
	queued->skip_reason = g_strdup(planned->skip_reason);
	queued->scenario = planned->scenario;
	queued->pair = pair;
	g_ptr_array_add(queue->cases, queued);
}

static char *yaml_path(unsigned int index)
{
	return g_strdup_printf("plan/%04u.yaml", index);
}

/* All cases, or the run is a live one. */
static bool is_exact(const struct pn_queue *queue)
{
	for (guint i = 0; i < queue->cases->len; i++) {
		const struct pn_queued *queued = queue->cases->pdata[i];

		if (!queued->scenario || !queued->scenario->guest.exact)
			return false;
	}
	return queue->cases->len > 0;
}

static json_t *plan_entry(const struct pn_queued *queued, const json_t *before)
{
	g_autofree char *path = yaml_path(queued->index);
	json_t *params = queued->params_json ? json_loads(queued->params_json, 0, NULL) : NULL;

	if (!queued->scenario) /* of an earlier process: as it stood */
		return json_incref((json_t *)before);
	return json_pack("{s:i, s:s, s:s, s:s, s:I, s:s, s:o, s:s*, s:O*, s:o*}", "index", (int)queued->index, "id", queued->id, "scenario",
			 queued->scenario->name, "driver", queued->scenario->driver.name, "seed", (json_int_t)queued->scenario->seed, "yaml",
			 path, "params", params ? params : json_object(), "skip_reason", queued->skip_reason, "pair", queued->pair,
			 "whole", queued->whole ? json_integer(queued->whole) : NULL);
}

int pn_queue_save(const struct pn_queue *queue, struct pn_store *store, json_t *argv, struct pn_diag *diag)
{
	g_autofree char *plan_path = g_build_filename(store->dir, "plan.json", NULL);
	json_t *before = json_load_file(plan_path, 0, NULL), *cases = json_array(), *plan;
	int err = 0;

	for (unsigned int i = 0; i < queue->cases->len && !err; i++) {
		const struct pn_queued *queued = queue->cases->pdata[i];
		const json_t *known = json_array_get(json_object_get(before, "cases"), i);
		g_autofree char *path = yaml_path(queued->index);

		if (!known)
			err = pn_store_write(store, path, queued->yaml, diag);
		json_array_append_new(cases, plan_entry(queued, known));
	}
	plan = json_pack("{s:i, s:s, s:s, s:O, s:o, s:O*, s:s*, s:o*}", "schema", 1, "run", queue->run_id ? queue->run_id : store->id, "mode", is_exact(queue) ? "exact" : "live", "argv",
			 json_object_get(before, "argv") ? json_object_get(before, "argv") : argv, "cases", cases, "compare",
			 queue->compare, "connect", queue->uri, "whole_count", queue->whole_count ? json_integer(queue->whole_count) : NULL);
	if (!err)
		err = pn_store_write_json(store, "plan.json", plan, diag);
	json_decref(plan);
	json_decref(before);
	return err;
}

static bool ended_for_good(const struct pn_rundir *run, size_t i)
{
	return run->verdicts[i] && !json_is_true(json_object_get(run->verdicts[i], "interrupted"));
}

static int set_aside(const struct pn_store *store, unsigned int index, struct pn_diag *diag)
{
	g_autofree char *dir = pn_store_case_dir(store, index);
	g_autofree char *old = g_strconcat(dir, ".old", NULL);
	int err;

	if (!g_file_test(dir, G_FILE_TEST_EXISTS))
		return 0;
	err = pn_fs_remove_tree(old, diag);
	if (!err && rename(dir, old) < 0)
		err = pn_diag_set(diag, -errno, "%s can't be set aside: %s", dir, g_strerror(errno));
	return err;
}

/* the resolved scenario as it was planned then: nothing of today's command line or files changes it */
static int replan(struct pn_queue *queue, const struct pn_store *store, const struct pn_plan_config *config, struct pn_queued *queued,
		  struct pn_diag *diag)
{
	g_autofree char *relative = yaml_path(queued->index);
	g_autofree char *path = g_build_filename(store->dir, relative, NULL);
	const char *const names[] = {path, NULL};
	struct pn_plan_config one = {.names = names, .workloads_dir = config->workloads_dir};
	struct pn_plan *plan = NULL;
	int err = pn_plan_build(&one, &plan, diag);

	if (err)
		return err;
	g_ptr_array_add(queue->plans, plan);
	if (plan->count != 1)
		return pn_diag_set(diag, -EINVAL, "%s: expected one case, found %u", path, plan->count);
	queued->scenario = plan->cases[0].scenario;
	queued->yaml = g_strdup(plan->cases[0].yaml);
	return set_aside(store, queued->index, diag);
}

int pn_queue_resume(struct pn_queue *queue, const struct pn_store *store, const struct pn_plan_config *config, struct pn_diag *diag)
{
	struct pn_rundir *run = NULL;
	int err = pn_rundir_read(store->dir, &run, diag);

	if (err)
		return err;
	queue->rounds = 1;
	queue->compare = json_incref(json_object_get(run->plan, "compare"));
	queue->uri = g_strdup(json_string_value(json_object_get(run->plan, "connect")));
	queue->run_id = g_strdup(json_string_value(json_object_get(run->plan, "run")));
	queue->whole_count = (unsigned int)json_integer_value(json_object_get(run->plan, "whole_count"));
	for (size_t i = 0; i < run->count && !err; i++) {
		const json_t *entry = pn_rundir_case(run, i);
		const char *skip_reason = json_string_value(json_object_get(entry, "skip_reason"));
		struct pn_queued *queued = g_new0(struct pn_queued, 1);
		char *params = json_dumps(json_object_get(entry, "params"), JSON_COMPACT);

		queued->index = (unsigned int)json_integer_value(json_object_get(entry, "index"));
		queued->id = g_strdup(json_string_value(json_object_get(entry, "id")));
		queued->params_json = g_strdup(params);
		queued->pair = json_incref(json_object_get(entry, "pair"));
		queued->whole = (unsigned int)json_integer_value(json_object_get(entry, "whole"));
		queue->rounds = MAX(queue->rounds, 1 + (unsigned int)json_integer_value(json_object_get(queued->pair, "n")));
		queued->skip_reason = g_strdup(skip_reason);
		queued->ended = ended_for_good(run, i) || skip_reason;
		free(params);
		g_ptr_array_add(queue->cases, queued);
		if (!queued->ended)
			err = replan(queue, store, config, queued, diag);
	}
	pn_rundir_free(run);
	return err;
}
