// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shards put together. Invariant: a case of the whole plan stands in the result exactly once, whatever ran twice or not at all. The result is
 * made beside its place and moved there when it is whole.
 */
#include "merge.h"

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../../harness/base/diag.h"
#include "../../harness/base/fs.h"
#include "../../harness/base/spawn.h"
#include "../../harness/base/units.h"
#include "../compare/class.h"
#include "../rundir.h"

#define COPY_TIMEOUT_NS (10 * 60 * PN_NS_PER_S)

/** struct chosen - the result of one case of the whole plan */
struct chosen {
	const struct pn_rundir *run; /* NULL: no shard has planned it */
	size_t i;
	double ended_s; /* since 1970; 0: it has no result that counts */
};

/** struct merge - work in progress */
struct merge {
	GPtrArray *runs; /* of struct pn_rundir */
	struct chosen *chosen;
	unsigned int count;
	const char *class;
	struct pn_merged told;
};

static const char *run_id(const struct pn_rundir *run)
{
	const char *id = json_string_value(json_object_get(run->plan, "run"));

	return id ? id : "";
}

static unsigned int whole_count(const struct pn_rundir *run)
{
	return (unsigned int)json_integer_value(json_object_get(run->plan, "whole_count"));
}

static int check_run(const struct merge *merge, const struct pn_rundir *run, struct pn_diag *diag)
{
	const struct pn_rundir *first = merge->runs->len ? merge->runs->pdata[0] : run;

	if (!whole_count(run))
		return pn_diag_set(diag, -EINVAL, "%s: no shard; those are made by `puncture run --shard K/N --run-id ID`", run->dir);
	if (strcmp(run_id(run), run_id(first)))
		return pn_diag_set(diag, -EINVAL, "%s: a shard of run %s; %s is one of run %s", run->dir, run_id(run), first->dir, run_id(first));
	if (whole_count(run) != whole_count(first))
		return pn_diag_set(diag, -EINVAL, "%s: a shard of %u cases; %s is one of %u: the plans were not the same", run->dir,
				   whole_count(run), first->dir, whole_count(first));
	return 0;
}

static int read_runs(struct merge *merge, const char *const *dirs, struct pn_diag *diag)
{
	for (; *dirs; dirs++) {
		g_autofree char *plan = g_build_filename(*dirs, "plan.json", NULL);
		struct pn_rundir *run = NULL;
		int err;

		if (g_file_test(*dirs, G_FILE_TEST_IS_DIR) && !g_file_test(plan, G_FILE_TEST_EXISTS)) {
			merge->told.unreadable++;
			continue;
		}
		err = pn_rundir_read(*dirs, &run, diag);
		if (!err)
			err = check_run(merge, run, diag);
		if (err) {
			pn_rundir_free(run);
			return err;
		}
		g_ptr_array_add(merge->runs, run);
	}
	merge->told.runs = merge->runs->len;
	return merge->runs->len ? 0 : pn_diag_set(diag, -EINVAL, "none of the directories has a plan: nothing to merge");
}

/* when the case's result was there; 0 when there is none, or only that of an interruption */
static double ended_at(const struct pn_rundir *run, size_t i)
{
	if (!run->verdicts[i] || json_is_true(json_object_get(run->verdicts[i], "interrupted")))
		return 0;
	return MAX(pn_rundir_number(run, i, "start_s") + pn_rundir_number(run, i, "duration_s"), 1);
}

static int take_case(struct merge *merge, const struct pn_rundir *run, size_t i, struct pn_diag *diag)
{
	unsigned int whole = (unsigned int)json_integer_value(json_object_get(pn_rundir_case(run, i), "whole"));
	struct chosen *chosen = whole && whole <= merge->count ? &merge->chosen[whole - 1] : NULL;
	double ended_s = ended_at(run, i);

	if (!chosen)
		return pn_diag_set(diag, -EINVAL, "%s: case %zu does not say its place in the whole plan", run->dir, i + 1);
	if (chosen->run && strcmp(pn_rundir_string(run, i, "id"), pn_rundir_string(chosen->run, chosen->i, "id")))
		return pn_diag_set(diag, -EINVAL, "%s: case %u is %s, in %s it is %s: the plans were not the same", run->dir, whole,
				   pn_rundir_string(run, i, "id"), chosen->run->dir, pn_rundir_string(chosen->run, chosen->i, "id"));
	merge->told.repeated += ended_s > 0 && chosen->ended_s > 0;
	if (!chosen->run || (ended_s > 0 && (chosen->ended_s <= 0 || ended_s < chosen->ended_s)))
		*chosen = (struct chosen){run, i, ended_s};
	return 0;
}

static int choose(struct merge *merge, struct pn_diag *diag)
{
	int err = 0;

	merge->count = whole_count(merge->runs->pdata[0]);
	merge->chosen = g_new0(struct chosen, merge->count);
	for (guint r = 0; r < merge->runs->len; r++) {
		const struct pn_rundir *run = merge->runs->pdata[r];

		for (size_t i = 0; i < run->count && !err; i++)
			err = take_case(merge, run, i, diag);
	}
	return err;
}

static int copy_case(const struct chosen *chosen, const char *dir, unsigned int whole, struct pn_diag *diag)
{
	json_int_t index = json_integer_value(json_object_get(pn_rundir_case(chosen->run, chosen->i), "index"));
	g_autofree char *from = g_strdup_printf("%s/cases/%04" JSON_INTEGER_FORMAT, chosen->run->dir, index);
	g_autofree char *to = g_strdup_printf("%s/cases/%04u", dir, whole);
	g_autofree char *yaml_from = g_strdup_printf("%s/plan/%04" JSON_INTEGER_FORMAT ".yaml", chosen->run->dir, index);
	g_autofree char *yaml_to = g_strdup_printf("%s/plan/%04u.yaml", dir, whole);
	const char *const copy[] = {"cp", "-a", "--reflink=auto", from, to, NULL};
	int err = g_file_test(yaml_from, G_FILE_TEST_EXISTS) ? pn_fs_copy(yaml_from, yaml_to, diag) : 0;

	if (err || !g_file_test(from, G_FILE_TEST_IS_DIR))
		return err;
	return pn_spawn_run(copy, NULL, COPY_TIMEOUT_NS, NULL, diag);
}

static char *class_of(const struct chosen *chosen)
{
	char *class = chosen->run ? pn_class_of(chosen->run->host) : NULL;

	return class ? class : g_strdup("unknown");
}

static json_t *plan_entry(const struct chosen *chosen, unsigned int whole, const char *class)
{
	g_autofree char *yaml = g_strdup_printf("plan/%04u.yaml", whole);
	json_t *entry;

	if (!chosen->run)
		return json_pack("{s:i, s:o, s:o}", "index", (int)whole, "id",
				 json_sprintf("case %u, of a shard that has left nothing", whole), "params", json_object());
	entry = json_deep_copy(pn_rundir_case(chosen->run, chosen->i));
	json_object_del(entry, "whole");
	json_object_set_new(entry, "index", json_integer(whole));
	json_object_set_new(entry, "yaml", json_string(yaml));
	json_object_set_new(entry, "machine", json_string(class));
	json_object_set(entry, "node", json_object_get(chosen->run->host, "name"));
	json_object_set_new(entry, "from", json_string(chosen->run->dir));
	return entry;
}

/* what is the same on all machines that a result is of; an unfit one spoils the fitness of all */
static void join_host(json_t *host, const json_t *other)
{
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe(host, next, key, value) {
		if (!strcmp(key, "fitness")) {
			const char *verdict = json_string_value(json_object_get(json_object_get(other, key), "verdict"));

			if (verdict && strcmp(verdict, "FIT"))
				json_object_set(host, key, json_object_get(other, key));
		} else if (!json_equal(value, json_object_get(other, key)) && strcmp(key, "load1") && strcmp(key, "name")) {
			json_object_del(host, key);
		}
	}
}

static int write_json(const char *dir, const char *name, json_t *value, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	char *text = json_dumps(value, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
	int err = pn_fs_write(path, text, strlen(text), diag);

	free(text);
	json_decref(value);
	return err;
}

static int write_cases(struct merge *merge, const char *dir, json_t *cases, json_t **host, struct pn_diag *diag)
{
	int err = 0;

	merge->told.classes = json_object();
	for (unsigned int i = 0; i < merge->count && !err; i++) {
		const struct chosen *chosen = &merge->chosen[i];
		g_autofree char *class = class_of(chosen), *slug = pn_class_slug(class);

		if (merge->class && strcmp(slug, merge->class)) {
			merge->told.elsewhere++;
			continue;
		}
		merge->told.cases++;
		json_array_append_new(cases, plan_entry(chosen, i + 1, class));
		if (!chosen->run)
			continue;
		json_object_set_new(merge->told.classes, class,
				    json_integer(1 + json_integer_value(json_object_get(merge->told.classes, class))));
		if (!*host)
			*host = json_deep_copy(chosen->run->host);
		else
			join_host(*host, chosen->run->host);
		err = copy_case(chosen, dir, i + 1, diag);
	}
	return err;
}

static int write_all(struct merge *merge, const char *dir, struct pn_diag *diag)
{
	const struct pn_rundir *first = merge->runs->pdata[0];
	g_autofree char *case_dir = g_build_filename(dir, "cases", NULL), *plan_dir = g_build_filename(dir, "plan", NULL);
	json_t *cases = json_array(), *plan = json_deep_copy(first->plan), *host = NULL;
	int err = pn_fs_mkdir_p(case_dir, diag);

	if (!err)
		err = pn_fs_mkdir_p(plan_dir, diag);
	if (!err)
		err = write_cases(merge, dir, cases, &host, diag);
	json_object_del(plan, "whole_count");
	json_object_set_new(plan, "cases", cases);
	json_object_set_new(plan, "merged", json_integer(merge->runs->len));
	if (json_object_size(merge->told.classes) > 1)
		json_object_set(host, "classes", merge->told.classes);
	if (!err)
		err = write_json(dir, "host.json", host ? json_incref(host) : json_object(), diag);
	if (!err)
		err = write_json(dir, "plan.json", json_incref(plan), diag);
	if (!err)
		err = pn_rundir_write_summary(dir, diag);
	json_decref(plan);
	json_decref(host);
	return err;
}

/* a merge of the same run may be made anew; anything else is not ours to replace */
static int check_out(const char *out, const struct pn_rundir *run, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(out, "plan.json", NULL);
	json_t *plan = g_file_test(path, G_FILE_TEST_EXISTS) ? json_load_file(path, 0, NULL) : NULL;
	const char *id = json_string_value(json_object_get(plan, "run"));
	bool ours = plan && json_object_get(plan, "merged") && id && !strcmp(id, run_id(run));

	json_decref(plan);
	if (ours || !g_file_test(out, G_FILE_TEST_EXISTS))
		return 0;
	return pn_diag_set(diag, -EEXIST, "%s is there and is no merge of run %s; choose another --out", out, run_id(run));
}

static int put_in_place(const char *made, const char *out, struct pn_diag *diag)
{
	int err = pn_fs_remove_tree(out, diag);

	if (!err && g_rename(made, out))
		err = pn_diag_set(diag, -errno, "%s: %s", out, g_strerror(errno));
	return err;
}

int pn_merge(const char *out, const char *const *dirs, const char *class, struct pn_merged *ret_merged, struct pn_diag *diag)
{
	struct merge merge = {.runs = g_ptr_array_new_with_free_func((GDestroyNotify)pn_rundir_free), .class = class};
	g_autofree char *made = g_strconcat(out, ".new", NULL);
	int err = read_runs(&merge, dirs, diag);

	if (!err)
		err = check_out(out, merge.runs->pdata[0], diag);
	if (!err)
		err = choose(&merge, diag);
	if (!err)
		err = pn_fs_remove_tree(made, diag);
	if (!err)
		err = write_all(&merge, made, diag);
	if (!err)
		err = put_in_place(made, out, diag);
	if (err) {
		pn_merged_clear(&merge.told);
		pn_fs_remove_tree(made, NULL);
	} else {
		*ret_merged = merge.told;
	}
	g_ptr_array_free(merge.runs, TRUE);
	g_free(merge.chosen);
	return err;
}

void pn_merged_clear(struct pn_merged *merged)
{
	json_decref(merged->classes);
	merged->classes = NULL;
}
